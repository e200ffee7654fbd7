/**
 * The x87's transcendental functions in fixed point, with so many bits that rounding the result once gives the nearest value in all but
 * astronomically rare cases. Arguments are finite and not zero; results that have no end say so in their last bit.
 * [SDM-1 "Transcendental Instructions", "Approximation of Pi"]
 */
import { add, divide, multiply } from './exact.ts'
import { bitLength, finite, type Float, type Sign } from './format.ts'

/** Fraction bits of fixed-point numbers. */
const P = 320
const N = BigInt(P)
const ONE = 1n << N
/** Below 2^-TINY the first terms of a series are enough, taken relative to the argument. */
const TINY = 80

/** Position of the leading bit: 2^magnitude <= |x| < 2^(magnitude + 1). */
export const magnitude = (x: Float): number => x.exponent + bitLength(x.significand) - 1
const isTiny = (x: Float): boolean => magnitude(x) < -TINY

/** |x| in fixed point, cut off below. */
function toFixed(x: Float): bigint {
  const shift = x.exponent + P
  if (shift >= 0) return x.significand << BigInt(shift)
  return shift < -bitLength(x.significand) ? 0n : x.significand >> BigInt(-shift)
}
/** An endless value: rounding sees that there is more. */
function fromFixed(v: bigint, exponent = 0): Float {
  return v < 0n ? finite(1, exponent - P - 1, -2n * v + 1n) : finite(0, exponent - P - 1, 2n * v + 1n)
}
/** |x| times a fixed-point factor near 1, endless. */
const timesFixed = (x: Float, factor: bigint): Float =>
  finite(x.sign, x.exponent - P - 1, x.significand * factor * 2n + 1n)
const times = (a: bigint, b: bigint): bigint => (a * b) >> N
const withSign = (x: Float, sign: Sign): Float => ({ ...x, sign })
const flip = (s: Sign): Sign => (s ? 0 : 1)

/** Sums term(k) for k = 1, 2, ... until the terms vanish. */
function sum(first: bigint, next: (term: bigint, k: bigint) => bigint): bigint {
  let total = first
  let term = first
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    term = next(term, k)
    total += term
  }
  return total
}

/** Areatangent and arctangent of 1/n or of a fixed-point z below about 1/2. */
function oddSeries(z: bigint, alternating: boolean): bigint {
  const square = times(z, z)
  let [power, total, k] = [z, z, 3n]
  while (power !== 0n) {
    power = times(power, square)
    const term = power / k
    total += alternating && k & 2n ? -term : term
    k += 2n
  }
  return total
}
const areatangent = (z: bigint): bigint => (z < 0n ? -oddSeries(-z, false) : oddSeries(z, false))
const arctangentSeries = (z: bigint): bigint => oddSeries(z, true)

const lazy = <T>(make: () => T): (() => T) => {
  let value: T | undefined
  return () => (value ??= make())
}
const LN2 = lazy(() => 18n * areatangent(ONE / 26n) - 2n * areatangent(ONE / 4801n) + 8n * areatangent(ONE / 8749n))
const PI = lazy(() => 16n * arctangentSeries(ONE / 5n) - 4n * arctangentSeries(ONE / 239n))

/** pi * k / 4, to be rounded. */
export const quarterPi = (k: 1 | 2 | 3 | 4, sign: Sign): Float => withSign(fromFixed((PI() * BigInt(k)) / 4n), sign)

/** 2^x - 1 for |x| <= 1. */
export function exp2m1(x: Float): Float {
  if (magnitude(x) === 0) return x.sign ? finite(1, -1, 1n) : finite(0, 0, 1n)
  const t = x.sign ? -times(toFixed(x), LN2()) : times(toFixed(x), LN2())
  // Relative to the argument: ln 2 (1 + t/2 + t^2/6).
  if (isTiny(x)) return timesFixed(x, times(LN2(), ONE + t / 2n + times(t, t) / 6n))
  return fromFixed(sum(t, (term, k) => times(term, t) / (k + 1n)))
}

/** log2 of x > 0; exact for powers of two. */
function log2(x: Float): Float {
  let e = magnitude(x)
  // The significand between 3/4 and 3/2, so that nothing cancels around 1.
  let m = x.significand << BigInt(P - bitLength(x.significand) + 1)
  if (m === ONE) return finite(e < 0 ? 1 : 0, 0, BigInt(Math.abs(e)))
  if (2n * m > 3n * ONE) {
    m >>= 1n
    e++
  }
  return fromFixed(((2n * areatangent(((m - ONE) << N) / (m + ONE))) << N) / LN2() + (BigInt(e) << N))
}
/** y log2(x), x > 0 and not 1. */
export const yLog2 = (y: Float, x: Float): Float => multiply(y, log2(x)) ?? x

