import * as linux from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import type { SignalInfo } from '../signal/info.ts'
import { queueForProcess } from '../signal/queue.ts'
import { traceExit } from '../strace.ts'
import type { Process } from './process.ts'
import { leaveRobustList } from './robust-list.ts'
import type { Task } from './task.ts'
import { detach } from './tracing.ts'

/** The end of tasks and processes, stops and continues, and what parents learn of it: exit(2), exit_group(2), wait(2). */

/** Wait statuses (wait(2), "WIFEXITED" and its companions). */
export const exitedStatus = (code: number): number => (code & 0xff) << 8
const isExited = (status: number): boolean => (status & 0x7f) === 0

/** One thread ends. The last one takes the process with it. */
export function exitTask(kernel: Kernel, task: Task, code: number): void {
  const { process } = task
  if (task.state === 'dead') return
  task.call?.wait.cancel?.()
  task.call = undefined
  leaveRobustList(kernel, task)
  task.state = 'dead'
  endTracing(kernel, task)
  kernel.options.onExit?.(task)
  releaseMemoryUsers(kernel, task)
  task.fds.release()
  task.space.release()
  kernel.leaveProcessor(task)
  process.threads.delete(task)
  if (task.pid === process.pid) process.leaderStatus = exitedStatus(code)
  if (process.threads.size === 0) endProcess(kernel, process)
}

/** Tells those who wait for the task to leave its memory, at exec and exit (mm_release). */
export function releaseMemoryUsers(kernel: Kernel, task: Task): void {
  // Only others that still see the memory can care (set_tid_address(2)).
  if (task.clearChildTid !== 0 && task.space.isShared && task.memory.setU32(task.clearChildTid, 0)) {
    kernel.futexes.wake(kernel.futexes.keyOf(task.space, task.clearChildTid), 1)
  }
  task.clearChildTid = 0
  if (task.vforkParent?.state === 'vfork') task.vforkParent.state = 'runnable'
  task.vforkParent = undefined
}

/** All threads end: exit_group(2), or a deadly signal. `status` as wait4(2) tells it. */
export function exitGroup(kernel: Kernel, process: Process, status: number): void {
  process.groupStatus ??= status
  for (const task of [...process.threads]) exitTask(kernel, task, 0)
}

function endProcess(kernel: Kernel, process: Process): void {
  const status = process.groupStatus ?? process.leaderStatus
  process.state = { is: 'zombie', status }
  for (const timer of process.timers) timer.deadline = undefined
  traceExit(kernel, process, status)
  if (process === kernel.init) kernel.exitStatus = status
  adoptOrphans(kernel, process)
  for (const other of kernel.processes.values()) if (other.tracer === process) tracerHasSeenEnd(kernel, other)
  const { tracer } = process
  if (tracer && tracer.state.is !== 'zombie') queueForProcess(tracer, exitInfo(process, status, linux.SIGCHLD))
  else tellParent(kernel, process, status)
}

/** ptrace(2), "Death under ptrace": a debugger that is not the parent is told first; then it is the parent's turn. */
export function tracerHasSeenEnd(kernel: Kernel, process: Process): void {
  process.tracer = undefined
  if (process.state.is === 'zombie') tellParent(kernel, process, process.state.status)
}

function exitInfo(process: Process, status: number, signo: number): SignalInfo {
  const code = isExited(status) ? linux.CLD_EXITED : linux.CLD_KILLED
  const { uid } = process.credentials
  return { signo, code, pid: process.pid, uid, status: isExited(status) ? status >> 8 : status & 0x7f }
}

function tellParent(kernel: Kernel, process: Process, status: number): void {
  const { parent } = process
  if (!parent || parent.state.is === 'zombie') return reap(kernel, process)
  const [thread] = parent.threads
  const action = thread?.signals.dispositions.of(linux.SIGCHLD)
  const ignored = action?.handler === BigInt(linux.SIG_IGN) || ((action?.flags ?? 0) & linux.SA.NOCLDWAIT) !== 0
  const isChild = process.exitSignal === linux.SIGCHLD
  if (process.exitSignal !== 0) queueForProcess(parent, exitInfo(process, status, process.exitSignal))
  // wait(2), NOTES: a parent that ignores SIGCHLD has no zombies.
  if (isChild && ignored) reap(kernel, process)
}

/** Children of a process that ends belong to the first process. */
function adoptOrphans(kernel: Kernel, process: Process): void {
  const { init } = kernel
  for (const child of process.children) {
    child.parent = init === process ? undefined : init
    child.parent?.children.add(child)
    if (child.state.is === 'zombie' && !child.parent) reap(kernel, child)
  }
  process.children.clear()
}

/** Nobody will ask for the process any more. */
export function reap(kernel: Kernel, process: Process): void {
  kernel.processes.delete(process.pid)
  process.parent?.children.delete(process)
}

/** The task is gone as a debugger and as a tracee. */
function endTracing(kernel: Kernel, task: Task): void {
  for (const tracee of kernel.tasks.values()) {
    const { tracing } = tracee
    if (tracing?.tracer !== task) continue
    if (tracing.exitKill) exitGroup(kernel, tracee.process, linux.SIGKILL)
    else detach(tracee, tracing, 0)
  }
  const tracer = task.tracing?.tracer.process
  task.tracing = undefined
  const { process } = task
  if (task.pid === process.pid && tracer !== process.parent) process.tracer = tracer
}

/** signal(7), default action "Stop". */
export function stopProcess(process: Process, signo: number): void {
  if (process.state.is !== 'running') return
  process.state = { is: 'stopped', signo }
  process.unreported = 'stopped'
  tellOfStop(process, linux.CLD_STOPPED, signo)
}

/** SIGCONT was sent. */
export function continueProcess(process: Process): void {
  if (process.state.is !== 'stopped') return
  process.state = { is: 'running' }
  process.unreported = 'continued'
  tellOfStop(process, linux.CLD_CONTINUED, linux.SIGCONT)
}

function tellOfStop(process: Process, code: number, signo: number): void {
  const { parent, pid, credentials } = process
  const [thread] = parent?.threads ?? []
  if (!parent || !thread || thread.signals.dispositions.of(linux.SIGCHLD).flags & linux.SA.NOCLDSTOP) return
  queueForProcess(parent, { signo: linux.SIGCHLD, code, pid, uid: credentials.uid, status: signo })
}
