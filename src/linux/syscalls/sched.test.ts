import { describe, expect, it } from 'vitest'
import * as linux from '../../spec/linux/index.ts'
import { Guest, SCRATCH } from '../guest.fixture.ts'
import { structBytes } from '../mm/user-memory.ts'

const { E2BIG, EACCES, EFAULT, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, ESRCH, SCHED_FLAG } = linux

type Attributes = Partial<ReturnType<typeof linux.sched_attr.view>>
const set = (guest: Guest, values: Attributes, flags = 0, pid = 0): number | undefined => {
  guest.poke(SCRATCH, structBytes(linux.sched_attr, { size: 48, ...values }))
  return guest.call('sched_setattr', pid, SCRATCH, flags)
}
const get = (guest: Guest): Attributes => {
  expect(guest.call('sched_getattr', 0, SCRATCH, 56, 0)).toBe(0)
  return linux.sched_attr.view(guest.task.memory.read(SCRATCH, 56) ?? new Uint8Array(56))
}

// What Linux answers a program that makes these calls, run as a user without privileges.
describe('scheduling attributes', () => {
  it('are those of any program at first', () => {
    expect(get(new Guest())).toMatchObject({
      size: 56,
      sched_policy: linux.SCHED_OTHER,
      sched_flags: 0n,
      sched_nice: 0,
      sched_priority: 0,
      sched_runtime: 750_000n,
      sched_period: 0n,
    })
  })

  it('are given to the size that is asked for', () => {
    const guest = new Guest()
    guest.poke(SCRATCH, new Uint8Array(64).fill(0xaa))
    expect(guest.call('sched_getattr', 0, SCRATCH, 48, 0)).toBe(0)
    expect(guest.peek(SCRATCH) & 0xffff_ffffn).toBe(48n)
    expect(guest.peek(SCRATCH + 48)).toBe(0xaaaa_aaaa_aaaa_aaaan)
    const asked = (pid: number, at: number, size: number, flags: number): unknown =>
      guest.call('sched_getattr', pid, at, size, flags)
    expect([asked(0, SCRATCH, 47, 0), asked(0, SCRATCH, 4097, 0), asked(0, SCRATCH, 48, 1)]).toEqual(
      new Array(3).fill(-EINVAL),
    )
    expect([asked(-1, SCRATCH, 48, 0), asked(0, 0, 48, 0)]).toEqual([-EINVAL, -EINVAL])
    expect([asked(99_999, SCRATCH, 48, 0), asked(0, 8, 48, 0)]).toEqual([-ESRCH, -EFAULT])
  })

  it('are kept, and a child has them', () => {
    const guest = new Guest()
    expect(set(guest, { sched_policy: linux.SCHED_BATCH, sched_nice: 100, sched_flags: 1n, sched_runtime: 1n })).toBe(0)
    const kept = { sched_policy: linux.SCHED_BATCH, sched_nice: 19, sched_flags: 1n, sched_runtime: 100_000n }
    expect(get(guest)).toMatchObject(kept)
    expect(guest.call('sched_getscheduler', 0)).toBe(linux.SCHED_BATCH + linux.SCHED_RESET_ON_FORK)
    expect(guest.call('getpriority', 0, 0)).toBe(1)
    const child = guest.kernel.tasks.get(Number(guest.call('fork')))
    expect(child?.scheduling).toEqual({ policy: linux.SCHED_BATCH, nice: 19, resetOnFork: false, slice: 100_000n })
  })

  it.each<[string, Attributes, number]>([
    ['without a size', { size: 0 }, 0],
    ['an unknown policy', { sched_policy: 99 }, -EINVAL],
    ['a policy of less than none', { sched_policy: 0xffff_ffff }, -EINVAL],
    ['unknown flags', { sched_flags: 1n << 20n }, -EINVAL],
    ['a priority for a normal policy', { sched_priority: 1 }, -EINVAL],
    ['a real-time policy without a priority', { sched_policy: linux.SCHED_FIFO }, -EINVAL],
    ['a real-time policy', { sched_policy: linux.SCHED_FIFO, sched_priority: 1 }, -EPERM],
    ['deadlines', { sched_policy: linux.SCHED_DEADLINE }, -EPERM],
    ['less nice', { sched_nice: -1 >>> 0 }, -EPERM],
    ['less nice, for the idle policy', { sched_policy: linux.SCHED_IDLE, sched_nice: -1 >>> 0 }, 0],
    ['nothing but the same', { sched_policy: 1, sched_nice: 5, sched_flags: 0x18n }, 0],
    ['clamps of the utilization', { size: 56, sched_flags: BigInt(SCHED_FLAG.UTIL_CLAMP_MIN) }, -EOPNOTSUPP],
    ['clamps without room for them', { sched_flags: BigInt(SCHED_FLAG.UTIL_CLAMP_MIN) }, -EINVAL],
  ])('%s', (_name, values, result) => {
    expect(set(new Guest(), values)).toBe(result)
  })

  it('structures of other versions are taken if what is unknown is zero', () => {
    const guest = new Guest()
    guest.poke(SCRATCH, new Uint8Array(72))
    expect(set(guest, { size: 64 })).toBe(0)
    guest.poke(SCRATCH + 56, Uint8Array.of(1))
    expect(set(guest, { size: 64 })).toBe(-E2BIG)
    // The size that the kernel knows.
    expect(guest.peek(SCRATCH) & 0xffff_ffffn).toBe(56n)
    expect(set(guest, { size: 47 })).toBe(-E2BIG)
    expect([set(guest, {}, 1), set(guest, {}, 0, -1), set(guest, {}, 0, 99_999)]).toEqual([-EINVAL, -EINVAL, -ESRCH])
    expect([guest.call('sched_setattr', 0, 0, 0), guest.call('sched_setattr', 0, 8, 0)]).toEqual([-EINVAL, -EFAULT])
  })

  it('cannot be taken back without privileges', () => {
    const guest = new Guest()
    expect(set(guest, { sched_flags: 1n, sched_nice: 3 })).toBe(0)
    expect(set(guest, { sched_nice: 3 })).toBe(-EPERM)
    expect(set(guest, { sched_flags: 1n, sched_nice: 2 })).toBe(-EPERM)
    expect(set(guest, { sched_flags: 1n, sched_policy: linux.SCHED_IDLE })).toBe(0)
    expect(set(guest, { sched_flags: 1n, sched_nice: 3 })).toBe(-EPERM)
  })

  it('a parameter alone changes nothing', () => {
    const guest = new Guest()
    guest.poke(SCRATCH, new Uint8Array(8))
    expect(guest.call('sched_setparam', 0, SCRATCH)).toBe(0)
    expect(guest.call('sched_setscheduler', 0, linux.SCHED_BATCH, SCRATCH)).toBe(0)
    expect(guest.call('sched_getscheduler', 0)).toBe(linux.SCHED_BATCH)
    guest.poke(SCRATCH, Uint8Array.of(1))
    expect(guest.call('sched_setparam', 0, SCRATCH)).toBe(-EINVAL)
    expect(guest.call('sched_setparam', 0, 8)).toBe(-EFAULT)
  })
})

