import { describe, expect, it } from 'vitest'
import * as linux from '../../spec/linux/index.ts'
import { Guest, SCRATCH } from '../guest.fixture.ts'
import { structBytes } from '../mm/user-memory.ts'
import type { Task } from './task.ts'

const { CLONE, ECHILD, EINVAL, ESRCH, ETIMEDOUT, SIGCHLD, SIGCONT, SIGKILL, SIGSTOP } = linux
const THREAD = CLONE.VM | CLONE.FS | CLONE.FILES | CLONE.SIGHAND | CLONE.THREAD

/** Lets others run until `task` has the processor. */
function until(guest: Guest, task: Task | undefined): void {
  for (let i = 0; i < 20; i++) {
    guest.kernel.preempt()
    if (guest.kernel.schedule() === task) return
  }
  expect.unreachable('the task never runs')
}
const childOf = (guest: Guest, pid: number | undefined): Task | undefined => guest.kernel.tasks.get(pid ?? -1)

describe('fork and wait', () => {
  it('the child returns 0, has its own memory, and its status reaches the parent', () => {
    const guest = new Guest()
    guest.poke(SCRATCH, 1n)
    const pid = guest.call('fork')
    const child = childOf(guest, pid)
    until(guest, child)
    expect(guest.result()).toBe(0)
    guest.poke(SCRATCH, 2n)
    expect(guest.call('getppid')).toBe(guest.task.pid)
    guest.call('exit_group', 0x103)
    until(guest, guest.task)
    expect(guest.peek(SCRATCH)).toBe(1n)
    expect(guest.call('wait4', -1, SCRATCH, 0, 0)).toBe(pid)
    expect(guest.peek(SCRATCH)).toBe(0x300n)
    expect(guest.call('wait4', -1, SCRATCH, 0, 0)).toBe(-ECHILD)
  })

  it('wait4 waits, WNOHANG does not', () => {
    const guest = new Guest()
    const pid = guest.call('fork')
    expect(guest.call('wait4', pid ?? 0, 0, linux.WNOHANG, 0)).toBe(0)
    expect(guest.call('wait4', pid ?? 0, SCRATCH, 0, 0)).toBeUndefined()
    expect(guest.kernel.schedule()?.pid).toBe(pid)
    guest.call('exit_group', 5)
    expect(guest.kernel.schedule()).toBe(guest.task)
    expect([guest.result(), guest.peek(SCRATCH)]).toEqual([pid, 0x500n])
  })

  it('refuses nonsense', () => {
    const guest = new Guest()
    expect(guest.call('wait4', -1, 0, 0x100, 0)).toBe(-EINVAL)
    expect(guest.call('wait4', -0x8000_0000, 0, 0, 0)).toBe(-ESRCH)
    expect(guest.call('waitid', linux.P_ALL, 0, SCRATCH, 0, 0)).toBe(-EINVAL)
    expect(guest.call('clone', CLONE.THREAD, 0, 0, 0, 0)).toBe(-EINVAL)
    expect(guest.call('clone', CLONE.SIGHAND, 0, 0, 0, 0)).toBe(-EINVAL)
  })

  it('a parent that ignores SIGCHLD has no zombies', () => {
    const guest = new Guest()
    guest.poke(SCRATCH, structBytes(linux.kernel_sigaction, { sa_handler: 1n }))
    guest.call('rt_sigaction', SIGCHLD, SCRATCH, 0, 8)
    const pid = guest.call('fork')
    until(guest, childOf(guest, pid))
    guest.call('exit_group', 0)
    guest.kernel.schedule()
    expect(guest.kernel.processes.size).toBe(1)
    expect(guest.call('wait4', -1, 0, 0, 0)).toBe(-ECHILD)
  })

  it('a stopped child is told with WUNTRACED, and goes on with SIGCONT', () => {
    const guest = new Guest()
    const pid = guest.call('fork') ?? 0
    guest.call('kill', pid, SIGSTOP)
    expect(guest.call('wait4', pid, SCRATCH, linux.WUNTRACED, 0)).toBeUndefined()
    guest.kernel.schedule()
    expect([guest.result(), guest.peek(SCRATCH)]).toEqual([pid, BigInt((SIGSTOP << 8) | 0x7f)])
    guest.kernel.preempt()
    expect(guest.kernel.schedule()).toBe(guest.task)
    guest.call('kill', pid, SIGCONT)
    expect(guest.call('wait4', pid, SCRATCH, linux.WCONTINUED, 0)).toBe(pid)
    guest.call('kill', pid, SIGKILL)
    expect(guest.call('wait4', pid, SCRATCH, 0, 0)).toBe(pid)
    expect(guest.peek(SCRATCH)).toBe(BigInt(SIGKILL))
  })

  it('orphans belong to the first process; frames come back at the end', () => {
    const guest = new Guest()
    const before = guest.ram.framesInUse()
    const middle = guest.call('fork')
    until(guest, childOf(guest, middle))
    const last = guest.call('fork')
    guest.call('exit_group', 0)
    const orphan = childOf(guest, last)
    expect(orphan?.ppid).toBe(guest.task.pid)
    until(guest, orphan)
    guest.poke(SCRATCH, 5n)
    guest.call('exit_group', 0)
    until(guest, guest.task)
    expect([guest.call('wait4', -1, 0, 0, 0), guest.call('wait4', -1, 0, 0, 0)].sort()).toEqual([middle, last])
    guest.task.memory.u64(SCRATCH)
    expect(guest.ram.framesInUse()).toBeLessThanOrEqual(before + 1)
  })

  it('the end of the first process gives all its frames back', () => {
    const guest = new Guest()
    const fresh = new Guest().ram.framesInUse()
    expect(fresh).toBeGreaterThan(0)
    guest.call('mmap', 0, 0x10000, 3, linux.MAP_SHARED | linux.MAP_ANONYMOUS | linux.MAP_POPULATE, -1, 0)
    guest.call('exit_group', 3)
    expect(guest.kernel.schedule()).toBeUndefined()
    expect([guest.kernel.exitStatus, guest.kernel.stalled, guest.ram.framesInUse()]).toEqual([0x300, false, 0])
  })

  it('vfork holds the parent until the child is gone', () => {
    const guest = new Guest()
    const pid = guest.call('vfork')
    guest.kernel.preempt()
    expect(guest.kernel.schedule()?.pid).toBe(pid)
    guest.kernel.preempt()
    expect(guest.kernel.schedule()?.pid).toBe(pid)
    guest.poke(SCRATCH, 77n)
    guest.call('exit_group', 0)
    expect(guest.kernel.schedule()).toBe(guest.task)
    expect([guest.result(), guest.peek(SCRATCH)]).toEqual([pid, 77n])
  })
})

