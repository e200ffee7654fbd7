import * as linux from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import { syscall, type Answer, type SyscallContext, type Wait } from '../syscall.ts'
import type { Process } from '../task/process.ts'
import type { Task } from '../task/task.ts'
import { timerClock } from '../task/timers.ts'

/** Clocks, sleeps and interval timers. Time is virtual (kernel.ts, Clock); only CLOCK_REALTIME knows the date. */

const { CLOCK, EFAULT, EINVAL, EOPNOTSUPP, EPERM } = linux
const NS = 1_000_000_000n
const US = 1000n
const US_PER_S = 1_000_000n

/** A timespec as nanoseconds; a negative errno if it cannot be read or is not one. */
export function readTimespec(task: Task, address: number): bigint | number {
  const t = task.memory.struct(linux.timespec, address)
  if (!t) return -EFAULT
  const seconds = BigInt.asIntN(64, t.tv_sec)
  return seconds < 0n || t.tv_nsec >= NS ? -EINVAL : seconds * NS + t.tv_nsec
}

export function writeTimespec(task: Task, address: number, ns: bigint): boolean {
  return task.memory.setStruct(linux.timespec, address, { tv_sec: ns / NS, tv_nsec: ns % NS })
}

/** A clock's time in nanoseconds, or -EINVAL. Negative ids are processor-time clocks (clock_getcpuclockid(3)). */
function readClock({ kernel, task }: SyscallContext, id: number): bigint | number {
  switch (id) {
    case CLOCK.REALTIME:
    case CLOCK.REALTIME_COARSE:
    case CLOCK.REALTIME_ALARM:
    case CLOCK.TAI:
      return kernel.realtime()
    case CLOCK.MONOTONIC:
    case CLOCK.MONOTONIC_RAW:
    case CLOCK.MONOTONIC_COARSE:
    case CLOCK.BOOTTIME:
    case CLOCK.BOOTTIME_ALARM:
      return kernel.now()
    case CLOCK.PROCESS_CPUTIME_ID:
      return task.process.cpuTime
    case CLOCK.THREAD_CPUTIME_ID:
      return task.cpuTime
    default:
      return id < 0 ? processorClock(kernel, task, id) : -EINVAL
  }
}

const PER_THREAD = 4
function processorClock(kernel: Kernel, task: Task, id: number): bigint | number {
  const pid = ~(id >> 3)
  if (id & PER_THREAD) return (pid === 0 ? task : kernel.tasks.get(pid))?.cpuTime ?? -EINVAL
  return (pid === 0 ? task.process : kernel.processes.get(pid))?.cpuTime ?? -EINVAL
}

// prettier-ignore
export const clock_gettime = syscall(228, 'clock_gettime', { clockid: 'int', tp: 'addr' }, {
  support: 'full', spec: 'clock_gettime(2)',
  run(c, { clockid, tp }) {
    c.kernel.account()
    const ns = readClock(c, clockid)
    if (typeof ns === 'number') return ns
    return writeTimespec(c.task, tp, ns) ? 0 : -EFAULT
  },
})

// prettier-ignore
export const clock_getres = syscall(229, 'clock_getres', { clockid: 'int', res: 'addr' }, {
  support: 'full', spec: 'clock_getres(2)',
  run(c, { clockid, res }) {
    if (typeof readClock(c, clockid) === 'number') return -EINVAL
    return res === 0 || writeTimespec(c.task, res, 1n) ? 0 : -EFAULT
  },
})

// prettier-ignore
export const clock_settime = syscall(227, 'clock_settime', { clockid: 'int', tp: 'addr' }, {
  support: 'full', spec: 'clock_settime(2)',
  run({ task }, { clockid, tp }) {
    if (clockid !== CLOCK.REALTIME) return -EINVAL
    const t = readTimespec(task, tp)
    return typeof t === 'number' ? t : -EPERM
  },
})

// prettier-ignore
export const settimeofday = syscall(164, 'settimeofday', { tv: 'addr', tz: 'addr' }, { support: 'full', spec: 'settimeofday(2)', run: () => -EPERM })

// prettier-ignore
export const gettimeofday = syscall(96, 'gettimeofday', { tv: 'addr', tz: 'addr' }, {
  support: 'full', spec: 'gettimeofday(2)',
  run({ kernel, task }, { tv, tz }) {
    const us = kernel.realtime() / US
    const value = { tv_sec: us / US_PER_S, tv_usec: us % US_PER_S }
    if (tv !== 0 && !task.memory.setStruct(linux.timeval, tv, value)) return -EFAULT
    return tz === 0 || task.memory.setStruct(linux.timezone, tz, {}) ? 0 : -EFAULT
  },
})

// prettier-ignore
export const time = syscall(201, 'time', { tloc: 'addr' }, {
  support: 'full', spec: 'time(2)',
  run({ kernel, task }, { tloc }) {
    const seconds = kernel.realtime() / NS
    return tloc !== 0 && !task.memory.setU64(tloc, seconds) ? -EFAULT : seconds
  },
})

/** Sleeps until `deadline` (kernel.now()). A signal writes what is left to `remaining`. */
function sleep({ kernel, task, resumed }: SyscallContext, deadline: () => bigint, remaining: number): Answer {
  if (resumed) return 0
  const end = deadline()
  const wait: Wait = {
    wait: () => false,
    deadline: end,
    neverRestarts: true,
    cancel() {
      const left = end - kernel.now()
      if (remaining !== 0) writeTimespec(task, remaining, left > 0n ? left : 0n)
    },
  }
  return end > kernel.now() ? wait : 0
}

