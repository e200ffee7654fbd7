import { describe, expect, test } from 'vitest'
import {
  EAGAIN,
  EBADF,
  EPIPE,
  ESPIPE,
  O,
  PIPE_BUF,
  PIPE_CAPACITY,
  POLL,
  SIGPIPE,
  pollfd,
} from '../../spec/linux/index.ts'
import { isWait, type Wait } from '../syscall.ts'
import { FileCalls } from './file-calls.fixture.ts'

function withPipe(flags = 0): { t: FileCalls; r: number; w: number } {
  const t = new FileCalls()
  const pipefd = t.room(8)
  expect(t.call('pipe2', { pipefd, flags })).toBe(0)
  return { t, r: t.task.memory.i32(pipefd) ?? -1, w: t.task.memory.i32(pipefd + 4) ?? -1 }
}

const waiting = (answer: unknown): Wait => {
  if (!isWait(answer as number)) throw new Error(`answered ${String(answer)}`)
  return answer as Wait
}

describe('a pipe', () => {
  test('passes bytes on in order, across the end of its ring', () => {
    const { t, r, w } = withPipe()
    let expected = ''
    let got = ''
    for (let i = 0; i < 40; i++) {
      const text = String.fromCharCode(97 + (i % 26)).repeat(4000)
      expected += text
      expect(t.write(w, text)).toBe(4000)
      got += t.read(r, 3999) as string
    }
    expect(got + (t.read(r, 4000) as string)).toBe(expected)
  })
  test('a reader waits for bytes or for the end', () => {
    const { t, r, w } = withPipe()
    const buf = t.room(16)
    const wait = waiting(t.start('read', { fd: r, buf, count: 16 }))
    expect(wait.wait()).toBe(false)
    t.write(w, 'x')
    expect(wait.wait()).toBe(true)
    expect(t.start('read', { fd: r, buf, count: 16 }, wait)).toBe(1)
    const again = waiting(t.start('read', { fd: r, buf, count: 16 }))
    t.call('close', { fd: w })
    expect(again.wait()).toBe(true)
    expect(t.start('read', { fd: r, buf, count: 16 }, again)).toBe(0)
  })
  test('stays open while any descriptor of the writing end is', () => {
    const { t, r, w } = withPipe(O.NONBLOCK)
    const other = t.call('dup', { fd: w })
    t.call('close', { fd: w })
    expect(t.read(r)).toBe(-EAGAIN)
    t.call('close', { fd: other })
    expect(t.read(r)).toBe('')
  })
  test('up to PIPE_BUF bytes go in together or not at all', () => {
    const { t, r, w } = withPipe(O.NONBLOCK)
    const page = 'p'.repeat(PIPE_BUF)
    for (let i = 0; i < PIPE_CAPACITY / PIPE_BUF; i++) expect(t.write(w, page)).toBe(PIPE_BUF)
    expect(t.write(w, 'x')).toBe(-EAGAIN)
    t.read(r, 100)
    expect(t.write(w, page)).toBe(-EAGAIN)
    expect(t.write(w, `${page}!`)).toBe(100)
  })
  test('a blocking write of more than fits takes all of it, over several waits', () => {
    const { t, r, w } = withPipe()
    const size = PIPE_CAPACITY + 10_000
    const buf = t.bytes(new Uint8Array(size).fill(65))
    const wait = waiting(t.start('write', { fd: w, buf, count: size }))
    // A handler would make it end with what is in the pipe.
    expect(wait.interrupted).toBe(PIPE_CAPACITY)
    expect(wait.wait()).toBe(false)
    t.read(r, 4096)
    const second = waiting(t.start('write', { fd: w, buf, count: size }, wait))
    t.read(r, 0x1_0000)
    expect(t.start('write', { fd: w, buf, count: size }, second)).toBe(size)
    expect((t.read(r, 0x1_0000) as string).length).toBe(10_000 - 4096)
  })
  test('without readers: EPIPE and SIGPIPE', () => {
    const { t, r, w } = withPipe()
    t.call('close', { fd: r })
    expect(t.write(w, 'x')).toBe(-EPIPE)
    expect(t.task.signals.pending.take(~0n)?.signo).toBe(SIGPIPE)
  })
  test('ends are for one direction, and have no position', () => {
    const { t, r, w } = withPipe()
    expect(t.write(r, 'x')).toBe(-EBADF)
    expect(t.read(w)).toBe(-EBADF)
    expect(t.call('lseek', { fd: r, offset: 0, whence: 0 })).toBe(-ESPIPE)
    expect(t.call('pread64', { fd: r, buf: t.room(1), count: 1, pos: 0 })).toBe(-ESPIPE)
  })
  test('poll tells what is ready, and waits no longer than it should', () => {
    const { t, r, w } = withPipe()
    const fds = t.room(16)
    const ask = (events: number): void => {
      t.task.memory.setStruct(pollfd, fds, { fd: r, events })
      t.task.memory.setStruct(pollfd, fds + 8, { fd: w, events: POLL.OUT })
    }
    const revents = (i: number): number => t.task.memory.struct(pollfd, fds + 8 * i)?.revents ?? -1
    ask(POLL.IN)
    expect(t.call('poll', { fds, nfds: 2, timeout: 0 })).toBe(1)
    expect([revents(0), revents(1)]).toEqual([0, POLL.OUT])
    const wait = waiting(t.start('poll', { fds, nfds: 1, timeout: 50 }))
    expect(wait.deadline).toBe(50_000_000n)
    t.time = 50_000_000n
    expect(t.start('poll', { fds, nfds: 1, timeout: 50 }, wait)).toBe(0)
    t.write(w, 'x')
    expect(t.call('poll', { fds, nfds: 1, timeout: -1 })).toBe(1)
    expect(revents(0)).toBe(POLL.IN)
    t.call('close', { fd: w })
    t.read(r)
    ask(POLL.IN)
    expect(t.call('poll', { fds, nfds: 2, timeout: -1 })).toBe(2)
    expect([revents(0), revents(1)]).toEqual([POLL.HUP, POLL.NVAL])
  })
})
