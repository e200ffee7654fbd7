/**
 * The evaluator's twin of each WebAssembly SIMD operation, on plain values: 128-bit values and 64-bit lanes are bigints, 32-bit
 * ones numbers. Lanes are read and written through typed arrays over three scratch blocks, which do the wrapping and sign
 * extension; little-endian hosts only, like the rest of the machine.
 */
import type { SimdOp } from './simd-ops.ts'

type Value = number | bigint
type Operation = (args: readonly Value[], lane: number) => Value

const block = () => {
  const bytes = new ArrayBuffer(16)
  return {
    i8: new Int8Array(bytes),
    u8: new Uint8Array(bytes),
    i16: new Int16Array(bytes),
    u16: new Uint16Array(bytes),
    i32: new Int32Array(bytes),
    u32: new Uint32Array(bytes),
    i64: new BigInt64Array(bytes),
    u64: new BigUint64Array(bytes),
  }
}
type Block = ReturnType<typeof block>
type NumberLanes = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32'
type BigLanes = 'i64' | 'u64'
const [A, B, R] = [block(), block(), block()]

const LANE_BITS = { i8: 8, u8: 8, i16: 16, u16: 16, i32: 32, u32: 32 } as const
const ONES = (1n << 128n) - 1n

const put = (into: Block, v: Value | undefined): void => {
  const value = v as bigint
  into.u64[0] = value
  into.u64[1] = value >> 64n
}
const take = (from: Block): bigint => ((from.u64[1] ?? 0n) << 64n) | (from.u64[0] ?? 0n)
const at = (lanes: ArrayLike<number>, k: number): number => lanes[k] ?? 0
const big = (lanes: BigInt64Array | BigUint64Array, k: number): bigint => lanes[k] ?? 0n

const bitwise =
  (f: (a: bigint, b: bigint) => bigint): Operation =>
  ([a, b]) =>
    f(a as bigint, b as bigint)

/** One lane from one lane. */
const map =
  (t: NumberLanes, f: (a: number) => number): Operation =>
  ([a]) => {
    put(A, a)
    for (let k = 0; k < 128 / LANE_BITS[t]; k++) R[t][k] = f(at(A[t], k))
    return take(R)
  }
/** One lane from two lanes; the result wraps. */
const zip =
  (t: NumberLanes, f: (a: number, b: number) => number): Operation =>
  ([a, b]) => {
    put(A, a)
    put(B, b)
    for (let k = 0; k < 128 / LANE_BITS[t]; k++) R[t][k] = f(at(A[t], k), at(B[t], k))
    return take(R)
  }
const zipBig =
  (t: BigLanes, f: (a: bigint, b: bigint) => bigint): Operation =>
  ([a, b]) => {
    put(A, a)
    put(B, b)
    for (let k = 0; k < 2; k++) R[t][k] = f(big(A[t], k), big(B[t], k))
    return take(R)
  }
const compare = (t: NumberLanes, f: (a: number, b: number) => boolean): Operation =>
  zip(t, (a, b) => (f(a, b) ? -1 : 0))
const compareBig = (f: (a: bigint, b: bigint) => boolean): Operation => zipBig('i64', (a, b) => (f(a, b) ? -1n : 0n))

const splat =
  (t: NumberLanes): Operation =>
  ([a]) => {
    R[t].fill(a as number)
    return take(R)
  }
/** Results are 32 bits wide and unsigned, as everywhere in the evaluator. */
const extract =
  (t: NumberLanes): Operation =>
  ([a], lane) => {
    put(A, a)
    return at(A[t], lane) >>> 0
  }
const replace =
  (t: NumberLanes): Operation =>
  ([a, value], lane) => {
    put(R, a)
    R[t][lane] = value as number
    return take(R)
  }
const bitmask =
  (t: NumberLanes): Operation =>
  ([a]) => {
    put(A, a)
    let mask = 0
    for (let k = 0; k < 128 / LANE_BITS[t]; k++) if (at(A[t], k) < 0) mask |= 1 << k
    return mask
  }
const allTrue =
  (t: NumberLanes): Operation =>
  ([a]) => {
    put(A, a)
    return A[t].every((x) => x !== 0) ? 1 : 0
  }

const shift =
  (t: NumberLanes, f: (a: number, count: number) => number): Operation =>
  ([a, count]) =>
    map(t, (x) => f(x, (count as number) & (LANE_BITS[t] - 1)))([a as Value], 0)
const shiftBig =
  (t: BigLanes, f: (a: bigint, count: bigint) => bigint): Operation =>
  ([a, count]) => {
    const n = BigInt((count as number) & 63)
    return zipBig(t, (x) => f(x, n))([a as Value, 0n], 0)
  }

