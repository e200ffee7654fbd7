/**
 * Floating point of the SSE instructions, exact in values and exceptions: volume 1, "SIMD Floating-Point Exceptions" and "Operating
 * on SNaNs and QNaNs". The order in which exceptions hide each other is that of "SIMD Floating-Point Exception Priority": NaN
 * operands, other invalid operations and division by zero, denormal operands, then those found by rounding.
 */
import { MXCSR } from '../spec/x86/index.ts'
import type { FpRounding, FpWidth } from './ops.ts'
import { add, compare, divide, multiply, negate, squareRoot } from './softfloat/exact.ts'
import {
  finite,
  formatOf,
  isNaN,
  packIndefinite,
  packQuiet,
  packZero,
  precisionOf,
  SINGLE,
  unpack,
  zero,
  type Float,
  type Format,
} from './softfloat/format.ts'
import { DOWN, dropBits, round, type FloatControl } from './softfloat/round.ts'

/** Invalid, denormal, zero divide: found before a result is computed. */
const PRE_COMPUTATION = MXCSR.IE | MXCSR.DE | MXCSR.ZE

/** Rounding and masks for one instruction, and the status flags it raised. */
export class FpEnvironment implements FloatControl {
  mxcsr = 0
  raised = 0
  /** Of earlier steps. */
  private settled = 0

  start(mxcsr: number): void {
    this.mxcsr = mxcsr
    this.raised = 0
    this.settled = 0
  }
  raise(flags: number): void {
    this.raised |= flags
  }
  /** Ends a step of an instruction that has several, where it does not trap. */
  settle(): void {
    this.settled |= this.raised
    this.raised = 0
  }
  get isQuiet(): boolean {
    return (this.raised | this.settled) === 0
  }
  get rounding(): number {
    return (this.mxcsr & MXCSR.RC) >> 13
  }
  get unmasked(): number {
    return ~(this.mxcsr >> 7) & 0x3f
  }
  get denormalsAreZero(): boolean {
    return (this.mxcsr & MXCSR.DAZ) !== 0
  }
  get flushToZero(): boolean {
    return (this.mxcsr & MXCSR.FTZ) !== 0
  }

  /**
   * The status flags that the instruction leaves in MXCSR, and whether it traps. An unmasked exception before the computation,
   * in any lane, means that no lane is computed: nothing is known about overflow, underflow and precision.
   */
  outcome(): { flags: number; traps: boolean } {
    const early = this.raised & PRE_COMPUTATION
    if (early & this.unmasked) return { flags: this.settled | early, traps: true }
    return { flags: this.settled | this.raised, traps: (this.raised & this.unmasked) !== 0 }
  }
}

const operandOf = (e: FpEnvironment, f: Format, bits: bigint): Float => {
  const x = unpack(f, bits)
  return x.denormal && e.denormalsAreZero ? zero(x.sign) : x
}
const indefinite = (e: FpEnvironment, f: Format): bigint => {
  e.raise(MXCSR.IE)
  return packIndefinite(f)
}
/** The first operand that is a NaN, made quiet. */
const propagate = (e: FpEnvironment, f: Format, a: Float, b: Float): bigint => {
  if (a.kind === 'signaling' || b.kind === 'signaling') e.raise(MXCSR.IE)
  const first = isNaN(a) ? a : b
  return packQuiet(f, first.sign, first.significand)
}
const denormals = (e: FpEnvironment, a: Float, b: Float): void => {
  if (a.denormal || b.denormal) e.raise(MXCSR.DE)
}

export type FpBinaryOp = 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max'

export function fpBinary(e: FpEnvironment, op: FpBinaryOp, fmt: FpWidth, aBits: bigint, bBits: bigint): bigint {
  const f = formatOf(fmt)
  const a = operandOf(e, f, aBits)
  const b = operandOf(e, f, bBits)
  if (op === 'min' || op === 'max') return extreme(e, op, f, a, b, aBits, bBits)
  if (isNaN(a) || isNaN(b)) return propagate(e, f, a, b)
  const exact = ((): Float | undefined => {
    switch (op) {
      case 'add':
        return add(a, b, e.rounding === DOWN)
      case 'sub':
        return add(a, negate(b), e.rounding === DOWN)
      case 'mul':
        return multiply(a, b)
      case 'div':
        return divide(a, b, precisionOf(f))
    }
  })()
  if (!exact) return indefinite(e, f)
  if (op === 'div' && b.kind === 'zero' && a.kind === 'finite') e.raise(MXCSR.ZE)
  else denormals(e, a, b)
  return round(e, f, exact)
}

