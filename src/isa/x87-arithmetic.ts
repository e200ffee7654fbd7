/** x87 arithmetic: the four operations, root, remainders, rounding to integer, scaling. [SDM-1 "Basic Arithmetic Instructions"] */
import { FSW } from '../spec/x86/index.ts'
import { floatOf, stackIndex, waiting, type Fpu } from './x87-state.ts'
import type { Row } from './insn.ts'
import { insn } from './rows.ts'
import { add, divide, multiply, negate, squareRoot } from './softfloat/exact.ts'
import { EXTENDED, exactly, packExtendedQuiet } from './softfloat/extended.ts'
import { bitLength, finite, infinite, isNaN, zero, type Float, type Sign } from './softfloat/format.ts'
import { DOWN, dropBits } from './softfloat/round.ts'
import { loadFloat } from './x87-operand.ts'

const SIGN = 1n << 79n

/**
 * The answer when an operand is a NaN: a quiet one before a signaling one, of two of a kind the larger significand, then the positive
 * one. [SDM-1 "Rules for Generating NaNs" ("Operating on SNaNs and QNaNs")]
 */
export function propagate(f: Fpu, a: Float, b: Float): bigint {
  if (a.kind === 'signaling' || b.kind === 'signaling') f.raise(FSW.IE)
  const chosen = !isNaN(b) ? a : !isNaN(a) ? b : a.kind !== b.kind ? (a.kind === 'quiet' ? a : b) : larger(a, b)
  return packExtendedQuiet(chosen.sign, chosen.significand)
}
const larger = (a: Float, b: Float): Float =>
  a.significand === b.significand ? (a.sign < b.sign ? a : b) : a.significand > b.significand ? a : b

export const noteDenormals = (f: Fpu, a: Float, b: Float = a): void => {
  if (a.denormal || b.denormal) f.raise(FSW.DE)
}

type Operation = 'add' | 'sub' | 'subr' | 'mul' | 'div' | 'divr'

function arithmetic(f: Fpu, op: Operation, a: Float | undefined, b: Float | undefined): bigint {
  if (!a || !b) return f.invalid()
  if (isNaN(a) || isNaN(b)) return propagate(f, a, b)
  if (op === 'subr') return arithmetic(f, 'sub', b, a)
  if (op === 'divr') return arithmetic(f, 'div', b, a)
  const exact = exactResult(f, op, a, b)
  if (!exact) return f.invalid()
  if (op === 'div' && b.kind === 'zero' && a.kind === 'finite') f.raise(FSW.ZE)
  else noteDenormals(f, a, b)
  return f.round(exact)
}
function exactResult(f: Fpu, op: 'add' | 'sub' | 'mul' | 'div', a: Float, b: Float): Float | undefined {
  const down = f.rounding === DOWN
  switch (op) {
    case 'add':
      return add(a, b, down)
    case 'sub':
      return add(a, negate(b), down)
    case 'mul':
      return multiply(a, b)
    case 'div':
      return divide(a, b, 64)
  }
}

/** ST(0) op memory. */
const withMemory = (op: Operation): NonNullable<Row['slow']> =>
  waiting((f, e, i) => {
    const b = loadFloat(e, i)
    f.finish(0, f.isEmpty(0) ? f.stackUnderflow() : arithmetic(f, op, floatOf(f, 0), b))
  })
/** ST(d) op ST(s), where the first operand is d. */
const withRegister = (op: Operation, pops = 0): NonNullable<Row['slow']> =>
  waiting((f, _e, i) => {
    const [d, s] = [stackIndex(i, 0), stackIndex(i, 1)]
    const value = f.isEmpty(d) || f.isEmpty(s) ? f.stackUnderflow() : arithmetic(f, op, floatOf(f, d), floatOf(f, s))
    f.finish(d, value, pops)
  })

/** ST(0) = text(ST(0)). */
const unary = (text: (f: Fpu, x: Float) => bigint): NonNullable<Row['slow']> =>
  waiting((f) => {
    f.finish(0, f.isEmpty(0) ? f.stackUnderflow() : unaryValue(f, text))
  })
function unaryValue(f: Fpu, text: (f: Fpu, x: Float) => bigint): bigint {
  const x = floatOf(f, 0)
  if (!x) return f.invalid()
  return isNaN(x) ? propagate(f, x, x) : text(f, x)
}

const root = unary((f, x) => {
  const exact = squareRoot(x, 64)
  if (!exact) return f.invalid()
  noteDenormals(f, x)
  return f.round(exact)
})

