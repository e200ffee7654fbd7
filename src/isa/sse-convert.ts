/** SSE and SSE2 conversions between integers and floating point and between formats; not the ones with MMX registers. */
import { invariant } from '../base/index.ts'
import type { Insn, Row } from './insn.ts'
import { get, put, widthOf } from './operand.ts'
import type { FpWidth, Ops } from './ops.ts'
import {
  fromLanes,
  halves,
  lane,
  low,
  mergeLow,
  secondSource,
  setResult,
  unary,
  whole,
  type Op,
  type Unary,
} from './sse-operand.ts'

/** The width of the general-purpose operand. */
const integerWidth = (i: Insn, k: number): 32 | 64 => {
  const w = widthOf(i, k)
  invariant(w === 32 || w === 64, `${i.row.mnemonic}: integer of ${w} bits`)
  return w
}
const fromInteger =
  (w: FpWidth): Op =>
  (m, i) =>
    mergeLow(m, i, w, m.fpFromInt(w, integerWidth(i, secondSource(i)), get(m, i, secondSource(i))))
const toInteger =
  (w: FpWidth, truncate: boolean): Op =>
  (m, i) =>
    put(m, i, 0, m.fpToInt(w, integerWidth(i, 0), truncate, low(m, i, 1, w)))

/** Lanes of 32 bits to as many. */
const same = (f: Unary): Op =>
  unary((o, x) =>
    fromLanes(
      o,
      32,
      [0, 1, 2, 3].map((k) => f(o, lane(o, 32, x, k))),
    ),
  )
/** The two low lanes of 32 bits, in memory 64 bits of any alignment, to two of 64; all four to the four of a YMM register. */
const widen =
  (f: Unary): Op =>
  (m, i) => {
    const two = <V>(o: Ops<V>, x: V): V =>
      fromLanes(
        o,
        64,
        [o.trunc(64, 32, x), o.trunc(64, 32, o.shr(64, x, o.lit(32, 32)))].map((lane) => f(o, lane)),
      )
    if (i.vex !== 256) return setResult(m, i, two(m, low(m, i, 1, 64)))
    const source = whole(m, i, 1)
    setResult(m, i, two(m, lane(m, 64, source, 0)), two(m, lane(m, 64, source, 1)))
  }
/** Lanes of 64 bits to as many of 32, the lowest; zeros above. */
const narrow =
  (f: Unary): Op =>
  (m, i) => {
    const lanes = halves(m, i, 1).flatMap((x) => [lane(m, 64, x, 0), lane(m, 64, x, 1)])
    setResult(
      m,
      i,
      fromLanes(
        m,
        32,
        lanes.map((x) => f(m, x)),
      ),
    )
  }

