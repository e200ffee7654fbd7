/**
 * Arithmetic without rounding, on operands that are no NaNs. Where the exact result has no end (division, root), it is cut after
 * enough bits and the last bit says that there was more, so that rounding sees the truth.
 */
import { bitLength, finite, infinite, zero, type Float, type Sign } from './format.ts'

/** undefined: an invalid operation. */
type Result = Float | undefined

const flip = (s: Sign): Sign => (s ? 0 : 1)
const both = (a: Float, b: Float): Sign => (a.sign === b.sign ? 0 : 1)
export const negate = (x: Float): Float => ({ ...x, sign: flip(x.sign) })

/** `down`: an exact zero from operands of different signs is negative (rounding toward minus infinity). */
export function add(a: Float, b: Float, down: boolean): Result {
  if (a.kind === 'infinite') return b.kind === 'infinite' && a.sign !== b.sign ? undefined : a
  if (b.kind === 'infinite') return b
  if (a.kind === 'zero' && b.kind === 'zero') return a.sign === b.sign ? a : zero(down ? 1 : 0)
  if (b.kind === 'zero') return a
  if (a.kind === 'zero') return b
  const exponent = Math.min(a.exponent, b.exponent)
  const aligned = (x: Float): bigint => {
    const m = x.significand << BigInt(x.exponent - exponent)
    return x.sign ? -m : m
  }
  const sum = aligned(a) + aligned(b)
  if (sum === 0n) return zero(down ? 1 : 0)
  return sum < 0n ? finite(1, exponent, -sum) : finite(0, exponent, sum)
}

export function multiply(a: Float, b: Float): Result {
  const sign = both(a, b)
  if (a.kind === 'infinite' || b.kind === 'infinite') {
    return a.kind === 'zero' || b.kind === 'zero' ? undefined : infinite(sign)
  }
  if (a.kind === 'zero' || b.kind === 'zero') return zero(sign)
  return finite(sign, a.exponent + b.exponent, a.significand * b.significand)
}

/** A divisor of zero with a finite dividend gives infinity: the caller raises #Z. */
export function divide(a: Float, b: Float, precision: number): Result {
  const sign = both(a, b)
  if (a.kind === 'infinite') return b.kind === 'infinite' ? undefined : infinite(sign)
  if (a.kind === 'zero') return b.kind === 'zero' ? undefined : zero(sign)
  if (b.kind === 'infinite') return zero(sign)
  if (b.kind === 'zero') return infinite(sign)
  const shift = Math.max(0, precision + 2 + bitLength(b.significand) - bitLength(a.significand))
  const dividend = a.significand << BigInt(shift)
  const quotient = dividend / b.significand
  const more = dividend % b.significand ? 1n : 0n
  return finite(sign, a.exponent - b.exponent - shift - 1, (quotient << 1n) | more)
}

export function squareRoot(a: Float, precision: number): Result {
  if (a.kind === 'zero') return a
  if (a.sign) return undefined
  if (a.kind === 'infinite') return a
  let shift = Math.max(0, 2 * precision + 4 - bitLength(a.significand))
  if ((a.exponent - shift) % 2) shift++
  const square = a.significand << BigInt(shift)
  const root = integerRoot(square)
  const more = root * root === square ? 0n : 1n
  return finite(0, (a.exponent - shift) / 2 - 1, (root << 1n) | more)
}

/** Newton's iteration from above, which falls until it is there. */
function integerRoot(n: bigint): bigint {
  let x = 1n << BigInt(Math.ceil(bitLength(n) / 2))
  for (;;) {
    const next = (x + n / x) >> 1n
    if (next >= x) return x
    x = next
  }
}

/** -1, 0, 1: a below, equal to, above b. Zeros are equal. */
export function compare(a: Float, b: Float): -1 | 0 | 1 {
  const difference =
    a.kind === 'infinite' && b.kind === 'infinite' && a.sign === b.sign ? zero(0) : add(a, negate(b), false)
  if (!difference || difference.kind === 'zero') return 0
  return difference.sign ? -1 : 1
}