const clamp = (low: number, high: number) => (x: number) => Math.min(high, Math.max(low, x))
const clampS8 = clamp(-0x80, 0x7f)
const clampU8 = clamp(0, 0xff)
const clampS16 = clamp(-0x8000, 0x7fff)
const clampU16 = clamp(0, 0xffff)

/** The lanes of a, then those of b, each half as wide. */
const narrow =
  (from: 'i16' | 'i32', to: NumberLanes, f: (x: number) => number): Operation =>
  ([a, b]) => {
    put(A, a)
    put(B, b)
    const half = 64 / LANE_BITS[to]
    for (let k = 0; k < half; k++) {
      R[to][k] = f(at(A[from], k))
      R[to][half + k] = f(at(B[from], k))
    }
    return take(R)
  }
/** Half of the lanes, each twice as wide. */
const extend =
  (from: NumberLanes, to: NumberLanes, high: boolean): Operation =>
  ([a]) => {
    put(A, a)
    const n = 128 / LANE_BITS[to]
    for (let k = 0; k < n; k++) R[to][k] = at(A[from], high ? n + k : k)
    return take(R)
  }
const extendBig =
  (from: 'i32' | 'u32', to: BigLanes, high: boolean): Operation =>
  ([a]) => {
    put(A, a)
    for (let k = 0; k < 2; k++) R[to][k] = BigInt(at(A[from], high ? 2 + k : k))
    return take(R)
  }
const multiplyExtended =
  (from: NumberLanes, to: NumberLanes, high: boolean): Operation =>
  ([a, b]) => {
    put(A, a)
    put(B, b)
    const n = 128 / LANE_BITS[to]
    const first = high ? n : 0
    for (let k = 0; k < n; k++) R[to][k] = at(A[from], first + k) * at(B[from], first + k)
    return take(R)
  }
const multiplyExtendedBig =
  (from: 'i32' | 'u32', to: BigLanes, high: boolean): Operation =>
  ([a, b]) => {
    put(A, a)
    put(B, b)
    const first = high ? 2 : 0
    for (let k = 0; k < 2; k++) R[to][k] = BigInt(at(A[from], first + k)) * BigInt(at(B[from], first + k))
    return take(R)
  }
const addPairs =
  (from: NumberLanes, to: NumberLanes): Operation =>
  ([a]) => {
    put(A, a)
    for (let k = 0; k < 128 / LANE_BITS[to]; k++) R[to][k] = at(A[from], 2 * k) + at(A[from], 2 * k + 1)
    return take(R)
  }
const dotProduct: Operation = ([a, b]) => {
  put(A, a)
  put(B, b)
  const product = (k: number): number => at(A.i16, k) * at(B.i16, k)
  for (let k = 0; k < 4; k++) R.i32[k] = product(2 * k) + product(2 * k + 1)
  return take(R)
}
const swizzle: Operation = ([a, b]) => {
  put(A, a)
  put(B, b)
  for (let k = 0; k < 16; k++) R.u8[k] = at(A.u8, at(B.u8, k))
  return take(R)
}
const ones8 = (x: number): number => {
  let n = 0
  for (let rest = x; rest; rest &= rest - 1) n++
  return n
}

const add = (a: number, b: number): number => a + b
const sub = (a: number, b: number): number => a - b
const eq = <T>(a: T, b: T): boolean => a === b
const ne = <T>(a: T, b: T): boolean => a !== b
const gt = <T>(a: T, b: T): boolean => a > b
const average = (a: number, b: number): number => (a + b + 1) >> 1

