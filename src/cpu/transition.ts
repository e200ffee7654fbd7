/**
 * An entry into an enclave, or an exit, as words of linear memory: what must be as it was the last time, so that the same happens
 * again, and what happens then. All places are multiples of 8, all words have 64 bits.
 */
export interface Transition {
  /** Each word, in the bits of the mask, must have this value. */
  readonly guards: readonly (readonly [at: number, mask: bigint, value: bigint])[]
  /** Done in this order, before `sets`. */
  readonly copies: readonly (readonly [from: number, to: number])[]
  readonly sets: readonly (readonly [at: number, value: bigint])[]
  /** STATE.ENCLAVE afterwards. */
  readonly enclave: number
}
