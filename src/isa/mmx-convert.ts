/** Conversions between MMX registers and floating point in XMM registers. [SDM-1 "SSE Conversion Instructions"] */
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { packed, signed } from './mmx-lanes.ts'
import { source, withMmx, type Slow } from './mmx-state.ts'
import { operand } from './operand.ts'
import type { FpWidth } from './ops.ts'
import { fromLanes, lane, low, mergeLow, whole, xmmOf } from './sse-operand.ts'

/** Two signed doublewords to two singles or doubles. */
function fromIntegers(e: Evaluator, i: Insn, to: FpWidth): void {
  const numbers = signed(32, source(e, i, 1)).map((x) => e.fpFromInt(to, 32, x >>> 0))
  const both = fromLanes(e, to, numbers)
  if (to === 64) e.setXmm(xmmOf(i, 0), both)
  else mergeLow(e, i, 64, lane(e, 64, both, 0))
}
const fromMmx = (to: FpWidth): Slow => {
  const convert = withMmx((e, i) => {
    fromIntegers(e, i, to)
    return undefined
  })
  // Undefined: from memory to singles. As to doubles, no MMX register is involved, and processors leave the x87 alone.
  return (e, i) => (operand(i, 1).kind === 'mem' ? fromIntegers(e, i, to) : convert(e, i))
}

/** Two singles or doubles to two signed doublewords. */
const toMmx = (from: FpWidth, truncate: boolean): Slow =>
  withMmx((e, i) => {
    const both = from === 64 ? whole(e, i, 1) : fromLanes(e, 64, [low(e, i, 1, 64)])
    return packed(
      32,
      [0, 1].map((k) => Number(e.fpToInt(from, 32, truncate, lane(e, from, both, k)))),
    )
  })

// prettier-ignore
export const MMX_CONVERT: readonly Row[] = [
  { mnemonic: 'CVTPI2PS', opcode: 'NP 0F 2A /r', operands: 'Vps, Qq', spec: 'CVTPI2PS—Convert Packed Dword Integers to Packed Single Precision Floating-Point Values', slow: fromMmx(32) },
  { mnemonic: 'CVTPI2PD', opcode: '66 0F 2A /r', operands: 'Vpd, Qq', spec: 'CVTPI2PD—Convert Packed Dword Integers to Packed Double Precision Floating-Point Values', slow: fromMmx(64) },
  { mnemonic: 'CVTPS2PI', opcode: 'NP 0F 2D /r', operands: 'Pq, Wq', spec: 'CVTPS2PI—Convert Packed Single Precision Floating-Point Values to Packed Dword Integers', slow: toMmx(32, false) },
  { mnemonic: 'CVTTPS2PI', opcode: 'NP 0F 2C /r', operands: 'Pq, Wq', spec: 'CVTTPS2PI—Convert With Truncation Packed Single Precision Floating-Point Values to Packed Dword Integers', slow: toMmx(32, true) },
  { mnemonic: 'CVTPD2PI', opcode: '66 0F 2D /r', operands: 'Pq, Wpd', spec: 'CVTPD2PI—Convert Packed Double Precision Floating-Point Values to Packed Dword Integers', slow: toMmx(64, false) },
  { mnemonic: 'CVTTPD2PI', opcode: '66 0F 2C /r', operands: 'Pq, Wpd', spec: 'CVTTPD2PI—Convert With Truncation Packed Double Precision Floating-Point Values to Packed Dword Integers', slow: toMmx(64, true) },
]
