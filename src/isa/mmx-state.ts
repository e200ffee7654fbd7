/**
 * The MMX registers: MMn is the significand of physical x87 register n. An instruction that touches one sets TOP to 0 and marks all
 * eight in use; a register that is written gets an exponent of ones, so that the x87 sees no number in it.
 * [SDM-3 "Effect of MMX Instructions on x87 FPU Tag Word", SDM-1 "The MMX Technology Programming Environment"]
 */
import { FSW } from '../spec/x86/index.ts'
import { invariant } from '../base/index.ts'
import { fault, STATE } from '../cpu/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { get, operand } from './operand.ts'
import { Fpu } from './x87-state.ts'

export type Slow = NonNullable<Row['slow']>

const REGISTERS = 8
const ONES_ABOVE = 0xffffn << 64n

/** The number of the MMX register that operand k is. */
export function mmxOf(i: Insn, k: number): number {
  const o = operand(i, k)
  invariant(o.kind === 'mm', `${i.row.mnemonic}: operand ${k} is not an MMX register`)
  return o.n
}
export const mmx = (e: Evaluator, n: number): bigint => e.state.ram.u64[(STATE.X87_REGS + 16 * n) / 8] ?? 0n

/** Operand k: an MMX register whole, or memory of its width. */
export const source = (e: Evaluator, i: Insn, k: number): bigint =>
  operand(i, k).kind === 'mm' ? mmx(e, mmxOf(i, k)) : BigInt(get(e, i, k))

function markInUse(f: Fpu): void {
  for (let n = 0; n < REGISTERS; n++) f.setSt(n, f.st(n))
}

/**
 * `text` reads, computes and may fault; what it returns goes to the MMX register that operand 0 is, undefined to none. A pending x87
 * exception comes before everything else; an unmasked SIMD exception keeps only the value from being written.
 *
 * `stays`: what a fault of the text finds changed already. Undefined: stores that fault have set TOP, MASKMOVQ has marked the registers, too (seen
 * on Intel's processors).
 */
export const withMmx =
  (text: (e: Evaluator, i: Insn) => bigint | undefined, stays?: 'TOP' | 'all'): Slow =>
  (e, i) => {
    const f = new Fpu(e.state)
    if (f.status & FSW.ES) fault.MF()
    f.top = 0
    if (stays === 'all') markInUse(f)
    if (stays) f.commit()
    const value = text(e, i)
    markInUse(f)
    if (value !== undefined && !e.fpEnv.outcome().traps) f.setSt(mmxOf(i, 0), ONES_ABOVE | value)
    f.commit()
  }

/** mm = f(mm, mm/m64), or the low half of memory or register for the unpacks. */
export const binary = (f: (a: bigint, b: bigint) => bigint): Slow =>
  withMmx((e, i) => BigInt.asUintN(64, f(source(e, i, 0), source(e, i, 1))))
export const unary = (f: (b: bigint) => bigint): Slow => withMmx((e, i) => BigInt.asUintN(64, f(source(e, i, 1))))