// prettier-ignore
export const nanosleep = syscall(35, 'nanosleep', { duration: 'addr', rem: 'addr' }, {
  support: 'full', spec: 'nanosleep(2)',
  run(c, { duration, rem }) {
    const t = readTimespec(c.task, duration)
    return typeof t === 'number' ? t : sleep(c, () => c.kernel.now() + t, rem)
  },
})

const SLEEPABLE: readonly number[] = [
  CLOCK.REALTIME,
  CLOCK.MONOTONIC,
  CLOCK.BOOTTIME,
  CLOCK.TAI,
  CLOCK.PROCESS_CPUTIME_ID,
]

// prettier-ignore
export const clock_nanosleep = syscall(230, 'clock_nanosleep', { clockid: 'int', flags: 'flags', t: 'addr', remain: 'addr' }, {
  support: 'partial', note: 'Processor-time clocks sleep by the monotonic clock.', spec: 'clock_nanosleep(2)',
  run(c, { clockid, flags, t, remain }) {
    const now = readClock(c, clockid)
    if (typeof now === 'number' || clockid === CLOCK.THREAD_CPUTIME_ID) return -EINVAL
    if (!SLEEPABLE.includes(clockid)) return -EOPNOTSUPP
    const value = readTimespec(c.task, t)
    if (typeof value === 'number') return value
    return flags & linux.TIMER_ABSTIME
      ? sleep(c, () => c.kernel.now() + value - now, 0)
      : sleep(c, () => c.kernel.now() + value, remain)
  },
})

interface TimerValue {
  readonly value: bigint
  readonly interval: bigint
}

/** What is left of a timer, and its period, in nanoseconds. */
function readTimer(kernel: Kernel, process: Process, which: 0 | 1 | 2): TimerValue {
  const { deadline, interval } = process.timers[which]
  if (deadline === undefined) return { value: 0n, interval }
  const left = deadline - timerClock(kernel, process, which)
  // One that is due but has not been seen yet is not disarmed (getitimer(2)).
  return { value: left > 0n ? left : US, interval }
}

function armTimer(kernel: Kernel, process: Process, which: 0 | 1 | 2, { value, interval }: TimerValue): void {
  const timer = process.timers[which]
  timer.deadline = value > 0n ? timerClock(kernel, process, which) + value : undefined
  timer.interval = interval
}

const isTimer = (which: number): which is 0 | 1 | 2 => which >= linux.ITIMER_REAL && which <= linux.ITIMER_PROF

function writeTimer(task: Task, address: number, { value, interval }: TimerValue): boolean {
  return task.memory.setStruct(linux.itimerval, address, {
    interval_sec: interval / NS,
    interval_usec: (interval % NS) / US,
    value_sec: value / NS,
    value_usec: (value % NS) / US,
  })
}

function parseTimer(task: Task, address: number): TimerValue | number {
  const t = task.memory.struct(linux.itimerval, address)
  if (!t) return -EFAULT
  const ns = (sec: bigint, usec: bigint): bigint | undefined =>
    BigInt.asIntN(64, sec) < 0n || usec >= US_PER_S ? undefined : sec * NS + usec * US
  const value = ns(t.value_sec, t.value_usec)
  const interval = ns(t.interval_sec, t.interval_usec)
  return value === undefined || interval === undefined ? -EINVAL : { value, interval }
}

// prettier-ignore
export const getitimer = syscall(36, 'getitimer', { which: 'int', curr_value: 'addr' }, {
  support: 'full', spec: 'getitimer(2)',
  run({ kernel, task }, { which, curr_value }) {
    if (!isTimer(which)) return -EINVAL
    kernel.account()
    return writeTimer(task, curr_value, readTimer(kernel, task.process, which)) ? 0 : -EFAULT
  },
})

// prettier-ignore
export const setitimer = syscall(38, 'setitimer', { which: 'int', new_value: 'addr', old_value: 'addr' }, {
  support: 'full', spec: 'getitimer(2)',
  run({ kernel, task }, { which, new_value, old_value }) {
    const value = new_value === 0 ? { value: 0n, interval: 0n } : parseTimer(task, new_value)
    if (typeof value === 'number') return value
    if (!isTimer(which)) return -EINVAL
    kernel.account()
    const old = readTimer(kernel, task.process, which)
    armTimer(kernel, task.process, which, value)
    return old_value === 0 || writeTimer(task, old_value, old) ? 0 : -EFAULT
  },
})

// prettier-ignore
export const alarm = syscall(37, 'alarm', { seconds: 'flags' }, {
  support: 'full', spec: 'alarm(2)',
  run({ kernel, task }, { seconds }) {
    const { value } = readTimer(kernel, task.process, linux.ITIMER_REAL)
    armTimer(kernel, task.process, linux.ITIMER_REAL, { value: BigInt(seconds) * NS, interval: 0n })
    // Rounded to the nearest second, but an alarm that is set never reads as none.
    const half = value % NS >= NS / 2n || (value < NS && value > 0n)
    return value / NS + (half ? 1n : 0n)
  },
})
