/** x87 loads, stores, exchanges and constants. [SDM-1 "Data Transfer Instructions", "Load Constant Instructions"] */
import { FSW } from '../spec/x86/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { memory } from './operand.ts'
import { insn } from './rows.ts'
import { exactly, packExtended, packExtendedQuiet, roundX87 } from './softfloat/extended.ts'
import { DOUBLE, isNaN, packIndefinite, packQuiet, SINGLE, type Float, type Format } from './softfloat/format.ts'
import { dropBits, NEAREST, UP } from './softfloat/round.ts'
import { fromInteger, loadExtended, loadFloat, storeExtended } from './x87-operand.ts'
import { floatOf, stackIndex, waiting, type Fpu } from './x87-state.ts'

type Text = NonNullable<Row['slow']>

/** Pushes what `value` gives after it has looked at memory, or the indefinite one when the register below TOP is in use. */
const pushing = (value: (f: Fpu, e: Evaluator, i: Insn) => () => bigint): Text =>
  waiting((f, e, i) => {
    const make = value(f, e, i)
    f.finishPush(f.isEmpty(7) ? make() : f.stackOverflow())
  })

/** A denormal operand is pushed even when that traps. */
const loadReal = waiting((f, e, i) => {
  const x = loadFloat(e, i)
  if (!f.isEmpty(7)) f.finishPush(f.stackOverflow())
  else if (isNaN(x)) {
    if (x.kind === 'signaling') f.raise(FSW.IE)
    f.finishPush(packExtendedQuiet(x.sign, x.significand))
  } else {
    f.finishPush(exactly(x))
    if (x.denormal) f.status |= FSW.DE
  }
})
const loadInteger = pushing((_f, e, i) => {
  const x = loadFloat(e, i)
  return () => exactly(x)
})
/** 80 bits are loaded as they are. */
const loadWhole = pushing((_f, e, i) => {
  const bits = loadExtended(e, memory(i, 0))
  return () => bits
})
const loadRegister = waiting((f, _e, i) => {
  const n = stackIndex(i, 0)
  f.finishPush(f.isEmpty(n) ? f.stackUnderflow() : f.isEmpty(7) ? f.st(n) : f.stackOverflow())
})

/** 18 digits and a sign. */
const loadDecimal = pushing((_f, e, i) => {
  const bits = loadExtended(e, memory(i, 0))
  return () => {
    let n = 0n
    for (let k = 17; k >= 0; k--) n = n * 10n + ((bits >> BigInt(4 * k)) & 15n)
    return n === 0n
      ? packExtended(bits >> 79n ? 1 : 0, 0, 0n)
      : exactly({ ...fromInteger(n), sign: bits >> 79n ? 1 : 0 })
  }
})

/** Memory operand 0 = `value`, unless an exception forbids it; then `pops`. */
function finishStore(f: Fpu, pops: number, store: () => void): void {
  if (!f.settle(true)) return
  store()
  for (let k = 0; k < pops; k++) f.pop()
}

/** ST(0) as a single or double. */
const storeReal = (w: 32 | 64, pops: number): Text =>
  waiting((f, e, i) => {
    const format = w === 32 ? SINGLE : DOUBLE
    const bits = f.isEmpty(0) ? indefiniteReal(f, format, true) : narrow(f, format, floatOf(f, 0))
    finishStore(f, pops, () => e.store(w, e.address(memory(i, 0)), w === 32 ? Number(bits) : bits))
  })
function indefiniteReal(f: Fpu, format: Format, empty: boolean): bigint {
  if (empty) f.stackUnderflow()
  else f.invalid()
  return packIndefinite(format)
}
function narrow(f: Fpu, format: Format, x: Float | undefined): bigint {
  if (!x) return indefiniteReal(f, format, false)
  if (isNaN(x)) {
    if (x.kind === 'signaling') f.raise(FSW.IE)
    return packQuiet(format, x.sign, x.significand >> BigInt(63 - format.fractionBits))
  }
  const { bits, up } = roundX87(f, format, x, 0)
  f.roundedUp = up
  return bits
}

const storeWhole = waiting((f, e, i) => {
  const bits = f.isEmpty(0) ? f.stackUnderflow() : f.st(0)
  finishStore(f, 1, () => storeExtended(e, memory(i, 0), bits))
})
const storeRegister = (pops: number): Text =>
  waiting((f, _e, i) => {
    const n = stackIndex(i, 0)
    f.finish(n, f.isEmpty(0) ? f.stackUnderflow() : f.st(0), pops)
  })

