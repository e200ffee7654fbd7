/** AVX instructions that rearrange lanes of floating-point vectors, and VTESTPS and VTESTPD. */
import type { Row } from './insn.ts'
import type { FpWidth, Ops } from './ops.ts'
import { binary, control, halves, setResult, unaryBy, whole, type Binary, type Op } from './sse-operand.ts'
import { elements, SSE_SHUFFLE, shuffleOne } from './sse-shuffle.ts'
import { SSE41_SHUFFLE } from './sse41-shuffle.ts'
import { textOf, vexForms, type VexShape } from './vex.ts'

const PACKED: VexShape = { length: '128/256', feature: 'AVX', operands: 'NDS' }

/** A bit of the immediate for each element: which of the two doubles of its half. */
const permuteDoubles = unaryBy((byte, half) => {
  const chosen = byte >> (2 * half)
  return (o, x) => o.shuffle(elements(8, [chosen & 1, (chosen >> 1) & 1]), x, x)
})
/** Each element of the second operand chooses one of the first: by its bits 1:0, or for doubles by bit 1. */
const permuteSingles: Binary = <V>(o: Ops<V>, a: V, b: V): V => {
  const three = o.simd('i32x4.splat', [o.lit(32, 3)])
  // Four times the number in every byte, and the place within the element.
  const start = o.simd('i32x4.mul', [o.simd('v128.and', [b, three]), o.simd('i32x4.splat', [o.lit(32, 0x0404_0404)])])
  return o.pickBytes(a, o.simd('i8x16.add', [start, o.simd('i32x4.splat', [o.lit(32, 0x0302_0100)])]))
}
const permuteDoublesBy: Binary = <V>(o: Ops<V>, a: V, b: V): V => {
  const one = o.simd('i64x2.splat', [o.lit(64, 1)])
  const upper = o.simd('v128.and', [o.simd('i64x2.shr_u', [b, o.lit(32, 1)]), one])
  const mask = o.simd('i64x2.neg', [upper])
  return o.simd('v128.bitselect', [o.shuffle(elements(8, [1, 1]), a, a), o.shuffle(elements(8, [0, 0]), a, a), mask])
}

/** A field of four bits for each half of the result: bits 1:0 one of the four halves of both sources, bit 3 zero. */
const permuteHalves: Op = (m, i) => {
  const sources = [...halves(m, i, 1), ...halves(m, i, 2)]
  const zero = m.lit(128, 0)
  const half = (field: number) => (field & 8 ? zero : (sources[field & 3] ?? zero))
  setResult(m, i, half(control(i) & 15), half(control(i) >> 4))
}
const insertHalf: Op = (m, i) => {
  const value = whole(m, i, 2)
  const parts = halves(m, i, 1).map((x, k) => (k === (control(i) & 1) ? value : x))
  setResult(m, i, ...parts)
}
const extractHalf: Op = (m, i) => {
  const half = halves(m, i, 1)[control(i) & 1]
  if (half !== undefined) setResult(m, i, half)
}

const ZF_PLACE = 6
/** As PTEST, of the sign bits alone. */
const testSigns =
  (w: FpWidth): Op =>
  (m, i) => {
    const [a, b] = [halves(m, i, 0), halves(m, i, 1)]
    const none = (op: 'v128.and' | 'v128.andnot') => {
      const bits = a.map((x, k) => m.simd(op, [b[k] ?? x, x])).reduce((x, y) => m.simd('v128.or', [x, y]))
      return m.zext(8, 32, m.eq(32, m.simd(w === 32 ? 'i32x4.bitmask' : 'i64x2.bitmask', [bits]), m.lit(32, 0)))
    }
    m.setFlags('PACKED', 32, m.or(32, m.shl(32, none('v128.and'), m.lit(32, ZF_PLACE)), none('v128.andnot')))
  }

const feature = 'AVX'

