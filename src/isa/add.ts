/** Addition, subtraction and comparison: ADD ADC SUB SBB CMP INC DEC NEG. [SDM-1 "Binary Arithmetic Instructions"] */
import type { Insn } from './insn.ts'
import type { Cpu } from './ops.ts'
import { get, isSameRegister, put } from './operand.ts'
import { insn, type Form } from './rows.ts'

const lock = { lock: true } as const

/** The nine forms that the eight classic two-operand instructions share, from the first opcode and the digit of 80, 81, 83. */
export function arithmeticForms(base: number, digit: number, writes: boolean): Form[] {
  const op = (n: number): string => (base + n).toString(16).toUpperCase().padStart(2, '0')
  const extra = writes ? lock : {}
  // prettier-ignore
  return [
    [`${op(0)} /r`, 'Eb, Gb', extra], [`${op(1)} /r`, 'Ev, Gv', extra], [`${op(2)} /r`, 'Gb, Eb'], [`${op(3)} /r`, 'Gv, Ev'],
    [op(4), 'AL, Ib'], [op(5), 'rAX, Iz'],
    [`80 /${digit}`, 'Eb, Ib', extra], [`81 /${digit}`, 'Ev, Iz', extra], [`83 /${digit}`, 'Ev, Ibs', extra],
  ]
}

const carry = <V>(m: Cpu<V>, i: Insn): V => m.zext(8, i.w, m.flag('CF'))

// prettier-ignore
export const ADD = [
  insn({
    mnemonic: 'ADD', spec: 'ADD—Add', rows: arithmeticForms(0x00, 0, true),
    op: (m, i) => {
      const [a, b] = [get(m, i, 0, true), get(m, i, 1)]
      put(m, i, 0, m.add(i.w, a, b))
      m.setFlags('ADD', i.w, a, b)
    },
  }),
  insn({
    mnemonic: 'ADC', spec: 'ADC—Add With Carry', rows: arithmeticForms(0x10, 2, true),
    op: (m, i) => {
      const [a, b, c] = [get(m, i, 0, true), get(m, i, 1), carry(m, i)]
      put(m, i, 0, m.add(i.w, m.add(i.w, a, b), c))
      m.setFlags('ADC', i.w, a, b, c)
    },
  }),
  insn({
    mnemonic: 'SUB', spec: 'SUB—Subtract', rows: arithmeticForms(0x28, 5, true),
    op: (m, i) => {
      // A register minus itself is the idiom for zero; it depends on nothing.
      const same = isSameRegister(i, 0, 1)
      const a = same ? m.lit(i.w, 0) : get(m, i, 0, true)
      const b = same ? a : get(m, i, 1)
      put(m, i, 0, same ? a : m.sub(i.w, a, b))
      m.setFlags('SUB', i.w, a, b)
    },
  }),
  insn({
    mnemonic: 'SBB', spec: 'SBB—Integer Subtraction With Borrow', rows: arithmeticForms(0x18, 3, true),
    op: (m, i) => {
      const c = carry(m, i)
      const same = isSameRegister(i, 0, 1)
      const a = same ? m.lit(i.w, 0) : get(m, i, 0, true)
      const b = same ? a : get(m, i, 1)
      put(m, i, 0, same ? m.sub(i.w, a, c) : m.sub(i.w, m.sub(i.w, a, b), c))
      m.setFlags('SBB', i.w, a, b, c)
    },
  }),
  insn({
    mnemonic: 'CMP', spec: 'CMP—Compare Two Operands', rows: arithmeticForms(0x38, 7, false),
    op: (m, i) => m.setFlags('SUB', i.w, get(m, i, 0), get(m, i, 1)),
  }),
  insn({
    mnemonic: 'INC', spec: 'INC—Increment by 1', rows: [['FE /0', 'Eb', lock], ['FF /0', 'Ev', lock]],
    op: (m, i) => {
      const r = m.add(i.w, get(m, i, 0, true), m.lit(i.w, 1))
      put(m, i, 0, r)
      m.setFlags('INC', i.w, r, undefined, carry(m, i))
    },
  }),
  insn({
    mnemonic: 'DEC', spec: 'DEC—Decrement by 1', rows: [['FE /1', 'Eb', lock], ['FF /1', 'Ev', lock]],
    op: (m, i) => {
      const r = m.sub(i.w, get(m, i, 0, true), m.lit(i.w, 1))
      put(m, i, 0, r)
      m.setFlags('DEC', i.w, r, undefined, carry(m, i))
    },
  }),
  insn({
    mnemonic: 'NEG', spec: 'NEG—Two\'s Complement Negation', rows: [['F6 /3', 'Eb', lock], ['F7 /3', 'Ev', lock]],
    op: (m, i) => {
      const a = get(m, i, 0, true)
      const zero = m.lit(i.w, 0)
      put(m, i, 0, m.sub(i.w, zero, a))
      m.setFlags('SUB', i.w, zero, a)
    },
  }),
].flat()
