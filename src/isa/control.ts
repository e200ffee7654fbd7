/**
 * Control transfer: JMP CALL RET Jcc JRCXZ LOOP, near only. [SDM-1 "Control Transfer Instructions"]
 * In 64-bit mode a 66 prefix does not make near branches shorter: operands and RIP stay 64 bits.
 */
import { RCX } from '../spec/x86/index.ts'
import { invariant } from '../base/index.ts'
import type { Insn } from './insn.ts'
import { forEachCondition } from './move.ts'
import type { Cpu } from './ops.ts'
import { get, operand } from './operand.ts'
import { insn } from './rows.ts'
import { pop, push } from './stack.ts'

export function target(i: Insn): number {
  const t = operand(i, 0)
  invariant(t.kind === 'rel', `${i.row.mnemonic}: no branch offset`)
  return t.target
}

const next = <V>(m: Cpu<V>, i: Insn): V => m.lit(64, i.address + i.length)

/** The count register: its width is the address size. */
const countWidth = (i: Insn): 32 | 64 => (i.a32 ? 32 : 64)

function loop<V>(m: Cpu<V>, i: Insn, also?: V): void {
  const w = countWidth(i)
  const count = m.sub(w, m.reg(w, RCX), m.lit(w, 1))
  m.setReg(w, RCX, count)
  const some = m.ne(w, count, m.lit(w, 0))
  m.branch('jump', target(i), also === undefined ? some : m.and(8, some, also))
}

// prettier-ignore
export const CONTROL = [
  insn({ mnemonic: 'JMP', spec: 'JMP—Jump', flow: 'jump', rows: [['EB', 'Jb'], ['E9', 'Jz']], op: (m, i) => m.branch('jump', target(i)) }),
  insn({ mnemonic: 'JMP', spec: 'JMP—Jump', flow: 'jump', rows: [['FF /4', 'Eq']], op: (m, i) => m.jump('jump', get(m, i, 0)) }),
  insn({
    mnemonic: 'CALL', spec: 'CALL—Call Procedure', flow: 'call', rows: [['E8', 'Jz']],
    op: (m, i) => {
      push(m, 64, next(m, i))
      m.branch('call', target(i))
    },
  }),
  insn({
    mnemonic: 'CALL', spec: 'CALL—Call Procedure', flow: 'call', rows: [['FF /2', 'Eq']],
    op: (m, i) => {
      // A target that is not canonical faults when the return address is written already.
      m.jump('call', get(m, i, 0), () => push(m, 64, next(m, i)))
    },
  }),
  insn({
    mnemonic: 'RET', spec: 'RET—Return From Procedure', flow: 'ret', rows: [['C3', '']],
    op: (m) => m.jump('ret', pop(m, 64)),
  }),
  insn({
    mnemonic: 'RET', spec: 'RET—Return From Procedure', flow: 'ret', rows: [['C2', 'Iw']],
    op: (m, i) => {
      const o = operand(i, 0)
      m.jump('ret', pop(m, 64, o.kind === 'imm' ? Number(o.value) : 0))
    },
  }),
  forEachCondition((name, cc, digit) =>
    insn({
      mnemonic: `J${name}`, spec: 'Jcc—Jump if Condition Is Met', flow: 'branch', rows: [[`7${digit}`, 'Jb'], [`0F 8${digit}`, 'Jz']],
      op: (m, i) => m.branch('jump', target(i), m.condition(cc)),
    }),
  ).flat(),
  insn({
    mnemonic: 'JRCXZ', spec: 'Jcc—Jump if Condition Is Met', flow: 'branch', rows: [['E3', 'Jb']],
    op: (m, i) => m.branch('jump', target(i), m.eq(countWidth(i), m.reg(countWidth(i), RCX), m.lit(countWidth(i), 0))),
  }),
  insn({ mnemonic: 'LOOP', spec: 'LOOP/LOOPcc—Loop According to ECX Counter', flow: 'branch', rows: [['E2', 'Jb']], op: (m, i) => loop(m, i) }),
  insn({ mnemonic: 'LOOPE', spec: 'LOOP/LOOPcc—Loop According to ECX Counter', flow: 'branch', rows: [['E1', 'Jb']], op: (m, i) => loop(m, i, m.condition(4)) }),
  insn({ mnemonic: 'LOOPNE', spec: 'LOOP/LOOPcc—Loop According to ECX Counter', flow: 'branch', rows: [['E0', 'Jb']], op: (m, i) => loop(m, i, m.condition(5)) }),
].flat()
