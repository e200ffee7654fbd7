/** SSE4.1 floating point: dot products and rounding to integers. */
import type { Insn, Row } from './insn.ts'
import type { Cpu, FpRounding, FpWidth, Ops } from './ops.ts'
import {
  control,
  firstSource,
  fromLanes,
  halves,
  lane,
  low,
  mergeLow,
  secondSource,
  setResult,
  unaryBy,
  type Op,
} from './sse-operand.ts'

/**
 * Sum of the products that bits 7-4 of the immediate choose, in the lanes that bits 3-0 choose, for every 128 bits. Each step is an
 * operation of its own: an unmasked exception in one keeps the next from being done.
 * Undefined: which of several NaNs DPPS and DPPD give; every lane adds for itself, in the order of Intel's processors.
 */
const dotProduct =
  (w: FpWidth): Op =>
  <V>(m: Cpu<V>, i: Insn): void => {
    const byte = control(i)
    const zero = m.lit(w, 0)
    const lanes = Array.from({ length: 128 / w }, (_, k) => k)
    const b = halves(m, i, secondSource(i))
    const products = halves(m, i, firstSource(i)).map((x, half) =>
      lanes.map((k) => (byte & (16 << k) ? m.fp('mul', w, lane(m, w, x, k), lane(m, w, b[half] ?? x, k)) : zero)),
    )
    const add = (all: readonly V[][], first: number, second: number): V[][] => {
      m.fpSettle()
      return all.map((list) => lanes.map((k) => m.fp('add', w, list[k ^ first] ?? zero, list[k ^ second] ?? zero)))
    }
    const sums = w === 64 ? add(products, 0, 1) : add(add(products, 1, 0), 0, 2)
    const chosen = (list: readonly V[]): V[] => lanes.map((k) => (byte & (1 << k) ? (list[k] ?? zero) : zero))
    setResult(m, i, ...sums.map((list) => fromLanes(m, w, chosen(list))))
  }

/** Bit 2 of the immediate: as MXCSR says; bit 3: no precision exception. */
const roundLane = <V>(o: Ops<V>, w: FpWidth, byte: number, x: V): V =>
  o.fpRound(w, byte & 4 ? 'MXCSR' : ((byte & 3) as FpRounding), (byte & 8) !== 0, x)
const roundPacked = (w: FpWidth): Op =>
  unaryBy((byte) => (o, x) => {
    const lanes = Array.from({ length: 128 / w }, (_, k) => roundLane(o, w, byte, lane(o, w, x, k)))
    return fromLanes(o, w, lanes)
  })
const roundScalar =
  (w: FpWidth): Op =>
  (m, i) =>
    mergeLow(m, i, w, roundLane(m, w, control(i), low(m, i, secondSource(i), w)))

const feature = 'SSE4_1'

// prettier-ignore
export const SSE41_FLOAT: readonly Row[] = [
  { mnemonic: 'ROUNDPS', opcode: '66 0F 3A 08 /r', operands: 'Vps, Wps, Ib', spec: 'ROUNDPS—Round Packed Single Precision Floating-Point Values', feature, op: roundPacked(32) },
  { mnemonic: 'ROUNDPD', opcode: '66 0F 3A 09 /r', operands: 'Vpd, Wpd, Ib', spec: 'ROUNDPD—Round Packed Double Precision Floating-Point Values', feature, op: roundPacked(64) },
  { mnemonic: 'ROUNDSS', opcode: '66 0F 3A 0A /r', operands: 'Vss, Wss, Ib', spec: 'ROUNDSS—Round Scalar Single Precision Floating-Point Values', feature, op: roundScalar(32) },
  { mnemonic: 'ROUNDSD', opcode: '66 0F 3A 0B /r', operands: 'Vsd, Wsd, Ib', spec: 'ROUNDSD—Round Scalar Double Precision Floating-Point Values', feature, op: roundScalar(64) },
  { mnemonic: 'DPPS', opcode: '66 0F 3A 40 /r', operands: 'Vps, Wps, Ib', spec: 'DPPS—Dot Product of Packed Single Precision Floating-Point Values', feature, op: dotProduct(32) },
  { mnemonic: 'DPPD', opcode: '66 0F 3A 41 /r', operands: 'Vpd, Wpd, Ib', spec: 'DPPD—Dot Product of Packed Double Precision Floating-Point Values', feature, op: dotProduct(64) },
]
