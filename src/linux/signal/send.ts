import * as linux from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import { continueProcess, exitGroup } from '../task/life.ts'
import type { Process } from '../task/process.ts'
import type { Task } from '../task/task.ts'
import type { SignalInfo } from './info.ts'
import { queueForProcess, queueForTask } from './queue.ts'
import { bit, DEFAULT, defaultAction, isMember } from './state.ts'

/** Generating signals: signal(7), kill(2). Delivery is in delivery.ts. */

const STOPS = bit(linux.SIGSTOP) | bit(linux.SIGTSTP) | bit(linux.SIGTTIN) | bit(linux.SIGTTOU)

/** To a process: any of its threads may take it. */
export function sendToProcess(kernel: Kernel, process: Process, info: SignalInfo): void {
  if (actAtOnce(kernel, process, info.signo)) queueForProcess(process, info)
}

/** To one thread: tkill(2), tgkill(2). */
export function sendToTask(kernel: Kernel, task: Task, info: SignalInfo): void {
  if (task.state !== 'dead' && actAtOnce(kernel, task.process, info.signo)) queueForTask(task, info)
}

/** To every process of a group; returns how many there are. */
export function sendToGroup(kernel: Kernel, pgid: number, info: SignalInfo): number {
  const members = [...kernel.processes.values()].filter((p) => p.pgid === pgid)
  for (const process of members) sendToProcess(kernel, process, info)
  return members.length
}

/** What happens when a signal is sent, whatever its disposition. False if that is all. */
function actAtOnce(kernel: Kernel, process: Process, signo: number): boolean {
  if (signo === linux.SIGKILL) {
    if (process.threads.size > 0) exitGroup(kernel, process, signo)
    return false
  }
  if (signo === linux.SIGCONT) {
    discardEverywhere(process, STOPS)
    continueProcess(process)
  }
  if (defaultAction(signo) === 'stop') discardEverywhere(process, bit(linux.SIGCONT))
  return true
}

function discardEverywhere(process: Process, set: bigint): void {
  process.pending.discard(set)
  for (const task of process.threads) task.signals.pending.discard(set)
}

/** For what the task itself did: it cannot be blocked or ignored; if it is, the default action (death) follows. */
export function forceSignal(task: Task, info: SignalInfo): void {
  const { signals } = task
  const { signo } = info
  if (isMember(signals.mask, signo) || !signals.dispositions.isHandled(signo)) {
    signals.dispositions.set(signo, DEFAULT)
    signals.mask &= ~bit(signo)
  }
  signals.pending.add(info)
}

/** A signal frame could not be written: SIGSEGV, deadly if that was the signal. */
export function forceFrameFault(task: Task, signo: number): void {
  if (signo === linux.SIGSEGV) task.signals.dispositions.set(signo, DEFAULT)
  forceSignal(task, { signo: linux.SIGSEGV, code: linux.SI_KERNEL })
}
