import * as linux from '../../spec/linux/index.ts'
import { syscall, type SyscallContext } from '../syscall.ts'

/** sched(7): one processor, one policy. */

const { EFAULT, EINVAL, EPERM, ESRCH } = linux

// prettier-ignore
export const sched_yield = syscall(24, 'sched_yield', {}, {
  support: 'full', spec: 'sched_yield(2)',
  run({ kernel }) {
    kernel.preempt()
    return 0
  },
})

/** Bytes of the kernel's processor mask: one word. */
const MASK_SIZE = 8
const exists = ({ kernel }: SyscallContext, pid: number): boolean => pid === 0 || kernel.tasks.has(pid)

// prettier-ignore
export const sched_getaffinity = syscall(204, 'sched_getaffinity', { pid: 'int', cpusetsize: 'size', mask: 'addr' }, {
  support: 'full', spec: 'sched_setaffinity(2)',
  run(c, { pid, cpusetsize, mask }) {
    if (cpusetsize < 1 || cpusetsize % MASK_SIZE !== 0) return -EINVAL
    if (!exists(c, pid)) return -ESRCH
    return c.task.memory.setU64(mask, 1n) ? MASK_SIZE : -EFAULT
  },
})

// prettier-ignore
export const sched_setaffinity = syscall(203, 'sched_setaffinity', { pid: 'int', cpusetsize: 'size', mask: 'addr' }, {
  support: 'full', spec: 'sched_setaffinity(2)',
  run(c, { pid, cpusetsize, mask }) {
    const given = c.task.memory.read(mask, Math.min(cpusetsize, MASK_SIZE))
    if (!given) return -EFAULT
    if (!exists(c, pid)) return -ESRCH
    // Processor 0 is the only one.
    return ((given[0] ?? 0) & 1) === 0 ? -EINVAL : 0
  },
})

// prettier-ignore
export const sched_getscheduler = syscall(145, 'sched_getscheduler', { pid: 'int' }, {
  support: 'full', spec: 'sched_setscheduler(2)',
  run: (c, { pid }) => (pid < 0 ? -EINVAL : exists(c, pid) ? linux.SCHED_OTHER : -ESRCH),
})

// prettier-ignore
export const sched_setscheduler = syscall(144, 'sched_setscheduler', { pid: 'int', policy: 'int', param: 'addr' }, {
  support: 'partial', note: 'Real-time policies fail with EPERM.', spec: 'sched_setscheduler(2)',
  run(c, { pid, policy, param }) {
    if (pid < 0 || policy < 0 || param === 0) return -EINVAL
    const priority = c.task.memory.i32(param)
    if (priority === undefined) return -EFAULT
    if (!exists(c, pid)) return -ESRCH
    if (policy === linux.SCHED_FIFO || policy === linux.SCHED_RR) return priority < 1 || priority > 99 ? -EINVAL : -EPERM
    const normal = policy === linux.SCHED_OTHER || policy === linux.SCHED_BATCH || policy === linux.SCHED_IDLE
    return normal && priority === 0 ? 0 : -EINVAL
  },
})

// prettier-ignore
export const sched_getparam = syscall(143, 'sched_getparam', { pid: 'int', param: 'addr' }, {
  support: 'full', spec: 'sched_setparam(2)',
  run(c, { pid, param }) {
    if (pid < 0 || param === 0) return -EINVAL
    if (!exists(c, pid)) return -ESRCH
    return c.task.memory.setU32(param, 0) ? 0 : -EFAULT
  },
})

const isRealTime = (policy: number): boolean => policy === linux.SCHED_FIFO || policy === linux.SCHED_RR
const isNormal = (policy: number): boolean =>
  [linux.SCHED_OTHER, linux.SCHED_BATCH, linux.SCHED_IDLE].some((p) => p === policy)

// prettier-ignore
export const sched_get_priority_max = syscall(146, 'sched_get_priority_max', { policy: 'int' }, {
  support: 'full', spec: 'sched_get_priority_max(2)',
  run: (_c, { policy }) => (isRealTime(policy) ? 99 : isNormal(policy) ? 0 : -EINVAL),
})
// prettier-ignore
export const sched_get_priority_min = syscall(147, 'sched_get_priority_min', { policy: 'int' }, {
  support: 'full', spec: 'sched_get_priority_max(2)',
  run: (_c, { policy }) => (isRealTime(policy) ? 1 : isNormal(policy) ? 0 : -EINVAL),
})

const PRIO_USER = 2
/** The kernel answers 20 - nice, so that it is never negative. */
const NICE_ZERO = 20

// prettier-ignore
export const getpriority = syscall(140, 'getpriority', { which: 'int', who: 'int' }, {
  support: 'partial', note: 'Always nice 0.', spec: 'getpriority(2)',
  run: (_c, { which }) => (which < 0 || which > PRIO_USER ? -EINVAL : NICE_ZERO),
})
// prettier-ignore
export const setpriority = syscall(141, 'setpriority', { which: 'int', who: 'int', prio: 'int' }, {
  support: 'partial', note: 'Accepted without effect; a higher priority fails with EACCES.', spec: 'getpriority(2)',
  run: (_c, { which, prio }) => (which < 0 || which > PRIO_USER ? -EINVAL : prio < 0 ? -linux.EACCES : 0),
})
