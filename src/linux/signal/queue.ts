import type { Process } from '../task/process.ts'
import type { Task } from '../task/task.ts'
import type { SignalInfo } from './info.ts'
import { isMember } from './state.ts'

/** Puts signals into queues, without what some of them do at once (send.ts). */

/** An ignored signal is gone, unless it is blocked, as its disposition may change before it is unblocked, or a debugger wants to know. */
const isDropped = ({ signals, tracing }: Task, signo: number): boolean =>
  !tracing && signals.dispositions.isIgnored(signo) && !isMember(signals.mask, signo)

export function queueForTask(task: Task, info: SignalInfo): void {
  if (!isDropped(task, info.signo)) task.signals.pending.add(info)
}

/** Any thread may take it; the first one's mask and the common dispositions decide whether it is kept. */
export function queueForProcess(process: Process, info: SignalInfo): void {
  const [thread] = process.threads
  if (thread && !isDropped(thread, info.signo)) process.pending.add(info)
}
