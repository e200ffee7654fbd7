import * as linux from '../../spec/linux/index.ts'
import type { SignalInfo } from './info.ts'

/** What tasks know about signals: sets, queues, dispositions. What happens to a signal is in delivery.ts. */

/** A set of signals as the kernel's sigset_t: bit n - 1 for signal n. */
export type SignalSet = bigint
export const bit = (signo: number): SignalSet => 1n << BigInt(signo - 1)
export const isMember = (set: SignalSet, signo: number): boolean => (set & bit(signo)) !== 0n
/** Never blocked, caught or ignored. */
export const UNBLOCKABLE: SignalSet = bit(linux.SIGKILL) | bit(linux.SIGSTOP)
/** Raised by what the task itself did: delivered before all others. */
export const SYNCHRONOUS: SignalSet = [
  linux.SIGSEGV,
  linux.SIGBUS,
  linux.SIGILL,
  linux.SIGTRAP,
  linux.SIGFPE,
  linux.SIGSYS,
].reduce((set, n) => set | bit(n), 0n)

/** signal(7), "Standard signals": what SIG_DFL means. */
export type DefaultAction = 'terminate' | 'core' | 'stop' | 'continue' | 'ignore'
// prettier-ignore
const DEFAULTS: Readonly<Record<number, DefaultAction>> = {
  [linux.SIGQUIT]: 'core', [linux.SIGILL]: 'core', [linux.SIGTRAP]: 'core', [linux.SIGABRT]: 'core', [linux.SIGBUS]: 'core',
  [linux.SIGFPE]: 'core', [linux.SIGSEGV]: 'core', [linux.SIGXCPU]: 'core', [linux.SIGXFSZ]: 'core', [linux.SIGSYS]: 'core',
  [linux.SIGCHLD]: 'ignore', [linux.SIGURG]: 'ignore', [linux.SIGWINCH]: 'ignore', [linux.SIGCONT]: 'continue',
  [linux.SIGSTOP]: 'stop', [linux.SIGTSTP]: 'stop', [linux.SIGTTIN]: 'stop', [linux.SIGTTOU]: 'stop',
}
export const defaultAction = (signo: number): DefaultAction => DEFAULTS[signo] ?? 'terminate'

/** struct sigaction, as rt_sigaction(2) sets it. */
export interface Disposition {
  readonly handler: bigint
  readonly flags: number
  readonly restorer: bigint
  readonly mask: SignalSet
}
export const DEFAULT: Disposition = { handler: BigInt(linux.SIG_DFL), flags: 0, restorer: 0n, mask: 0n }
const IGN = BigInt(linux.SIG_IGN)
const DFL = BigInt(linux.SIG_DFL)

/** The dispositions of a process, or of several tasks that share them (CLONE_SIGHAND). */
export class Dispositions {
  private readonly actions = new Map<number, Disposition>()

  of(signo: number): Disposition {
    return this.actions.get(signo) ?? DEFAULT
  }
  set(signo: number, action: Disposition): void {
    this.actions.set(signo, action)
  }
  isHandled(signo: number): boolean {
    const { handler } = this.of(signo)
    return handler !== DFL && handler !== IGN
  }
  isIgnored(signo: number): boolean {
    const { handler } = this.of(signo)
    return handler === IGN || (handler === DFL && defaultAction(signo) === 'ignore')
  }

  /** fork(2). */
  copy(): Dispositions {
    const other = new Dispositions()
    for (const [signo, action] of this.actions) other.set(signo, action)
    return other
  }
  /** execve(2), CLONE_CLEAR_SIGHAND: handlers are gone, what is ignored stays ignored. */
  afterExec(): Dispositions {
    const other = new Dispositions()
    for (const [signo, action] of this.actions)
      if (action.handler === IGN) other.set(signo, { ...DEFAULT, handler: IGN })
    return other
  }
}

/** Signals that were sent and not yet delivered. A standard signal is there once, real-time signals queue. */
export class PendingSignals {
  private queue: SignalInfo[] = []

  get set(): SignalSet {
    return this.queue.reduce((set, info) => set | bit(info.signo), 0n)
  }
  get isEmpty(): boolean {
    return this.queue.length === 0
  }

  add(info: SignalInfo): void {
    if (info.signo < linux.SIGRTMIN && this.queue.some((other) => other.signo === info.signo)) return
    this.queue.push(info)
  }

  /** Takes out the next signal of `allowed`: synchronous ones first, then the lowest number, then the oldest. */
  take(allowed: SignalSet): SignalInfo | undefined {
    const candidates = this.queue.filter((info) => isMember(allowed, info.signo))
    const urgent = candidates.filter((info) => isMember(SYNCHRONOUS, info.signo))
    const from = urgent.length > 0 ? urgent : candidates
    const lowest = from.reduce<SignalInfo | undefined>(
      (best, info) => (best && best.signo <= info.signo ? best : info),
      undefined,
    )
    if (lowest) this.queue.splice(this.queue.indexOf(lowest), 1)
    return lowest
  }

  /** Forgets all signals of `set`. */
  discard(set: SignalSet): void {
    this.queue = this.queue.filter((info) => !isMember(set, info.signo))
  }
}

/** sigaltstack(2), as the kernel keeps it. */
export interface AlternateStack {
  readonly ss_sp: bigint
  readonly ss_size: bigint
  readonly ss_flags: number
}
export const NO_ALTERNATE_STACK: AlternateStack = { ss_sp: 0n, ss_size: 0n, ss_flags: linux.SS_DISABLE }

/** The signal state of one task. */
export class TaskSignals {
  dispositions: Dispositions
  mask: SignalSet = 0n
  /** Sent to this very task: faults, tkill(2). */
  readonly pending = new PendingSignals()
  stack: AlternateStack = NO_ALTERNATE_STACK
  /**
   * The mask that a call with a temporary one (sigsuspend, ppoll, pselect6) puts back: a handler that ends the call runs under the
   * temporary mask and returns to this one. Such a call sets `mask` and this, and answers a Wait.
   */
  savedMask: SignalSet | undefined
  constructor(dispositions = new Dispositions()) {
    this.dispositions = dispositions
  }
}
