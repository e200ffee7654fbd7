/**
 * FMA: a product and a sum, rounded once. The digits of a name are the operands (counted from 1) that are multiplied and then the one
 * that is added: 213 is operand 2 * operand 1 + operand 3.
 */
import { invariant } from '../base/index.ts'
import type { Insn, Row } from './insn.ts'
import type { Cpu, FpWidth } from './ops.ts'
import { fromLanes, halves, lane, low, setResult, withLane, xmmOf, type Op } from './sse-operand.ts'

interface Form {
  readonly w: FpWidth
  /** Operand numbers, from 0: the factors and the addend. */
  readonly order: readonly [number, number, number]
  readonly negated: boolean
  /** Whether the addend is subtracted in lane k. */
  readonly subtracts: (k: number) => boolean
}
const fused = <V>(m: Cpu<V>, { w, order, negated, subtracts }: Form, k: number, operands: readonly V[]): V => {
  const [a, b, c] = order.map((n) => operands[n])
  invariant(a !== undefined && b !== undefined && c !== undefined, 'three operands')
  return m.fpFma(w, negated, subtracts(k), a, b, c)
}
const packed =
  (form: Form): Op =>
  <V>(m: Cpu<V>, i: Insn): void => {
    const { w } = form
    const operands = [0, 1, 2].map((n) => halves(m, i, n))
    const half = (n: number): V => {
      const parts = operands.map((list) => list[n] ?? m.lit(128, 0))
      const lanes = Array.from({ length: 128 / w }, (_, k) => parts.map((v) => lane(m, w, v, k)))
      return fromLanes(
        m,
        w,
        lanes.map((list, k) => fused(m, form, k, list)),
      )
    }
    setResult(m, i, half(0), ...(i.vex === 256 ? [half(1)] : []))
  }
/** The other lanes of the destination stay. */
const scalar =
  (form: Form): Op =>
  (m, i) => {
    const { w } = form
    const operands = [0, 1, 2].map((n) => low(m, i, n, w))
    setResult(m, i, withLane(m, w, m.xmm(xmmOf(i, 0)), 0, fused(m, form, 0, operands)))
  }

const WHAT: Readonly<Record<string, string>> = {
  VFMADD: 'Multiply-Add',
  VFMSUB: 'Multiply-Subtract',
  VFNMADD: 'Negative Multiply-Add',
  VFNMSUB: 'Negative Multiply-Subtract',
  VFMADDSUB: 'Multiply-Alternating Add/Subtract',
  VFMSUBADD: 'Multiply-Alternating Subtract/Add',
}
/** By the digits: also the upper half of the opcode byte. */
const ORDERS: Readonly<Record<string, readonly [high: number, order: Form['order']]>> = {
  132: [0x90, [0, 2, 1]],
  213: [0xa0, [1, 0, 2]],
  231: [0xb0, [1, 2, 0]],
}
/** One row for each name; `opcode` is the lower half of the opcode byte. */
function forms(opcode: number, names: string): Row[] {
  return names.split(' ').map((mnemonic) => {
    const [, base = '', digits = '', shape = '', type = ''] = /^(\D+)(\d+)([PS])([SD])$/.exec(mnemonic) ?? []
    const [high, order] = ORDERS[digits] ?? [0, [0, 0, 0]]
    const w = type === 'S' ? 32 : 64
    const subtracts =
      base === 'VFMADDSUB'
        ? (k: number) => k % 2 === 0
        : base === 'VFMSUBADD'
          ? (k: number) => k % 2 === 1
          : () => base.endsWith('SUB')
    const form: Form = { w, order, negated: base.startsWith('VFN'), subtracts }
    const t = (shape + type).toLowerCase()
    const all = ['132', '213', '231'].map((d) => `${base}${d}${shape}${type}`).join('/')
    return {
      mnemonic,
      opcode: `VEX.${shape === 'P' ? '128/256' : 'LIG'}.66.0F38.W${w === 32 ? 0 : 1} ${(high + opcode).toString(16).toUpperCase()} /r`,
      operands: `V${t}, H${t}, W${t}`,
      spec: `${all}—Fused ${WHAT[base]} of ${shape === 'P' ? 'Packed' : 'Scalar'} ${w === 32 ? 'Single' : 'Double'} Precision Floating-Point Values`,
      feature: 'FMA',
      op: shape === 'P' ? packed(form) : scalar(form),
    }
  })
}

// prettier-ignore
export const FMA: readonly Row[] = [
  ...forms(0x6, 'VFMADDSUB132PS VFMADDSUB132PD VFMADDSUB213PS VFMADDSUB213PD VFMADDSUB231PS VFMADDSUB231PD'),
  ...forms(0x7, 'VFMSUBADD132PS VFMSUBADD132PD VFMSUBADD213PS VFMSUBADD213PD VFMSUBADD231PS VFMSUBADD231PD'),
  ...forms(0x8, 'VFMADD132PS VFMADD132PD VFMADD213PS VFMADD213PD VFMADD231PS VFMADD231PD'),
  ...forms(0x9, 'VFMADD132SS VFMADD132SD VFMADD213SS VFMADD213SD VFMADD231SS VFMADD231SD'),
  ...forms(0xa, 'VFMSUB132PS VFMSUB132PD VFMSUB213PS VFMSUB213PD VFMSUB231PS VFMSUB231PD'),
  ...forms(0xb, 'VFMSUB132SS VFMSUB132SD VFMSUB213SS VFMSUB213SD VFMSUB231SS VFMSUB231SD'),
  ...forms(0xc, 'VFNMADD132PS VFNMADD132PD VFNMADD213PS VFNMADD213PD VFNMADD231PS VFNMADD231PD'),
  ...forms(0xd, 'VFNMADD132SS VFNMADD132SD VFNMADD213SS VFNMADD213SD VFNMADD231SS VFNMADD231SD'),
  ...forms(0xe, 'VFNMSUB132PS VFNMSUB132PD VFNMSUB213PS VFNMSUB213PD VFNMSUB231PS VFNMSUB231PD'),
  ...forms(0xf, 'VFNMSUB132SS VFNMSUB132SD VFNMSUB213SS VFNMSUB213SD VFNMSUB231SS VFNMSUB231SD'),
]
