/**
 * XMM and YMM operands and their lanes, for the texts of the SSE and AVX families. A text made with what is below serves the legacy
 * form and the VEX forms of an instruction alike: it is a function of 128 bits, which a YMM register has twice.
 *
 *   legacy     xmm1, xmm2/m128             the destination is the first source; memory aligned; bits above 127 stay
 *   VEX.128    xmm1, xmm2, xmm3/m128       memory of any alignment; bits above 127 become zero
 *   VEX.256    ymm1, ymm2, ymm3/m256
 */
import { invariant } from '../base/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, MemoryOperand, Row } from './insn.ts'
import { operand } from './operand.ts'
import type { Cpu, FpWidth, Ops } from './ops.ts'

export type Op = NonNullable<Row['op']>
/** A function of whole registers. */
export type Binary = <V>(o: Ops<V>, a: V, b: V) => V
export type Unary = <V>(o: Ops<V>, x: V) => V

const ALIGNED = { aligned: 16 } as const
const ALIGNED_256 = { aligned: 32 } as const

/** The number of the XMM or YMM register that operand k is. */
export function xmmOf(i: Insn, k: number): number {
  const o = operand(i, k)
  invariant(o.kind === 'xmm' || o.kind === 'ymm', `${i.row.mnemonic}: operand ${k} is not a vector register`)
  return o.n
}
/** The operand that is the first source. */
export const firstSource = (i: Insn): number => (i.vex === 0 ? 0 : 1)
/** The operand that is the second source, or the only one. */
export function secondSource(i: Insn): number {
  const third = i.vex === 0 ? undefined : i.operands[2]
  return third === undefined || third.kind === 'imm' ? 1 : 2
}
/** The immediate byte that operand k is. */
export const immediate = (i: Insn, k: number): number => {
  const o = operand(i, k)
  invariant(o.kind === 'imm', `${i.row.mnemonic}: operand ${k} is not an immediate`)
  return Number(o.value & 0xffn)
}
/** The immediate byte of an instruction: its last operand. */
export const control = (i: Insn): number => immediate(i, i.operands.length - 1)
export const isMemory = (i: Insn, k: number): boolean => operand(i, k).kind === 'mem'

/** All 128 bits of operand k. Legacy SSE memory operands of 16 bytes must be aligned, but for the moves that say otherwise. */
export function whole<V>(m: Cpu<V>, i: Insn, k: number, aligned = i.vex === 0): V {
  const o = operand(i, k)
  if (o.kind === 'mem') return m.load(128, m.address(o), aligned ? ALIGNED : undefined)
  return m.xmm(xmmOf(i, k))
}
export function putWhole<V>(m: Cpu<V>, i: Insn, k: number, value: V, aligned = i.vex === 0): void {
  putHalves(m, i, k, [value], aligned)
}
/** Operand k in pieces of 128 bits, the lower first: one, or two where it has 256. */
export function halves<V>(m: Cpu<V>, i: Insn, k: number, aligned = i.vex === 0): readonly V[] {
  const o = operand(i, k)
  if (o.kind === 'ymm') return [m.xmm(o.n), m.ymmHigh(o.n)]
  if (o.kind === 'mem' && o.w === 256) return m.load256(m.address(o), aligned ? ALIGNED_256 : undefined)
  return [whole(m, i, k, aligned)]
}
/** What a VEX instruction does not write of its destination register becomes zero. */
export function putHalves<V>(m: Cpu<V>, i: Insn, k: number, values: readonly V[], aligned = i.vex === 0): void {
  const o = operand(i, k)
  const [low, high] = values
  invariant(low !== undefined, `${i.row.mnemonic}: no value for operand ${k}`)
  if (o.kind !== 'mem') {
    m.setXmm(xmmOf(i, k), low)
    if (i.vex !== 0) m.setYmmHigh(xmmOf(i, k), high ?? m.lit(128, 0))
  } else if (high === undefined) m.store(128, m.address(o), low, aligned ? ALIGNED : undefined)
  else m.store256(m.address(o), low, high, aligned ? ALIGNED_256 : undefined)
}
/** The result of an instruction, as `putHalves` of operand 0. */
export const setResult = <V>(m: Cpu<V>, i: Insn, ...values: readonly V[]): void => putHalves(m, i, 0, values)

/**
 * Linear address of the byte `offset` bytes into a memory operand, for instructions that reach it by an addition of their own: with
 * 32-bit addresses that is done before the segment base is added, and wraps.
 */
export function addressWithin(e: Evaluator, m: MemoryOperand, offset: number | bigint): bigint {
  const effective = e.effectiveAddress(m) as bigint
  const moved = BigInt.asUintN(m.a32 ? 32 : 64, effective + BigInt(offset))
  return BigInt.asUintN(64, (e.address(m) as bigint) - effective + moved)
}

/** The low 32 or 64 bits of operand k; memory of that size needs no alignment. */
export function low<V>(m: Cpu<V>, i: Insn, k: number, w: FpWidth): V {
  const o = operand(i, k)
  return o.kind === 'mem' ? m.load(w, m.address(o)) : lane(m, w, m.xmm(xmmOf(i, k)), 0)
}

/** `low` with zeros above. */
export function lowAlone<V>(m: Cpu<V>, i: Insn, k: number, w: FpWidth): V {
  const o = operand(i, k)
  return o.kind === 'mem' ? m.loadAlone(w, m.address(o)) : alone(m, w, low(m, i, k, w))
}

/** Lane k of width w. */
export const lane = <V>(o: Ops<V>, w: FpWidth, v: V, k: number): V =>
  o.simd(w === 32 ? 'i32x4.extract_lane' : 'i64x2.extract_lane', [v], k)
export const withLane = <V>(o: Ops<V>, w: FpWidth, v: V, k: number, value: V): V =>
  o.simd(w === 32 ? 'i32x4.replace_lane' : 'i64x2.replace_lane', [v, value], k)
/** `value` in the lowest lane, zeros above. */
export const alone = <V>(o: Ops<V>, w: FpWidth, value: V): V => withLane(o, w, o.lit(128, 0), 0, value)

/** Operand 0 becomes the first source with another lowest lane. */
export const mergeLow = <V>(m: Cpu<V>, i: Insn, w: FpWidth, value: V): void =>
  setResult(m, i, withLane(m, w, m.xmm(xmmOf(i, firstSource(i))), 0, value))

/** Vector built from lanes 0, 1, ... of width w. */
export const fromLanes = <V>(o: Ops<V>, w: FpWidth, values: readonly V[]): V =>
  values.reduce((v, value, k) => withLane(o, w, v, k, value), o.lit(128, 0))

/** f of the first source and the second, 128 bits at a time. */
export const binary = (f: Binary): Op => binaryBy(() => f)
/** The same with an immediate byte, which may mean something else for bits 255:128 (half 1). */
export const binaryBy =
  (choose: (control: number, half: number) => Binary): Op =>
  (m, i) => {
    const a = halves(m, i, firstSource(i))
    const b = halves(m, i, secondSource(i))
    const byte = i.operands.at(-1)?.kind === 'imm' ? control(i) : 0
    setResult(m, i, ...b.map((y, k) => choose(byte, k)(m, a[k] ?? y, y)))
  }
/** f of the only source, 128 bits at a time. */
export const unary = (f: Unary): Op => unaryBy(() => f)
export const unaryBy =
  (choose: (control: number, half: number) => Unary): Op =>
  (m, i) => {
    const byte = i.operands.at(-1)?.kind === 'imm' ? control(i) : 0
    setResult(m, i, ...halves(m, i, secondSource(i)).map((x, k) => choose(byte, k)(m, x)))
  }
