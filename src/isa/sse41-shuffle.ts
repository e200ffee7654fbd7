/** SSE4.1 instructions that rearrange lanes: blends, inserts and extracts. */
import type { Row } from './insn.ts'
import { get, put } from './operand.ts'
import {
  binaryBy,
  control,
  firstSource,
  halves,
  isMemory,
  lane,
  secondSource,
  setResult,
  withLane,
  xmmOf,
  type Binary,
  type Op,
} from './sse-operand.ts'

/** Bit k of `chosen`: element k, of `size` bytes, comes from the second operand. */
const blendBytes =
  (size: 2 | 4 | 8, chosen: number): Binary =>
  (o, a, b) =>
    o.shuffle(
      Array.from({ length: 16 }, (_, k) => (chosen & (1 << Math.floor(k / size)) ? 16 + k : k)),
      a,
      b,
    )
/** A bit of the immediate for each element; there are eight, which words use once for each half of 128 bits. */
export const blend = (size: 2 | 4 | 8): Op =>
  binaryBy((byte, half) => blendBytes(size, size === 2 ? byte : byte >> ((16 / size) * half)))

type Lanes = 'i8x16' | 'i32x4' | 'i64x2'
/** The second operand where the mask's lane is negative. The mask is XMM0, or with VEX the last operand. */
const variableBlend =
  (lanes: Lanes): Op =>
  (m, i) => {
    const masks = i.vex === 0 ? [m.xmm(0)] : halves(m, i, 3)
    const [a, b] = [halves(m, i, firstSource(i)), halves(m, i, secondSource(i))]
    const zero = m.lit(128, 0)
    const chosen = masks.map((mask, k) =>
      m.simd('v128.bitselect', [b[k] ?? mask, a[k] ?? mask, m.simd(`${lanes}.gt_s`, [zero, mask])]),
    )
    setResult(m, i, ...chosen)
  }

const ELEMENT = {
  8: { extract: 'i8x16.extract_lane_u', replace: 'i8x16.replace_lane', last: 15 },
  16: { extract: 'i16x8.extract_lane_u', replace: 'i16x8.replace_lane', last: 7 },
  32: { extract: 'i32x4.extract_lane', replace: 'i32x4.replace_lane', last: 3 },
  64: { extract: 'i64x2.extract_lane', replace: 'i64x2.replace_lane', last: 1 },
} as const
/** Of a general-purpose register of 32 bits the low bits count. */
const insert =
  (w: 8 | 32 | 64): Op =>
  (m, i) => {
    const { replace, last } = ELEMENT[w]
    const into = m.xmm(xmmOf(i, firstSource(i)))
    setResult(m, i, m.simd(replace, [into, get(m, i, secondSource(i))], control(i) & last))
  }
const extract =
  (w: 8 | 16 | 32 | 64): Op =>
  (m, i) =>
    put(m, i, 0, m.simd(ELEMENT[w].extract, [m.xmm(xmmOf(i, 1))], control(i) & ELEMENT[w].last))

/** Bits 7-6 of the immediate choose the source's lane (not in memory), 5-4 the destination's, 3-0 the lanes that become zero. */
const insertSingle: Op = (m, i) => {
  const [source, byte] = [secondSource(i), control(i)]
  const value = isMemory(i, source) ? get(m, i, source) : lane(m, 32, m.xmm(xmmOf(i, source)), byte >> 6)
  const inserted = withLane(m, 32, m.xmm(xmmOf(i, firstSource(i))), (byte >> 4) & 3, value)
  setResult(m, i, (byte & 15) === 0 ? inserted : blendBytes(4, byte & 15)(m, inserted, m.lit(128, 0)))
}

const feature = 'SSE4_1'