describe('threads', () => {
  it('share memory and process, and tell their end through clear_child_tid', () => {
    const guest = new Guest()
    const flags = THREAD | CLONE.SETTLS | CLONE.PARENT_SETTID | CLONE.CHILD_CLEARTID
    const tid = guest.call('clone', flags, 0x7000_0000, SCRATCH, SCRATCH + 8, 0x1234_0000)
    expect(Number(guest.peek(SCRATCH))).toBe(tid)
    guest.poke(SCRATCH + 8, BigInt(tid ?? 0))
    expect(guest.call('futex', SCRATCH + 8, linux.FUTEX_WAIT, tid ?? 0, 0, 0, 0)).toBeUndefined()
    expect(guest.kernel.schedule()?.pid).toBe(tid)
    expect(guest.state.fsBase).toBe(0x1234_0000n)
    expect([guest.call('gettid'), guest.call('getpid')]).toEqual([tid, guest.task.pid])
    guest.call('exit', 0)
    expect(guest.kernel.schedule()).toBe(guest.task)
    expect([guest.result(), guest.peek(SCRATCH + 8)]).toEqual([0, 0n])
    expect(guest.kernel.exitStatus).toBeUndefined()
  })

  it('exit_group ends all of them', () => {
    const guest = new Guest()
    guest.call('clone', THREAD, 0x7000_0000, 0, 0, 0)
    guest.call('exit_group', 2)
    expect([guest.kernel.tasks.size, guest.kernel.exitStatus]).toEqual([0, 0x200])
  })

  it('a deadly signal to the process ends all of them', () => {
    const guest = new Guest()
    guest.call('clone', THREAD, 0x7000_0000, 0, 0, 0)
    guest.call('kill', guest.task.pid, linux.SIGTERM)
    guest.kernel.schedule()
    expect(guest.kernel.exitStatus).toBe(linux.SIGTERM)
  })

  it('a task that only makes system calls does not starve the others', () => {
    const guest = new Guest()
    const tid = guest.call('clone', THREAD, 0x7000_0000, 0, 0, 0)
    let seen: number | undefined
    for (let i = 0; i < 100 && seen !== tid; i++) {
      guest.call('getpid')
      guest.clock.time += 100_000n
      seen = guest.kernel.schedule()?.pid
    }
    expect(seen).toBe(tid)
  })
})

