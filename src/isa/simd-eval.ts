import { InternalError } from '../base/index.ts'
import type { SimdOp } from './simd-ops.ts'

/** One SIMD operation on plain values (128-bit ones are bigints). */
export function evalSimd(op: SimdOp, _args: readonly (number | bigint)[], _lane?: number): number | bigint {
  throw new InternalError(`no evaluator for ${op}`)
}

export function evalShuffle(bytes: readonly number[], a: bigint, b: bigint): bigint {
  const both = (b << 128n) | a
  return bytes.reduce((out, from, k) => out | (((both >> BigInt(8 * from)) & 0xffn) << BigInt(8 * k)), 0n)
}