const roundToInteger = unary((f, x) => {
  if (x.kind !== 'finite') return f.st(0)
  noteDenormals(f, x)
  const { value, inexact } = dropBits(f.rounding, x.sign, x.significand, Math.max(0, -x.exponent))
  const result = value === 0n ? zero(x.sign) : finite(x.sign, Math.max(0, x.exponent), value)
  const bits = f.round(result, EXTENDED)
  if (inexact) {
    f.raise(FSW.PE)
    f.roundedUp = value > x.significand >> BigInt(Math.max(0, -x.exponent))
  }
  return bits
})

/** Sign changes look at no encoding. */
const changeSign = (change: (bits: bigint) => bigint): NonNullable<Row['slow']> =>
  waiting((f) => f.finish(0, f.isEmpty(0) ? f.stackUnderflow() : change(f.st(0))))

/** Beyond this any scaling overflows or underflows. */
const LARGEST_SCALE = 0x10000

/** ST(0) * 2^ST(1), ST(1) cut to an integer. */
const scale = waiting((f) => {
  f.finish(0, f.isEmpty(0) || f.isEmpty(1) ? f.stackUnderflow() : scaled(f, floatOf(f, 0), floatOf(f, 1)))
})
function scaled(f: Fpu, a: Float | undefined, b: Float | undefined): bigint {
  if (!a || !b) return f.invalid()
  if (isNaN(a) || isNaN(b)) return propagate(f, a, b)
  if (b.kind === 'infinite') {
    if (a.kind === (b.sign ? 'infinite' : 'zero')) return f.invalid()
    noteDenormals(f, a)
    return f.round(b.sign ? zero(a.sign) : infinite(a.sign), EXTENDED)
  }
  noteDenormals(f, a, b)
  if (a.kind !== 'finite') return f.st(0)
  if (b.kind === 'zero') return exactly(a)
  const amount = b.exponent > 0 ? LARGEST_SCALE : Number(b.significand >> BigInt(Math.min(-b.exponent, 64)))
  const limited = Math.min(amount, LARGEST_SCALE)
  return f.round({ ...a, exponent: a.exponent + (b.sign ? -limited : limited) }, EXTENDED)
}

/** Exponent to ST(0), then the significand pushed. */
const extract = waiting((f) => {
  if (f.isEmpty(0) || !f.isEmpty(7)) {
    const value = f.isEmpty(0) ? f.stackUnderflow() : f.stackOverflow()
    finishBoth(f, value, value)
    return
  }
  const x = floatOf(f, 0)
  if (!x) {
    const value = f.invalid()
    finishBoth(f, value, value)
  } else if (isNaN(x)) {
    const value = propagate(f, x, x)
    finishBoth(f, value, value)
  } else if (x.kind === 'infinite') finishBoth(f, f.round(infinite(0)), f.st(0))
  else if (x.kind === 'zero') {
    f.raise(FSW.ZE)
    finishBoth(f, f.round(infinite(1)), f.st(0))
  } else {
    noteDenormals(f, x)
    const length = bitLength(x.significand)
    const exponent = x.exponent + length - 1
    const power = exponent === 0 ? zero(0) : finite(exponent < 0 ? 1 : 0, 0, BigInt(Math.abs(exponent)))
    finishBoth(f, f.round(power, EXTENDED), f.round(finite(x.sign, 1 - length, x.significand), EXTENDED))
  }
})
export function finishBoth(f: Fpu, below: bigint, pushed: bigint): void {
  if (!f.settle()) return
  f.setSt(0, below)
  f.top--
  f.setSt(0, pushed)
}

const QUOTIENT = FSW.C0 | FSW.C1 | FSW.C2 | FSW.C3

/** FPREM and, with the quotient rounded to nearest, FPREM1. */
const remainder = (nearest: boolean): NonNullable<Row['slow']> =>
  waiting((f) => {
    f.status &= ~FSW.C2
    if (f.isEmpty(0) || f.isEmpty(1)) return void f.finish(0, f.stackUnderflow())
    const [a, b] = [floatOf(f, 0), floatOf(f, 1)]
    if (!a || !b) return void f.finish(0, f.invalid())
    if (isNaN(a) || isNaN(b)) return void f.finish(0, propagate(f, a, b))
    if (a.kind === 'infinite' || b.kind === 'zero') return void f.finish(0, f.invalid())
    noteDenormals(f, a, b)
    const { value, codes } = reduce(a, b, nearest)
    if (f.finish(0, f.round(value, EXTENDED))) f.status = (f.status & ~QUOTIENT) | codes
  })

