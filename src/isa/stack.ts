/** The stack: PUSH POP PUSHFQ POPFQ ENTER LEAVE. [SDM-1 "Stack Manipulation Instructions"] */
import { fault } from '../cpu/index.ts'
import { RBP, RFLAGS, RSP } from '../spec/x86/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn } from './insn.ts'
import type { Cpu } from './ops.ts'
import { get, operand, put } from './operand.ts'
import { insn } from './rows.ts'
import { FS, GS, loadSegment } from './segment.ts'

export const STACK_ACCESS = { stack: true } as const

/** Operand size of a stack instruction: 64, or 16 with a 66 prefix. */
const stackWidth = (i: Insn): 16 | 64 => (i.w === 16 ? 16 : 64)

export function push<V>(m: Cpu<V>, w: 16 | 64, value: V): void {
  const sp = m.sub(64, m.reg(64, RSP), m.lit(64, w / 8))
  m.store(w, sp, value, STACK_ACCESS)
  m.setReg(64, RSP, sp)
}

/** The value on top; RSP goes past it and past `more` bytes. */
export function pop<V>(m: Cpu<V>, w: 16 | 64, more = 0): V {
  const sp = m.reg(64, RSP)
  const value = m.load(w, sp, STACK_ACCESS)
  m.setReg(64, RSP, m.add(64, sp, m.lit(64, w / 8 + more)))
  return value
}

function popOperand<V>(m: Cpu<V>, i: Insn): void {
  const w = stackWidth(i)
  const value = pop(m, w)
  const dst = operand(i, 0)
  // "If the RSP register is used as a base register, the address is computed after RSP is incremented."
  if (dst.kind === 'mem' && dst.base === RSP) m.store(w, m.address({ ...dst, disp: dst.disp + BigInt(w / 8) }), value)
  else put(m, i, 0, value)
}

/** What POPFQ can change at CPL 3 with IOPL 0, beside the six arithmetic flags. */
const POPPED =
  RFLAGS.CF |
  RFLAGS.PF |
  RFLAGS.AF |
  RFLAGS.ZF |
  RFLAGS.SF |
  RFLAGS.OF |
  RFLAGS.TF |
  RFLAGS.DF |
  RFLAGS.NT |
  RFLAGS.AC |
  RFLAGS.ID

function popFlags(e: Evaluator, i: Insn): void {
  setPoppedFlags(e, stackWidth(i), BigInt(pop(e, stackWidth(i))))
}

/** 16 bits leave the upper flags alone. Where TF is set now, whoever runs the program has to go on step by step. */
export function setPoppedFlags(e: Evaluator, w: Insn['w'], value: bigint): void {
  const mask = BigInt(w === 16 ? POPPED & 0xffff : POPPED)
  e.state.rflags = (e.state.rflags & ~mask) | (value & mask)
  if (e.state.trapFlag) e.leave({ kind: 'budget' })
}

/** ENTER 0, 0: PUSH RBP, and MOV RBP, RSP. The new stack top has been written to. */
function enterWithoutLinks<V>(m: Cpu<V>): void {
  const frame = m.sub(64, m.reg(64, RSP), m.lit(64, 8))
  m.store(64, frame, m.reg(64, RBP), STACK_ACCESS)
  m.setReg(64, RBP, frame)
  m.setReg(64, RSP, frame)
}

/** ENTER with nested frames pushes many times, which no text can. */
function enter(e: Evaluator, i: Insn): void {
  const w = stackWidth(i)
  const size = BigInt(w / 8)
  const [frameSize, level] = [BigInt(get(e, i, 0)), Number(get(e, i, 1)) % 32]
  const mask = (x: bigint): bigint => BigInt.asUintN(64, x)
  let sp = mask(e.state.gpr(RSP) - size)
  let bp = e.state.gpr(RBP)
  e.store(w, sp, e.reg(w, RBP), STACK_ACCESS)
  const frame = sp
  for (let k = 1; k < level; k++) {
    bp = mask(bp - size)
    sp = mask(sp - size)
    const link = e.load(w, bp, STACK_ACCESS)
    e.store(w, sp, link, STACK_ACCESS)
  }
  if (level > 0) {
    sp = mask(sp - size)
    e.store(w, sp, w === 64 ? frame : Number(frame & 0xffffn), STACK_ACCESS)
  }
  sp = mask(sp - frameSize)
  // "Checks that the new stack top can be written": done last, before any register changes.
  if (sp < 0x8000_0000_0000n) e.view.writable(Number(sp))
  else fault.SS(0)
  e.setReg(w, RBP, w === 64 ? frame : Number(frame & 0xffffn))
  e.setReg(64, RSP, sp)
}

// prettier-ignore
export const STACK = [
  insn({
    mnemonic: 'PUSH', spec: 'PUSH—Push Word, Doubleword, or Quadword Onto the Stack',
    rows: [['50 +r', 'Zv64'], ['FF /6', 'Ev64'], ['6A', 'Ibs64'], ['68', 'Iz64']],
    op: (m, i) => push(m, stackWidth(i), get(m, i, 0)),
  }),
  insn({
    mnemonic: 'PUSH', spec: 'PUSH—Push Word, Doubleword, or Quadword Onto the Stack', rows: [['0F A0', ''], ['0F A8', '']],
    // FS and GS hold null selectors.
    op: (m, i) => push(m, stackWidth(i), m.lit(stackWidth(i), 0)),
  }),
  insn({ mnemonic: 'POP', spec: 'POP—Pop a Value From the Stack', rows: [['58 +r', 'Zv64'], ['8F /0', 'Ev64']], op: popOperand }),
  insn({
    mnemonic: 'POP', spec: 'POP—Pop a Value From the Stack', enclave: 'UD', rows: [['0F A1', ''], ['0F A9', '']],
    // Only the selector is read, but RSP moves by the operand size.
    slow: (e, i) => {
      const selector = pop(e, 16, stackWidth(i) / 8 - 2)
      loadSegment(e, i.row.opcode === '0F A1' ? FS : GS, Number(selector))
    },
  }),
  insn({
    mnemonic: 'PUSHF/PUSHFQ/PUSHFQ', spec: 'PUSHF/PUSHFD/PUSHFQ—Push EFLAGS Register Onto the Stack', rows: [['9C', '']],
    slow: (e, i) => {
      const image = e.state.rflags & ~BigInt(RFLAGS.RF | RFLAGS.VM)
      push<number | bigint>(e, stackWidth(i), i.w === 16 ? Number(image & 0xffffn) : image)
    },
  }),
  insn({ mnemonic: 'POPF/POPFQ/POPFQ', spec: 'POPF/POPFD/POPFQ—Pop Stack Into EFLAGS Register', rows: [['9D', '']], slow: popFlags }),
  insn({
    mnemonic: 'ENTER', spec: 'ENTER—Make Stack Frame for Procedure Parameters', rows: [['C8', 'Iw, Ib']],
    op: enterWithoutLinks, slow: enter, isSlow: (i) => i.w === 16 || i.operands.some((o) => o.kind === 'imm' && o.value !== 0n),
  }),
  insn({
    mnemonic: 'LEAVE', spec: 'LEAVE—High Level Procedure Exit', rows: [['C9', '']],
    op: (m, i) => {
      const w = stackWidth(i)
      const frame = m.reg(64, RBP)
      const value = m.load(w, frame, STACK_ACCESS)
      m.setReg(64, RSP, m.add(64, frame, m.lit(64, w / 8)))
      m.setReg(w, RBP, value)
    },
  }),
].flat()
