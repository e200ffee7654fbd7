/**
 * Double extended precision, which has its leading bit written out, and rounding to it with the x87's precision control.
 * [SDM-1 "Double Extended-Precision Floating-Point Values", "Precision Control Field"]
 */
import { MXCSR } from '../../spec/x86/index.ts'
import {
  assemble,
  biasOf,
  bitLength,
  finite,
  infinite,
  packInfinity,
  packLargest,
  precisionOf,
  smallestExponent,
  unpack,
  zero,
  type Float,
  type Format,
  type Sign,
} from './format.ts'
import { DOWN, dropBits, NEAREST, UP, type FloatControl } from './round.ts'

/** Formats with the exponents of extended precision and a leading bit of 1 that is not written, as the others have it. */
const withFraction = (fractionBits: number): Format => ({ exponentBits: 15, fractionBits })
export const EXTENDED = withFraction(63)
/** By precision control; 1 is reserved and acts like 3. */
export const PRECISIONS: readonly Format[] = [withFraction(23), EXTENDED, withFraction(52), EXTENDED]

const LEADING = 1n << 63n
const QUIET = 1n << 62n
const EXPONENT_MAX = 0x7fff

export const packExtended = (sign: Sign, exponentField: number, significand: bigint): bigint =>
  (BigInt(sign * 0x8000 + exponentField) << 64n) | significand

/**
 * The fields of 80 bits; NaNs have the significand below the quiet bit, as others have. undefined for what is no number and no
 * NaN any more: unnormals, pseudo-infinities, pseudo-NaNs. [SDM-1 "Unsupported Double Extended-Precision Floating-Point Encodings and Pseudo-Denormals"]
 */
export function unpackExtended(bits: bigint): Float | undefined {
  const significand = BigInt.asUintN(64, bits)
  const exponent = Number(bits >> 64n) & EXPONENT_MAX
  const sign = bits >> 79n ? 1 : 0
  if (exponent === 0) {
    if (significand === 0n) return zero(sign)
    return { ...finite(sign, smallestExponent(EXTENDED) - 63, significand), denormal: true }
  }
  if (significand < LEADING) return undefined
  if (exponent === EXPONENT_MAX) return unpack(EXTENDED, assemble(EXTENDED, sign, exponent, significand - LEADING))
  return finite(sign, exponent - biasOf(EXTENDED) - 63, significand)
}

/** 80 bits from the bits of format `f`, which has its exponents. */
function widen(f: Format, bits: bigint): bigint {
  const fraction = BigInt.asUintN(f.fractionBits, bits) << BigInt(63 - f.fractionBits)
  const upper = bits >> BigInt(f.fractionBits)
  return (upper << 64n) | (upper & 0x7fffn ? LEADING : 0n) | fraction
}

/** A quiet NaN with this payload, which has 62 bits. */
export const packExtendedQuiet = (sign: Sign, payload: bigint): bigint =>
  packExtended(sign, EXPONENT_MAX, LEADING | QUIET | payload)

/** What NaNs are compared by: the payload's place in another format is at its upper end. */
export const alignPayload = (from: Format, payload: bigint): bigint => payload << BigInt(63 - from.fractionBits)

export interface Rounded {
  readonly bits: bigint
  /** The magnitude became larger: C1. */
  readonly up: boolean
}

/**
 * Rounds a result that is no NaN to format `f`. `wrap`: an unmasked overflow or underflow divides or multiplies by 2^wrap, so that the
 * handler finds the digits; without it (stores) the result is not looked at then.
 */
export function roundX87(c: FloatControl, f: Format, x: Float, wrap: number): Rounded {
  if (x.kind === 'zero') return { bits: assemble(f, x.sign, 0, 0n), up: false }
  if (x.kind === 'infinite') return { bits: packInfinity(f, x.sign), up: false }
  const precision = precisionOf(f)
  const drop = bitLength(x.significand) - precision
  // Tininess is detected after rounding: as if the exponent had no bounds.
  const { value, inexact } = dropBits(c.rounding, x.sign, x.significand, drop)
  const carried = value >> BigInt(precision) !== 0n
  const exponent = x.exponent + drop + f.fractionBits + (carried ? 1 : 0)
  const overflows = exponent > biasOf(f)
  const underflows = exponent < smallestExponent(f)
  const wraps = ((overflows ? MXCSR.OE : underflows ? MXCSR.UE : 0) & c.unmasked) !== 0
  if (overflows && !wraps) return overflow(c, f, x.sign)
  if (underflows && !wraps) return underflow(c, f, x)
  if (wraps) c.raise(overflows ? MXCSR.OE : MXCSR.UE)
  if (inexact) c.raise(MXCSR.PE)
  const field = exponent + biasOf(f) + (wraps ? (overflows ? -wrap : wrap) : 0)
  if (wraps && wrap > 0 && (field < 1 || field >= EXPONENT_MAX)) return beyondWrap(c, f, x.sign, overflows)
  const fraction = (carried ? value >> 1n : value) - (1n << BigInt(f.fractionBits))
  return { bits: assemble(f, x.sign, field, fraction), up: inexact && wentUp(x.significand, drop, value) }
}

/** FSCALE only: still out of range when wrapped. Whatever the rounding. */
function beyondWrap(c: FloatControl, f: Format, sign: Sign, overflows: boolean): Rounded {
  c.raise(MXCSR.PE)
  return { bits: overflows ? packInfinity(f, sign) : assemble(f, sign, 0, 0n), up: overflows }
}

const wentUp = (before: bigint, drop: number, after: bigint): boolean => drop > 0 && after > before >> BigInt(drop)

function overflow(c: FloatControl, f: Format, sign: Sign): Rounded {
  c.raise(MXCSR.OE | MXCSR.PE)
  const toInfinity = c.rounding === NEAREST || c.rounding === (sign ? DOWN : UP)
  return { bits: toInfinity ? packInfinity(f, sign) : packLargest(f, sign), up: toInfinity }
}

function underflow(c: FloatControl, f: Format, x: Float): Rounded {
  const drop = smallestExponent(f) - f.fractionBits - x.exponent
  const { value, inexact } = dropBits(c.rounding, x.sign, x.significand, drop)
  if (inexact) c.raise(MXCSR.UE | MXCSR.PE)
  return { bits: assemble(f, x.sign, 0, value), up: inexact && wentUp(x.significand, drop, value) }
}

/** The exponent adjustment of extended precision. [SDM-1 "Numeric Overflow Exception (#O)"] */
const WRAP = 24576

/** The same, to the 80 bits of a register, with the precision that `f` stands for. */
export function roundExtended(c: FloatControl, f: Format, x: Float): Rounded {
  const { bits, up } = roundX87(c, f, x, WRAP)
  return { bits: widen(f, bits), up }
}

export const packExtendedInfinity = (sign: Sign): bigint => widen(EXTENDED, packInfinity(EXTENDED, sign))
export const exactly = (x: Float): bigint =>
  x.kind === 'infinite' ? packExtendedInfinity(x.sign) : widen(EXTENDED, roundX87(EXACT, EXTENDED, x, 0).bits)
/** For conversions that cannot be inexact. */
const EXACT: FloatControl = {
  rounding: NEAREST,
  unmasked: 0,
  denormalsAreZero: false,
  flushToZero: false,
  raise: () => {},
}

/** A number of a narrower format; a NaN keeps its kind, its payload's upper end stays the upper end. */
export function unpackWider(f: Format, bits: bigint): Float {
  const x = unpack(f, bits)
  return x.kind === 'quiet' || x.kind === 'signaling' ? { ...x, significand: alignPayload(f, x.significand) } : x
}
export { infinite }
