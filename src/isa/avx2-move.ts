/** AVX2 broadcasts, permutations across the halves, conditional moves. Gathers are in avx2-gather.ts. */
import { broadcast, broadcastHalf, maskedLoad, maskedStore } from './avx-move.ts'
import { AVX_SHUFFLE } from './avx-shuffle.ts'
import type { Insn, Row } from './insn.ts'
import { get } from './operand.ts'
import type { Cpu, Ops } from './ops.ts'
import { elements } from './sse-shuffle.ts'
import { control, halves, isMemory, setResult, xmmOf, type Op } from './sse-operand.ts'
import { blend } from './sse41-shuffle.ts'
import { textOf } from './vex.ts'

/** A byte or a word in every lane. */
const broadcastNarrow =
  (lanes: 'i8x16' | 'i16x8'): Op =>
  (m, i) => {
    const one = isMemory(i, 1) ? get(m, i, 1) : m.simd(`${lanes}.extract_lane_u`, [m.xmm(xmmOf(i, 1))], 0)
    const value = m.simd(`${lanes}.splat`, [one])
    setResult(m, i, value, ...(i.vex === 256 ? [value] : []))
  }

/** Both halves of operand k. */
function twoHalves<V>(m: Cpu<V>, i: Insn, k: number): readonly [V, V] {
  const [low, high] = halves(m, i, k)
  const zero = m.lit(128, 0)
  return [low ?? zero, high ?? zero]
}
/** The eight doublewords of the second source, chosen by the low three bits of those of the first. */
const permuteDoublewords: Op = <V>(m: Cpu<V>, i: Insn): void => {
  const [low, high] = twoHalves(m, i, 2)
  const permuted = (o: Ops<V>, chosen: V): V => {
    const splat = (n: number): V => o.simd('i32x4.splat', [o.lit(32, n)])
    // Four times the number in every byte, and the place within the doubleword: 0 to 31. What is out of a swizzle's range gives zero.
    const first = o.simd('i32x4.mul', [o.simd('v128.and', [chosen, splat(7)]), splat(0x0404_0404)])
    const bytes = o.simd('i8x16.add', [first, splat(0x0302_0100)])
    const fromHigh = o.simd('i8x16.swizzle', [high, o.simd('i8x16.sub', [bytes, splat(0x1010_1010)])])
    return o.simd('v128.or', [o.simd('i8x16.swizzle', [low, bytes]), fromHigh])
  }
  setResult(m, i, ...halves(m, i, 1).map((chosen) => permuted(m, chosen)))
}
/** Four quadwords, each chosen by two bits of the immediate. */
const permuteQuadwords: Op = (m, i) => {
  const [low, high] = twoHalves(m, i, 1)
  const byte = control(i)
  const half = (fields: number) => m.shuffle(elements(8, [fields & 3, (fields >> 2) & 3]), low, high)
  setResult(m, i, half(byte), half(byte >> 4))
}

const BROADCAST = 'VBROADCAST—Load with Broadcast Floating-Point Data'
const PBROADCAST = 'VPBROADCASTB/VPBROADCASTW/VPBROADCASTD/VPBROADCASTQ—Load Integer and Broadcast'
const MASKMOV = 'VPMASKMOV—Conditional SIMD Integer Packed Loads and Stores'
const feature = 'AVX2'