// prettier-ignore
const OPERATIONS: Readonly<Record<SimdOp, Operation>> = {
  'v128.and': bitwise((a, b) => a & b), 'v128.or': bitwise((a, b) => a | b), 'v128.xor': bitwise((a, b) => a ^ b),
  'v128.andnot': bitwise((a, b) => a & (b ^ ONES)), 'v128.not': ([a]) => (a as bigint) ^ ONES,
  'v128.bitselect': ([a, b, c]) => ((a as bigint) & (c as bigint)) | ((b as bigint) & ((c as bigint) ^ ONES)),
  'v128.any_true': ([a]) => (a === 0n ? 0 : 1),

  'i8x16.splat': splat('u8'), 'i16x8.splat': splat('u16'), 'i32x4.splat': splat('u32'),
  'i64x2.splat': ([a]) => ((a as bigint) << 64n) | (a as bigint),
  'i8x16.extract_lane_s': extract('i8'), 'i8x16.extract_lane_u': extract('u8'), 'i16x8.extract_lane_s': extract('i16'), 'i16x8.extract_lane_u': extract('u16'),
  'i32x4.extract_lane': extract('u32'), 'i64x2.extract_lane': ([a], lane) => BigInt.asUintN(64, (a as bigint) >> BigInt(64 * lane)),
  'i8x16.replace_lane': replace('u8'), 'i16x8.replace_lane': replace('u16'), 'i32x4.replace_lane': replace('u32'),
  'i64x2.replace_lane': ([a, value], lane) => {
    put(R, a)
    R.u64[lane] = value as bigint
    return take(R)
  },
  'i8x16.swizzle': swizzle,
  'i8x16.bitmask': bitmask('i8'), 'i16x8.bitmask': bitmask('i16'), 'i32x4.bitmask': bitmask('i32'),
  'i64x2.bitmask': ([a]) => Number((((a as bigint) >> 63n) & 1n) | (((a as bigint) >> 126n) & 2n)),
  'i8x16.all_true': allTrue('u8'), 'i16x8.all_true': allTrue('u16'), 'i32x4.all_true': allTrue('u32'),
  'i64x2.all_true': ([a]) => (BigInt.asUintN(64, a as bigint) !== 0n && (a as bigint) >> 64n !== 0n ? 1 : 0),

  'i8x16.abs': map('i8', Math.abs), 'i16x8.abs': map('i16', Math.abs), 'i32x4.abs': map('i32', Math.abs),
  'i64x2.abs': ([a]) => zipBig('i64', (x) => (x < 0n ? -x : x))([a as Value, 0n], 0),
  'i8x16.neg': map('i8', (x) => -x), 'i16x8.neg': map('i16', (x) => -x), 'i32x4.neg': map('i32', (x) => -x),
  'i64x2.neg': ([a]) => zipBig('i64', (x) => -x)([a as Value, 0n], 0),
  'i8x16.popcnt': map('u8', ones8),
  'i8x16.add': zip('u8', add), 'i16x8.add': zip('u16', add), 'i32x4.add': zip('u32', add), 'i64x2.add': zipBig('u64', (a, b) => a + b),
  'i8x16.sub': zip('u8', sub), 'i16x8.sub': zip('u16', sub), 'i32x4.sub': zip('u32', sub), 'i64x2.sub': zipBig('u64', (a, b) => a - b),
  'i16x8.mul': zip('u16', Math.imul), 'i32x4.mul': zip('u32', Math.imul), 'i64x2.mul': zipBig('u64', (a, b) => a * b),
  'i8x16.add_sat_s': zip('i8', (a, b) => clampS8(a + b)), 'i8x16.add_sat_u': zip('u8', (a, b) => clampU8(a + b)),
  'i16x8.add_sat_s': zip('i16', (a, b) => clampS16(a + b)), 'i16x8.add_sat_u': zip('u16', (a, b) => clampU16(a + b)),
  'i8x16.sub_sat_s': zip('i8', (a, b) => clampS8(a - b)), 'i8x16.sub_sat_u': zip('u8', (a, b) => clampU8(a - b)),
  'i16x8.sub_sat_s': zip('i16', (a, b) => clampS16(a - b)), 'i16x8.sub_sat_u': zip('u16', (a, b) => clampU16(a - b)),
  'i8x16.avgr_u': zip('u8', average), 'i16x8.avgr_u': zip('u16', average),
  'i16x8.q15mulr_sat_s': zip('i16', (a, b) => clampS16((a * b + 0x4000) >> 15)), 'i32x4.dot_i16x8_s': dotProduct,
  'i8x16.min_s': zip('i8', Math.min), 'i8x16.min_u': zip('u8', Math.min), 'i16x8.min_s': zip('i16', Math.min), 'i16x8.min_u': zip('u16', Math.min),
  'i32x4.min_s': zip('i32', Math.min), 'i32x4.min_u': zip('u32', Math.min),
  'i8x16.max_s': zip('i8', Math.max), 'i8x16.max_u': zip('u8', Math.max), 'i16x8.max_s': zip('i16', Math.max), 'i16x8.max_u': zip('u16', Math.max),
  'i32x4.max_s': zip('i32', Math.max), 'i32x4.max_u': zip('u32', Math.max),

  'i8x16.eq': compare('u8', eq), 'i16x8.eq': compare('u16', eq), 'i32x4.eq': compare('u32', eq), 'i64x2.eq': compareBig(eq),
  'i8x16.ne': compare('u8', ne), 'i16x8.ne': compare('u16', ne), 'i32x4.ne': compare('u32', ne), 'i64x2.ne': compareBig(ne),
  'i8x16.gt_s': compare('i8', gt), 'i16x8.gt_s': compare('i16', gt), 'i32x4.gt_s': compare('i32', gt), 'i64x2.gt_s': compareBig(gt),
  'i8x16.gt_u': compare('u8', gt), 'i16x8.gt_u': compare('u16', gt), 'i32x4.gt_u': compare('u32', gt),

  'i8x16.shl': shift('u8', (a, n) => a << n), 'i16x8.shl': shift('u16', (a, n) => a << n), 'i32x4.shl': shift('u32', (a, n) => a << n),
  'i64x2.shl': shiftBig('u64', (a, n) => a << n),
  'i8x16.shr_s': shift('i8', (a, n) => a >> n), 'i16x8.shr_s': shift('i16', (a, n) => a >> n), 'i32x4.shr_s': shift('i32', (a, n) => a >> n),
  'i64x2.shr_s': shiftBig('i64', (a, n) => a >> n),
  'i8x16.shr_u': shift('u8', (a, n) => a >>> n), 'i16x8.shr_u': shift('u16', (a, n) => a >>> n), 'i32x4.shr_u': shift('u32', (a, n) => a >>> n),
  'i64x2.shr_u': shiftBig('u64', (a, n) => a >> n),

  'i8x16.narrow_i16x8_s': narrow('i16', 'i8', clampS8), 'i8x16.narrow_i16x8_u': narrow('i16', 'u8', clampU8),
  'i16x8.narrow_i32x4_s': narrow('i32', 'i16', clampS16), 'i16x8.narrow_i32x4_u': narrow('i32', 'u16', clampU16),
  'i16x8.extend_low_i8x16_s': extend('i8', 'i16', false), 'i16x8.extend_high_i8x16_s': extend('i8', 'i16', true),
  'i16x8.extend_low_i8x16_u': extend('u8', 'i16', false), 'i16x8.extend_high_i8x16_u': extend('u8', 'i16', true),
  'i32x4.extend_low_i16x8_s': extend('i16', 'i32', false), 'i32x4.extend_high_i16x8_s': extend('i16', 'i32', true),
  'i32x4.extend_low_i16x8_u': extend('u16', 'i32', false), 'i32x4.extend_high_i16x8_u': extend('u16', 'i32', true),
  'i64x2.extend_low_i32x4_s': extendBig('i32', 'i64', false), 'i64x2.extend_high_i32x4_s': extendBig('i32', 'i64', true),
  'i64x2.extend_low_i32x4_u': extendBig('u32', 'i64', false), 'i64x2.extend_high_i32x4_u': extendBig('u32', 'i64', true),
  'i16x8.extmul_low_i8x16_s': multiplyExtended('i8', 'i16', false), 'i16x8.extmul_high_i8x16_s': multiplyExtended('i8', 'i16', true),
  'i16x8.extmul_low_i8x16_u': multiplyExtended('u8', 'u16', false), 'i16x8.extmul_high_i8x16_u': multiplyExtended('u8', 'u16', true),
  'i32x4.extmul_low_i16x8_s': multiplyExtended('i16', 'i32', false), 'i32x4.extmul_high_i16x8_s': multiplyExtended('i16', 'i32', true),
  'i32x4.extmul_low_i16x8_u': multiplyExtended('u16', 'u32', false), 'i32x4.extmul_high_i16x8_u': multiplyExtended('u16', 'u32', true),
  'i64x2.extmul_low_i32x4_s': multiplyExtendedBig('i32', 'i64', false), 'i64x2.extmul_high_i32x4_s': multiplyExtendedBig('i32', 'i64', true),
  'i64x2.extmul_low_i32x4_u': multiplyExtendedBig('u32', 'u64', false), 'i64x2.extmul_high_i32x4_u': multiplyExtendedBig('u32', 'u64', true),
  'i16x8.extadd_pairwise_i8x16_s': addPairs('i8', 'i16'), 'i16x8.extadd_pairwise_i8x16_u': addPairs('u8', 'u16'),
  'i32x4.extadd_pairwise_i16x8_s': addPairs('i16', 'i32'), 'i32x4.extadd_pairwise_i16x8_u': addPairs('u16', 'u32'),
}

/** One SIMD operation on plain values (128-bit ones are bigints). */
export function evalSimd(op: SimdOp, args: readonly Value[], lane = 0): Value {
  return OPERATIONS[op](args, lane)
}

/** i8x16.shuffle. */
export function evalShuffle(bytes: readonly number[], a: bigint, b: bigint): bigint {
  put(A, a)
  put(B, b)
  bytes.forEach((from, k) => {
    R.u8[k] = from < 16 ? at(A.u8, from) : at(B.u8, from - 16)
  })
  return take(R)
}
