import type { CallValues } from './shapes.ts'

/** Registers at the call, and after it: those that the vDSO hands through. */
export interface CallRegisters {
  readonly rdi: bigint
  readonly rsi: bigint
  readonly rdx: bigint
  readonly r8: bigint
  readonly r9: bigint
}

/** A call as its caller described it, looked at. */
export interface CallRequest {
  readonly registers: CallRegisters
  readonly function: number
  /** `structure` undefined: the machine has one for it. */
  readonly values: Omit<CallValues, 'structure'> & { readonly structure: bigint | undefined }
  readonly handler: ((...values: readonly unknown[]) => unknown) | undefined
  /** Whose call it is: all of one owner can be stopped together. */
  readonly owner: object
  readonly signal: AbortSignal | undefined
}

/** What the function returned. */
export interface CallOutcome {
  /** EAX, as the int that it is. */
  readonly result: number
  readonly registers: CallRegisters
  /** The structure's bytes; undefined where they cannot be read. */
  readonly structure: Uint8Array | undefined
}

/** A call that has not come back yet. Settled once; whatever comes later is ignored. */
export class PendingCall {
  readonly request: CallRequest
  readonly outcome: Promise<CallOutcome>
  /** Someone wants it to end, for this reason. */
  stopped: { readonly reason: unknown } | undefined
  /** Guest code waits for the answer of its handler. */
  inHandler = false
  /** What the handler answered, or threw. */
  answer: { readonly value: unknown } | { readonly thrown: unknown } | undefined
  private settle: { resolve: (outcome: CallOutcome) => void; reject: (reason: unknown) => void } | undefined
  private readonly unsubscribe: (() => void) | undefined

  constructor(request: CallRequest, onAbort: (call: PendingCall) => void) {
    this.request = request
    this.outcome = new Promise((resolve, reject) => (this.settle = { resolve, reject }))
    const { signal } = request
    if (!signal) return
    const listener = (): void => onAbort(this)
    signal.addEventListener('abort', listener, { once: true })
    this.unsubscribe = () => signal.removeEventListener('abort', listener)
  }

  resolve(outcome: CallOutcome): void {
    this.end()?.resolve(outcome)
  }
  reject(reason: unknown): void {
    this.end()?.reject(reason)
  }

  private end(): PendingCall['settle'] {
    const { settle } = this
    this.settle = undefined
    this.unsubscribe?.()
    return settle
  }
}