// prettier-ignore
export const SSE41_SHUFFLE: readonly Row[] = [
  { mnemonic: 'BLENDPS', opcode: '66 0F 3A 0C /r', operands: 'Vps, Wps, Ib', spec: 'BLENDPS—Blend Packed Single Precision Floating-Point Values', feature, op: blend(4) },
  { mnemonic: 'BLENDPD', opcode: '66 0F 3A 0D /r', operands: 'Vpd, Wpd, Ib', spec: 'BLENDPD—Blend Packed Double Precision Floating-Point Values', feature, op: blend(8) },
  { mnemonic: 'PBLENDW', opcode: '66 0F 3A 0E /r', operands: 'Vdq, Wdq, Ib', spec: 'PBLENDW—Blend Packed Words', feature, op: blend(2) },
  { mnemonic: 'PBLENDVB', opcode: '66 0F 38 10 /r', operands: 'Vdq, Wdq', spec: 'PBLENDVB—Variable Blend Packed Bytes', feature, op: variableBlend('i8x16') },
  { mnemonic: 'BLENDVPS', opcode: '66 0F 38 14 /r', operands: 'Vps, Wps', spec: 'BLENDVPS—Variable Blend Packed Single Precision Floating-Point Values', feature, op: variableBlend('i32x4') },
  { mnemonic: 'BLENDVPD', opcode: '66 0F 38 15 /r', operands: 'Vpd, Wpd', spec: 'BLENDVPD—Variable Blend Packed Double Precision Floating-Point Values', feature, op: variableBlend('i64x2') },

  { mnemonic: 'PEXTRB', opcode: '66 0F 3A 14 /r', operands: 'Rd, Vdq, Ib', spec: 'PEXTRB/PEXTRD/PEXTRQ—Extract Byte/Dword/Qword', feature, op: extract(8) },
  { mnemonic: 'PEXTRB', opcode: '66 0F 3A 14 /r', operands: 'Mb, Vdq, Ib', spec: 'PEXTRB/PEXTRD/PEXTRQ—Extract Byte/Dword/Qword', feature, op: extract(8) },
  { mnemonic: 'PEXTRW', opcode: '66 0F 3A 15 /r', operands: 'Rd, Vdq, Ib', spec: 'PEXTRW—Extract Word', feature, op: extract(16) },
  { mnemonic: 'PEXTRW', opcode: '66 0F 3A 15 /r', operands: 'Mw, Vdq, Ib', spec: 'PEXTRW—Extract Word', feature, op: extract(16) },
  { mnemonic: 'PEXTRD', opcode: 'W0 + 66 0F 3A 16 /r', operands: 'Ed, Vdq, Ib', spec: 'PEXTRB/PEXTRD/PEXTRQ—Extract Byte/Dword/Qword', feature, op: extract(32) },
  { mnemonic: 'PEXTRQ', opcode: 'REX.W + 66 0F 3A 16 /r', operands: 'Eq, Vdq, Ib', spec: 'PEXTRB/PEXTRD/PEXTRQ—Extract Byte/Dword/Qword', feature, op: extract(64) },
  { mnemonic: 'EXTRACTPS', opcode: '66 0F 3A 17 /r', operands: 'Ed, Vps, Ib', spec: 'EXTRACTPS—Extract Packed Floating-Point Values', feature, op: extract(32) },
  { mnemonic: 'PINSRB', opcode: '66 0F 3A 20 /r', operands: 'Vdq, Rd, Ib', spec: 'PINSRB/PINSRD/PINSRQ—Insert Byte/Dword/Qword', feature, op: insert(8) },
  { mnemonic: 'PINSRB', opcode: '66 0F 3A 20 /r', operands: 'Vdq, Mb, Ib', spec: 'PINSRB/PINSRD/PINSRQ—Insert Byte/Dword/Qword', feature, op: insert(8) },
  { mnemonic: 'INSERTPS', opcode: '66 0F 3A 21 /r', operands: 'Vps, Wss, Ib', spec: 'INSERTPS—Insert Scalar Single Precision Floating-Point Value', feature, op: insertSingle },
  { mnemonic: 'PINSRD', opcode: 'W0 + 66 0F 3A 22 /r', operands: 'Vdq, Ed, Ib', spec: 'PINSRB/PINSRD/PINSRQ—Insert Byte/Dword/Qword', feature, op: insert(32) },
  { mnemonic: 'PINSRQ', opcode: 'REX.W + 66 0F 3A 22 /r', operands: 'Vdq, Eq, Ib', spec: 'PINSRB/PINSRD/PINSRQ—Insert Byte/Dword/Qword', feature, op: insert(64) },
]
