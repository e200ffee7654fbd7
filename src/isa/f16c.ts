/** F16C: conversions from and to half precision. */
import type { Insn, Row } from './insn.ts'
import { memory } from './operand.ts'
import type { Cpu, FpRounding } from './ops.ts'
import { control, fromLanes, halves, isMemory, lane, lowAlone, setResult, whole, type Op } from './sse-operand.ts'

/** The low four words, or all eight. */
const toSingles: Op = (m, i) => {
  const source = i.vex === 256 ? whole(m, i, 1) : lowAlone(m, i, 1, 64)
  const four = (first: number) =>
    fromLanes(
      m,
      32,
      [0, 1, 2, 3].map((k) => m.fpFromHalf(m.trunc(32, 16, m.simd('i16x8.extract_lane_u', [source], first + k)))),
    )
  setResult(m, i, four(0), ...(i.vex === 256 ? [four(4)] : []))
}

/** Bit 2 of the immediate: as MXCSR says. What is above the result in the destination register becomes zero. */
const fromSingles: Op = <V>(m: Cpu<V>, i: Insn): void => {
  const byte = control(i)
  const rounding = byte & 4 ? 'MXCSR' : ((byte & 3) as FpRounding)
  const singles = halves(m, i, 1).flatMap((v) => [0, 1, 2, 3].map((k) => lane(m, 32, v, k)))
  const value = singles.reduce(
    (v, x, k) => m.simd('i16x8.replace_lane', [v, m.zext(16, 32, m.fpToHalf(rounding, x))], k),
    m.lit(128, 0),
  )
  if (!isMemory(i, 0)) return setResult(m, i, value)
  m.fpSettle()
  if (i.vex === 256) m.store(128, m.address(memory(i, 0)), value)
  else m.store(64, m.address(memory(i, 0)), lane(m, 64, value, 0))
}

const feature = 'F16C'

// prettier-ignore
export const F16C: readonly Row[] = [
  { mnemonic: 'VCVTPH2PS', opcode: 'VEX.128.66.0F38.W0 13 /r', operands: 'Vdq, Wq', spec: 'VCVTPH2PS—Convert Packed FP16 Values to Single Precision Floating-Point Values', feature, op: toSingles },
  { mnemonic: 'VCVTPH2PS', opcode: 'VEX.256.66.0F38.W0 13 /r', operands: 'Vqq, Wdq', spec: 'VCVTPH2PS—Convert Packed FP16 Values to Single Precision Floating-Point Values', feature, op: toSingles },
  { mnemonic: 'VCVTPS2PH', opcode: 'VEX.128.66.0F3A.W0 1D /r', operands: 'Wq, Vdq, Ib', spec: 'VCVTPS2PH—Convert Single-Precision FP Value to 16-bit FP Value', feature, op: fromSingles },
  { mnemonic: 'VCVTPS2PH', opcode: 'VEX.256.66.0F3A.W0 1D /r', operands: 'Wdq, Vqq, Ib', spec: 'VCVTPS2PH—Convert Single-Precision FP Value to 16-bit FP Value', feature, op: fromSingles },
]
