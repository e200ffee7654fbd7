/**
 * Sines, tangents, logarithms and powers. [SDM-1 "Trigonometric Instructions", "Logarithmic, Exponential, and Scale"]
 *
 * Deviation: results are rounded correctly, as the rounding control says. Processors come within one unit in the last place, each
 * model in its own way, so that a result may differ from theirs by the last bit, and C1 with it.
 */
import { FSW } from '../spec/x86/index.ts'
import type { Row } from './insn.ts'
import { insn } from './rows.ts'
import { EXTENDED } from './softfloat/extended.ts'
import { finite, infinite, isNaN, zero, type Float } from './softfloat/format.ts'
import {
  arctangent2,
  cosine,
  exp2m1,
  magnitude,
  quarterPi,
  quotient,
  sine,
  tangent,
  yLog2,
  yLog2p1,
} from './softfloat/transcendental.ts'
import { finishBoth, noteDenormals, propagate } from './x87-arithmetic.ts'
import { floatOf, waiting, type Fpu } from './x87-state.ts'

type Text = NonNullable<Row['slow']>

const ONE = finite(0, 0, 1n)
const round = (f: Fpu, x: Float): bigint => f.round(x, EXTENDED)
const isOne = (x: Float): boolean => x.exponent === -63 && x.significand === 1n << 63n
/** |x| < 2^power. */
const isBelow = (x: Float, power: number): boolean => magnitude(x) < power

/** Below these powers of two processors take the first term of the series for the whole. */
const SMALL = { sine: -68, tangent: -68, arctangent: -40 } as const
/** A result that counts as inexact, even if it has an end. */
function inexact(f: Fpu, x: Float): bigint {
  const bits = round(f, x)
  f.raise(isBelow(x, SMALLEST_NORMAL) ? FSW.PE | FSW.UE : FSW.PE)
  return bits
}
const SMALLEST_NORMAL = -16382

const exponential = waiting((f) => {
  if (f.isEmpty(0)) return void f.finish(0, f.stackUnderflow())
  const x = floatOf(f, 0)
  f.finish(0, !x ? f.invalid() : isNaN(x) ? propagate(f, x, x) : powerOf(f, x))
})
function powerOf(f: Fpu, x: Float): bigint {
  if (x.kind === 'zero') return f.st(0)
  if (x.kind === 'infinite') return x.sign ? round(f, finite(1, 0, 1n)) : f.st(0)
  noteDenormals(f, x)
  // Results that are exact raise #P, too. Undefined: beyond 1. Processors leave the operand.
  f.raise(FSW.PE)
  if (!isBelow(x, 0) && !isOne(x)) return f.st(0)
  return round(f, exp2m1(x))
}

/** ST(1) = text(ST(1), ST(0)), then a pop. */
const binary = (text: (f: Fpu, y: Float, x: Float) => bigint): Text =>
  waiting((f) => {
    f.finish(1, f.isEmpty(0) || f.isEmpty(1) ? f.stackUnderflow() : binaryValue(f, text), 1)
  })
function binaryValue(f: Fpu, text: (f: Fpu, y: Float, x: Float) => bigint): bigint {
  const [x, y] = [floatOf(f, 0), floatOf(f, 1)]
  if (!x || !y) return f.invalid()
  return isNaN(x) || isNaN(y) ? propagate(f, x, y) : text(f, y, x)
}
const sameSign = (a: Float, b: Float): 0 | 1 => (a.sign === b.sign ? 0 : 1)

/** y log2(x). */
const logarithm = binary((f, y, x) => {
  if (x.sign && x.kind !== 'zero') return f.invalid()
  if (x.kind === 'zero') {
    if (y.kind === 'zero') return f.invalid()
    if (y.kind === 'finite') f.raise(FSW.ZE)
    return round(f, infinite(y.sign ? 0 : 1))
  }
  if (x.kind === 'infinite') {
    if (y.kind === 'zero') return f.invalid()
    noteDenormals(f, y)
    return round(f, infinite(y.sign))
  }
  if (isOne(x) && y.kind === 'infinite') return f.invalid()
  noteDenormals(f, x, y)
  if (isOne(x)) return round(f, zero(y.sign))
  const result = y.kind === 'finite' ? yLog2(y, x) : undefined
  const sign = x.exponent + 63 < 0 ? (y.sign ? 0 : 1) : y.sign
  return result ? inexact(f, result) : round(f, { ...y, sign })
})