/** The form under D9 copies nothing, and raises nothing, when ST(0) is empty. */
const storeUnchecked = waiting((f, _e, i) => {
  const n = stackIndex(i, 0)
  f.finish(f.isEmpty(0) ? 0 : n, f.st(0), 1)
})

/** ST(0) rounded to an integer; undefined, and #I, unless its magnitude is at most `limit`, or `limit` + 1 when negative and `twos`. */
function integerOf(f: Fpu, truncate: boolean, fits: (n: bigint) => boolean): bigint | undefined {
  if (f.isEmpty(0)) {
    f.stackUnderflow()
    return undefined
  }
  const x = floatOf(f, 0)
  if (x?.kind === 'zero') return 0n
  if (x?.kind === 'finite' && x.exponent < 8) {
    const TOWARD_ZERO = 3
    const drop = Math.max(0, -x.exponent)
    const { value, inexact } = dropBits(
      truncate ? TOWARD_ZERO : f.rounding,
      x.sign,
      x.significand << BigInt(Math.max(0, x.exponent)),
      drop,
    )
    const n = x.sign ? -value : value
    if (fits(n)) {
      if (inexact) f.raise(FSW.PE)
      f.roundedUp = inexact && value > x.significand >> BigInt(drop)
      return n
    }
  }
  f.invalid()
  return undefined
}

const storeInteger = (w: 16 | 32 | 64, truncate: boolean, pops: number): Text =>
  waiting((f, e, i) => {
    const n = integerOf(f, truncate, (v) => BigInt.asIntN(w, v) === v) ?? 1n << BigInt(w - 1)
    finishStore(f, pops, () =>
      e.store(w, e.address(memory(i, 0)), w === 64 ? BigInt.asUintN(64, n) : Number(BigInt.asUintN(w, n))),
    )
  })

const DECIMAL_LIMIT = 10n ** 18n
const DECIMAL_INDEFINITE = 0xffff_c000_0000_0000_0000n

const storeDecimal = waiting((f, e, i) => {
  const n = integerOf(f, false, (v) => v < DECIMAL_LIMIT && v > -DECIMAL_LIMIT)
  let bits = DECIMAL_INDEFINITE
  if (n !== undefined) {
    bits = f.st(0) >> 79n ? 1n << 79n : 0n
    let rest = n < 0n ? -n : n
    for (let k = 0; k < 18; k++, rest /= 10n) bits |= (rest % 10n) << BigInt(4 * k)
  }
  finishStore(f, 1, () => storeExtended(e, memory(i, 0), bits))
})

/** Empty registers count as indefinite ones. */
const exchange = waiting((f, _e, i) => {
  const n = stackIndex(i, 1)
  const [a, b] = [0, n].map((k) => (f.isEmpty(k) ? f.stackUnderflow() : f.st(k))) as [bigint, bigint]
  if (!f.settle()) return
  f.setSt(0, b)
  f.setSt(n, a)
})

/** The significand that rounding down gives, and whether the true one lies above the middle. */
// prettier-ignore
const CONSTANTS = [
  ['FLD1', 'D9 E8', 0x3fff, 0x8000_0000_0000_0000n, 'exact'],
  ['FLDL2T', 'D9 E9', 0x4000, 0xd49a_784b_cd1b_8afen, 'below'],
  ['FLDL2E', 'D9 EA', 0x3fff, 0xb8aa_3b29_5c17_f0bbn, 'above'],
  ['FLDPI', 'D9 EB', 0x4000, 0xc90f_daa2_2168_c234n, 'above'],
  ['FLDLG2', 'D9 EC', 0x3ffd, 0x9a20_9a84_fbcf_f798n, 'above'],
  ['FLDLN2', 'D9 ED', 0x3ffe, 0xb172_17f7_d1cf_79abn, 'above'],
  ['FLDZ', 'D9 EE', 0, 0n, 'exact'],
] as const

/** Rounding control counts, the precision exception is not raised. */
const constant = (exponent: number, significand: bigint, rest: 'exact' | 'below' | 'above'): Text =>
  pushing((f) => () => {
    const up = rest !== 'exact' && (f.rounding === UP || (f.rounding === NEAREST && rest === 'above'))
    return packExtended(0, exponent, up ? significand + 1n : significand)
  })

