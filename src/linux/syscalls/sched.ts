import { PAGE_SIZE } from '../../cpu/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { structBytes } from '../mm/user-memory.ts'
import { syscall, type SyscallContext } from '../syscall.ts'
import {
  changed,
  clampNice,
  clampSlice,
  isNormal,
  isRealTime,
  USUAL_SLICE,
  type Scheduling,
} from '../task/scheduling.ts'
import type { Task } from '../task/task.ts'

/** sched(7): one processor, on which threads take turns whatever their attributes are. */

const { E2BIG, EACCES, EFAULT, EINVAL, EOPNOTSUPP, EPERM, ESRCH, SCHED_FLAG } = linux

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
const taskOf = ({ kernel, task }: SyscallContext, pid: number): Task | undefined =>
  pid === 0 ? task : kernel.tasks.get(pid)

// prettier-ignore
export const sched_getaffinity = syscall(204, 'sched_getaffinity', { pid: 'int', cpusetsize: 'size', mask: 'addr' }, {
  support: 'full', spec: 'sched_setaffinity(2)',
  run(c, { pid, cpusetsize, mask }) {
    if (cpusetsize < 1 || cpusetsize % MASK_SIZE !== 0) return -EINVAL
    if (!taskOf(c, pid)) return -ESRCH
    return c.task.memory.setU64(mask, 1n) ? MASK_SIZE : -EFAULT
  },
})

// prettier-ignore
export const sched_setaffinity = syscall(203, 'sched_setaffinity', { pid: 'int', cpusetsize: 'size', mask: 'addr' }, {
  support: 'full', spec: 'sched_setaffinity(2)',
  run(c, { pid, cpusetsize, mask }) {
    const given = c.task.memory.read(mask, Math.min(cpusetsize, MASK_SIZE))
    if (!given) return -EFAULT
    if (!taskOf(c, pid)) return -ESRCH
    // Processor 0 is the only one.
    return ((given[0] ?? 0) & 1) === 0 ? -EINVAL : 0
  },
})

const MOST_PRIORITY = 99
const ALL_FLAGS = BigInt(Object.values(SCHED_FLAG).reduce((all, flag) => all | flag, 0))

/** __sched_setscheduler of the kernel: what it checks, in its order. */
function schedule(task: Task, wanted: Scheduling, priority: number): number {
  const { policy } = wanted
  if (policy === linux.SCHED_DEADLINE) return -EPERM
  if (!isNormal(policy) && !isRealTime(policy)) return -EINVAL
  if (priority < 0 || priority > MOST_PRIORITY || isRealTime(policy) !== priority > 0) return -EINVAL
  const scheduling = changed(task.scheduling, wanted)
  if (typeof scheduling === 'number') return scheduling
  task.scheduling = scheduling
  return 0
}

// prettier-ignore
export const sched_getscheduler = syscall(145, 'sched_getscheduler', { pid: 'int' }, {
  support: 'full', spec: 'sched_setscheduler(2)',
  run(c, { pid }) {
    if (pid < 0) return -EINVAL
    const scheduling = taskOf(c, pid)?.scheduling
    return scheduling ? scheduling.policy + (scheduling.resetOnFork ? linux.SCHED_RESET_ON_FORK : 0) : -ESRCH
  },
})

// prettier-ignore
export const sched_setscheduler = syscall(144, 'sched_setscheduler', { pid: 'int', policy: 'int', param: 'addr' }, {
  support: 'partial', note: 'Kept without effect; what needs privileges fails with EPERM.', spec: 'sched_setscheduler(2)',
  run(c, { pid, policy, param }) {
    if (pid < 0 || policy < 0 || param === 0) return -EINVAL
    const priority = c.task.memory.i32(param)
    if (priority === undefined) return -EFAULT
    const task = taskOf(c, pid)
    if (!task) return -ESRCH
    const resetOnFork = (policy & linux.SCHED_RESET_ON_FORK) !== 0
    return schedule(task, { ...task.scheduling, policy: policy & ~linux.SCHED_RESET_ON_FORK, resetOnFork }, priority)
  },
})

// prettier-ignore
export const sched_setparam = syscall(142, 'sched_setparam', { pid: 'int', param: 'addr' }, {
  support: 'full', spec: 'sched_setparam(2)',
  run(c, { pid, param }) {
    if (pid < 0 || param === 0) return -EINVAL
    const priority = c.task.memory.i32(param)
    if (priority === undefined) return -EFAULT
    const task = taskOf(c, pid)
    return task ? schedule(task, task.scheduling, priority) : -ESRCH
  },
})

// prettier-ignore
export const sched_getparam = syscall(143, 'sched_getparam', { pid: 'int', param: 'addr' }, {
  support: 'full', spec: 'sched_setparam(2)',
  run(c, { pid, param }) {
    if (pid < 0 || param === 0) return -EINVAL
    if (!taskOf(c, pid)) return -ESRCH
    return c.task.memory.setU32(param, 0) ? 0 : -EFAULT
  },
})

