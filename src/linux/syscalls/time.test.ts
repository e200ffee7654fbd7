import { describe, expect, it } from 'vitest'
import * as linux from '../../spec/linux/index.ts'
import { Guest, SCRATCH } from '../guest.fixture.ts'
import { structBytes } from '../mm/user-memory.ts'

const { CLOCK, EFAULT, EINVAL, EOPNOTSUPP, EPERM, ESRCH } = linux
const WALL = 1_700_000_000n

describe('clocks', () => {
  it('are virtual; only the realtime one knows the date', () => {
    const guest = new Guest()
    guest.clock.time = 3_000_000_007n
    expect(guest.call('clock_gettime', CLOCK.MONOTONIC, SCRATCH)).toBe(0)
    expect([guest.peek(SCRATCH), guest.peek(SCRATCH + 8)]).toEqual([3n, 7n])
    guest.call('clock_gettime', CLOCK.REALTIME, SCRATCH)
    expect(guest.peek(SCRATCH)).toBe(WALL + 3n)
    expect(guest.call('time', 0)).toBe(Number(WALL + 3n))
    guest.call('gettimeofday', SCRATCH, 0)
    expect(guest.peek(SCRATCH)).toBe(WALL + 3n)
  })

  it('count the time of the task and of the process', () => {
    const guest = new Guest()
    guest.clock.time = 50n
    guest.call('clock_gettime', CLOCK.THREAD_CPUTIME_ID, SCRATCH)
    expect(guest.peek(SCRATCH + 8)).toBe(50n)
    // clock_getcpuclockid(3) of this process.
    expect(guest.call('clock_gettime', (~guest.task.pid << 3) | 2, SCRATCH)).toBe(0)
    expect(guest.peek(SCRATCH + 8)).toBe(50n)
  })

  it('refuse what is unknown or not ours to set', () => {
    const guest = new Guest()
    expect(guest.call('clock_gettime', 77, SCRATCH)).toBe(-EINVAL)
    expect(guest.call('clock_gettime', CLOCK.REALTIME, 8)).toBe(-EFAULT)
    expect(guest.call('clock_settime', CLOCK.REALTIME, SCRATCH)).toBe(-EPERM)
    expect(guest.call('clock_getres', CLOCK.MONOTONIC, SCRATCH)).toBe(0)
    expect(guest.peek(SCRATCH + 8)).toBe(1n)
  })
})

describe('sleeping', () => {
  const at = (guest: Guest, seconds: bigint, ns = 0n): void =>
    guest.poke(SCRATCH, structBytes(linux.timespec, { tv_sec: seconds, tv_nsec: ns }))

  it('an idle machine jumps to the end of the sleep', () => {
    const guest = new Guest()
    at(guest, 1000n)
    expect(guest.call('nanosleep', SCRATCH, 0)).toBeUndefined()
    expect(guest.kernel.schedule()).toBe(guest.task)
    expect([guest.result(), guest.clock.time, guest.task.cpuTime]).toEqual([0, 1_000_000_000_000n, 0n])
  })

  it('until a time of either clock', () => {
    const guest = new Guest()
    at(guest, WALL + 2n)
    guest.call('clock_nanosleep', CLOCK.REALTIME, linux.TIMER_ABSTIME, SCRATCH, 0)
    guest.kernel.schedule()
    expect(guest.clock.time).toBe(2_000_000_000n)
    at(guest, 1n)
    expect(guest.call('clock_nanosleep', CLOCK.MONOTONIC, linux.TIMER_ABSTIME, SCRATCH, 0)).toBe(0)
  })

  it('checks its arguments', () => {
    const guest = new Guest()
    at(guest, 0n, 1_000_000_000n)
    expect(guest.call('nanosleep', SCRATCH, 0)).toBe(-EINVAL)
    at(guest, -1n & 0xffff_ffff_ffff_ffffn)
    expect(guest.call('nanosleep', SCRATCH, 0)).toBe(-EINVAL)
    expect(guest.call('nanosleep', 8, 0)).toBe(-EFAULT)
    expect(guest.call('clock_nanosleep', CLOCK.THREAD_CPUTIME_ID, 0, SCRATCH, 0)).toBe(-EINVAL)
    expect(guest.call('clock_nanosleep', CLOCK.MONOTONIC_RAW, 0, SCRATCH, 0)).toBe(-EOPNOTSUPP)
  })
})

