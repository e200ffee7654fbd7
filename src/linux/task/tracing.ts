import * as linux from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import type { SignalInfo } from '../signal/info.ts'
import { queueForProcess, queueForTask } from '../signal/queue.ts'
import type { Process } from './process.ts'
import type { Task } from './task.ts'

/** Tracees and their stops: the part of ptrace(2) that signals, waiting and the end of tasks have to know of. */

/** A ptrace-stop: the tracee does nothing until the tracer lets it go on. */
export interface TraceStop {
  /** What wait(2) tells as WSTOPSIG. */
  readonly signo: number
  /** The signal that is about to be delivered; none in a group-stop. */
  info: SignalInfo | undefined
  /** wait(2) has told of it. */
  reported: boolean
}

export class Tracing {
  /** The thread that may give commands. */
  readonly tracer: Task
  stop: TraceStop | undefined
  /** What PTRACE_CONT and its like want delivered, without another stop. */
  injected: SignalInfo | undefined
  /**
   * PTRACE_SINGLESTEP: 'next', an instruction is to be executed and then to trap; 'call', it was a SYSCALL that waits, and the trap
   * comes when it returns.
   */
  step: 'next' | 'call' | undefined
  /** PTRACE_O_EXITKILL. */
  exitKill = false

  constructor(tracer: Task) {
    this.tracer = tracer
  }
}

/** Everything that `process` traces. */
export const traceesOf = (kernel: Kernel, process: Process): Task[] =>
  [...kernel.tasks.values()].filter((task) => task.tracing?.tracer.process === process)

/** The tracee stops before `info` is delivered, or, without one, because a stop signal was. The current task. */
export function traceStop(kernel: Kernel, task: Task, tracing: Tracing, signo: number, info?: SignalInfo): void {
  // What a debugger sees of a thread inside is what the asynchronous exit leaves.
  if (kernel.state.inEnclave) kernel.options.leaveEnclave?.(task)
  tracing.stop = { signo, info, reported: false }
  tracing.step = undefined
  const { process } = tracing.tracer
  const [thread] = process.threads
  if (!thread || thread.signals.dispositions.of(linux.SIGCHLD).flags & linux.SA.NOCLDSTOP) return
  const { uid } = task.process.credentials
  queueForProcess(process, { signo: linux.SIGCHLD, code: linux.CLD_TRAPPED, pid: task.pid, uid, status: signo })
}

/** Ends a stop. `signo` is what the tracee gets of the signal that stopped it: it, another one, or 0 for none. */
export function resume(task: Task, tracing: Tracing, signo: number): void {
  const { stop } = tracing
  tracing.stop = undefined
  if (!stop?.info || signo === 0) return
  const { process, pid } = tracing.tracer
  const other = { signo, code: linux.SI_USER, pid, uid: process.credentials.uid }
  tracing.injected = signo === stop.info.signo ? stop.info : other
}

/** PTRACE_DETACH, or the tracer has ended. The tracee goes on. */
export function detach(task: Task, tracing: Tracing, signo: number): void {
  resume(task, tracing, signo)
  task.tracing = undefined
  if (tracing.injected) queueForTask(task, tracing.injected)
}