// prettier-ignore
export const AVX_SHUFFLE: readonly Row[] = [
  ...vexForms(SSE_SHUFFLE, PACKED, 'VUNPCKLPS VUNPCKHPS VUNPCKLPD VUNPCKHPD VSHUFPS VSHUFPD'),
  ...vexForms(SSE41_SHUFFLE, PACKED, 'VBLENDPS VBLENDPD'),
  ...vexForms(SSE41_SHUFFLE, { ...PACKED, length: '128' }, 'VINSERTPS'),
  ...vexForms(SSE41_SHUFFLE, { length: '128', feature, operands: 'same' }, 'VEXTRACTPS'),
  { mnemonic: 'VPERMILPS', opcode: 'VEX.128/256.66.0F38.W0 0C /r', operands: 'Vps, Hps, Wps', spec: 'VPERMILPS—Permute In-Lane of Quadruples of Single Precision Floating-Point Values', feature, op: binary(permuteSingles) },
  { mnemonic: 'VPERMILPS', opcode: 'VEX.128/256.66.0F3A.W0 04 /r', operands: 'Vps, Wps, Ib', spec: 'VPERMILPS—Permute In-Lane of Quadruples of Single Precision Floating-Point Values', feature, op: shuffleOne(4, (f) => [...f]) },
  { mnemonic: 'VPERMILPD', opcode: 'VEX.128/256.66.0F38.W0 0D /r', operands: 'Vpd, Hpd, Wpd', spec: 'VPERMILPD—Permute In-Lane of Pairs of Double Precision Floating-Point Values', feature, op: binary(permuteDoublesBy) },
  { mnemonic: 'VPERMILPD', opcode: 'VEX.128/256.66.0F3A.W0 05 /r', operands: 'Vpd, Wpd, Ib', spec: 'VPERMILPD—Permute In-Lane of Pairs of Double Precision Floating-Point Values', feature, op: permuteDoubles },
  { mnemonic: 'VPERM2F128', opcode: 'VEX.256.66.0F3A.W0 06 /r', operands: 'Vqq, Hqq, Wqq, Ib', spec: 'VPERM2F128—Permute Floating-Point Values', feature, op: permuteHalves },
  { mnemonic: 'VINSERTF128', opcode: 'VEX.256.66.0F3A.W0 18 /r', operands: 'Vqq, Hqq, Wdq, Ib', spec: 'VINSERTF128/VINSERTF32x4/VINSERTF64x2/VINSERTF32x8/VINSERTF64x4—Insert Packed Floating-Point Values', feature, op: insertHalf },
  { mnemonic: 'VEXTRACTF128', opcode: 'VEX.256.66.0F3A.W0 19 /r', operands: 'Wdq, Vqq, Ib', spec: 'VEXTRACTF128/VEXTRACTF32x4/VEXTRACTF64x2/VEXTRACTF32x8/VEXTRACTF64x4—Extract Packed Floating-Point Values', feature, op: extractHalf },
  { mnemonic: 'VBLENDVPS', opcode: 'VEX.128/256.66.0F3A.W0 4A /r /is4', operands: 'Vps, Hps, Wps, Lps', spec: 'BLENDVPS—Variable Blend Packed Single Precision Floating-Point Values', feature, op: textOf(SSE41_SHUFFLE, 'BLENDVPS') },
  { mnemonic: 'VBLENDVPD', opcode: 'VEX.128/256.66.0F3A.W0 4B /r /is4', operands: 'Vpd, Hpd, Wpd, Lpd', spec: 'BLENDVPD—Variable Blend Packed Double Precision Floating-Point Values', feature, op: textOf(SSE41_SHUFFLE, 'BLENDVPD') },
  { mnemonic: 'VPBLENDVB', opcode: 'VEX.128.66.0F3A.W0 4C /r /is4', operands: 'Vdq, Hdq, Wdq, Ldq', spec: 'PBLENDVB—Variable Blend Packed Bytes', feature, op: textOf(SSE41_SHUFFLE, 'PBLENDVB') },
  { mnemonic: 'VTESTPS', opcode: 'VEX.128/256.66.0F38.W0 0E /r', operands: 'Vps, Wps', spec: 'VTESTPD/VTESTPS—Packed Bit Test', feature, op: testSigns(32) },
  { mnemonic: 'VTESTPD', opcode: 'VEX.128/256.66.0F38.W0 0F /r', operands: 'Vpd, Wpd', spec: 'VTESTPD/VTESTPS—Packed Bit Test', feature, op: testSigns(64) },
]