describe('futex(2)', () => {
  it('compares, times out, and checks its address', () => {
    const guest = new Guest()
    guest.poke(SCRATCH, 5n)
    expect(guest.call('futex', SCRATCH, linux.FUTEX_WAIT, 6, 0, 0, 0)).toBe(-linux.EAGAIN)
    expect(guest.call('futex', SCRATCH + 2, linux.FUTEX_WAIT, 5, 0, 0, 0)).toBe(-EINVAL)
    expect(guest.call('futex', 0x1000, linux.FUTEX_WAKE, 1, 0, 0, 0)).toBe(-linux.EFAULT)
    expect(guest.call('futex', SCRATCH, linux.FUTEX_WAKE | linux.FUTEX_PRIVATE_FLAG, 1, 0, 0, 0)).toBe(0)
    guest.poke(SCRATCH + 16, structBytes(linux.timespec, { tv_sec: 1n, tv_nsec: 0n }))
    expect(guest.call('futex', SCRATCH, linux.FUTEX_WAIT, 5, SCRATCH + 16, 0, 0)).toBeUndefined()
    guest.kernel.schedule()
    expect([guest.result(), guest.clock.time]).toEqual([-ETIMEDOUT, 1_000_000_000n])
  })

  it('two processes meet on shared memory', () => {
    const guest = new Guest()
    const word = guest.call('mmap', 0, 4096, 3, linux.MAP_SHARED | linux.MAP_ANONYMOUS, -1, 0) ?? 0
    const pid = guest.call('fork')
    expect(guest.call('futex', word, linux.FUTEX_WAIT, 0, 0, 0, 0)).toBeUndefined()
    expect(guest.kernel.schedule()?.pid).toBe(pid)
    expect(guest.call('futex', word, linux.FUTEX_WAKE, 1, 0, 0, 0)).toBe(1)
    until(guest, guest.task)
    expect(guest.result()).toBe(0)
  })

  it('when nobody can ever wake anybody, the kernel says so', () => {
    const guest = new Guest()
    guest.call('futex', SCRATCH, linux.FUTEX_WAIT, 0, 0, 0, 0)
    expect(guest.kernel.schedule()).toBeUndefined()
    expect(guest.kernel.stalled).toBe(true)
    guest.kernel.interrupt(linux.SIGINT)
    guest.kernel.schedule()
    expect(guest.kernel.exitStatus).toBe(linux.SIGINT)
  })
})

describe('timers', () => {
  it('alarm tells and rounds what is left', () => {
    const guest = new Guest()
    expect(guest.call('alarm', 10)).toBe(0)
    guest.clock.time = 3_600_000_000n
    expect(guest.call('alarm', 0)).toBe(6)
    expect(guest.kernel.schedule()).toBe(guest.task)
  })

  it('an interval timer fires again and again; the machine learns when', () => {
    const guest = new Guest()
    guest.poke(SCRATCH, structBytes(linux.itimerval, { interval_usec: 10n, value_usec: 20n }))
    guest.call('setitimer', linux.ITIMER_REAL, SCRATCH, 0)
    guest.kernel.schedule()
    expect(guest.kernel.nextEvent()).toBe(20_000n)
    guest.clock.time = 25_000n
    guest.poke(SCRATCH + 64, structBytes(linux.kernel_sigaction, { sa_handler: 1n }))
    guest.call('rt_sigaction', linux.SIGALRM, SCRATCH + 64, 0, 8)
    guest.kernel.schedule()
    expect(guest.kernel.nextEvent()).toBe(30_000n)
  })
})
