/** Binary floating-point formats: from bit patterns to signs, exponents and significands, and back. */

export interface Format {
  readonly exponentBits: number
  /** Stored bits of the significand below the leading one. */
  readonly fractionBits: number
}
export const SINGLE: Format = { exponentBits: 8, fractionBits: 23 }
export const DOUBLE: Format = { exponentBits: 11, fractionBits: 52 }
export const formatOf = (w: 32 | 64): Format => (w === 32 ? SINGLE : DOUBLE)

export type Sign = 0 | 1

/** A number taken apart, or an exact result that is still to be rounded. */
export interface Float {
  readonly kind: 'zero' | 'finite' | 'infinite' | 'quiet' | 'signaling'
  readonly sign: Sign
  /** Finite: the value is significand * 2^exponent, with a significand of any length. */
  readonly exponent: number
  /** NaN: the fraction bits of its format, without the quiet bit. */
  readonly significand: bigint
  readonly denormal: boolean
}

const special = (kind: Float['kind'], sign: Sign, significand = 0n): Float => ({
  kind,
  sign,
  exponent: 0,
  significand,
  denormal: false,
})
export const zero = (sign: Sign): Float => special('zero', sign)
export const infinite = (sign: Sign): Float => special('infinite', sign)
export const finite = (sign: Sign, exponent: number, significand: bigint): Float => ({
  kind: 'finite',
  sign,
  exponent,
  significand,
  denormal: false,
})
export const isNaN = (x: Float): boolean => x.kind === 'quiet' || x.kind === 'signaling'

export const biasOf = (f: Format): number => 2 ** (f.exponentBits - 1) - 1
export const smallestExponent = (f: Format): number => 1 - biasOf(f)
export const precisionOf = (f: Format): number => f.fractionBits + 1

export function unpack(f: Format, bits: bigint): Float {
  const n = BigInt(f.fractionBits)
  const fraction = BigInt.asUintN(f.fractionBits, bits)
  const exponent = Number(BigInt.asUintN(f.exponentBits, bits >> n))
  const sign = bits >> (n + BigInt(f.exponentBits)) ? 1 : 0
  const exponentMax = 2 ** f.exponentBits - 1
  if (exponent === exponentMax) {
    if (fraction === 0n) return infinite(sign)
    const quiet = 1n << (n - 1n)
    return special(fraction & quiet ? 'quiet' : 'signaling', sign, fraction & ~quiet)
  }
  if (exponent > 0) return finite(sign, exponent - biasOf(f) - f.fractionBits, fraction | (1n << n))
  if (fraction === 0n) return zero(sign)
  return { ...finite(sign, smallestExponent(f) - f.fractionBits, fraction), denormal: true }
}

/** From fields that are in range already; a fraction with a leading one carries into the exponent. */
export const assemble = (f: Format, sign: Sign, exponentField: number, fraction: bigint): bigint =>
  (((BigInt(sign) << BigInt(f.exponentBits)) + BigInt(exponentField)) << BigInt(f.fractionBits)) + fraction

export const packZero = (f: Format, sign: Sign): bigint => assemble(f, sign, 0, 0n)
export const packInfinity = (f: Format, sign: Sign): bigint => assemble(f, sign, 2 ** f.exponentBits - 1, 0n)
export const packLargest = (f: Format, sign: Sign): bigint => packInfinity(f, sign) - 1n
/** A quiet NaN; `payload` are the fraction bits below the quiet bit. */
export const packQuiet = (f: Format, sign: Sign, payload: bigint): bigint =>
  packInfinity(f, sign) | (1n << BigInt(f.fractionBits - 1)) | payload
/** The answer to an invalid operation: "QNaN floating-point indefinite". */
export const packIndefinite = (f: Format): bigint => packQuiet(f, 1, 0n)

/** How many bits n has; n > 0. */
export function bitLength(n: bigint): number {
  const hex = n.toString(16)
  return hex.length * 4 - Math.clz32(parseInt(hex[0] ?? '0', 16)) + 28
}
