/** SSE2 packed integer arithmetic, comparison, logic and shifts on XMM registers. Shuffles and packs are in sse-shuffle.ts. */
import type { Row } from './insn.ts'
import { put } from './operand.ts'
import type { Ops } from './ops.ts'
import type { SimdOp } from './simd-ops.ts'
import {
  binary,
  control,
  firstSource,
  halves,
  lane,
  secondSource,
  setResult,
  whole,
  type Binary,
  type Op,
  type Unary,
} from './sse-operand.ts'

const simple = (op: SimdOp): Op => binary((o, a, b) => o.simd(op, [a, b]))
/** PANDN and its kin complement the first operand, WebAssembly the second. */
export const andNot: Binary = (o, a, b) => o.simd('v128.andnot', [b, a])

/** Odd bytes of each word: the high halves of products of 32 bits, low four first. */
const HIGH_WORDS = [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31]
export const EVEN_DOUBLEWORDS = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11]
const multiplyHigh =
  (sign: 's' | 'u'): Binary =>
  (o, a, b) =>
    o.shuffle(
      HIGH_WORDS,
      o.simd(`i32x4.extmul_low_i16x8_${sign}`, [a, b]),
      o.simd(`i32x4.extmul_high_i16x8_${sign}`, [a, b]),
    )
const multiplyEven: Binary = (o, a, b) =>
  o.simd('i64x2.extmul_low_i32x4_u', [o.shuffle(EVEN_DOUBLEWORDS, a, a), o.shuffle(EVEN_DOUBLEWORDS, b, b)])
/** |a - b| of unsigned bytes, summed over each half. */
const sumOfDifferences: Binary = (o, a, b) => {
  const difference = o.simd('i8x16.sub', [o.simd('i8x16.max_u', [a, b]), o.simd('i8x16.min_u', [a, b])])
  const quarters = o.simd('i32x4.extadd_pairwise_i16x8_u', [o.simd('i16x8.extadd_pairwise_i8x16_u', [difference])])
  const both = o.simd('i32x4.add', [quarters, o.simd('i64x2.shr_u', [quarters, o.lit(32, 32)])])
  return o.simd('v128.and', [both, o.lit(128, 0xffff_ffff_0000_0000_ffff_ffffn)])
}

type Lanes = 'i16x8' | 'i32x4' | 'i64x2'
type Shift = 'shl' | 'shr_u' | 'shr_s'
const LANE_BITS = { i16x8: 16, i32x4: 32, i64x2: 64 } as const

/** Counts beyond the lane shift everything out: zeros, or copies of the sign. */
const shiftByImmediate = (lanes: Lanes, shift: Shift): Op =>
  shiftWith((count) => (o, x) => {
    const most = LANE_BITS[lanes] - 1
    if (count > most && shift !== 'shr_s') return o.lit(128, 0)
    return o.simd(`${lanes}.${shift}`, [x, o.lit(32, Math.min(count, most))])
  })
/** Operand 0 becomes f of the first source, which legacy SSE does not name apart, and of the immediate. */
const shiftWith =
  (choose: (count: number) => Unary): Op =>
  (m, i) =>
    setResult(m, i, ...halves(m, i, firstSource(i)).map((x) => choose(control(i))(m, x)))
/** The count is the low 64 bits of the second operand, all of which count; it is one for both halves of a YMM register. */
const shiftByRegister =
  (lanes: Lanes, shift: Shift): Op =>
  (m, i) => {
    const most = LANE_BITS[lanes] - 1
    const count = lane(m, 64, whole(m, i, secondSource(i)), 0)
    const tooFar = m.ltU(64, m.lit(64, most), count)
    const short = m.trunc(64, 32, count)
    const shifted = <V>(o: Ops<V>, x: V, far: V, by: V): V =>
      shift === 'shr_s'
        ? o.simd(`${lanes}.shr_s`, [x, o.select(32, far, o.lit(32, most), by)])
        : o.select(128, far, o.lit(128, 0), o.simd(`${lanes}.${shift}`, [x, by]))
    setResult(m, i, ...halves(m, i, firstSource(i)).map((x) => shifted(m, x, tooFar, short)))
  }
