/** Rotates: ROL ROR RCL RCR. They change CF and OF alone. [SDM-1 "Rotate Instructions"] */
import type { CpuState } from '../cpu/index.ts'
import type { ArithmeticFlag } from '../spec/x86/index.ts'
import { packFlags } from './flag-bits.ts'
import type { Insn } from './insn.ts'
import type { Cpu } from './ops.ts'
import { get, operand, put } from './operand.ts'
import { insn } from './rows.ts'
import { constantCount, countInCL, countWith, shiftForms } from './shift.ts'

/** Undefined: OF but for rotates by one. */
function undefinedWith(i: Insn, state: CpuState): readonly ArithmeticFlag[] {
  return countWith(i, 1, state) > 1 ? ['OF'] : []
}

/** Writes the result, and CF and OF unless the masked count is 0. */
function finish<V>(m: Cpu<V>, i: Insn, r: V, CF: V, OF: V): void {
  put(m, i, 0, r)
  const n = constantCount(i, 1)
  if (n === undefined) m.setFlagsIf(m.ne(32, countInCL(m, i), m.lit(32, 0)), 'PACKED', 32, packFlags(m, { CF, OF }))
  else if (n > 0) m.setFlags('PACKED', 32, packFlags(m, { CF, OF }))
}

/**
 * Undefined: OF after rotates by more than one. Intel's processors leave it alone for a register and an immediate count, and take
 * the change of sign in the first step for the other forms.
 */
const overflow = <V>(m: Cpu<V>, i: Insn, firstStep: V): V =>
  (constantCount(i, 1) ?? 1) > 1 && operand(i, 0).kind === 'reg' ? m.flag('OF') : firstStep

function rotate<V>(m: Cpu<V>, i: Insn, left: boolean): void {
  const { w } = i
  const n = constantCount(i, 1)
  const count = n === undefined ? countInCL(m, i) : m.lit(32, n)
  const a = get(m, i, 0, true)
  const r = left ? m.rotl(w, a, count) : m.rotr(w, a, count)
  const sign = m.bit(w, a, w - 1)
  const changes = m.xor(8, sign, m.bit(w, a, left ? w - 2 : 0))
  finish(m, i, r, m.bit(w, r, left ? 0 : w - 1), overflow(m, i, changes))
}

/** Rotates through CF: w + 1 bits in a ring. By one, which is what compilers and long divisions use. */
function carryByOne<V>(m: Cpu<V>, i: Insn, left: boolean): void {
  const { w } = i
  const a = get(m, i, 0, true)
  const carry = m.zext(8, w, m.flag('CF'))
  const one = m.lit(32, 1)
  const r = left ? m.or(w, m.shl(w, a, one), carry) : m.or(w, m.shr(w, a, one), m.shl(w, carry, m.lit(32, w - 1)))
  finish(m, i, r, m.bit(w, a, left ? w - 1 : 0), m.bit(w, m.xor(w, a, r), w - 1))
}

/** Any other count, bit by bit: rare enough to be the evaluator's alone. */
function carryByCount(e: Cpu<number | bigint>, i: Insn, left: boolean): void {
  const { w } = i
  const W = BigInt(w)
  const count = BigInt(constantCount(i, 1) ?? Number(countInCL(e, i))) % (W + 1n)
  const ring = (BigInt(e.flag('CF')) << W) | BigInt(get(e, i, 0, true))
  const n = left ? count : W + 1n - count
  const turned = BigInt.asUintN(w + 1, (ring << n) | (ring >> (W + 1n - n)))
  const r = e.lit(w, BigInt.asUintN(w, turned))
  const CF = Number(turned >> W)
  const a = get(e, i, 0)
  // A whole number of turns changes no flag; else OF is that of the first step (Undefined: for counts other than 1).
  const OF = count === 0n ? e.flag('OF') : e.xor(8, e.bit(w, a, w - 1), left ? e.bit(w, a, w - 2) : e.flag('CF'))
  finish(e, i, r, CF, OF)
}

const byOne = (digit: number): ReturnType<typeof shiftForms> => shiftForms(digit).filter(([, o]) => o.endsWith('1'))
const byCount = (digit: number): ReturnType<typeof shiftForms> => shiftForms(digit).filter(([, o]) => !o.endsWith('1'))

// prettier-ignore
export const ROTATE = [
  insn({ mnemonic: 'ROL', spec: 'RCL/RCR/ROL/ROR—Rotate', undefinedWith, rows: shiftForms(0), op: (m, i) => rotate(m, i, true) }),
  insn({ mnemonic: 'ROR', spec: 'RCL/RCR/ROL/ROR—Rotate', undefinedWith, rows: shiftForms(1), op: (m, i) => rotate(m, i, false) }),
  insn({ mnemonic: 'RCL', spec: 'RCL/RCR/ROL/ROR—Rotate', undefinedWith, rows: byOne(2), op: (m, i) => carryByOne(m, i, true) }),
  insn({ mnemonic: 'RCR', spec: 'RCL/RCR/ROL/ROR—Rotate', undefinedWith, rows: byOne(3), op: (m, i) => carryByOne(m, i, false) }),
  insn({ mnemonic: 'RCL', spec: 'RCL/RCR/ROL/ROR—Rotate', undefinedWith, rows: byCount(2), slow: (e, i) => carryByCount(e, i, true) }),
  insn({ mnemonic: 'RCR', spec: 'RCL/RCR/ROL/ROR—Rotate', undefinedWith, rows: byCount(3), slow: (e, i) => carryByCount(e, i, false) }),
].flat()