const FLD = 'FLD—Load Floating-Point Value'
const FILD = 'FILD—Load Integer'
const FST = 'FST/FSTP—Store Floating-Point Value'
const FIST = 'FIST/FISTP—Store Integer'
const FISTTP = 'FISTTP—Store Integer With Truncation'
const FXCH = 'FXCH—Exchange Register Contents'

// The encodings without a place in the manual's tables (FXCH and FSTP under DD and DF, FSTP under D9) are in every processor.
// prettier-ignore
export const X87_MOVE: readonly Row[] = [
  insn({ mnemonic: 'FLD', spec: FLD, rows: [['D9 /0', 'Md'], ['DD /0', 'Mq']], slow: loadReal }),
  insn({ mnemonic: 'FLD', spec: FLD, rows: [['DB /5', 'M']], slow: loadWhole }),
  insn({ mnemonic: 'FLD', spec: FLD, rows: [['D9 /0 mod=3', 'STi']], slow: loadRegister }),
  insn({ mnemonic: 'FILD', spec: FILD, rows: [['DF /0', 'Mw'], ['DB /0', 'Md'], ['DF /5', 'Mq']], slow: loadInteger }),
  insn({ mnemonic: 'FBLD', spec: 'FBLD—Load Binary Coded Decimal', rows: [['DF /4', 'M']], slow: loadDecimal }),
  insn({ mnemonic: 'FST', spec: FST, rows: [['D9 /2', 'Md']], slow: storeReal(32, 0) }),
  insn({ mnemonic: 'FST', spec: FST, rows: [['DD /2', 'Mq']], slow: storeReal(64, 0) }),
  insn({ mnemonic: 'FSTP', spec: FST, rows: [['D9 /3', 'Md']], slow: storeReal(32, 1) }),
  insn({ mnemonic: 'FSTP', spec: FST, rows: [['DD /3', 'Mq']], slow: storeReal(64, 1) }),
  insn({ mnemonic: 'FSTP', spec: FST, rows: [['DB /7', 'M']], slow: storeWhole }),
  insn({ mnemonic: 'FST', spec: FST, rows: [['DD /2 mod=3', 'STi']], slow: storeRegister(0) }),
  insn({ mnemonic: 'FSTP', spec: FST, rows: [['DD /3 mod=3', 'STi'], ['DF /2 mod=3', 'STi'], ['DF /3 mod=3', 'STi']], slow: storeRegister(1) }),
  insn({ mnemonic: 'FSTP', spec: FST, rows: [['D9 /3 mod=3', 'STi']], slow: storeUnchecked }),
  insn({ mnemonic: 'FIST', spec: FIST, rows: [['DF /2', 'Mw']], slow: storeInteger(16, false, 0) }),
  insn({ mnemonic: 'FIST', spec: FIST, rows: [['DB /2', 'Md']], slow: storeInteger(32, false, 0) }),
  insn({ mnemonic: 'FISTP', spec: FIST, rows: [['DF /3', 'Mw']], slow: storeInteger(16, false, 1) }),
  insn({ mnemonic: 'FISTP', spec: FIST, rows: [['DB /3', 'Md']], slow: storeInteger(32, false, 1) }),
  insn({ mnemonic: 'FISTP', spec: FIST, rows: [['DF /7', 'Mq']], slow: storeInteger(64, false, 1) }),
  insn({ mnemonic: 'FISTTP', spec: FISTTP, feature: 'SSE3', rows: [['DF /1', 'Mw']], slow: storeInteger(16, true, 1) }),
  insn({ mnemonic: 'FISTTP', spec: FISTTP, feature: 'SSE3', rows: [['DB /1', 'Md']], slow: storeInteger(32, true, 1) }),
  insn({ mnemonic: 'FISTTP', spec: FISTTP, feature: 'SSE3', rows: [['DD /1', 'Mq']], slow: storeInteger(64, true, 1) }),
  insn({ mnemonic: 'FBSTP', spec: 'FBSTP—Store BCD Integer and Pop', rows: [['DF /6', 'M']], slow: storeDecimal }),
  insn({ mnemonic: 'FXCH', spec: FXCH, rows: [['D9 /1 mod=3', 'ST0, STi'], ['DD /1 mod=3', 'ST0, STi'], ['DF /1 mod=3', 'ST0, STi']], slow: exchange }),
  ...CONSTANTS.map(([mnemonic, opcode, exponent, significand, rest]) =>
    insn({ mnemonic, spec: 'FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ—Load Constant', rows: [[opcode, '']], slow: constant(exponent, significand, rest) }),
  ),
].flat()