/** y log2(1 + x), x > -1. */
export function yLog2p1(y: Float, x: Float): Float {
  if (!isTiny(x)) return yLog2(y, add(finite(0, 0, 1n), x, false) ?? x)
  const t = x.sign ? -toFixed(x) : toFixed(x)
  const factor = ((ONE - t / 2n + times(t, t) / 3n) << N) / LN2()
  return multiply(y, timesFixed(x, factor)) ?? x
}

/** Newton's iteration from above. */
function squareRootFixed(v: bigint): bigint {
  const n = v << N
  let x = 1n << BigInt(Math.ceil(bitLength(n) / 2))
  for (;;) {
    const next = (x + n / x) >> 1n
    if (next >= x) return x
    x = next
  }
}
/** arctan of 0 < z <= 1: halved three times, then the series. */
function arctangent(z: bigint): bigint {
  let t = z
  for (let k = 0; k < 3; k++) t = (t << N) / (ONE + squareRootFixed(ONE + times(t, t)))
  return arctangentSeries(t) << 3n
}

/** y / x for x and y that are not 0. */
export const quotient = (y: Float, x: Float): Float => divide(y, x, 64) ?? y

/** The angle of the point (x, y). */
export function arctangent2(y: Float, x: Float): Float {
  const positive = (f: Float): Float => withSign(f, 0)
  const steep = magnitude(y) > magnitude(x) || (magnitude(y) === magnitude(x) && isGreater(y, x))
  const ratio = (steep ? divide(positive(x), positive(y), P) : divide(positive(y), positive(x), P)) ?? x
  if (isTiny(ratio) && !steep && !x.sign) {
    const z = toFixed(ratio)
    return withSign(timesFixed(ratio, ONE - times(z, z) / 3n - 1n), y.sign)
  }
  const small = arctangent(toFixed(ratio))
  const inQuadrant = steep ? PI() / 2n - small : small
  return withSign(fromFixed(x.sign ? PI() - inQuadrant : inQuadrant), y.sign)
}
const isGreater = (a: Float, b: Float): boolean => {
  const low = Math.min(a.exponent, b.exponent)
  return a.significand << BigInt(a.exponent - low) > b.significand << BigInt(b.exponent - low)
}

/** Half of the pi that the processor reduces by: 66 bits. [SDM-1 "Approximation of Pi"] */
const HALF_PI = 0x3_243f_6a88_85a3_08d3n
const HALF_PI_EXPONENT = -65

/** x = quadrant * pi/2 + rest, |rest| <= pi/4, exactly. */
function reduce(x: Float): { quadrant: number; rest: Float } {
  if (magnitude(x) < -1) return { quadrant: 0, rest: x }
  const low = Math.min(x.exponent, HALF_PI_EXPONENT)
  const n = x.significand << BigInt(x.exponent - low)
  const half = HALF_PI << BigInt(HALF_PI_EXPONENT - low)
  const quotient = (2n * n + half) / (2n * half)
  const rest = n - quotient * half
  const sign = rest < 0n ? flip(x.sign) : x.sign
  const turns = Number(quotient & 3n)
  return { quadrant: x.sign ? (4 - turns) & 3 : turns, rest: finite(sign, low, rest < 0n ? -rest : rest) }
}

const sineOfFixed = (r: bigint): bigint => {
  const square = times(r, r)
  return sum(r, (term, k) => -times(term, square) / (2n * k * (2n * k + 1n)))
}
const cosineOfFixed = (r: bigint): bigint => {
  const square = times(r, r)
  return sum(ONE, (term, k) => -times(term, square) / (2n * k * (2n * k - 1n)))
}

/** Of |rest| <= pi/4. */
function sineNear(x: Float): Float {
  const r = toFixed(x)
  if (isTiny(x)) return timesFixed(x, ONE - times(r, r) / 6n - 1n)
  return withSign(fromFixed(sineOfFixed(r)), x.sign)
}
function cosineNear(x: Float): Float {
  const r = toFixed(x)
  return fromFixed(isTiny(x) ? ONE - times(r, r) / 2n - 1n : cosineOfFixed(r))
}
function atQuadrant(quadrant: number, rest: Float): Float {
  const value = quadrant & 1 ? cosineNear(rest) : sineNear(rest)
  return quadrant & 2 ? withSign(value, flip(value.sign)) : value
}

/** For |x| < 2^63. */
export function sine(x: Float): Float {
  const { quadrant, rest } = reduce(x)
  return atQuadrant(quadrant, rest)
}
export function cosine(x: Float): Float {
  const { quadrant, rest } = reduce(x)
  return atQuadrant(quadrant + 1, rest)
}
export function tangent(x: Float): Float {
  const { quadrant, rest } = reduce(x)
  const r = toFixed(rest)
  if (isTiny(rest) && !(quadrant & 1)) return timesFixed(rest, ONE + times(r, r) / 3n + 1n)
  const [s, c] = [sineNear(rest), cosineNear(rest)]
  const value = (quadrant & 1 ? divide(c, s, P) : divide(s, c, P)) ?? rest
  return quadrant & 1 ? withSign(value, flip(value.sign)) : value
}
