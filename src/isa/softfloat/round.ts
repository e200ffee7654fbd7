/** Rounding of exact results to a format, with the processor's overflow, underflow and precision exceptions. */
import { MXCSR } from '../../spec/x86/index.ts'
import {
  assemble,
  biasOf,
  bitLength,
  packInfinity,
  packLargest,
  packZero,
  precisionOf,
  smallestExponent,
  type Float,
  type Format,
  type Sign,
} from './format.ts'

/** The rounding-control encodings of MXCSR and of the x87 control word. */
export const NEAREST = 0
export const DOWN = 1
export const UP = 2

/** What operations read from a control register and where they report. Flags have the places of MXCSR bits 0 to 5. */
export interface FloatControl {
  readonly rounding: number
  /** Exceptions that trap. */
  readonly unmasked: number
  readonly denormalsAreZero: boolean
  readonly flushToZero: boolean
  raise(flags: number): void
}

/** Divides `m` by 2^drop and rounds. */
export function dropBits(rounding: number, sign: Sign, m: bigint, drop: number): { value: bigint; inexact: boolean } {
  if (drop <= 0) return { value: m << BigInt(-drop), inexact: false }
  const n = BigInt(drop)
  const rest = BigInt.asUintN(drop, m)
  const value = m >> n
  if (rest === 0n) return { value, inexact: false }
  const half = 1n << (n - 1n)
  const up =
    rounding === NEAREST
      ? rest > half || (rest === half && (value & 1n) === 1n)
      : rounding === DOWN
        ? sign === 1
        : rounding === UP && sign === 0
  return { value: up ? value + 1n : value, inexact: true }
}

/** Rounds an exact result that is no NaN to a bit pattern of format f. */
export function round(c: FloatControl, f: Format, x: Float): bigint {
  if (x.kind === 'zero') return packZero(f, x.sign)
  if (x.kind === 'infinite') return packInfinity(f, x.sign)
  const precision = precisionOf(f)
  const length = bitLength(x.significand)
  // Tininess is detected after rounding: as if the exponent had no bounds.
  const { value, inexact } = dropBits(c.rounding, x.sign, x.significand, length - precision)
  const carried = value >> BigInt(precision) !== 0n
  const exponent = x.exponent + length - 1 + (carried ? 1 : 0)
  if (exponent > biasOf(f)) return overflow(c, f, x.sign, inexact)
  if (exponent < smallestExponent(f)) return underflow(c, f, x, inexact)
  if (inexact) c.raise(MXCSR.PE)
  const leading = 1n << BigInt(f.fractionBits)
  return assemble(f, x.sign, exponent + biasOf(f), (carried ? value >> 1n : value) - leading)
}

function overflow(c: FloatControl, f: Format, sign: Sign, inexact: boolean): bigint {
  // Unmasked, the result has its exponent wrapped, and is inexact only if its significand was rounded.
  if (c.unmasked & MXCSR.OE) c.raise(MXCSR.OE | (inexact ? MXCSR.PE : 0))
  else c.raise(MXCSR.OE | MXCSR.PE)
  const toInfinity = c.rounding === NEAREST || c.rounding === (sign ? DOWN : UP)
  return toInfinity ? packInfinity(f, sign) : packLargest(f, sign)
}

function underflow(c: FloatControl, f: Format, x: Float, inexact: boolean): bigint {
  if (c.unmasked & MXCSR.UE) {
    c.raise(MXCSR.UE | (inexact ? MXCSR.PE : 0))
  } else if (c.flushToZero) {
    c.raise(MXCSR.UE | MXCSR.PE)
    return packZero(f, x.sign)
  }
  const unit = smallestExponent(f) - f.fractionBits
  const denormal = dropBits(c.rounding, x.sign, x.significand, unit - x.exponent)
  if (denormal.inexact && !(c.unmasked & MXCSR.UE)) c.raise(MXCSR.UE | MXCSR.PE)
  return assemble(f, x.sign, 0, denormal.value)
}