/** y log2(x + 1). */
const logarithmPlus1 = binary((f, y, x) => {
  if (x.kind === 'zero') {
    if (y.kind === 'infinite') return f.invalid()
    noteDenormals(f, y)
    return round(f, zero(sameSign(x, y)))
  }
  if (x.kind === 'infinite' && (x.sign || y.kind === 'zero')) return f.invalid()
  noteDenormals(f, x, y)
  if (x.kind === 'infinite' || y.kind === 'infinite') return round(f, infinite(sameSign(x, y)))
  if (y.kind === 'zero') return round(f, zero(sameSign(x, y)))
  // Undefined: processors give x.
  if (x.sign && !isBelow(x, 0)) {
    f.raise(FSW.PE)
    return f.st(0)
  }
  return inexact(f, yLog2p1(y, x))
})

/** The angle of the point (ST(0), ST(1)). */
const arctangent = binary((f, y, x) => {
  noteDenormals(f, x, y)
  if (y.kind === 'infinite') return round(f, quarterPi(x.kind !== 'infinite' ? 2 : x.sign ? 3 : 1, y.sign))
  if (x.kind === 'infinite' || y.kind === 'zero') return round(f, x.sign ? quarterPi(4, y.sign) : zero(y.sign))
  if (x.kind === 'zero') return round(f, quarterPi(2, y.sign))
  const ratio = quotient(y, x)
  if (!x.sign && isBelow(ratio, SMALL.arctangent)) return inexact(f, ratio)
  return round(f, arctangent2(y, x))
})

/**
 * sin, cos and tan. The first result takes the operand's place, the second one is pushed. From 2^63 on arguments are not reduced: C2, and
 * nothing else happens.
 */
const trigonometric = (pushes: boolean, text: (f: Fpu, x: Float) => readonly [bigint, bigint?]): Text =>
  waiting((f) => {
    f.status &= ~FSW.C2
    const finish = (a: bigint, b: bigint): void => void (pushes ? finishBoth(f, a, b) : f.finish(0, a))
    if (f.isEmpty(0)) return finish(f.stackUnderflow(), f.stackUnderflow())
    if (pushes && !f.isEmpty(7)) return finish(f.stackOverflow(), f.stackOverflow())
    const x = floatOf(f, 0)
    if (!x || x.kind === 'infinite') return finish(f.invalid(), f.invalid())
    if (isNaN(x)) return finish(propagate(f, x, x), propagate(f, x, x))
    if (x.kind === 'finite' && !isBelow(x, 63)) {
      f.status = (f.status & ~FSW.C1) | FSW.C2
      return
    }
    noteDenormals(f, x)
    const [a, b = a] = text(f, x)
    finish(a, b)
  })
function sineOf(f: Fpu, x: Float): bigint {
  if (x.kind === 'zero') return round(f, x)
  return isBelow(x, SMALL.sine) ? inexact(f, x) : round(f, sine(x))
}
function cosineOf(f: Fpu, x: Float): bigint {
  if (x.kind === 'zero') return round(f, ONE)
  return isBelow(x, SMALL.sine) ? inexact(f, ONE) : round(f, cosine(x))
}
function tangentOf(f: Fpu, x: Float): bigint {
  if (x.kind === 'zero') return round(f, x)
  return isBelow(x, SMALL.tangent) ? inexact(f, x) : round(f, tangent(x))
}

// prettier-ignore
export const X87_TRANSCENDENTAL: readonly Row[] = [
  insn({ mnemonic: 'F2XM1', spec: 'F2XM1—Compute 2x–1', rows: [['D9 F0', '']], slow: exponential }),
  insn({ mnemonic: 'FYL2X', spec: 'FYL2X—Compute y * log2x', rows: [['D9 F1', '']], slow: logarithm }),
  insn({ mnemonic: 'FYL2XP1', spec: 'FYL2XP1—Compute y * log2(x +1)', rows: [['D9 F9', '']], slow: logarithmPlus1 }),
  insn({ mnemonic: 'FPATAN', spec: 'FPATAN—Partial Arctangent', rows: [['D9 F3', '']], slow: arctangent }),
  insn({
    mnemonic: 'FPTAN', spec: 'FPTAN—Partial Tangent', rows: [['D9 F2', '']],
    slow: trigonometric(true, (f, x) => [tangentOf(f, x), 0x3fff_8000_0000_0000_0000n]),
  }),
  insn({ mnemonic: 'FSIN', spec: 'FSIN—Sine', rows: [['D9 FE', '']], slow: trigonometric(false, (f, x) => [sineOf(f, x)]) }),
  insn({ mnemonic: 'FCOS', spec: 'FCOS—Cosine', rows: [['D9 FF', '']], slow: trigonometric(false, (f, x) => [cosineOf(f, x)]) }),
  insn({ mnemonic: 'FSINCOS', spec: 'FSINCOS—Sine and Cosine', rows: [['D9 FB', '']], slow: trigonometric(true, (f, x) => [sineOf(f, x), cosineOf(f, x)]) }),
].flat()
