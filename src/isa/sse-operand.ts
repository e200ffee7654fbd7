/** XMM operands and their lanes, for the texts of the SSE families. */
import { invariant } from '../base/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, MemoryOperand, Row } from './insn.ts'
import { operand } from './operand.ts'
import type { Cpu, FpWidth, Ops } from './ops.ts'

export type Op = NonNullable<Row['op']>
/** A function of whole registers. */
export type Binary = <V>(o: Ops<V>, a: V, b: V) => V

const ALIGNED = { aligned: 16 } as const

/** The number of the XMM register that operand k is. */
export function xmmOf(i: Insn, k: number): number {
  const o = operand(i, k)
  invariant(o.kind === 'xmm', `${i.row.mnemonic}: operand ${k} is not an XMM register`)
  return o.n
}
/** The immediate byte that operand k is. */
export const immediate = (i: Insn, k: number): number => {
  const o = operand(i, k)
  invariant(o.kind === 'imm', `${i.row.mnemonic}: operand ${k} is not an immediate`)
  return Number(o.value & 0xffn)
}
export const isMemory = (i: Insn, k: number): boolean => operand(i, k).kind === 'mem'

/** All 128 bits of operand k. Legacy SSE memory operands of 16 bytes must be aligned, but for the moves that say otherwise. */
export function whole<V>(m: Cpu<V>, i: Insn, k: number, aligned = true): V {
  const o = operand(i, k)
  if (o.kind === 'mem') return m.load(128, m.address(o), aligned ? ALIGNED : undefined)
  return m.xmm(xmmOf(i, k))
}
export function putWhole<V>(m: Cpu<V>, i: Insn, k: number, value: V, aligned = true): void {
  const o = operand(i, k)
  if (o.kind === 'mem') m.store(128, m.address(o), value, aligned ? ALIGNED : undefined)
  else m.setXmm(xmmOf(i, k), value)
}

/**
 * Linear address of the byte `offset` bytes into a memory operand, for instructions that reach it by an addition of their own: with
 * 32-bit addresses that is done before the segment base is added, and wraps.
 */
export function addressWithin(e: Evaluator, m: MemoryOperand, offset: number): bigint {
  const effective = e.effectiveAddress(m) as bigint
  const moved = BigInt.asUintN(m.a32 ? 32 : 64, effective + BigInt(offset))
  return BigInt.asUintN(64, (e.address(m) as bigint) - effective + moved)
}

/** The low 32 or 64 bits of operand k; memory of that size needs no alignment. */
export function low<V>(m: Cpu<V>, i: Insn, k: number, w: FpWidth): V {
  const o = operand(i, k)
  return o.kind === 'mem' ? m.load(w, m.address(o)) : lane(m, w, m.xmm(xmmOf(i, k)), 0)
}

/** Lane k of width w. */
export const lane = <V>(o: Ops<V>, w: FpWidth, v: V, k: number): V =>
  o.simd(w === 32 ? 'i32x4.extract_lane' : 'i64x2.extract_lane', [v], k)
export const withLane = <V>(o: Ops<V>, w: FpWidth, v: V, k: number, value: V): V =>
  o.simd(w === 32 ? 'i32x4.replace_lane' : 'i64x2.replace_lane', [v, value], k)
/** `value` in the lowest lane, zeros above. */
export const alone = <V>(o: Ops<V>, w: FpWidth, value: V): V => withLane(o, w, o.lit(128, 0), 0, value)

/** Replaces the lowest lane of the register that operand 0 is. */
export const mergeLow = <V>(m: Cpu<V>, i: Insn, w: FpWidth, value: V): void => {
  const n = xmmOf(i, 0)
  m.setXmm(n, withLane(m, w, m.xmm(n), 0, value))
}

/** Vector built from lanes 0, 1, ... of width w. */
export const fromLanes = <V>(o: Ops<V>, w: FpWidth, values: readonly V[]): V =>
  values.reduce((v, value, k) => withLane(o, w, v, k, value), o.lit(128, 0))

/** xmm1 = f(xmm1, xmm2/m128), memory aligned. */
export const binary =
  (f: Binary): Op =>
  (m, i) =>
    m.setXmm(xmmOf(i, 0), f(m, m.xmm(xmmOf(i, 0)), whole(m, i, 1)))
