/** The form of the hand-written cases of the SSE families, and short names for vectors: lanes from the lowest, the rest zero. */

export interface SseRegisters {
  readonly RAX?: bigint
  readonly XMM1?: bigint
  readonly XMM2?: bigint
  readonly MXCSR?: number
  /** The status flags. */
  readonly RFLAGS?: number
  /** 16 bytes at [rdi], which is aligned. */
  readonly mem?: bigint
}

export interface SseCase {
  readonly asm: string
  readonly code: string
  /** Not given: zero, MXCSR as after reset. */
  readonly in: SseRegisters
  /** What is not given is not looked at; after a fault the registers must be as before. */
  readonly out: SseRegisters & { readonly fault?: 'GP' | 'XM'; readonly memAt1?: bigint }
  readonly why: string
}

const vector = (w: number, lanes: readonly (number | bigint)[]): bigint =>
  lanes.reduce((v: bigint, x, k) => v | (BigInt.asUintN(w, BigInt(x)) << BigInt(w * k)), 0n)
export const i8 = (...lanes: number[]): bigint => vector(8, lanes)
export const i16 = (...lanes: number[]): bigint => vector(16, lanes)
export const i32 = (...lanes: number[]): bigint => vector(32, lanes)
export const i64 = (...lanes: (number | bigint)[]): bigint => vector(64, lanes)
export const f32 = (...lanes: number[]): bigint => i32(...new Uint32Array(Float32Array.from(lanes).buffer))
export const f64 = (...lanes: number[]): bigint => i64(...new BigUint64Array(Float64Array.from(lanes).buffer))

export const SAMPLE = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210n
export const CF = 0x1
export const PF = 0x4
export const ZF = 0x40
