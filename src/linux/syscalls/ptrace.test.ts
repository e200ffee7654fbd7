import { describe, expect, test } from 'vitest'
import { EIO, ESRCH, PTRACE, SIGSTOP, __WALL } from '../../spec/linux/index.ts'
import { Guest, SCRATCH } from '../guest.fixture.ts'

/** What test/programs/c/debugger.c cannot compare with Linux: that gaps are named, and what debuggers are told of waiting tasks. */

/** A parent whose child has asked to be traced and has stopped. */
function stopped(options: ConstructorParameters<typeof Guest>[0] = {}): { g: Guest; pid: number } {
  const g = new Guest(options)
  const pid = g.call('fork') ?? 0
  expect(g.call('wait4', pid, SCRATCH, __WALL, 0)).toBeUndefined()
  g.kernel.schedule()
  expect(g.kernel.current.pid).toBe(pid)
  expect(g.call('ptrace', PTRACE.TRACEME, 0, 0, 0)).toBe(0)
  g.call('kill', pid, SIGSTOP)
  g.kernel.schedule()
  expect([g.kernel.current.pid, g.result()]).toEqual([g.task.pid, pid])
  expect(Number(g.peek(SCRATCH) & 0xffffn)).toBe((SIGSTOP << 8) | 0x7f)
  return { g, pid }
}

describe('what ptrace cannot do yet', () => {
  test.each(['SEIZE', 'SYSCALL', 'SYSEMU', 'GETSIGMASK', 'PEEKSIGINFO'] as const)(
    'PTRACE_%s stops the run by name',
    (name) => {
      const { g, pid } = stopped()
      expect(() => g.call('ptrace', PTRACE[name], pid, 0, 0)).toThrow(
        expect.objectContaining({
          code: 'ERR_UNIMPLEMENTED',
          message: expect.stringContaining(`PTRACE_${name}`) as string,
        }),
      )
    },
  )
  test('options and hardware breakpoints too; switching off what is not there is fine', () => {
    const { g, pid } = stopped()
    expect(() => g.call('ptrace', PTRACE.SETOPTIONS, pid, 0, 0x10)).toThrow(/options 0x10/)
    expect(() => g.call('ptrace', PTRACE.POKEUSER, pid, 848, 0x1234)).toThrow(/hardware breakpoint/)
    expect(g.call('ptrace', PTRACE.POKEUSER, pid, 848 + 56, 0)).toBe(0)
    expect(g.call('ptrace', PTRACE.SETOPTIONS, pid, 0, 1)).toBe(0)
  })
  test('or it is EIO and counted, if the run is to go on', () => {
    const { g, pid } = stopped({ unknownSyscall: 'enosys' })
    expect(g.call('ptrace', PTRACE.SEIZE, pid, 0, 0)).toBe(-EIO)
    expect(g.kernel.unknown.counts.get('ptrace')).toBe(1)
  })
  test('a process that is not there comes before all that', () => {
    expect(new Guest().call('ptrace', PTRACE.SEIZE, 99, 0, 0)).toBe(-ESRCH)
  })
})

describe('a stopped tracee', () => {
  test('never runs, and can be killed', () => {
    const { g, pid } = stopped()
    g.kernel.preempt()
    expect(g.kernel.schedule()?.pid).toBe(g.task.pid)
    expect(g.call('kill', pid, 9)).toBe(0)
    expect(g.call('wait4', pid, SCRATCH, 0, 0)).toBe(pid)
    expect(g.peek(SCRATCH) & 0xffn).toBe(9n)
    expect(g.call('ptrace', PTRACE.CONT, pid, 0, 0)).toBe(-ESRCH)
  })
  test('is told of once', () => {
    const { g, pid } = stopped()
    expect(g.call('wait4', pid, SCRATCH, 1, 0)).toBe(0)
    expect(g.call('ptrace', PTRACE.CONT, pid, 0, 0)).toBe(0)
    expect(g.call('ptrace', PTRACE.CONT, pid, 0, 0)).toBe(-ESRCH)
  })
})
