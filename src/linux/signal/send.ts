import * as linux from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import { continueProcess, exitGroup } from '../task/life.ts'
import type { Process } from '../task/process.ts'
import type { Task } from '../task/task.ts'
import type { SignalInfo } from './info.ts'
import { bit, DEFAULT, defaultAction, isMember, type PendingSignals } from './state.ts'

/** Generating signals: signal(7), kill(2). Delivery is in delivery.ts. */

const STOPS = bit(linux.SIGSTOP) | bit(linux.SIGTSTP) | bit(linux.SIGTTIN) | bit(linux.SIGTTOU)

/** To a process: any of its threads may take it. */
export function sendToProcess(kernel: Kernel, process: Process, info: SignalInfo): void {
  const [leader] = process.threads
  if (leader) send(kernel, process, leader, process.pending, info)
}

/** To one thread: tkill(2), tgkill(2). */
export function sendToTask(kernel: Kernel, task: Task, info: SignalInfo): void {
  if (task.state !== 'dead') send(kernel, task.process, task, task.signals.pending, info)
}

/** To every process of a group; returns how many there are. */
export function sendToGroup(kernel: Kernel, pgid: number, info: SignalInfo): number {
  const members = [...kernel.processes.values()].filter((p) => p.pgid === pgid)
  for (const process of members) sendToProcess(kernel, process, info)
  return members.length
}

function send(kernel: Kernel, process: Process, task: Task, queue: PendingSignals, info: SignalInfo): void {
  const { signo } = info
  if (signo === linux.SIGKILL) return exitGroup(kernel, process, signo)
  if (signo === linux.SIGCONT) {
    discardEverywhere(process, STOPS)
    continueProcess(kernel, process)
  }
  if (defaultAction(signo) === 'stop') discardEverywhere(process, bit(linux.SIGCONT))
  // An ignored signal is gone, unless it is blocked: its disposition may change before it is unblocked.
  if (task.signals.dispositions.isIgnored(signo) && !isMember(task.signals.mask, signo)) return
  queue.add(info)
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