describe('nice values', () => {
  it('rise and do not fall', () => {
    const guest = new Guest()
    expect(guest.call('getpriority', 0, 0)).toBe(20)
    expect(guest.call('setpriority', 0, 0, 5)).toBe(0)
    expect(guest.call('getpriority', 0, guest.task.pid)).toBe(15)
    expect(guest.call('setpriority', 0, 0, 4)).toBe(-EACCES)
    expect(guest.call('setpriority', 0, 99_999, 5)).toBe(-ESRCH)
    expect(guest.call('setpriority', 3, 0, 5)).toBe(-EINVAL)
  })

  it('of a group and of a user: the least nice', () => {
    const guest = new Guest()
    const child = guest.kernel.tasks.get(Number(guest.call('fork')))
    expect(guest.call('setpriority', 0, child?.pid ?? 0, 7)).toBe(0)
    expect(guest.call('getpriority', 1, 0)).toBe(20)
    expect(guest.call('setpriority', 1, 0, 3)).toBe(-EACCES)
    expect([guest.task.scheduling.nice, child?.scheduling.nice]).toEqual([3, 7])
    expect(guest.call('getpriority', 2, guest.task.process.credentials.uid)).toBe(17)
    expect(guest.call('getpriority', 2, 77_777)).toBe(-ESRCH)
  })
})

describe('what the kernel is built without', () => {
  it('is not there', () => {
    const guest = new Guest()
    expect(guest.call('get_mempolicy', 0, 0, 0, 0, 0)).toBe(-ENOSYS)
    expect(guest.call('seccomp', 0, 1, 0)).toBe(-ENOSYS)
    expect(guest.call('prctl', linux.PR.GET_SECCOMP)).toBe(-EINVAL)
    expect(guest.call('prctl', linux.PR.SET_SECCOMP, 2, SCRATCH)).toBe(-EINVAL)
  })
})