/** MIN and MAX: the second operand when either is a NaN or both are zeros. The chosen operand stays as it is, but for DAZ. */
function extreme(
  e: FpEnvironment,
  op: 'min' | 'max',
  f: Format,
  a: Float,
  b: Float,
  aBits: bigint,
  bBits: bigint,
): bigint {
  let first = false
  if (isNaN(a) || isNaN(b)) e.raise(MXCSR.IE)
  else {
    denormals(e, a, b)
    first = compare(a, b) === (op === 'min' ? -1 : 1)
  }
  const [chosen, bits] = first ? [a, aBits] : [b, bBits]
  return chosen.kind === 'zero' ? packZero(f, chosen.sign) : bits
}

export function fpSqrt(e: FpEnvironment, fmt: FpWidth, bits: bigint): bigint {
  const f = formatOf(fmt)
  const a = operandOf(e, f, bits)
  if (isNaN(a)) return propagate(e, f, a, a)
  const exact = squareRoot(a, precisionOf(f))
  if (!exact) return indefinite(e, f)
  denormals(e, a, a)
  return round(e, f, exact)
}

/** undefined: unordered. */
function relation(
  e: FpEnvironment,
  fmt: FpWidth,
  quiet: boolean,
  aBits: bigint,
  bBits: bigint,
): -1 | 0 | 1 | undefined {
  const f = formatOf(fmt)
  const a = operandOf(e, f, aBits)
  const b = operandOf(e, f, bBits)
  if (isNaN(a) || isNaN(b)) {
    if (!quiet || a.kind === 'signaling' || b.kind === 'signaling') e.raise(MXCSR.IE)
    return undefined
  }
  denormals(e, a, b)
  return compare(a, b)
}

/**
 * Bits 1:0: EQ LT LE UNORD; bit 2: their negations NEQ NLT NLE ORD. LT and LE and theirs signal on any NaN. Bit 3: the first three
 * hold for unordered operands, too, and UNORD becomes FALSE; bit 4: what signals and what does not change places.
 */
export function fpCompare(e: FpEnvironment, fmt: FpWidth, predicate: number, a: bigint, b: bigint): boolean {
  const basic = predicate & 3
  const quiet = (basic === 0 || basic === 3) !== ((predicate & 16) !== 0)
  const r = relation(e, fmt, quiet, a, b)
  const ordersUnordered = (predicate & 8) !== 0
  let holds = ordersUnordered
  if (basic === 3) holds = r === undefined && !ordersUnordered
  else if (r !== undefined) holds = basic === 0 ? r === 0 : basic === 1 ? r < 0 : r <= 0
  return predicate & 4 ? !holds : holds
}

/** ZF, PF and CF in their RFLAGS places. */
export function fpOrder(e: FpEnvironment, fmt: FpWidth, quiet: boolean, a: bigint, b: bigint): number {
  const r = relation(e, fmt, quiet, a, b)
  return r === undefined ? 0x45 : r > 0 ? 0 : r < 0 ? 1 : 0x40
}

export function fpFromInt(e: FpEnvironment, fmt: FpWidth, n: bigint): bigint {
  if (n === 0n) return 0n
  return round(e, formatOf(fmt), n < 0n ? finite(1, 0, -n) : finite(0, 0, n))
}

/** The integer indefinite value, the most negative one, when the result does not fit. */
export function fpToInt(e: FpEnvironment, fmt: FpWidth, w: 32 | 64, truncate: boolean, bits: bigint): bigint {
  const a = operandOf(e, formatOf(fmt), bits)
  if (a.kind === 'zero') return 0n
  const TOWARD_ZERO = 3
  const { value, inexact } = dropBits(truncate ? TOWARD_ZERO : e.rounding, a.sign, a.significand, -a.exponent)
  const n = a.sign ? -value : value
  if (a.kind !== 'finite' || BigInt.asIntN(w, n) !== n) {
    e.raise(MXCSR.IE)
    return 1n << BigInt(w - 1)
  }
  if (inexact) e.raise(MXCSR.PE)
  return BigInt.asUintN(w, n)
}

