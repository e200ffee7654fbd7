/** Multiplication and division: MUL IMUL DIV IDIV. [SDM-1 "Binary Arithmetic Instructions"] */
import { RAX, RDX } from '../spec/x86/index.ts'
import type { Insn } from './insn.ts'
import type { Cpu } from './ops.ts'
import { get, put } from './operand.ts'
import { insn } from './rows.ts'

/** Undefined: SF, ZF, AF and PF of products. Processors set SF and PF by the low half and clear AF and ZF. */
const undefinedFlags = ['SF', 'ZF', 'AF', 'PF'] as const

interface Product<V> {
  low: V
  high: V
  /** The high half does not follow from the low one: CF and OF. */
  overflow: V
}

function product<V>(m: Cpu<V>, w: Insn['w'], signed: boolean, a: V, b: V): Product<V> {
  if (w === 64) {
    const low = m.mul(64, a, b)
    const high = signed ? m.mulHighS(64, a, b) : m.mulHighU(64, a, b)
    return { low, high, overflow: m.ne(64, high, signed ? m.sar(64, low, m.lit(32, 63)) : m.lit(64, 0)) }
  }
  // Twice the width fits: 64 for 32, and 32 is enough for 16 and 8.
  const wide = w === 32 ? 64 : 32
  const extend = (x: V): V => (signed ? m.sext(w, wide, x) : m.zext(w, wide, x))
  const all = m.mul(wide, extend(a), extend(b))
  const low = m.trunc(wide, w, all)
  return { low, high: m.trunc(wide, w, m.shr(wide, all, m.lit(32, w))), overflow: m.ne(wide, all, extend(low)) }
}

/** RDX:RAX, or AX, becomes the product of RAX and the operand. */
function multiply<V>(m: Cpu<V>, i: Insn, signed: boolean): void {
  const { w } = i
  const { low, high, overflow } = product(m, w, signed, m.reg(w, RAX), get(m, i, 0))
  m.setReg(w, RAX, low)
  if (w === 8) m.setRegHigh(0, high)
  else m.setReg(w, RDX, high)
  setProductFlags(m, w, low, overflow)
}

/** IMUL with a destination: the low half alone. */
function multiplyLow<V>(m: Cpu<V>, i: Insn, a: V, b: V): void {
  const { low, overflow } = product(m, i.w, true, a, b)
  put(m, i, 0, low)
  setProductFlags(m, i.w, low, overflow)
}

function setProductFlags<V>(m: Cpu<V>, w: Insn['w'], low: V, overflow: V): void {
  m.setFlags('PRODUCT', w, low, undefined, m.zext(8, w, overflow))
}

/** #DE when the quotient does not fit. Undefined: all flags; they stay. */
function divide<V>(m: Cpu<V>, i: Insn, signed: boolean): void {
  const { w } = i
  const divisor = get(m, i, 0)
  const high = w === 8 ? m.regHigh(0) : m.reg(w, RDX)
  const { quotient, remainder } = signed
    ? m.divS(w, high, m.reg(w, RAX), divisor)
    : m.divU(w, high, m.reg(w, RAX), divisor)
  m.setReg(w, RAX, quotient)
  if (w === 8) m.setRegHigh(0, remainder)
  else m.setReg(w, RDX, remainder)
}

const undefinedByDivision = ['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'] as const

// prettier-ignore
export const MULTIPLY = [
  insn({ mnemonic: 'MUL', spec: 'MUL—Unsigned Multiply', undefinedFlags, rows: [['F6 /4', 'Eb'], ['F7 /4', 'Ev']], op: (m, i) => multiply(m, i, false) }),
  insn({ mnemonic: 'IMUL', spec: 'IMUL—Signed Multiply', undefinedFlags, rows: [['F6 /5', 'Eb'], ['F7 /5', 'Ev']], op: (m, i) => multiply(m, i, true) }),
  insn({
    mnemonic: 'IMUL', spec: 'IMUL—Signed Multiply', undefinedFlags, rows: [['0F AF /r', 'Gv, Ev']],
    op: (m, i) => multiplyLow(m, i, get(m, i, 0), get(m, i, 1)),
  }),
  insn({
    mnemonic: 'IMUL', spec: 'IMUL—Signed Multiply', undefinedFlags, rows: [['69 /r', 'Gv, Ev, Iz'], ['6B /r', 'Gv, Ev, Ibs']],
    op: (m, i) => multiplyLow(m, i, get(m, i, 1), get(m, i, 2)),
  }),
  insn({
    mnemonic: 'DIV', spec: 'DIV—Unsigned Divide', undefinedFlags: undefinedByDivision, rows: [['F6 /6', 'Eb'], ['F7 /6', 'Ev']],
    op: (m, i) => divide(m, i, false),
  }),
  insn({
    mnemonic: 'IDIV', spec: 'IDIV—Signed Divide', undefinedFlags: undefinedByDivision, rows: [['F6 /7', 'Eb'], ['F7 /7', 'Ev']],
    op: (m, i) => divide(m, i, true),
  }),
].flat()
