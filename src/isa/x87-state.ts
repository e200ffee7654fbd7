/**
 * The x87 registers as one instruction sees them. [SDM-1 "x87 FPU Execution Environment"]
 *
 * STATE.X87_REGS and the tag word go by physical numbers; ST(i) is physical register (TOP + i) mod 8.
 *
 * Deviation: the last instruction's opcode and pointers (FOP, FIP, FDP) are not kept; FNSTENV, FNSAVE and FXSAVE write zeros.
 */
import { controlWord, fault, STATE, tagOf, withSummary, type CpuState } from '../cpu/index.ts'
import { EMPTY, FCW, FCW_RESET, FSW } from '../spec/x86/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { operand } from './operand.ts'
import { invariant } from '../base/index.ts'
import { EXTENDED, PRECISIONS, roundExtended, unpackExtended } from './softfloat/extended.ts'
import type { Float, Format } from './softfloat/format.ts'
import type { FloatControl } from './softfloat/round.ts'

const PRE_COMPUTATION = FSW.IE | FSW.DE | FSW.ZE
/** QNaN floating-point indefinite: the masked answer to an invalid operation. */
export const INDEFINITE = 0xffff_c000_0000_0000_0000n

/** Control, status and tag words, and the registers by their places on the stack. */
export class Fpu implements FloatControl {
  private readonly state: CpuState
  control: number
  /** ES and B are those of before the instruction; `commit` brings them up to date. */
  status: number
  tags: number
  /** Exceptions of this instruction so far, in the places of the status word. */
  raised = 0
  /** The result's magnitude was rounded up; or the stack overflowed: C1. */
  roundedUp = false

  constructor(state: CpuState) {
    this.state = state
    const { u16 } = state.ram
    // Whoever restored the words from an image of the program's may have left them as they were there.
    this.control = controlWord(u16[STATE.X87 / 2] ?? 0)
    this.status = withSummary(u16[STATE.X87 / 2 + 1] ?? 0, this.control)
    this.tags = u16[STATE.X87 / 2 + 2] ?? 0
  }

  /** Makes changes of the three words last. What comes before it must not fault. */
  commit(): void {
    const { u16 } = this.state.ram
    u16[STATE.X87 / 2] = this.control
    u16[STATE.X87 / 2 + 1] = withSummary(this.status, this.control)
    u16[STATE.X87 / 2 + 2] = this.tags
  }

  get top(): number {
    return (this.status >> 11) & 7
  }
  set top(value: number) {
    this.status = (this.status & ~FSW.TOP) | ((value & 7) << 11)
  }
  physical(i: number): number {
    return (this.top + i) & 7
  }
  isEmpty(i: number): boolean {
    return ((this.tags >> (2 * this.physical(i))) & 3) === EMPTY
  }
  /** The 80 bits of ST(i). */
  st(i: number): bigint {
    const at = STATE.X87_REGS + 16 * this.physical(i)
    const { dv } = this.state.ram
    return (BigInt(dv.getUint16(at + 8, true)) << 64n) | dv.getBigUint64(at, true)
  }
  setSt(i: number, value: bigint): void {
    const n = this.physical(i)
    const at = STATE.X87_REGS + 16 * n
    const { dv } = this.state.ram
    dv.setBigUint64(at, BigInt.asUintN(64, value), true)
    dv.setUint16(at + 8, Number(value >> 64n), true)
    this.tags = (this.tags & ~(3 << (2 * n))) | (tagOf(value) << (2 * n))
  }
  free(i: number): void {
    this.tags |= EMPTY << (2 * this.physical(i))
  }
  pop(): void {
    this.free(0)
    this.top++
  }

  /** As after FNINIT; the registers keep what they held, but are empty. */
  initialize(): void {
    this.control = FCW_RESET
    this.status = 0
    this.tags = 0xffff
  }

  get rounding(): number {
    return (this.control & FCW.RC) >> 10
  }
  get unmasked(): number {
    return ~this.control & FCW.MASKS
  }
  readonly denormalsAreZero = false
  readonly flushToZero = false
  raise(flags: number): void {
    this.raised |= flags
  }

  /** #IS: a source register is empty, or the register to be pushed into is not. C1 tells which. */
  stackUnderflow(): bigint {
    this.raised |= FSW.IE | FSW.SF
    return INDEFINITE
  }
  stackOverflow(): bigint {
    this.roundedUp = true
    return this.stackUnderflow()
  }
  invalid(): bigint {
    this.raised |= FSW.IE
    return INDEFINITE
  }
  /** The format that precision control asks for. */
  get precision(): Format {
    return PRECISIONS[(this.control & FCW.PC) >> 8] ?? EXTENDED
  }
  /** Rounds a result for a register. */
  round(x: Float, precision: Format = this.precision): bigint {
    const { bits, up } = roundExtended(this, precision, x)
    this.roundedUp = up
    return bits
  }

  /**
   * Exceptions so far become status flags. True if the result may be written: an unmasked invalid operation, denormal operand or
   * division by zero, found before the result was computed, leaves the registers as they were, and nothing is known about overflow, underflow
   * and precision. `toMemory`: nothing is stored after an unmasked overflow or underflow either, and nothing known about precision.
   */
  settle(toMemory = false): boolean {
    const early = this.raised & this.unmasked & PRE_COMPUTATION
    const stops = early | (toMemory ? this.raised & this.unmasked & (FSW.OE | FSW.UE) : 0)
    const flags = early ? this.raised & (PRE_COMPUTATION | FSW.SF) : stops ? this.raised & ~FSW.PE : this.raised
    const up = this.roundedUp && (flags & (FSW.PE | FSW.SF)) !== 0
    this.status = (this.status & ~FSW.C1) | flags | (up ? FSW.C1 : 0)
    this.raised = 0
    this.roundedUp = false
    return !stops
  }

  /** The end of an instruction whose result goes to ST(i); then `pops`. True if it was written. */
  finish(i: number, value: bigint, pops = 0): boolean {
    const writes = this.settle()
    if (writes) {
      this.setSt(i, value)
      for (let k = 0; k < pops; k++) this.pop()
    }
    return writes
  }
  /** The end of an instruction that pushes its result. */
  finishPush(value: bigint): void {
    if (!this.settle()) return
    this.top--
    this.setSt(0, value)
  }
}

/** The fields of ST(i), which is not empty; undefined for an unsupported encoding. */
export const floatOf = (f: Fpu, i: number): Float | undefined => unpackExtended(f.st(i))

/** An instruction that looks at no pending exception (FNxxx). */
export const noWait =
  (text: (f: Fpu, e: Evaluator, i: Insn) => void): NonNullable<Row['slow']> =>
  (e, i) => {
    const f = new Fpu(e.state)
    text(f, e, i)
    f.commit()
  }

/** A pending exception is delivered before the instruction does anything. [SDM-1 "x87 FPU Exception Synchronization"] */
export const waiting = (text: (f: Fpu, e: Evaluator, i: Insn) => void): NonNullable<Row['slow']> =>
  noWait((f, e, i) => {
    if (f.status & FSW.ES) fault.MF()
    text(f, e, i)
  })

/** The i of ST(i) that operand k is. */
export function stackIndex(i: Insn, k: number): number {
  const o = operand(i, k)
  invariant(o.kind === 'st', `${i.row.mnemonic}: operand ${k} is not an x87 register`)
  return o.n
}
