/** SSSE3 on XMM registers: byte shuffles, horizontal integer arithmetic, signs. */
import type { Row } from './insn.ts'
import type { Ops } from './ops.ts'
import type { SimdOp } from './simd-ops.ts'
import { binary, binaryBy, unary, type Binary, type Op } from './sse-operand.ts'

/** Bit 7 of a selector gives zero; bits 4 to 6 do not count. */
const shuffleBytes: Binary = (o, a, b) =>
  o.pickBytes(a, o.simd('v128.and', [b, o.simd('i8x16.splat', [o.lit(32, 0x8f)])]))

const EVEN_WORDS = [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29]
const ODD_WORDS = EVEN_WORDS.map((k) => k + 2)
const EVEN_DOUBLEWORDS = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]
const ODD_DOUBLEWORDS = EVEN_DOUBLEWORDS.map((k) => k + 4)
/** Neighbouring lanes with each other: those of the first operand below those of the second. */
const horizontal = (op: SimdOp): Binary => {
  const [even, odd] = op.startsWith('i16x8') ? [EVEN_WORDS, ODD_WORDS] : [EVEN_DOUBLEWORDS, ODD_DOUBLEWORDS]
  return (o, a, b) => o.simd(op, [o.shuffle(even, a, b), o.shuffle(odd, a, b)])
}

/** Unsigned bytes of the first operand by signed ones of the second; sums of neighbouring products saturate. */
const multiplyBytes: Binary = <V>(o: Ops<V>, a: V, b: V): V => {
  const eight = o.lit(32, 8)
  const even = o.simd('i16x8.mul', [
    o.simd('v128.and', [a, o.simd('i16x8.splat', [o.lit(32, 0xff)])]),
    o.simd('i16x8.shr_s', [o.simd('i16x8.shl', [b, eight]), eight]),
  ])
  const odd = o.simd('i16x8.mul', [o.simd('i16x8.shr_u', [a, eight]), o.simd('i16x8.shr_s', [b, eight])])
  return o.simd('i16x8.add_sat_s', [even, odd])
}

/** WebAssembly saturates the one product that does not fit; the processor lets it wrap. */
const multiplyRound: Binary = <V>(o: Ops<V>, a: V, b: V): V => {
  const least = o.simd('i16x8.splat', [o.lit(32, 0x8000)])
  const bothLeast = o.simd('v128.and', [o.simd('i16x8.eq', [a, least]), o.simd('i16x8.eq', [b, least])])
  return o.simd('v128.xor', [o.simd('i16x8.q15mulr_sat_s', [a, b]), bothLeast])
}

type Lanes = 'i8x16' | 'i16x8' | 'i32x4'
/** The first operand, negated where the second is negative and zero where it is zero. */
const applySign =
  (lanes: Lanes): Binary =>
  <V>(o: Ops<V>, a: V, b: V): V => {
    const zero = o.lit(128, 0)
    const negative = o.simd(`${lanes}.gt_s`, [zero, b])
    const signed = o.simd(`${lanes}.sub`, [o.simd('v128.xor', [a, negative]), negative])
    return o.simd('v128.andnot', [signed, o.simd(`${lanes}.eq`, [b, zero])])
  }

const absolute = (lanes: Lanes): Op => unary((o, x) => o.simd(`${lanes}.abs`, [x]))

/** 16 of the 32 bytes of the first operand above the second, from byte `count` on; zeros beyond. */
const alignRight =
  (count: number): Binary =>
  (o, a, b) => {
    const bytes = Array.from({ length: 16 }, (_, k) => k + count)
    if (count < 16) return o.shuffle(bytes, b, a)
    return o.shuffle(
      bytes.map((k) => Math.min(k - 16, 16)),
      a,
      o.lit(128, 0),
    )
  }
const feature = 'SSSE3'

// prettier-ignore
export const SSSE3: readonly Row[] = [
  { mnemonic: 'PSHUFB', opcode: '66 0F 38 00 /r', operands: 'Vdq, Wdq', spec: 'PSHUFB—Packed Shuffle Bytes', feature, op: binary(shuffleBytes) },
  { mnemonic: 'PHADDW', opcode: '66 0F 38 01 /r', operands: 'Vdq, Wdq', spec: 'PHADDW/PHADDD—Packed Horizontal Add', feature, op: binary(horizontal('i16x8.add')) },
  { mnemonic: 'PHADDD', opcode: '66 0F 38 02 /r', operands: 'Vdq, Wdq', spec: 'PHADDW/PHADDD—Packed Horizontal Add', feature, op: binary(horizontal('i32x4.add')) },
  { mnemonic: 'PHADDSW', opcode: '66 0F 38 03 /r', operands: 'Vdq, Wdq', spec: 'PHADDSW—Packed Horizontal Add and Saturate', feature, op: binary(horizontal('i16x8.add_sat_s')) },
  { mnemonic: 'PMADDUBSW', opcode: '66 0F 38 04 /r', operands: 'Vdq, Wdq', spec: 'PMADDUBSW—Multiply and Add Packed Signed and Unsigned Bytes', feature, op: binary(multiplyBytes) },
  { mnemonic: 'PHSUBW', opcode: '66 0F 38 05 /r', operands: 'Vdq, Wdq', spec: 'PHSUBW/PHSUBD—Packed Horizontal Subtract', feature, op: binary(horizontal('i16x8.sub')) },
  { mnemonic: 'PHSUBD', opcode: '66 0F 38 06 /r', operands: 'Vdq, Wdq', spec: 'PHSUBW/PHSUBD—Packed Horizontal Subtract', feature, op: binary(horizontal('i32x4.sub')) },
  { mnemonic: 'PHSUBSW', opcode: '66 0F 38 07 /r', operands: 'Vdq, Wdq', spec: 'PHSUBSW—Packed Horizontal Subtract and Saturate', feature, op: binary(horizontal('i16x8.sub_sat_s')) },
  { mnemonic: 'PSIGNB', opcode: '66 0F 38 08 /r', operands: 'Vdq, Wdq', spec: 'PSIGNB/PSIGNW/PSIGND—Packed SIGN', feature, op: binary(applySign('i8x16')) },
  { mnemonic: 'PSIGNW', opcode: '66 0F 38 09 /r', operands: 'Vdq, Wdq', spec: 'PSIGNB/PSIGNW/PSIGND—Packed SIGN', feature, op: binary(applySign('i16x8')) },
  { mnemonic: 'PSIGND', opcode: '66 0F 38 0A /r', operands: 'Vdq, Wdq', spec: 'PSIGNB/PSIGNW/PSIGND—Packed SIGN', feature, op: binary(applySign('i32x4')) },
  { mnemonic: 'PMULHRSW', opcode: '66 0F 38 0B /r', operands: 'Vdq, Wdq', spec: 'PMULHRSW—Packed Multiply High With Round and Scale', feature, op: binary(multiplyRound) },
  { mnemonic: 'PABSB', opcode: '66 0F 38 1C /r', operands: 'Vdq, Wdq', spec: 'PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value', feature, op: absolute('i8x16') },
  { mnemonic: 'PABSW', opcode: '66 0F 38 1D /r', operands: 'Vdq, Wdq', spec: 'PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value', feature, op: absolute('i16x8') },
  { mnemonic: 'PABSD', opcode: '66 0F 38 1E /r', operands: 'Vdq, Wdq', spec: 'PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value', feature, op: absolute('i32x4') },
  { mnemonic: 'PALIGNR', opcode: '66 0F 3A 0F /r', operands: 'Vdq, Wdq, Ib', spec: 'PALIGNR—Packed Align Right', feature, op: binaryBy(alignRight) },
]