/** PSLLDQ (by > 0) and PSRLDQ: bytes come from the register or, beyond its ends, from zero. */
const shiftBytes = (direction: 'left' | 'right'): Op =>
  shiftWith((byte) => {
    const count = Math.min(byte, 16)
    const from = direction === 'right' ? (k: number) => k + count : (k: number) => k - count
    const bytes = Array.from({ length: 16 }, (_, k) => (from(k) >= 0 && from(k) < 16 ? from(k) : 16))
    return (o, x) => o.shuffle(bytes, x, o.lit(128, 0))
  })

/** One bit for each byte, the lower half's first. */
const byteSigns: Op = (m, i) => {
  const bits = halves(m, i, 1).map((x) => m.simd('i8x16.bitmask', [x]))
  put(
    m,
    i,
    0,
    bits.reduce((low, high) => m.or(32, low, m.shl(32, high, m.lit(32, 16)))),
  )
}

// prettier-ignore
export const SSE_INTEGER: readonly Row[] = [
  { mnemonic: 'PADDB', opcode: '66 0F FC /r', operands: 'Vdq, Wdq', spec: 'PADDB/PADDW/PADDD/PADDQ—Add Packed Integers', op: simple('i8x16.add') },
  { mnemonic: 'PADDW', opcode: '66 0F FD /r', operands: 'Vdq, Wdq', spec: 'PADDB/PADDW/PADDD/PADDQ—Add Packed Integers', op: simple('i16x8.add') },
  { mnemonic: 'PADDD', opcode: '66 0F FE /r', operands: 'Vdq, Wdq', spec: 'PADDB/PADDW/PADDD/PADDQ—Add Packed Integers', op: simple('i32x4.add') },
  { mnemonic: 'PADDQ', opcode: '66 0F D4 /r', operands: 'Vdq, Wdq', spec: 'PADDB/PADDW/PADDD/PADDQ—Add Packed Integers', op: simple('i64x2.add') },
  { mnemonic: 'PADDSB', opcode: '66 0F EC /r', operands: 'Vdq, Wdq', spec: 'PADDSB/PADDSW—Add Packed Signed Integers with Signed Saturation', op: simple('i8x16.add_sat_s') },
  { mnemonic: 'PADDSW', opcode: '66 0F ED /r', operands: 'Vdq, Wdq', spec: 'PADDSB/PADDSW—Add Packed Signed Integers with Signed Saturation', op: simple('i16x8.add_sat_s') },
  { mnemonic: 'PADDUSB', opcode: '66 0F DC /r', operands: 'Vdq, Wdq', spec: 'PADDUSB/PADDUSW—Add Packed Unsigned Integers With Unsigned Saturation', op: simple('i8x16.add_sat_u') },
  { mnemonic: 'PADDUSW', opcode: '66 0F DD /r', operands: 'Vdq, Wdq', spec: 'PADDUSB/PADDUSW—Add Packed Unsigned Integers With Unsigned Saturation', op: simple('i16x8.add_sat_u') },
  { mnemonic: 'PSUBB', opcode: '66 0F F8 /r', operands: 'Vdq, Wdq', spec: 'PSUBB/PSUBW/PSUBD—Subtract Packed Integers', op: simple('i8x16.sub') },
  { mnemonic: 'PSUBW', opcode: '66 0F F9 /r', operands: 'Vdq, Wdq', spec: 'PSUBB/PSUBW/PSUBD—Subtract Packed Integers', op: simple('i16x8.sub') },
  { mnemonic: 'PSUBD', opcode: '66 0F FA /r', operands: 'Vdq, Wdq', spec: 'PSUBB/PSUBW/PSUBD—Subtract Packed Integers', op: simple('i32x4.sub') },
  { mnemonic: 'PSUBQ', opcode: '66 0F FB /r', operands: 'Vdq, Wdq', spec: 'PSUBQ—Subtract Packed Quadword Integers', op: simple('i64x2.sub') },
  { mnemonic: 'PSUBSB', opcode: '66 0F E8 /r', operands: 'Vdq, Wdq', spec: 'PSUBSB/PSUBSW—Subtract Packed Signed Integers With Signed Saturation', op: simple('i8x16.sub_sat_s') },
  { mnemonic: 'PSUBSW', opcode: '66 0F E9 /r', operands: 'Vdq, Wdq', spec: 'PSUBSB/PSUBSW—Subtract Packed Signed Integers With Signed Saturation', op: simple('i16x8.sub_sat_s') },
  { mnemonic: 'PSUBUSB', opcode: '66 0F D8 /r', operands: 'Vdq, Wdq', spec: 'PSUBUSB/PSUBUSW—Subtract Packed Unsigned Integers With Unsigned Saturation', op: simple('i8x16.sub_sat_u') },
  { mnemonic: 'PSUBUSW', opcode: '66 0F D9 /r', operands: 'Vdq, Wdq', spec: 'PSUBUSB/PSUBUSW—Subtract Packed Unsigned Integers With Unsigned Saturation', op: simple('i16x8.sub_sat_u') },

  { mnemonic: 'PMULLW', opcode: '66 0F D5 /r', operands: 'Vdq, Wdq', spec: 'PMULLW—Multiply Packed Signed Integers and Store Low Result', op: simple('i16x8.mul') },
  { mnemonic: 'PMULHW', opcode: '66 0F E5 /r', operands: 'Vdq, Wdq', spec: 'PMULHW—Multiply Packed Signed Integers and Store High Result', op: binary(multiplyHigh('s')) },
  { mnemonic: 'PMULHUW', opcode: '66 0F E4 /r', operands: 'Vdq, Wdq', spec: 'PMULHUW—Multiply Packed Unsigned Integers and Store High Result', op: binary(multiplyHigh('u')) },
  { mnemonic: 'PMULUDQ', opcode: '66 0F F4 /r', operands: 'Vdq, Wdq', spec: 'PMULUDQ—Multiply Packed Unsigned Doubleword Integers', op: binary(multiplyEven) },
  { mnemonic: 'PMADDWD', opcode: '66 0F F5 /r', operands: 'Vdq, Wdq', spec: 'PMADDWD—Multiply and Add Packed Integers', op: simple('i32x4.dot_i16x8_s') },
  { mnemonic: 'PSADBW', opcode: '66 0F F6 /r', operands: 'Vdq, Wdq', spec: 'PSADBW—Compute Sum of Absolute Differences', op: binary(sumOfDifferences) },
  { mnemonic: 'PAVGB', opcode: '66 0F E0 /r', operands: 'Vdq, Wdq', spec: 'PAVGB/PAVGW—Average Packed Integers', op: simple('i8x16.avgr_u') },
  { mnemonic: 'PAVGW', opcode: '66 0F E3 /r', operands: 'Vdq, Wdq', spec: 'PAVGB/PAVGW—Average Packed Integers', op: simple('i16x8.avgr_u') },
  { mnemonic: 'PMINUB', opcode: '66 0F DA /r', operands: 'Vdq, Wdq', spec: 'PMINUB/PMINUW—Minimum of Packed Unsigned Integers', op: simple('i8x16.min_u') },
  { mnemonic: 'PMINSW', opcode: '66 0F EA /r', operands: 'Vdq, Wdq', spec: 'PMINSB/PMINSW—Minimum of Packed Signed Integers', op: simple('i16x8.min_s') },
  { mnemonic: 'PMAXUB', opcode: '66 0F DE /r', operands: 'Vdq, Wdq', spec: 'PMAXUB/PMAXUW—Maximum of Packed Unsigned Integers', op: simple('i8x16.max_u') },
  { mnemonic: 'PMAXSW', opcode: '66 0F EE /r', operands: 'Vdq, Wdq', spec: 'PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers', op: simple('i16x8.max_s') },

  { mnemonic: 'PCMPEQB', opcode: '66 0F 74 /r', operands: 'Vdq, Wdq', spec: 'PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal', op: simple('i8x16.eq') },
  { mnemonic: 'PCMPEQW', opcode: '66 0F 75 /r', operands: 'Vdq, Wdq', spec: 'PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal', op: simple('i16x8.eq') },
  { mnemonic: 'PCMPEQD', opcode: '66 0F 76 /r', operands: 'Vdq, Wdq', spec: 'PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal', op: simple('i32x4.eq') },
  { mnemonic: 'PCMPGTB', opcode: '66 0F 64 /r', operands: 'Vdq, Wdq', spec: 'PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than', op: simple('i8x16.gt_s') },
  { mnemonic: 'PCMPGTW', opcode: '66 0F 65 /r', operands: 'Vdq, Wdq', spec: 'PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than', op: simple('i16x8.gt_s') },
  { mnemonic: 'PCMPGTD', opcode: '66 0F 66 /r', operands: 'Vdq, Wdq', spec: 'PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than', op: simple('i32x4.gt_s') },
  { mnemonic: 'PMOVMSKB', opcode: '66 0F D7 /r', operands: 'Gd, Udq', spec: 'PMOVMSKB—Move Byte Mask', op: byteSigns },

  { mnemonic: 'PAND', opcode: '66 0F DB /r', operands: 'Vdq, Wdq', spec: 'PAND—Logical AND', op: simple('v128.and') },
  { mnemonic: 'PANDN', opcode: '66 0F DF /r', operands: 'Vdq, Wdq', spec: 'PANDN—Logical AND NOT', op: binary(andNot) },
  { mnemonic: 'POR', opcode: '66 0F EB /r', operands: 'Vdq, Wdq', spec: 'POR—Bitwise Logical OR', op: simple('v128.or') },
  { mnemonic: 'PXOR', opcode: '66 0F EF /r', operands: 'Vdq, Wdq', spec: 'PXOR—Logical Exclusive OR', op: simple('v128.xor') },

  { mnemonic: 'PSLLW', opcode: '66 0F F1 /r', operands: 'Vdq, Wdq', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', op: shiftByRegister('i16x8', 'shl') },
  { mnemonic: 'PSLLW', opcode: '66 0F 71 /6', operands: 'Udq, Ib', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', op: shiftByImmediate('i16x8', 'shl') },
  { mnemonic: 'PSLLD', opcode: '66 0F F2 /r', operands: 'Vdq, Wdq', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', op: shiftByRegister('i32x4', 'shl') },
  { mnemonic: 'PSLLD', opcode: '66 0F 72 /6', operands: 'Udq, Ib', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', op: shiftByImmediate('i32x4', 'shl') },
  { mnemonic: 'PSLLQ', opcode: '66 0F F3 /r', operands: 'Vdq, Wdq', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', op: shiftByRegister('i64x2', 'shl') },
  { mnemonic: 'PSLLQ', opcode: '66 0F 73 /6', operands: 'Udq, Ib', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', op: shiftByImmediate('i64x2', 'shl') },
  { mnemonic: 'PSRLW', opcode: '66 0F D1 /r', operands: 'Vdq, Wdq', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', op: shiftByRegister('i16x8', 'shr_u') },
  { mnemonic: 'PSRLW', opcode: '66 0F 71 /2', operands: 'Udq, Ib', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', op: shiftByImmediate('i16x8', 'shr_u') },
  { mnemonic: 'PSRLD', opcode: '66 0F D2 /r', operands: 'Vdq, Wdq', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', op: shiftByRegister('i32x4', 'shr_u') },
  { mnemonic: 'PSRLD', opcode: '66 0F 72 /2', operands: 'Udq, Ib', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', op: shiftByImmediate('i32x4', 'shr_u') },
  { mnemonic: 'PSRLQ', opcode: '66 0F D3 /r', operands: 'Vdq, Wdq', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', op: shiftByRegister('i64x2', 'shr_u') },
  { mnemonic: 'PSRLQ', opcode: '66 0F 73 /2', operands: 'Udq, Ib', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', op: shiftByImmediate('i64x2', 'shr_u') },
  { mnemonic: 'PSRAW', opcode: '66 0F E1 /r', operands: 'Vdq, Wdq', spec: 'PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic', op: shiftByRegister('i16x8', 'shr_s') },
  { mnemonic: 'PSRAW', opcode: '66 0F 71 /4', operands: 'Udq, Ib', spec: 'PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic', op: shiftByImmediate('i16x8', 'shr_s') },
  { mnemonic: 'PSRAD', opcode: '66 0F E2 /r', operands: 'Vdq, Wdq', spec: 'PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic', op: shiftByRegister('i32x4', 'shr_s') },
  { mnemonic: 'PSRAD', opcode: '66 0F 72 /4', operands: 'Udq, Ib', spec: 'PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic', op: shiftByImmediate('i32x4', 'shr_s') },
  { mnemonic: 'PSLLDQ', opcode: '66 0F 73 /7', operands: 'Udq, Ib', spec: 'PSLLDQ—Shift Double Quadword Left Logical', op: shiftBytes('left') },
  { mnemonic: 'PSRLDQ', opcode: '66 0F 73 /3', operands: 'Udq, Ib', spec: 'PSRLDQ—Shift Double Quadword Right Logical', op: shiftBytes('right') },
]
