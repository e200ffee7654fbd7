/** Shifts: SHL (SAL) SHR SAR SHLD SHRD. [SDM-1 "Shift and Rotate Instructions"] */
import type { CpuState } from '../cpu/index.ts'
import { RCX, type ArithmeticFlag } from '../spec/x86/index.ts'
import type { FlagRecipe } from './flags.ts'
import type { Insn } from './insn.ts'
import type { Cpu } from './ops.ts'
import { get, operand, put } from './operand.ts'
import { insn, type Form } from './rows.ts'

/** The six forms of each shift and rotate of one operand, by the digit of D0-D3, C0, C1. */
export const shiftForms = (digit: number): Form[] => [
  [`D0 /${digit}`, 'Eb, 1'],
  [`D1 /${digit}`, 'Ev, 1'],
  [`D2 /${digit}`, 'Eb, CL'],
  [`D3 /${digit}`, 'Ev, CL'],
  [`C0 /${digit}`, 'Eb, Ib'],
  [`C1 /${digit}`, 'Ev, Ib'],
]

/** "The count is masked to 5 bits (or 6 bits with a 64-bit operand)." */
export const countMask = (i: Insn): number => (i.w === 64 ? 63 : 31)

/** The masked count in operand k, if it is an immediate. */
export function constantCount(i: Insn, k: number): number | undefined {
  const o = operand(i, k)
  return o.kind === 'imm' ? Number(o.value) & countMask(i) : undefined
}

/** The masked count in CL, width 32. */
export const countInCL = <V>(m: Cpu<V>, i: Insn): V => m.and(32, m.reg(32, RCX), m.lit(32, countMask(i)))

/** The masked count of operand k with these register values. */
export const countWith = (i: Insn, k: number, state: CpuState): number =>
  constantCount(i, k) ?? Number(state.gpr(RCX) & 0xffn) & countMask(i)

/** Undefined: AF; OF but for shifts by one; CF of SHL and SHR by more than the operand has bits. A count of 0 leaves all flags. */
function undefinedWith(i: Insn, state: CpuState): readonly ArithmeticFlag[] {
  const count = countWith(i, 1, state)
  if (count === 0) return []
  if (count === 1) return ['AF']
  return count > i.w && i.row.mnemonic !== 'SAR' ? ['AF', 'OF', 'CF'] : ['AF', 'OF']
}

/**
 * A shift by n is a shift by n - 1 and one more by one: its flags follow from the operand of that last step, and OF from the
 * first step's.
 */
function shift<V>(m: Cpu<V>, i: Insn, by: 'shl' | 'shr' | 'sar', recipe: FlagRecipe): void {
  const { w } = i
  const a = get(m, i, 0, true)
  const n = constantCount(i, 1)
  if (n === undefined) {
    const count = countInCL(m, i)
    put(m, i, 0, m[by](w, a, count))
    const before = m[by](w, a, m.and(32, m.sub(32, count, m.lit(32, 1)), m.lit(32, countMask(i))))
    m.setFlagsIf(m.ne(32, count, m.lit(32, 0)), recipe, w, before, recipe === 'SAR' ? undefined : a)
  } else if (n === 0) {
    put(m, i, 0, a)
  } else {
    put(m, i, 0, m[by](w, a, m.lit(32, n)))
    m.setFlags(recipe, w, n === 1 ? a : m[by](w, a, m.lit(32, n - 1)), recipe === 'SAR' ? undefined : a)
  }
}

function undefinedDouble(i: Insn, state: CpuState): readonly ArithmeticFlag[] {
  const count = countWith(i, 2, state)
  if (count === 0) return []
  if (count > i.w) return ['AF', 'OF', 'CF', 'SF', 'ZF', 'PF']
  return count === 1 ? ['AF'] : ['AF', 'OF']
}