describe('identity', () => {
  it('is one ordinary user, in its own process group', () => {
    const guest = new Guest({ uid: 7, gid: 8 })
    expect([guest.call('getuid'), guest.call('getegid'), guest.call('getpid'), guest.call('getpgrp')]).toEqual([
      7, 8, 1000, 1000,
    ])
    expect([guest.call('setuid', 7), guest.call('setuid', 0), guest.call('setresgid', -1, 8, -1)]).toEqual([
      0,
      -EPERM,
      0,
    ])
    expect([guest.call('setsid'), guest.call('getsid', 0), guest.call('getpgid', 5)]).toEqual([-EPERM, 1, -ESRCH])
    expect(guest.call('mount')).toBe(-EPERM)
  })

  it('setpgid and setsid follow the rules of job control', () => {
    const guest = new Guest()
    const pid = guest.call('fork') ?? 0
    expect(guest.call('setpgid', pid, 0)).toBe(0)
    expect([guest.call('getpgid', pid), guest.call('setpgid', pid, 4321)]).toEqual([pid, -EPERM])
    const other = guest.call('fork') ?? 0
    guest.kernel.preempt()
    while (guest.kernel.schedule()?.pid !== other) guest.kernel.preempt()
    expect(guest.call('setsid')).toBe(other)
    expect([guest.call('getpgrp'), guest.call('getsid', 0)]).toEqual([other, other])
  })

  it('limits: soft ones move, hard ones only fall', () => {
    const guest = new Guest()
    const limit = (cur: bigint, max: bigint): void =>
      guest.poke(SCRATCH, structBytes(linux.rlimit64, { rlim_cur: cur, rlim_max: max }))
    limit(10n, 20n)
    expect(guest.call('prlimit64', 0, linux.RLIMIT_NOFILE, SCRATCH, SCRATCH + 16)).toBe(0)
    expect([guest.peek(SCRATCH + 16), guest.task.fds.limit]).toEqual([1024n, 10])
    limit(10n, 30n)
    expect(guest.call('setrlimit', linux.RLIMIT_NOFILE, SCRATCH)).toBe(-EPERM)
    limit(30n, 10n)
    expect(guest.call('setrlimit', linux.RLIMIT_NOFILE, SCRATCH)).toBe(-EINVAL)
    expect(guest.call('getrlimit', 16, SCRATCH)).toBe(-EINVAL)
  })

  it('getrandom follows the seed and checks its flags', () => {
    const bytes = (seed: bigint): bigint => {
      const guest = new Guest({ seed })
      expect(guest.call('getrandom', SCRATCH, 8, 1)).toBe(8)
      return guest.peek(SCRATCH)
    }
    expect(bytes(5n)).toBe(bytes(5n))
    expect(bytes(5n)).not.toBe(bytes(6n))
    const guest = new Guest()
    expect([
      guest.call('getrandom', SCRATCH, 8, 8),
      guest.call('getrandom', SCRATCH, 8, 6),
      guest.call('getrandom', 8, 8, 0),
    ]).toEqual([-EINVAL, -EINVAL, -EFAULT])
  })

  it('the name of a thread has 15 bytes', () => {
    const guest = new Guest()
    guest.poke(SCRATCH, 'a-name-that-is-far-too-long')
    guest.call('prctl', linux.PR.SET_NAME, SCRATCH)
    guest.call('prctl', linux.PR.GET_NAME, SCRATCH + 64)
    expect(guest.task.memory.string(SCRATCH + 64)).toBe('a-name-that-is-')
  })
})
