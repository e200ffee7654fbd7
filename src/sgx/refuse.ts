import { Fault } from '../cpu/index.ts'
import {
  ENCLS_LEAVES,
  ENCLU_LEAVES,
  type EnclsLeafName,
  type EncluLeafName,
  type SgxErrorCode,
} from '../spec/sgx/index.ts'
import type { LeafOutcome, SgxEvent, SgxEventSink } from './events.ts'

/** Where events go, if anybody listens. */
interface Listened {
  readonly onEvent: SgxEventSink | undefined
}

const LEAVES = { ...ENCLU_LEAVES, ...ENCLS_LEAVES }

/**
 * How a leaf says no: every check names the condition it tests, in the manual's words, so that a trace can tell why. The condition
 * is what should have held.
 */
export class Refusals {
  readonly family: 'ENCLU' | 'ENCLS'
  readonly leaf: EncluLeafName | EnclsLeafName
  readonly heading: string
  /** Always the same, as entries and exits are many. */
  private readonly doneEvent: SgxEvent
  private readonly listened: Listened

  constructor(leaf: EncluLeafName | EnclsLeafName, listened: Listened) {
    this.family = leaf in ENCLU_LEAVES ? 'ENCLU' : 'ENCLS'
    this.leaf = leaf
    this.heading = LEAVES[leaf].heading
    this.listened = listened
    this.doneEvent = { kind: 'leaf', family: this.family, leaf, heading: this.heading, outcome: { is: 'done' } }
  }

  /** #GP(0). */
  GP(condition: string): never {
    return this.raise(new Fault('GP', 0), condition)
  }

  /** #PF at `address`; `code` holds PF_ERROR bits. */
  PF(address: number | bigint, code: number, condition: string): never {
    return this.raise(new Fault('PF', code, BigInt(address)), condition)
  }

  /** An error code for RAX; the leaf returns it. */
  code(code: SgxErrorCode, condition: string): SgxErrorCode {
    this.emit({ is: 'code', code }, condition)
    return code
  }

  /** The leaf ended well. */
  done(): void {
    this.listened.onEvent?.(this.doneEvent)
  }

  private raise(fault: Fault, condition: string): never {
    this.emit({ is: 'fault', fault }, condition)
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- a guest fault is not an error of ours and needs no stack
    throw fault
  }

  private emit(outcome: LeafOutcome, condition: string): void {
    const { family, leaf, heading } = this
    this.listened.onEvent?.({ kind: 'leaf', family, leaf, heading, outcome, condition })
  }
}