function doubleShift<V>(m: Cpu<V>, i: Insn, left: boolean): void {
  const { w } = i
  const [a, b] = [get(m, i, 0, true), get(m, i, 1)]
  const n = constantCount(i, 2)
  if (n === 0) return put(m, i, 0, a)
  const count = n === undefined ? countInCL(m, i) : m.lit(32, n)
  const before = n === undefined ? m.and(32, m.sub(32, count, m.lit(32, 1)), m.lit(32, countMask(i))) : m.lit(32, n - 1)
  const by = (c: V): V => (w === 16 ? double16(m, left, a, b, c) : doubleWide(m, w === 64 ? 64 : 32, left, a, b, c))
  const r = by(count)
  // CF is the last bit to leave, OF the change of sign in the first step, whatever the count (Undefined: for others than 1).
  const CF = m.bit(w, by(before), left ? w - 1 : 0)
  const OF = left ? m.bit(w, m.xor(w, a, m.add(w, a, a)), w - 1) : m.xor(8, m.bit(w, b, 0), m.bit(w, a, w - 1))
  const c = m.or(w, m.zext(8, w, CF), m.shl(w, m.zext(8, w, OF), m.lit(32, 1)))
  put(m, i, 0, r)
  if (n === undefined) m.setFlagsIf(m.ne(32, count, m.lit(32, 0)), 'RESULT', w, r, undefined, c)
  else m.setFlags('RESULT', w, r, undefined, c)
}

/** In two steps, so that no shift reaches w: b >> (w - count) = (b >> 1) >> (w - 1 - count). Right for a count of 0, too. */
function doubleWide<V>(m: Cpu<V>, w: 32 | 64, left: boolean, a: V, b: V, count: V): V {
  const rest = m.xor(32, count, m.lit(32, w - 1))
  const one = m.lit(32, 1)
  return left
    ? m.or(w, m.shl(w, a, count), m.shr(w, m.shr(w, b, one), rest))
    : m.or(w, m.shr(w, a, count), m.shl(w, m.shl(w, b, one), rest))
}

/** Undefined: counts above 16. Processors go on with the destination's own bits, as a rotation of a:b:a. */
function double16<V>(m: Cpu<V>, left: boolean, a: V, b: V, count: V): V {
  const wide = (x: V): V => m.zext(16, 64, x)
  const at = (x: V, n: number): V => m.shl(64, wide(x), m.lit(32, n))
  const all = m.or(64, m.or(64, at(a, 32), at(b, 16)), wide(a))
  return m.trunc(64, 16, left ? m.shr(64, m.shl(64, all, count), m.lit(32, 32)) : m.shr(64, all, count))
}

// prettier-ignore
export const SHIFT = [
  insn({
    // /6 is not in the manual's table; processors take it for SHL.
    mnemonic: 'SHL', spec: 'SAL/SAR/SHL/SHR—Shift', undefinedWith, rows: [...shiftForms(4), ...shiftForms(6)],
    op: (m, i) => shift(m, i, 'shl', 'SHL'),
  }),
  insn({ mnemonic: 'SHR', spec: 'SAL/SAR/SHL/SHR—Shift', undefinedWith, rows: shiftForms(5), op: (m, i) => shift(m, i, 'shr', 'SHR') }),
  insn({ mnemonic: 'SAR', spec: 'SAL/SAR/SHL/SHR—Shift', undefinedWith, rows: shiftForms(7), op: (m, i) => shift(m, i, 'sar', 'SAR') }),
  insn({
    mnemonic: 'SHLD', spec: 'SHLD—Double Precision Shift Left', undefinedWith: undefinedDouble,
    rows: [['0F A4 /r', 'Ev, Gv, Ib'], ['0F A5 /r', 'Ev, Gv, CL']],
    op: (m, i) => doubleShift(m, i, true),
  }),
  insn({
    mnemonic: 'SHRD', spec: 'SHRD—Double Precision Shift Right', undefinedWith: undefinedDouble,
    rows: [['0F AC /r', 'Ev, Gv, Ib'], ['0F AD /r', 'Ev, Gv, CL']],
    op: (m, i) => doubleShift(m, i, false),
  }),
].flat()
