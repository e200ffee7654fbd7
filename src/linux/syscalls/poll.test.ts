import { describe, expect, test } from 'vitest'
import {
  EAGAIN,
  EBADF,
  EEXIST,
  EFAULT,
  EINVAL,
  ENOENT,
  EPERM,
  EPOLL,
  O,
  POLL,
  epoll_event,
  timespec,
  timeval,
} from '../../spec/linux/index.ts'
import { isWait, type Wait } from '../syscall.ts'
import { FileCalls } from '../vfs/file-calls.fixture.ts'

const waiting = (answer: ReturnType<FileCalls['start']>): Wait => {
  if (!isWait(answer)) throw new Error(`answered ${answer}`)
  return answer
}

class Ready extends FileCalls {
  readonly r: number
  readonly w: number
  constructor() {
    super({ '/home/f': 'x' })
    const pipefd = this.room(8)
    this.call('pipe', { pipefd })
    this.r = this.task.memory.i32(pipefd) ?? -1
    this.w = this.task.memory.i32(pipefd + 4) ?? -1
  }
}

describe('select(2)', () => {
  const setOf = (t: FileCalls, ...fds: number[]): number => {
    const bytes = new Uint8Array(128)
    for (const fd of fds) bytes[fd >> 3] = (bytes[fd >> 3] ?? 0) | (1 << (fd & 7))
    return t.bytes(bytes)
  }
  test('leaves the ready ones in the sets, and counts them', () => {
    const t = new Ready()
    const [readfds, writefds] = [setOf(t, t.r), setOf(t, t.w)]
    expect(t.call('select', { nfds: 10, readfds, writefds })).toBe(1)
    expect([t.task.memory.u64(readfds), t.task.memory.u64(writefds)]).toEqual([0n, 1n << BigInt(t.w)])
  })
  test('waits, and tells the time that is left', () => {
    const t = new Ready()
    const [readfds, timeout] = [setOf(t, t.r), t.room(16)]
    t.task.memory.setStruct(timeval, timeout, { tv_sec: 1n, tv_usec: 500n })
    const wait = waiting(t.start('select', { nfds: 10, readfds, timeout }))
    expect(wait.deadline).toBe(1_000_500_000n)
    t.time = 400_000_000n
    t.write(t.w, 'x')
    expect(t.start('select', { nfds: 10, readfds, timeout }, wait)).toBe(1)
    expect(t.task.memory.struct(timeval, timeout)).toMatchObject({ tv_sec: 0n, tv_usec: 600_500n })
  })
  test('refuses', () => {
    const t = new Ready()
    expect(t.call('select', { nfds: -1 })).toBe(-EINVAL)
    expect(t.call('select', { nfds: 64, readfds: setOf(t, 40) })).toBe(-EBADF)
    expect(t.call('select', { nfds: 64, readfds: 0x10 })).toBe(-EFAULT)
    const timeout = t.room(16)
    t.task.memory.setStruct(timespec, timeout, { tv_sec: 0n, tv_nsec: 1_000_000_000n })
    expect(t.call('pselect6', { nfds: 0, timeout })).toBe(-EINVAL)
  })
  test('a mask is in force while the call waits, and kept for afterwards', () => {
    const t = new Ready()
    const mask = t.room(8)
    t.task.memory.setU64(mask, 0x200n)
    const wait = waiting(t.start('ppoll', { fds: 0, nfds: 0, sigmask: mask, sigsetsize: 8 }))
    expect([t.task.signals.mask, t.task.signals.savedMask]).toEqual([0x200n, 0n])
    expect(wait.neverRestarts).toBe(true)
    expect(new Ready().call('ppoll', { nfds: 0, sigmask: mask, sigsetsize: 4 })).toBe(-EINVAL)
  })
})

describe('epoll(7)', () => {
  test('tells who is ready, once for EPOLLONESHOT', () => {
    const t = new Ready()
    const epfd = t.call('epoll_create1', { flags: 0 })
    const event = t.bytes(new Uint8Array(12))
    const watch = (op: number, fd: number, events: number, data: number): number => {
      t.task.memory.setStruct(epoll_event, event, { events, data: Uint8Array.of(data, 0, 0, 0, 0, 0, 0, 0) })
      return t.call('epoll_ctl', { epfd, op, fd, event })
    }
    expect(watch(EPOLL.CTL_ADD, t.r, POLL.IN, 7)).toBe(0)
    expect(watch(EPOLL.CTL_ADD, t.r, POLL.IN, 7)).toBe(-EEXIST)
    expect(watch(EPOLL.CTL_MOD, t.w, POLL.OUT, 7)).toBe(-ENOENT)
    expect(watch(EPOLL.CTL_ADD, t.open('f'), POLL.IN, 7)).toBe(-EPERM)
    expect(watch(EPOLL.CTL_ADD, epfd, POLL.IN, 7)).toBe(-EINVAL)
    const events = t.room(48)
    expect(t.call('epoll_wait', { epfd, events, maxevents: 4, timeout: 0 })).toBe(0)
    expect(t.call('epoll_wait', { epfd, events, maxevents: 0, timeout: 0 })).toBe(-EINVAL)
    const wait = waiting(t.start('epoll_wait', { epfd, events, maxevents: 4, timeout: -1 }))
    t.write(t.w, 'x')
    expect(wait.wait()).toBe(true)
    expect(t.start('epoll_wait', { epfd, events, maxevents: 4, timeout: -1 }, wait)).toBe(1)
    expect(t.task.memory.struct(epoll_event, events)?.data[0]).toBe(7)
    expect(watch(EPOLL.CTL_MOD, t.r, (POLL.IN | EPOLL.ONESHOT) >>> 0, 9)).toBe(0)
    expect(t.call('epoll_wait', { epfd, events, maxevents: 4, timeout: 0 })).toBe(1)
    expect(t.call('epoll_wait', { epfd, events, maxevents: 4, timeout: 0 })).toBe(0)
    t.call('close', { fd: t.r })
    expect(watch(EPOLL.CTL_DEL, t.r, 0, 0)).toBe(-EBADF)
  })
})

describe('eventfd(2)', () => {
  test('counts, and waits at zero', () => {
    const t = new Ready()
    const fd = t.call('eventfd2', { initval: 2, flags: O.NONBLOCK })
    expect(t.call('read', { fd, buf: t.room(4), count: 4 })).toBe(-EINVAL)
    t.call('write', { fd, buf: Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0), count: 8 })
    const buf = t.room(8)
    expect(t.call('read', { fd, buf, count: 8 })).toBe(8)
    expect(t.task.memory.u64(buf)).toBe(5n)
    expect(t.call('read', { fd, buf, count: 8 })).toBe(-EAGAIN)
    expect(t.call('fcntl', { fd, cmd: 4, arg: 0 })).toBe(0)
    expect(waiting(t.start('read', { fd, buf, count: 8 })).wait()).toBe(false)
  })
})
