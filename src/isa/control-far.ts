/**
 * Far transfers: CALL JMP RET with a selector, IRET. At privilege level 3 under Linux they can only stay where they are: in 64-bit code of
 * level 3. [SDM-1 "Control Transfer Instructions", SDM-3 "Returning from a Called Procedure"]
 */
import { fault } from '../cpu/index.ts'
import { RFLAGS, RSP } from '../spec/x86/index.ts'
import type { Value } from './eval-ops.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn } from './insn.ts'
import { get } from './operand.ts'
import { insn, type Form } from './rows.ts'
import { checkCodeSegment, checkStackSegment, farPointer, USER_CS } from './segment.ts'
import { setPoppedFlags, STACK_ACCESS } from './stack.ts'

/** The stack's k-th item of the operand size. Of a selector only 16 bits are read. */
const itemAddress = (e: Evaluator, i: Insn, k: number): bigint =>
  BigInt.asUintN(64, e.state.gpr(RSP) + BigInt((k * i.w) / 8))
const item = (e: Evaluator, i: Insn, k: number): Value => e.load(i.w, itemAddress(e, i, k), STACK_ACCESS)
const selectorAt = (e: Evaluator, i: Insn, k: number): number =>
  e.load(16, itemAddress(e, i, k), STACK_ACCESS) as number

function jumpFar(e: Evaluator, i: Insn): void {
  const { offset, selector } = farPointer(e, i, 0)
  checkCodeSegment(selector)
  e.jump('jump', BigInt(offset))
}

function callFar(e: Evaluator, i: Insn): void {
  const { offset, selector } = farPointer(e, i, 0)
  checkCodeSegment(selector)
  const size = BigInt(i.w / 8)
  const sp = BigInt.asUintN(64, e.state.gpr(RSP) - 2n * size)
  e.store(i.w, BigInt.asUintN(64, sp + size), e.lit(i.w, USER_CS), STACK_ACCESS)
  e.store(i.w, sp, e.lit(i.w, BigInt(i.address + i.length)), STACK_ACCESS)
  e.setReg(64, RSP, sp)
  e.jump('jump', BigInt(offset))
}

/** Processors read the selector first. */
function returnFar(e: Evaluator, i: Insn): void {
  const more = i.operands.length > 0 ? BigInt(get(e, i, 0)) : 0n
  const cs = selectorAt(e, i, 1)
  const target = item(e, i, 0)
  checkCodeSegment(cs, true)
  e.setReg(64, RSP, BigInt.asUintN(64, e.state.gpr(RSP) + BigInt(i.w / 4) + more))
  e.jump('jump', BigInt(target))
}

/** In 64-bit mode IRET always takes five items: RIP, CS, RFLAGS, RSP, SS. Processors read RFLAGS first, then CS. */
function interruptReturn(e: Evaluator, i: Insn): void {
  if (e.state.rflags & BigInt(RFLAGS.NT)) fault.GP(0)
  const flags = item(e, i, 2)
  const cs = selectorAt(e, i, 1)
  const target = item(e, i, 0)
  checkCodeSegment(cs, true)
  const sp = item(e, i, 3)
  checkStackSegment(selectorAt(e, i, 4))
  e.jump('jump', BigInt(target))
  e.setReg(64, RSP, BigInt(sp))
  setPoppedFlags(e, i.w, BigInt(flags))
}

/** FF /3 and its like: the operand size is that of the offset. */
const form = (opcode: string, operands: string): Form => [opcode, operands, { enclave: 'UD', flow: 'exit' }]

// prettier-ignore
export const CONTROL_FAR = [
  insn({ mnemonic: 'CALLF', spec: 'CALL—Call Procedure', rows: [form('FF /3', 'M')], slow: callFar }),
  insn({ mnemonic: 'JMPF', spec: 'JMP—Jump', rows: [form('FF /5', 'M')], slow: jumpFar }),
  insn({ mnemonic: 'RETF', spec: 'RET—Return From Procedure', rows: [form('CB', ''), form('CA', 'Iw')], slow: returnFar }),
  insn({ mnemonic: 'IRET/IRETD/IRETQ', spec: 'IRET/IRETD/IRETQ—Interrupt Return', rows: [form('CF', '')], slow: interruptReturn }),
].flat()
