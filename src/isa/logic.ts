/** Bitwise logic: AND OR XOR NOT TEST. CF and OF become 0. [SDM-1 "Logical Instructions"] */
import { arithmeticForms } from './add.ts'
import { get, isSameRegister, put } from './operand.ts'
import { insn } from './rows.ts'

const lock = { lock: true } as const
const undefinedFlags = ['AF'] as const

// Undefined: AF after AND, OR, XOR and TEST; processors clear it.
// prettier-ignore
export const LOGIC = [
  insn({
    mnemonic: 'AND', spec: 'AND—Logical AND', undefinedFlags, rows: arithmeticForms(0x20, 4, true),
    op: (m, i) => {
      const r = m.and(i.w, get(m, i, 0, true), get(m, i, 1))
      put(m, i, 0, r)
      m.setFlags('LOGIC', i.w, r)
    },
  }),
  insn({
    mnemonic: 'OR', spec: 'OR—Logical Inclusive OR', undefinedFlags, rows: arithmeticForms(0x08, 1, true),
    op: (m, i) => {
      const r = m.or(i.w, get(m, i, 0, true), get(m, i, 1))
      put(m, i, 0, r)
      m.setFlags('LOGIC', i.w, r)
    },
  }),
  insn({
    mnemonic: 'XOR', spec: 'XOR—Logical Exclusive OR', undefinedFlags, rows: arithmeticForms(0x30, 6, true),
    op: (m, i) => {
      const r = isSameRegister(i, 0, 1) ? m.lit(i.w, 0) : m.xor(i.w, get(m, i, 0, true), get(m, i, 1))
      put(m, i, 0, r)
      m.setFlags('LOGIC', i.w, r)
    },
  }),
  insn({
    mnemonic: 'TEST', spec: 'TEST—Logical Compare', undefinedFlags,
    // F6 /1 and F7 /1 are not in the manual's table; processors take them for TEST.
    rows: [
      ['84 /r', 'Eb, Gb'], ['85 /r', 'Ev, Gv'], ['A8', 'AL, Ib'], ['A9', 'rAX, Iz'],
      ['F6 /0', 'Eb, Ib'], ['F7 /0', 'Ev, Iz'], ['F6 /1', 'Eb, Ib'], ['F7 /1', 'Ev, Iz'],
    ],
    op: (m, i) => {
      const a = get(m, i, 0)
      m.setFlags('LOGIC', i.w, isSameRegister(i, 0, 1) ? a : m.and(i.w, a, get(m, i, 1)))
    },
  }),
  insn({
    mnemonic: 'NOT', spec: 'NOT—One\'s Complement Negation', rows: [['F6 /2', 'Eb', lock], ['F7 /2', 'Ev', lock]],
    op: (m, i) => put(m, i, 0, m.not(i.w, get(m, i, 0, true))),
  }),
].flat()