export function fpToFp(e: FpEnvironment, from: FpWidth, to: FpWidth, bits: bigint): bigint {
  const [f, t] = [formatOf(from), formatOf(to)]
  const a = operandOf(e, f, bits)
  if (isNaN(a)) {
    if (a.kind === 'signaling') e.raise(MXCSR.IE)
    // The upper bits of the payload stay.
    const shift = BigInt(t.fractionBits - f.fractionBits)
    return packQuiet(t, a.sign, shift > 0n ? a.significand << shift : a.significand >> -shift)
  }
  denormals(e, a, a)
  return round(e, t, a)
}

/** Rounds to an integer. A denormal operand is none to this instruction; `exact` keeps inexact results quiet. */
export function fpRound(e: FpEnvironment, fmt: FpWidth, rounding: FpRounding, exact: boolean, bits: bigint): bigint {
  const f = formatOf(fmt)
  const a = operandOf(e, f, bits)
  if (isNaN(a)) return propagate(e, f, a, a)
  if (a.kind !== 'finite') return a.kind === 'zero' ? packZero(f, a.sign) : bits
  if (a.exponent >= 0) return bits
  const { value, inexact } = dropBits(rounding === 'MXCSR' ? e.rounding : rounding, a.sign, a.significand, -a.exponent)
  if (inexact && !exact) e.raise(MXCSR.PE)
  return value === 0n ? packZero(f, a.sign) : round(e, f, finite(a.sign, 0, value))
}

/** The first NaN of a, b, c in this order is the result, even where infinity times zero is invalid. */
export function fpFma(
  e: FpEnvironment,
  fmt: FpWidth,
  negateProduct: boolean,
  negateAddend: boolean,
  aBits: bigint,
  bBits: bigint,
  cBits: bigint,
): bigint {
  const f = formatOf(fmt)
  const [a, b, c] = [operandOf(e, f, aBits), operandOf(e, f, bBits), operandOf(e, f, cBits)]
  const nan = [a, b, c].find(isNaN)
  if (nan) {
    if ([a, b, c].some((x) => x.kind === 'signaling')) e.raise(MXCSR.IE)
    return packQuiet(f, nan.sign, nan.significand)
  }
  const product = multiply(a, b)
  const exact =
    product && add(negateProduct ? negate(product) : product, negateAddend ? negate(c) : c, e.rounding === DOWN)
  if (!exact) return indefinite(e, f)
  denormals(e, a, b)
  denormals(e, c, c)
  return round(e, f, exact)
}

const HALF: Format = { exponentBits: 5, fractionBits: 10 }

/** Exact: a denormal operand is one like any other, whatever MXCSR says. */
export function fpFromHalf(e: FpEnvironment, bits: bigint): bigint {
  const a = unpack(HALF, bits)
  if (!isNaN(a)) return round(e, SINGLE, a)
  if (a.kind === 'signaling') e.raise(MXCSR.IE)
  return packQuiet(SINGLE, a.sign, a.significand << BigInt(SINGLE.fractionBits - HALF.fractionBits))
}
/**
 * MXCSR.FTZ does not count.
 * Undefined: what VCVTPS2PH raises for a denormal operand beside DE. It is inexact even where an unmasked underflow would say
 * otherwise, as on Intel's processors.
 */
export function fpToHalf(e: FpEnvironment, rounding: FpRounding, bits: bigint): bigint {
  const a = operandOf(e, SINGLE, bits)
  if (isNaN(a)) {
    if (a.kind === 'signaling') e.raise(MXCSR.IE)
    return packQuiet(HALF, a.sign, a.significand >> BigInt(SINGLE.fractionBits - HALF.fractionBits))
  }
  denormals(e, a, a)
  const control: FloatControl = {
    rounding: rounding === 'MXCSR' ? e.rounding : rounding,
    unmasked: e.unmasked,
    denormalsAreZero: false,
    flushToZero: false,
    raise: (flags) => e.raise(a.denormal ? flags | MXCSR.PE : flags),
  }
  return round(control, HALF, a)
}