/** At most 63 bits of the quotient at a time; else C2 says that the remainder is a partial one. */
function reduce(a: Float, b: Float, nearest: boolean): { value: Float; codes: number } {
  if (a.kind === 'zero' || b.kind === 'infinite') return { value: a, codes: 0 }
  const magnitude = (x: Float): number => x.exponent + bitLength(x.significand)
  const distance = magnitude(a) - magnitude(b)
  if (distance < -1) return { value: a, codes: 0 }
  // Larger distances are shortened by 32 to 63, so that what remains is a multiple of 32.
  const partial = distance >= 64
  const unit = b.exponent + (partial ? distance - ((distance & 31) | 32) : 0)
  const shift = a.exponent - Math.min(a.exponent, unit)
  const low = Math.min(a.exponent, unit)
  const dividend = a.significand << BigInt(shift)
  const divisor = b.significand << BigInt(unit - low)
  let quotient = dividend / divisor
  let rest = dividend % divisor
  let sign: Sign = a.sign
  if (nearest && !partial && (2n * rest > divisor || (2n * rest === divisor && quotient & 1n))) {
    quotient++
    rest = divisor - rest
    sign = sign ? 0 : 1
  }
  const value = rest === 0n ? zero(a.sign) : finite(sign, low, rest)
  const bit = (k: bigint, flag: number): number => ((quotient >> k) & 1n ? flag : 0)
  return { value, codes: partial ? FSW.C2 : bit(0n, FSW.C1) | bit(1n, FSW.C3) | bit(2n, FSW.C0) }
}

// prettier-ignore
const OPERATIONS: readonly (readonly [name: string, op: Operation, spec: string, digit: number, reversedDigit: number])[] = [
  ['ADD', 'add', 'FADD/FADDP/FIADD—Add', 0, 0],
  ['MUL', 'mul', 'FMUL/FMULP/FIMUL—Multiply', 1, 1],
  ['SUB', 'sub', 'FSUB/FSUBP/FISUB—Subtract', 4, 5],
  ['SUBR', 'subr', 'FSUBR/FSUBRP/FISUBR—Reverse Subtract', 5, 4],
  ['DIV', 'div', 'FDIV/FDIVP/FIDIV—Divide', 6, 7],
  ['DIVR', 'divr', 'FDIVR/FDIVRP/FIDIVR—Reverse Divide', 7, 6],
]

// With ST(i) as destination the opcodes of an operation and its reverse are exchanged.
// prettier-ignore
export const X87_ARITHMETIC: readonly Row[] = [
  ...OPERATIONS.flatMap(([name, op, spec, digit, other]) => [
    insn({ mnemonic: `F${name}`, spec, rows: [[`D8 /${digit}`, 'Md'], [`DC /${digit}`, 'Mq']], slow: withMemory(op) }),
    insn({ mnemonic: `FI${name}`, spec, rows: [[`DA /${digit}`, 'Md'], [`DE /${digit}`, 'Mw']], slow: withMemory(op) }),
    insn({ mnemonic: `F${name}`, spec, rows: [[`D8 /${digit} mod=3`, 'ST0, STi'], [`DC /${other} mod=3`, 'STi, ST0']], slow: withRegister(op) }),
    insn({ mnemonic: `F${name}P`, spec, rows: [[`DE /${other} mod=3`, 'STi, ST0']], slow: withRegister(op, 1) }),
  ]),
  insn({ mnemonic: 'FSQRT', spec: 'FSQRT—Square Root', rows: [['D9 FA', '']], slow: root }),
  insn({ mnemonic: 'FCHS', spec: 'FCHS—Change Sign', rows: [['D9 E0', '']], slow: changeSign((x) => x ^ SIGN) }),
  insn({ mnemonic: 'FABS', spec: 'FABS—Absolute Value', rows: [['D9 E1', '']], slow: changeSign((x) => x & ~SIGN) }),
  insn({ mnemonic: 'FRNDINT', spec: 'FRNDINT—Round to Integer', rows: [['D9 FC', '']], slow: roundToInteger }),
  insn({ mnemonic: 'FSCALE', spec: 'FSCALE—Scale', rows: [['D9 FD', '']], slow: scale }),
  insn({ mnemonic: 'FXTRACT', spec: 'FXTRACT—Extract Exponent and Significand', rows: [['D9 F4', '']], slow: extract }),
  insn({ mnemonic: 'FPREM', spec: 'FPREM—Partial Remainder', rows: [['D9 F8', '']], slow: remainder(false) }),
  insn({ mnemonic: 'FPREM1', spec: 'FPREM1—Partial Remainder', rows: [['D9 F5', '']], slow: remainder(true) }),
].flat()
