import * as linux from '../../spec/linux/index.ts'
import { structBytes } from '../mm/user-memory.ts'
import { syscall, type SyscallContext } from '../syscall.ts'
import type { Process, ResourceLimit } from '../task/process.ts'

/** Limits and use of resources: getrlimit(2), getrusage(2), times(2), sysinfo(2). */

const { EFAULT, EINVAL, EPERM, ESRCH, rlimit64 } = linux
const NS = 1_000_000_000n
const US = 1000n
const PAGES_TO_KIB = 4

/** struct rusage of so many virtual nanoseconds on the processor. The kernel itself takes no time. */
export function rusageBytes(cpuTime: bigint, residentPages = 0): Uint8Array {
  return structBytes(linux.rusage, {
    utime_sec: cpuTime / NS,
    utime_usec: (cpuTime % NS) / US,
    ru_maxrss: BigInt(residentPages * PAGES_TO_KIB),
    ru_minflt: BigInt(residentPages),
  })
}

// prettier-ignore
export const getrusage = syscall(98, 'getrusage', { who: 'int', usage: 'addr' }, {
  support: 'partial', note: 'Times, and the present resident set; no fault or switch counts.', spec: 'getrusage(2)',
  run({ kernel, task }, { who, usage }) {
    kernel.account()
    const { process } = task
    const pages = task.space.residentPages
    const bytes =
      who === linux.RUSAGE_SELF ? rusageBytes(process.cpuTime, pages)
      : who === linux.RUSAGE_THREAD ? rusageBytes(task.cpuTime, pages)
      : who === linux.RUSAGE_CHILDREN ? rusageBytes(process.childrenCpuTime)
      : undefined
    if (!bytes) return -EINVAL
    return task.memory.write(usage, bytes) ? 0 : -EFAULT
  },
})

// prettier-ignore
export const times = syscall(100, 'times', { buf: 'addr' }, {
  support: 'full', spec: 'times(2)',
  run({ kernel, task }, { buf }) {
    kernel.account()
    const ticks = (ns: bigint): bigint => (ns * BigInt(linux.USER_HZ)) / NS
    const { process } = task
    const values = { tms_utime: ticks(process.cpuTime), tms_stime: 0n, tms_cutime: ticks(process.childrenCpuTime), tms_cstime: 0n }
    if (buf !== 0 && !task.memory.setStruct(linux.tms, buf, values)) return -EFAULT
    return ticks(kernel.now())
  },
})

function readLimit({ task }: SyscallContext, address: number): ResourceLimit | undefined {
  const given = task.memory.struct(rlimit64, address)
  return given && { cur: given.rlim_cur, max: given.rlim_max }
}

function writeLimit({ task }: SyscallContext, address: number, { cur, max }: ResourceLimit): number {
  return task.memory.setStruct(rlimit64, address, { rlim_cur: cur, rlim_max: max }) ? 0 : -EFAULT
}

/** No guest is privileged: a hard limit never grows. */
function setLimit(process: Process, resource: number, limit: ResourceLimit): number {
  if (limit.cur > limit.max) return -EINVAL
  if (limit.max > process.limit(resource).max) return -EPERM
  process.limits[resource] = limit
  if (resource === linux.RLIMIT_NOFILE) for (const task of process.threads) task.fds.limit = Number(limit.cur)
  return 0
}

const isResource = (resource: number): boolean => resource >= 0 && resource < linux.RLIMIT_NAMES.length

// prettier-ignore
export const getrlimit = syscall(97, 'getrlimit', { resource: 'int', rlim: 'addr' }, {
  support: 'full', spec: 'getrlimit(2)',
  run: (c, { resource, rlim }) => (isResource(resource) ? writeLimit(c, rlim, c.task.process.limit(resource)) : -EINVAL),
})

// prettier-ignore
export const setrlimit = syscall(160, 'setrlimit', { resource: 'int', rlim: 'addr' }, {
  support: 'partial', note: 'Kept and inherited; RLIMIT_STACK, RLIMIT_DATA and RLIMIT_NOFILE are enforced.', spec: 'getrlimit(2)',
  run(c, { resource, rlim }) {
    const limit = readLimit(c, rlim)
    if (!limit) return -EFAULT
    return isResource(resource) ? setLimit(c.task.process, resource, limit) : -EINVAL
  },
})

// prettier-ignore
export const prlimit64 = syscall(302, 'prlimit64', { pid: 'int', resource: 'int', new_limit: 'addr', old_limit: 'addr' }, {
  support: 'partial', note: 'As setrlimit.', spec: 'prlimit(2)',
  run(c, { pid, resource, new_limit, old_limit }) {
    if (!isResource(resource)) return -EINVAL
    const limit = new_limit === 0 ? undefined : readLimit(c, new_limit)
    if (new_limit !== 0 && !limit) return -EFAULT
    const process = pid === 0 ? c.task.process : c.kernel.processes.get(pid)
    if (!process) return -ESRCH
    const old = process.limit(resource)
    if (limit) {
      const answer = setLimit(process, resource, limit)
      if (answer < 0) return answer
    }
    return old_limit === 0 ? 0 : writeLimit(c, old_limit, old)
  },
})

// prettier-ignore
export const sysinfo = syscall(99, 'sysinfo', { info: 'addr' }, {
  support: 'full', spec: 'sysinfo(2)',
  run({ kernel, task }, { info }) {
    const total = BigInt(kernel.ram.u8.length)
    const answer = {
      uptime: kernel.now() / NS, totalram: total, freeram: total - BigInt(kernel.ram.framesInUse()) * 4096n,
      procs: kernel.tasks.size, mem_unit: 1,
    }
    return task.memory.setStruct(linux.sysinfo, info, answer) ? 0 : -EFAULT
  },
})
