import type { GprName } from '../../spec/x86/index.ts'
import type { Style } from './wrappers.ts'

/** What the enclave does when it is entered, or resumed after the fault of this event has been seen to. */
export interface EnclaveEvent {
  /** Leaves with R12 to R15 as it found them, or with those of `registers`. */
  readonly leave?: 'keep' | 'clobber'
  /** Faults first: #DE, which the handler can see to; #PF at `address`; #UD. */
  readonly fault?: 'divide' | 'read' | 'undefined'
  readonly address?: number
  /** As the enclave leaves; RSP, RBP, RAX and RBX are not asked for. */
  readonly registers?: Partial<Record<GprName, bigint>>
  /** Added to the caller's RSP. */
  readonly moveRsp?: number
  readonly directionFlag?: boolean
}

/** One answer of the handler: what it returns, and how many bytes of the stack it takes with it. */
export interface Answer {
  readonly value: number
  readonly pop?: number
}

/** One call of __vdso_sgx_enter_enclave(), with everything that it and the enclave see. */
export interface Call {
  readonly name: string
  /** 'direct' when absent. */
  readonly style?: Style
  /** The leaf, or function: ECX, and EAX for v28. EENTER when absent. */
  readonly leaf?: bigint
  /** v28: false leaves EAX as `registers` has it, as a C function call does. */
  readonly leafInEax?: boolean
  /** The caller's registers. Those that are not given have patterns of their own. */
  readonly registers?: Partial<Record<GprName, bigint>>
  /** The value of the pointer; true for the handler that gives `answers`. */
  readonly handler?: boolean | bigint
  readonly answers?: readonly Answer[]
  readonly events?: readonly EnclaveEvent[]
  /** A TCS of its own when absent. */
  readonly tcs?: bigint
  /** Where `run` is, or `e` of the older shapes. A place of its own when absent. */
  readonly runAt?: bigint
  /** mainline: bytes put into `run` after its fields. */
  readonly patch?: readonly (readonly [offset: number, bytes: Uint8Array])[]
  /** The older shapes: false for a null `e`. */
  readonly report?: boolean
  /** Added to a stack that is aligned as C has it. */
  readonly shift?: number
}

/** Where something of the measuring program is, for each instruction that it executes. */
export type Place = 'driver' | 'wrapper' | 'handler' | 'vdso' | 'enclave'

/** A point that a call has come to. */
export type Point =
  'call' | 'enclu' | 'enclave' | 'exit' | 'exception' | 'handler' | 'handler-return' | 'return' | 'done'

/** The processor at a point. */
export interface Mark {
  readonly point: Point
  /** Instructions of the vDSO, and of a wrapper, since the point before. ENCLU is not counted. */
  readonly vdso: number
  readonly wrapper: number
  /** By number: RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15. */
  readonly registers: readonly bigint[]
  readonly rflags: bigint
}

/** What became of a call. */
export interface CallRecord {
  readonly call: Call
  /** Registers as the caller had them. */
  readonly before: readonly bigint[]
  readonly marks: readonly Mark[]
  /** `run`, or `e`, when the call was done. */
  readonly structure: Uint8Array
  /** The bytes of the stack, from its lowest address up. */
  readonly stack: Uint8Array
  /** The signal that killed the program, and the offset in the vDSO of the instruction that did it, if it was one of its. */
  readonly killed?: { readonly signal: number; readonly at: number | undefined }
}