// prettier-ignore
export const AVX2_MOVE: readonly Row[] = [
  { mnemonic: 'VBROADCASTSS', opcode: 'VEX.128/256.66.0F38.W0 18 /r', operands: 'Vps, Udq', spec: BROADCAST, feature, op: broadcast(32) },
  { mnemonic: 'VBROADCASTSD', opcode: 'VEX.256.66.0F38.W0 19 /r', operands: 'Vqq, Udq', spec: BROADCAST, feature, op: broadcast(64) },
  { mnemonic: 'VPBROADCASTB', opcode: 'VEX.128/256.66.0F38.W0 78 /r', operands: 'Vx, Wb', spec: PBROADCAST, feature, op: broadcastNarrow('i8x16') },
  { mnemonic: 'VPBROADCASTW', opcode: 'VEX.128/256.66.0F38.W0 79 /r', operands: 'Vx, Ww', spec: PBROADCAST, feature, op: broadcastNarrow('i16x8') },
  { mnemonic: 'VPBROADCASTD', opcode: 'VEX.128/256.66.0F38.W0 58 /r', operands: 'Vx, Wd', spec: PBROADCAST, feature, op: broadcast(32) },
  { mnemonic: 'VPBROADCASTQ', opcode: 'VEX.128/256.66.0F38.W0 59 /r', operands: 'Vx, Wq', spec: PBROADCAST, feature, op: broadcast(64) },
  { mnemonic: 'VBROADCASTI128', opcode: 'VEX.256.66.0F38.W0 5A /r', operands: 'Vqq, Mdq', spec: 'VBROADCASTI32X2/VBROADCASTI128/VBROADCASTI32X4/VBROADCASTI64X2/VBROADCASTI32X8/VBROADCASTI64X4—Load and Broadcast 128 Bits', feature, op: broadcastHalf },

  { mnemonic: 'VPERMD', opcode: 'VEX.256.66.0F38.W0 36 /r', operands: 'Vqq, Hqq, Wqq', spec: 'VPERMD/VPERMW—Permute Packed Doubleword/Word Elements', feature, op: permuteDoublewords },
  { mnemonic: 'VPERMPS', opcode: 'VEX.256.66.0F38.W0 16 /r', operands: 'Vqq, Hqq, Wqq', spec: 'VPERMPS—Permute Single Precision Floating-Point Elements', feature, op: permuteDoublewords },
  { mnemonic: 'VPERMQ', opcode: 'VEX.256.66.0F3A.W1 00 /r', operands: 'Vqq, Wqq, Ib', spec: 'VPERMQ—Qwords Element Permutation', feature, op: permuteQuadwords },
  { mnemonic: 'VPERMPD', opcode: 'VEX.256.66.0F3A.W1 01 /r', operands: 'Vqq, Wqq, Ib', spec: 'VPERMPD—Permute Double Precision Floating-Point Elements', feature, op: permuteQuadwords },
  { mnemonic: 'VPERM2I128', opcode: 'VEX.256.66.0F3A.W0 46 /r', operands: 'Vqq, Hqq, Wqq, Ib', spec: 'VPERM2I128—Permute Integer Values', feature, op: textOf(AVX_SHUFFLE, 'VPERM2F128') },
  { mnemonic: 'VINSERTI128', opcode: 'VEX.256.66.0F3A.W0 38 /r', operands: 'Vqq, Hqq, Wdq, Ib', spec: 'VINSERTI128/VINSERTI32x4/VINSERTI64x2/VINSERTI32x8/VINSERTI64x4—Insert Packed Integer Values', feature, op: textOf(AVX_SHUFFLE, 'VINSERTF128') },
  { mnemonic: 'VEXTRACTI128', opcode: 'VEX.256.66.0F3A.W0 39 /r', operands: 'Wdq, Vqq, Ib', spec: 'VEXTRACTI128/VEXTRACTI32x4/VEXTRACTI64x2/VEXTRACTI32x8/VEXTRACTI64x4—Extract Packed Integer Values', feature, op: textOf(AVX_SHUFFLE, 'VEXTRACTF128') },
  { mnemonic: 'VPBLENDD', opcode: 'VEX.128/256.66.0F3A.W0 02 /r', operands: 'Vx, Hx, Wx, Ib', spec: 'VPBLENDD—Blend Packed Dwords', feature, op: blend(4) },
  { mnemonic: 'VPMASKMOVD', opcode: 'VEX.128/256.66.0F38.W0 8C /r', operands: 'Vx, Hx, Mx', spec: MASKMOV, feature, slow: maskedLoad(32) },
  { mnemonic: 'VPMASKMOVQ', opcode: 'VEX.128/256.66.0F38.W1 8C /r', operands: 'Vx, Hx, Mx', spec: MASKMOV, feature, slow: maskedLoad(64) },
  { mnemonic: 'VPMASKMOVD', opcode: 'VEX.128/256.66.0F38.W0 8E /r', operands: 'Mx, Hx, Vx', spec: MASKMOV, feature, slow: maskedStore(32) },
  { mnemonic: 'VPMASKMOVQ', opcode: 'VEX.128/256.66.0F38.W1 8E /r', operands: 'Mx, Hx, Vx', spec: MASKMOV, feature, slow: maskedStore(64) },
]