// prettier-ignore
export const sched_getattr = syscall(315, 'sched_getattr', { pid: 'int', attr: 'addr', size: 'size', flags: 'flags' }, {
  support: 'full', spec: 'sched_setattr(2)',
  run(c, { pid, attr, size, flags }) {
    if (attr === 0 || pid < 0 || size > PAGE_SIZE || size < linux.SCHED_ATTR_SIZE_VER0 || flags !== 0) return -EINVAL
    const scheduling = taskOf(c, pid)?.scheduling
    if (!scheduling) return -ESRCH
    const given = Math.min(size, linux.sched_attr.size)
    const bytes = structBytes(linux.sched_attr, {
      size: given,
      sched_policy: scheduling.policy,
      sched_flags: BigInt(scheduling.resetOnFork ? SCHED_FLAG.RESET_ON_FORK : 0),
      sched_nice: scheduling.nice >>> 0,
      sched_runtime: scheduling.slice ?? USUAL_SLICE,
    })
    return c.task.memory.write(attr, bytes.subarray(0, given)) ? 0 : -EFAULT
  },
})

type Attributes = ReturnType<typeof linux.sched_attr.view>

/** sched_copy_attr of the kernel: a structure of another version is one if what is unknown of it is zero. */
function readAttributes({ task }: SyscallContext, at: number): Attributes | number {
  const { size: known } = linux.sched_attr
  const size = task.memory.u32(at)
  if (size === undefined) return -EFAULT
  const refused = (): number => (task.memory.setU32(at, known) ? -E2BIG : -EFAULT)
  if (size !== 0 && (size < linux.SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)) return refused()
  const given = task.memory.read(at, size || linux.SCHED_ATTR_SIZE_VER0)
  if (!given) return -EFAULT
  if (given.subarray(known).some((byte) => byte !== 0)) return refused()
  const whole = new Uint8Array(known)
  whole.set(given.subarray(0, known))
  return linux.sched_attr.view(whole)
}

// prettier-ignore
export const sched_setattr = syscall(314, 'sched_setattr', { pid: 'int', attr: 'addr', flags: 'flags' }, {
  support: 'partial', note: 'Kept without effect; what needs privileges fails with EPERM, clamps of the utilization with EOPNOTSUPP.',
  spec: 'sched_setattr(2)',
  run(c, { pid, attr, flags }) {
    if (attr === 0 || pid < 0 || flags !== 0) return -EINVAL
    const given = readAttributes(c, attr)
    if (typeof given === 'number') return given
    const asked = Number(given.sched_flags)
    const has = (flag: keyof typeof SCHED_FLAG): boolean => (asked & SCHED_FLAG[flag]) !== 0
    const clamps = has('UTIL_CLAMP_MIN') || has('UTIL_CLAMP_MAX')
    if (clamps && given.size < linux.sched_attr.size) return -EINVAL
    if (given.sched_policy > 0x7fff_ffff) return -EINVAL
    const task = taskOf(c, pid)
    if (!task) return -ESRCH
    if (given.sched_flags > ALL_FLAGS) return -EINVAL
    if (clamps) return -EOPNOTSUPP
    const now = task.scheduling
    const { policy, resetOnFork } = has('KEEP_POLICY') ? now : { policy: given.sched_policy, resetOnFork: has('RESET_ON_FORK') }
    if (has('KEEP_PARAMS')) return schedule(task, { ...now, policy, resetOnFork }, 0)
    const [nice, slice] = [clampNice(given.sched_nice | 0), clampSlice(given.sched_runtime)]
    return schedule(task, { policy, nice, resetOnFork, slice }, given.sched_priority)
  },
})

// prettier-ignore
export const sched_get_priority_max = syscall(146, 'sched_get_priority_max', { policy: 'int' }, {
  support: 'full', spec: 'sched_get_priority_max(2)',
  run: (_c, { policy }) => (isRealTime(policy) ? MOST_PRIORITY : isNormal(policy) ? 0 : -EINVAL),
})
// prettier-ignore
export const sched_get_priority_min = syscall(147, 'sched_get_priority_min', { policy: 'int' }, {
  support: 'full', spec: 'sched_get_priority_max(2)',
  run: (_c, { policy }) => (isRealTime(policy) ? 1 : isNormal(policy) ? 0 : -EINVAL),
})

const [PRIO_PROCESS, PRIO_PGRP, PRIO_USER] = [0, 1, 2]

/** The threads that getpriority and setpriority mean. All of them belong to the one user. */
function named(c: SyscallContext, which: number, who: number): Task[] {
  const { kernel, task } = c
  if (which === PRIO_PROCESS) return [taskOf(c, who)].filter((t) => t !== undefined)
  const all = [...kernel.tasks.values()]
  if (which === PRIO_PGRP) return all.filter((t) => t.pgid === (who === 0 ? task.pgid : who))
  return who === 0 || who === task.process.credentials.uid ? all : []
}

// prettier-ignore
export const getpriority = syscall(140, 'getpriority', { which: 'int', who: 'int' }, {
  support: 'full', spec: 'getpriority(2)',
  run(c, { which, who }) {
    if (which < PRIO_PROCESS || which > PRIO_USER) return -EINVAL
    const all = named(c, which, who).map((t) => t.scheduling.nice)
    // So that it is never negative.
    return all.length > 0 ? 20 - Math.min(...all) : -ESRCH
  },
})
// prettier-ignore
export const setpriority = syscall(141, 'setpriority', { which: 'int', who: 'int', prio: 'int' }, {
  support: 'partial', note: 'Kept without effect; a higher priority fails with EACCES.', spec: 'getpriority(2)',
  run(c, { which, who, prio }) {
    if (which < PRIO_PROCESS || which > PRIO_USER) return -EINVAL
    const [nice, all] = [clampNice(prio), named(c, which, who)]
    let result = all.length > 0 ? 0 : -ESRCH
    for (const t of all) {
      if (nice < t.scheduling.nice) result = -EACCES
      else t.scheduling = { ...t.scheduling, nice }
    }
    return result
  },
})