// prettier-ignore
export const SSE_CONVERT: readonly Row[] = [
  { mnemonic: 'CVTSI2SS', opcode: 'F3 0F 2A /r', operands: 'Vss, Ey', spec: 'CVTSI2SS—Convert Doubleword Integer to Scalar Single Precision Floating-Point Value', op: fromInteger(32) },
  { mnemonic: 'CVTSI2SD', opcode: 'F2 0F 2A /r', operands: 'Vsd, Ey', spec: 'CVTSI2SD—Convert Doubleword Integer to Scalar Double Precision Floating-Point Value', op: fromInteger(64) },
  { mnemonic: 'CVTTSS2SI', opcode: 'F3 0F 2C /r', operands: 'Gy, Wss', spec: 'CVTTSS2SI—Convert With Truncation Scalar Single Precision Floating-Point Value to Integer', op: toInteger(32, true) },
  { mnemonic: 'CVTTSD2SI', opcode: 'F2 0F 2C /r', operands: 'Gy, Wsd', spec: 'CVTTSD2SI—Convert With Truncation Scalar Double Precision Floating-Point Value to Signed Integer', op: toInteger(64, true) },
  { mnemonic: 'CVTSS2SI', opcode: 'F3 0F 2D /r', operands: 'Gy, Wss', spec: 'CVTSS2SI—Convert Scalar Single Precision Floating-Point Value to Signed Doubleword Integer', op: toInteger(32, false) },
  { mnemonic: 'CVTSD2SI', opcode: 'F2 0F 2D /r', operands: 'Gy, Wsd', spec: 'CVTSD2SI—Convert Scalar Double Precision Floating-Point Value to Doubleword Integer', op: toInteger(64, false) },
  { mnemonic: 'CVTSS2SD', opcode: 'F3 0F 5A /r', operands: 'Vsd, Wss', spec: 'CVTSS2SD—Convert Scalar Single Precision Floating-Point Value to Scalar Double Precision Floating-Point Value', op: (m, i) => mergeLow(m, i, 64, m.fpToFp(32, 64, low(m, i, secondSource(i), 32))) },
  { mnemonic: 'CVTSD2SS', opcode: 'F2 0F 5A /r', operands: 'Vss, Wsd', spec: 'CVTSD2SS—Convert Scalar Double Precision Floating-Point Value to Scalar Single Precision Floating-Point Value', op: (m, i) => mergeLow(m, i, 32, m.fpToFp(64, 32, low(m, i, secondSource(i), 64))) },

  { mnemonic: 'CVTPS2PD', opcode: 'NP 0F 5A /r', operands: 'Vpd, Wq', spec: 'CVTPS2PD—Convert Packed Single Precision Floating-Point Values to Packed Double Precision Floating-Point Values', op: widen((o, x) => o.fpToFp(32, 64, x)) },
  { mnemonic: 'CVTPD2PS', opcode: '66 0F 5A /r', operands: 'Vps, Wpd', spec: 'CVTPD2PS—Convert Packed Double Precision Floating-Point Values to Packed Single Precision Floating-Point Values', op: narrow((o, x) => o.fpToFp(64, 32, x)) },
  { mnemonic: 'CVTDQ2PS', opcode: 'NP 0F 5B /r', operands: 'Vps, Wdq', spec: 'CVTDQ2PS—Convert Packed Doubleword Integers to Packed Single Precision Floating-Point Values', op: same((o, x) => o.fpFromInt(32, 32, x)) },
  { mnemonic: 'CVTPS2DQ', opcode: '66 0F 5B /r', operands: 'Vdq, Wps', spec: 'CVTPS2DQ—Convert Packed Single Precision Floating-Point Values to Packed Signed Doubleword Integer Values', op: same((o, x) => o.fpToInt(32, 32, false, x)) },
  { mnemonic: 'CVTTPS2DQ', opcode: 'F3 0F 5B /r', operands: 'Vdq, Wps', spec: 'CVTTPS2DQ—Convert With Truncation Packed Single Precision Floating-Point Values to Packed Signed Doubleword Integer Values', op: same((o, x) => o.fpToInt(32, 32, true, x)) },
  { mnemonic: 'CVTDQ2PD', opcode: 'F3 0F E6 /r', operands: 'Vpd, Wq', spec: 'CVTDQ2PD—Convert Packed Doubleword Integers to Packed Double Precision Floating-Point Values', op: widen((o, x) => o.fpFromInt(64, 32, x)) },
  { mnemonic: 'CVTPD2DQ', opcode: 'F2 0F E6 /r', operands: 'Vdq, Wpd', spec: 'CVTPD2DQ—Convert Packed Double Precision Floating-Point Values to Packed Doubleword Integers', op: narrow((o, x) => o.fpToInt(64, 32, false, x)) },
  { mnemonic: 'CVTTPD2DQ', opcode: '66 0F E6 /r', operands: 'Vdq, Wpd', spec: 'CVTTPD2DQ—Convert with Truncation Packed Double Precision Floating-Point Values to Packed Doubleword Integers', op: narrow((o, x) => o.fpToInt(64, 32, true, x)) },
]
