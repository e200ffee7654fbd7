import { PendingSignals } from '../signal/state.ts'
import * as linux from '../../spec/linux/index.ts'
import type { Task } from './task.ts'

/** Who a process is to permission checks. The guest is one ordinary user; nothing can change that. */
export interface Credentials {
  readonly uid: number
  readonly gid: number
}

export interface ResourceLimit {
  readonly cur: bigint
  readonly max: bigint
}

/** setitimer(2), alarm(2): virtual nanoseconds. ITIMER_REAL counts time, the other two the process's time on the processor. */
export interface IntervalTimer {
  /** When it expires, or `undefined` when it is not armed. */
  deadline: bigint | undefined
  interval: bigint
}

/** How a process came to its present state, for wait(2). */
export type ProcessState =
  | { readonly is: 'running' }
  | { readonly is: 'stopped'; readonly signo: number }
  /** Ended: the status that wait4(2) stores. Kept until the parent has asked. */
  | { readonly is: 'zombie'; readonly status: number }

// prettier-ignore
const DEFAULT_LIMITS: Readonly<Record<(typeof linux.RLIMIT_NAMES)[number], readonly [bigint, bigint]>> = {
  RLIMIT_CPU:        [linux.RLIM_INFINITY, linux.RLIM_INFINITY],
  RLIMIT_FSIZE:      [linux.RLIM_INFINITY, linux.RLIM_INFINITY],
  RLIMIT_DATA:       [linux.RLIM_INFINITY, linux.RLIM_INFINITY],
  RLIMIT_STACK:      [8n << 20n, linux.RLIM_INFINITY],
  RLIMIT_CORE:       [0n, linux.RLIM_INFINITY],
  RLIMIT_RSS:        [linux.RLIM_INFINITY, linux.RLIM_INFINITY],
  RLIMIT_NPROC:      [32768n, 32768n],
  RLIMIT_NOFILE:     [1024n, 1048576n],
  RLIMIT_MEMLOCK:    [8n << 20n, 8n << 20n],
  RLIMIT_AS:         [linux.RLIM_INFINITY, linux.RLIM_INFINITY],
  RLIMIT_LOCKS:      [linux.RLIM_INFINITY, linux.RLIM_INFINITY],
  RLIMIT_SIGPENDING: [32768n, 32768n],
  RLIMIT_MSGQUEUE:   [819200n, 819200n],
  RLIMIT_NICE:       [0n, 0n],
  RLIMIT_RTPRIO:     [0n, 0n],
  RLIMIT_RTTIME:     [linux.RLIM_INFINITY, linux.RLIM_INFINITY],
}

const newTimer = (): IntervalTimer => ({ deadline: undefined, interval: 0n })

/** A process: the tasks of one thread group, and what they have in common beside memory, files and handlers. */
export class Process {
  /** tgid. */
  readonly pid: number
  /** `undefined` for the first process. An orphan's parent is the first process. */
  parent: Process | undefined
  readonly children = new Set<Process>()
  readonly threads = new Set<Task>()
  pgid: number
  sid: number
  state: ProcessState = { is: 'running' }
  /** A change of state that the parent has not been told by wait(2): stopped or continued. */
  unreported: 'stopped' | 'continued' | undefined
  /** A debugger that is not the parent and has to be told first that the process has ended. */
  tracer: Process | undefined
  /** Signal to the parent at exit: clone's low byte, SIGCHLD for fork. */
  readonly exitSignal: number
  /** What wait4(2) will tell: the status of exit_group(2) or of a deadly signal; if there was none, of the first thread's exit(2). */
  groupStatus: number | undefined
  leaderStatus = 0
  /** Sent to the process: any thread may take them. */
  readonly pending = new PendingSignals()
  credentials: Credentials
  limits: ResourceLimit[]
  /** By number: ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF. */
  readonly timers: readonly [IntervalTimer, IntervalTimer, IntervalTimer] = [newTimer(), newTimer(), newTimer()]
  /** Absolute path of the program, for /proc/self/exe. */
  executable = ''
  /** argv, for /proc/self/cmdline. */
  commandLine: readonly string[] = []
  environment: readonly string[] = []
  /** personality(2). */
  personality: number
  dumpable = 1
  noNewPrivs = false
  /** It has called execve since fork (setpgid(2)). */
  hasExecuted = false
  /** Virtual nanoseconds on the processor; those of children that were waited for. */
  cpuTime = 0n
  childrenCpuTime = 0n
  readonly startTime: bigint

  constructor(
    pid: number,
    parent: Process | undefined,
    credentials: Credentials,
    exitSignal: number,
    startTime: bigint,
  ) {
    this.pid = pid
    this.parent = parent
    this.pgid = parent?.pgid ?? pid
    // The first process leads its group, as a shell starts it; the session is the shell's.
    this.sid = parent?.sid ?? 1
    this.credentials = credentials
    this.exitSignal = exitSignal
    this.startTime = startTime
    this.personality = parent?.personality ?? linux.ADDR_NO_RANDOMIZE
    this.limits = parent
      ? [...parent.limits]
      : linux.RLIMIT_NAMES.map((name) => ({ cur: DEFAULT_LIMITS[name][0], max: DEFAULT_LIMITS[name][1] }))
    parent?.children.add(this)
  }

  limit(resource: number): ResourceLimit {
    return this.limits[resource] ?? { cur: linux.RLIM_INFINITY, max: linux.RLIM_INFINITY }
  }
}
