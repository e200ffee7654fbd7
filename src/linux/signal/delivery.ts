import { RAX } from '../../spec/x86/index.ts'
import * as linux from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import { exitGroup, stopProcess } from '../task/life.ts'
import type { Task } from '../task/task.ts'
import { traceStop } from '../task/tracing.ts'
import { traceSignal } from '../strace.ts'
import { pushFrame } from './frame.ts'
import type { SignalInfo } from './info.ts'
import { forceFrameFault } from './send.ts'
import { bit, DEFAULT, defaultAction, UNBLOCKABLE, type Disposition } from './state.ts'

/** Delivery of signals: what happens between the kernel and the program's next instruction (signal(7), "Execution of signal handlers"). */

const SYSCALL_LENGTH = 2

/** A signal waits that would run a handler or end or stop the process. Others never end a wait. */
export function hasDeliverable(task: Task): boolean {
  const { signals, process, tracing } = task
  if (tracing?.injected) return true
  const set = (signals.pending.set | process.pending.set) & ~(signals.mask & ~UNBLOCKABLE)
  if (set === 0n) return false
  for (let signo = 1; signo <= linux.NSIG; signo++) {
    if ((set & bit(signo)) !== 0n && (tracing || !signals.dispositions.isIgnored(signo))) return true
  }
  return false
}

/** Delivers everything that is pending and not blocked. Several handlers stack: the last one pushed runs first. */
export function deliver(kernel: Kernel, task: Task): void {
  const { signals, process } = task
  while (task.state !== 'dead' && process.state.is === 'running' && !task.tracing?.stop) {
    const chosen = takeInjected(task)
    if (chosen) {
      act(kernel, task, chosen)
      continue
    }
    if (signals.pending.isEmpty && process.pending.isEmpty) break
    const allowed = ~(signals.mask & ~UNBLOCKABLE)
    const info = signals.pending.take(allowed) ?? process.pending.take(allowed)
    if (!info) break
    traceSignal(kernel, task, info)
    if (task.tracing && info.signo !== linux.SIGKILL) traceStop(kernel, task, task.tracing, info.signo, info)
    else act(kernel, task, info)
  }
  // A call with a temporary mask ended without a handler.
  if (signals.savedMask !== undefined && !task.call) {
    signals.mask = signals.savedMask
    signals.savedMask = undefined
  }
}

/** The signal that the debugger wants delivered after a stop. */
function takeInjected({ tracing }: Task): SignalInfo | undefined {
  const info = tracing?.injected
  if (tracing) tracing.injected = undefined
  return info
}

function act(kernel: Kernel, task: Task, info: SignalInfo): void {
  const { signo } = info
  const { dispositions } = task.signals
  if (dispositions.isHandled(signo)) return handle(kernel, task, info, dispositions.of(signo))
  if (dispositions.isIgnored(signo)) return
  switch (defaultAction(signo)) {
    case 'ignore':
    case 'continue':
      return
    case 'stop':
      return task.tracing ? traceStop(kernel, task, task.tracing, signo) : stopProcess(task.process, signo)
    case 'terminate':
    case 'core':
      if (kernel.options.onDeadlySignal?.(task, info)) return
      // RLIMIT_CORE is 0 and no core file is written, so the status never has the core flag.
      return exitGroup(kernel, task.process, signo)
  }
}

function handle(kernel: Kernel, task: Task, info: SignalInfo, action: Disposition): void {
  const { signals } = task
  const { signo } = info
  if (kernel.state.inEnclave) kernel.options.leaveEnclave?.(task)
  endCall(kernel, task, action)
  if (action.flags & linux.SA.RESETHAND) signals.dispositions.set(signo, { ...action, handler: DEFAULT.handler })
  if (!pushFrame(kernel, task, info, action)) return forceFrameFault(task, signo)
  signals.savedMask = undefined
  signals.mask |= action.mask & ~UNBLOCKABLE
  if (!(action.flags & linux.SA.NODEFER)) signals.mask |= bit(signo)
}

/** A handler ends the call that the task waits in: with -EINTR, or by executing SYSCALL again when it returns. */
function endCall(kernel: Kernel, task: Task, action: Disposition): void {
  const { call } = task
  if (!call) return
  task.call = undefined
  task.state = 'runnable'
  call.wait.cancel?.()
  const { interrupted, neverRestarts } = call.wait
  const restarts = (action.flags & linux.SA.RESTART) !== 0 && !neverRestarts && interrupted === undefined
  const answer = interrupted ?? -linux.EINTR
  if (restarts) kernel.state.rip -= SYSCALL_LENGTH
  else kernel.state.setGpr(RAX, BigInt.asUintN(64, BigInt(answer)))
  call.finish?.(restarts ? 'restarts' : answer)
}
