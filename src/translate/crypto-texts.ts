/**
 * Operations that WebAssembly lacks, as vector code without branches and tables in memory: the S-boxes of AES and the carry-less
 * product. Written over the algebra, so that both readers can be asked whether they are right.
 */
import { aesField, packLanes, type Ops } from '../isa/index.ts'

const { AFFINE_CONSTANT, inverse, inverseTransform, multiply, power, transform } = aesField

const NIBBLES = Array.from({ length: 16 }, (_, n) => n)
const tableOf = (f: (nibble: number) => number): bigint => packLanes(8, NIBBLES.map(f))
const everywhere = (byte: number): bigint =>
  packLanes(
    8,
    NIBBLES.map(() => byte),
  )

/**
 * GF(2^8) as pairs over its subfield of 16 elements: x = i t + k with t^2 + a t + a = 0. With j = i + k, the reciprocals of
 *   io = 1 / (1/i + a/k) + j   and   jo = 1 / (1/j + a/k) + i
 * are linear combinations of the coordinates of 1/x. So an inverse takes only tables of 16 entries, which is what a byte shuffle looks up,
 * and linear transformations before and after it cost nothing. A reciprocal of zero is 0x80: in a sum it stays out of range, where a
 * shuffle gives zero, and that is right in all cases. (Hamburg, "Accelerating AES with Vector Permute Instructions".)
 */
function createTables() {
  const subfield = Array.from({ length: 256 }, (_, x) => x).filter((x) => power(x, 16) === x)
  const basis: number[] = []
  const combination = (n: number): number => basis.reduce((sum, b, k) => (n & (1 << k) ? sum ^ b : sum), 0)
  const isSpanned = (x: number): boolean => NIBBLES.some((n) => n < 2 ** basis.length && combination(n) === x)
  for (const x of subfield) if (!isSpanned(x)) basis.push(x)
  const nibbleOf = (x: number): number => NIBBLES.findIndex((n) => combination(n) === x)

  const [a, t] = findRoot(subfield)
  const coordinates = new Map<number, number>()
  for (const i of NIBBLES)
    for (const k of NIBBLES) coordinates.set(combination(k) ^ multiply(combination(i), t), (i << 4) | k)

  const overZero = (f: (reciprocal: number) => number) => (n: number) => (n === 0 ? 0x80 : f(inverse(combination(n))))
  const byA = (x: number): number => multiply(x, inverse(a))
  // With N the norm of x: 1/io = k/N + a i/N, 1/jo = 1/io + a k/N, and 1/x = i/N t + 1/io.
  const ofIo = (r: number): number => r ^ multiply(byA(r ^ byA(r)), t)
  const ofJo = (r: number): number => multiply(byA(byA(r)), t)
  /** `before` and `after` are linear; `constant` is added to the operand. */
  const box = (before: (x: number) => number, constant: number, after: (x: number) => number) => ({
    low: tableOf((n) => coordinates.get(before(n ^ constant)) ?? 0),
    high: tableOf((n) => coordinates.get(before(n << 4)) ?? 0),
    io: tableOf((n) => after(ofIo(inverse(combination(n))))),
    jo: tableOf((n) => after(ofJo(inverse(combination(n))))),
  })
  return {
    reciprocal: tableOf(overZero(nibbleOf)),
    aOver: tableOf(overZero((x) => nibbleOf(multiply(a, x)))),
    forward: box((x) => x, 0, transform),
    backward: box(inverseTransform, AFFINE_CONSTANT, (x) => x),
  }
}
/** a in the subfield and t outside of it, with t^2 + a t + a = 0. */
function findRoot(subfield: readonly number[]): [a: number, t: number] {
  for (const a of subfield)
    for (let t = 2; t < 256; t++)
      if (a > 1 && !subfield.includes(t) && (multiply(t, t) ^ multiply(a, t) ^ a) === 0) return [a, t]
  return [0, 0]
}
let tables: ReturnType<typeof createTables> | undefined

/** SubBytes or InvSubBytes of 16 bytes. */
export function vectorSubBytes<V>(o: Ops<V>, inverted: boolean, x: V): V {
  tables ??= createTables()
  const { reciprocal, aOver, forward, backward } = tables
  const box = inverted ? backward : forward
  const lookUp = (table: bigint, index: V): V => o.pickBytes(o.lit(128, table), index)
  const xor = (a: V, b: V): V => o.simd('v128.xor', [a, b])
  const low4 = o.lit(128, everywhere(15))
  const low = (v: V): V => o.simd('v128.and', [v, low4])
  const high = (v: V): V => low(o.simd('i16x8.shr_u', [v, o.lit(32, 4)]))

  const pair = xor(lookUp(box.low, low(x)), lookUp(box.high, high(x)))
  const [k, i] = [low(pair), high(pair)]
  const j = xor(i, k)
  const aOverK = lookUp(aOver, k)
  const half = (first: V, second: V): V => xor(lookUp(reciprocal, xor(lookUp(reciprocal, first), aOverK)), second)
  const result = xor(lookUp(box.io, half(i, j)), lookUp(box.jo, half(j, i)))
  return inverted ? result : xor(result, o.lit(128, everywhere(AFFINE_CONSTANT)))
}

/** Every fourth bit, from bit c on: products of such numbers keep their carries in the gaps. */
const comb = (w: 32 | 64, c: number): bigint => {
  let v = 0n
  for (let k = c & 3; k < w; k += 4) v |= 1n << BigInt(k)
  return v
}
const COMBS = [0, 1, 2, 3] as const

/**
 * The carry-less product of two numbers of 64 bits: integer products of 32 bits with gaps, three of them as Karatsuba has it. Lanes 0
 * and 1 are the low and high halves; the product of the sums is shared by lanes 2 and 3, each with two of the four combs of `a`.
 */
export function vectorClmul<V>(o: Ops<V>, a: V, b: V): V {
  const xor = (list: readonly V[]): V => list.reduce((x, y) => o.simd('v128.xor', [x, y]))
  const and = (x: V, mask: bigint): V => o.simd('v128.and', [x, o.lit(128, mask)])
  const halvesAndSum = (x: V): V => {
    const v = o.simd('i64x2.splat', [x])
    const sum = xor([v, o.shuffle([4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11], v, v)])
    return o.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 16, 17, 18, 19], v, sum)
  }
  const lanes = (w: 32 | 64, ...list: readonly number[]): bigint =>
    list.reduce((v, c, k) => v | (comb(w, c) << BigInt(w * k)), 0n)
  const [wideA, wideB] = [halvesAndSum(a), halvesAndSum(b)]
  const combsOfA = COMBS.map((c) => and(wideA, lanes(32, c, c, c, c + 2)))
  const combsOfB = COMBS.map((c) => and(wideB, lanes(32, c, c, c, c)))
  /** The bits at places c of the sum of those products that have their true bits there. */
  const products = (half: 'low' | 'high', c: number): V =>
    xor(
      combsOfA
        .slice(0, half === 'low' ? 4 : 2)
        .map((x, k) => o.simd(`i64x2.extmul_${half}_i32x4_u`, [x, combsOfB[(c - k) & 3] ?? x])),
    )
  const halves = xor(COMBS.map((c) => and(products('low', c), lanes(64, c, c))))
  const sums = xor([halves, ...COMBS.map((c) => and(products('high', c), lanes(64, c, c + 2)))])
  const middle = xor([sums, o.shuffle([8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7], sums, sums)])
  const placed = o.shuffle([16, 16, 16, 16, 0, 1, 2, 3, 4, 5, 6, 7, 16, 16, 16, 16], middle, o.lit(128, 0))
  return xor([halves, placed])
}
