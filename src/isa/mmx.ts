/**
 * MMX and the integer instructions on MMX registers that SSE and SSE2 added: moves, arithmetic, comparison, shifts, shuffles. Rare
 * enough to be the evaluator's alone. [SDM-1 "Programming with Intel MMX Technology"]
 */
import { RDI } from '../spec/x86/index.ts'
import type { Insn, MemoryOperand, Row } from './insn.ts'
import { packed, signed, unsigned, zip } from './mmx-lanes.ts'
import { binary, mmx, mmxOf, source, withMmx, type Slow } from './mmx-state.ts'
import { get, operand, put, widthOf } from './operand.ts'
import { evalShuffle, evalSimd } from './simd-eval.ts'
import type { SimdOp } from './simd-ops.ts'
import { addressWithin, immediate, xmmOf } from './sse-operand.ts'
import { demandWrite } from './sse-move.ts'

/** The upper half of the vector is idle. */
const simple = (op: SimdOp): Slow => binary((a, b) => evalSimd(op, [a, b]) as bigint)
const andNot = binary((a, b) => ~a & b)

const multiplyHigh = (lanes: typeof signed): Slow =>
  binary((a, b) =>
    packed(
      16,
      zip(lanes(16, a), lanes(16, b), (x, y) => (x * y) >> 16),
    ),
  )
const multiplyLow = binary((a, b) => BigInt.asUintN(32, a) * BigInt.asUintN(32, b))
const sumOfDifferences = binary((a, b) =>
  BigInt(zip(unsigned(8, a), unsigned(8, b), (x, y) => Math.abs(x - y)).reduce((sum, x) => sum + x)),
)

/** Both operands as one vector of 16 bytes. */
const pack = (op: SimdOp): Slow => binary((a, b) => evalSimd(op, [a | (b << 64n), 0n]) as bigint)
/** Alternates the low or high elements of `size` bytes. For the low ones memory has 32 bits. */
const unpack = (size: 1 | 2 | 4, half: 'low' | 'high'): Slow => {
  const first = half === 'low' ? 0 : 4
  const bytes = Array.from({ length: 16 }, (_, k) => {
    const element = Math.floor(k / size)
    return first + size * (element >> 1) + (k % size) + (element % 2 ? 16 : 0)
  })
  return binary((a, b) => evalShuffle(bytes, a, b))
}

type Shift = 'left' | 'right' | 'sign'
/** Counts beyond the lane shift everything out: zeros, or copies of the sign. */
function shifted(w: 16 | 32 | 64, shift: Shift, a: bigint, count: bigint): bigint {
  const by = count < BigInt(w) ? count : BigInt(w)
  let out = 0n
  for (let at = 0n; at < 64n; at += BigInt(w)) {
    const lane = shift === 'sign' ? BigInt.asIntN(w, a >> at) : BigInt.asUintN(w, a >> at)
    out |= BigInt.asUintN(w, shift === 'left' ? lane << by : lane >> by) << at
  }
  return out
}
const shiftBy = (w: 16 | 32 | 64, shift: Shift): Slow => binary((a, b) => shifted(w, shift, a, b))
const shiftByImmediate = (w: 16 | 32 | 64, shift: Shift): Slow =>
  withMmx((e, i) => shifted(w, shift, mmx(e, mmxOf(i, 0)), BigInt(immediate(i, 1))))

const load = withMmx((e, i) => source(e, i, 1))
/** From an MMX register to memory, a general-purpose or another MMX register. */
const store = withMmx((e, i) => {
  const value = mmx(e, mmxOf(i, 1))
  const to = operand(i, 0)
  if (to.kind === 'mm') return value
  put(e, i, 0, widthOf(i, 0) === 32 ? Number(BigInt.asUintN(32, value)) : value)
  return undefined
}, 'TOP')
/** Always eight bytes at RDI, and all of them must be writable. */
const maskedStore = withMmx((e, i) => {
  const at: MemoryOperand = { kind: 'mem', w: 64, seg: i.seg, base: RDI, index: -1, scale: 0, disp: 0n, a32: i.a32 }
  const address = demandWrite(e, addressWithin(e, at, 0))
  const [data, mask] = [unsigned(8, mmx(e, mmxOf(i, 0))), signed(8, mmx(e, mmxOf(i, 1)))]
  mask.forEach((m, k) => {
    if (m < 0) e.view.write(address + k, Uint8Array.of(data[k] ?? 0))
  })
  return undefined
}, 'all')
const fromXmm = withMmx((e, i) => BigInt.asUintN(64, e.xmm(xmmOf(i, 1)) as bigint))
const toXmm = withMmx((e, i) => {
  e.setXmm(xmmOf(i, 0), mmx(e, mmxOf(i, 1)))
  return undefined
})

const shuffleWords = withMmx((e, i) => {
  const words = unsigned(16, source(e, i, 1))
  return packed(
    16,
    [0, 2, 4, 6].map((at) => words[(immediate(i, 2) >> at) & 3] ?? 0),
  )
})
/** How far up the word is that the immediate names. */
const wordAt = (i: Insn): bigint => BigInt(16 * (immediate(i, 2) & 3))
const insertWord = withMmx((e, i) => {
  const word = BigInt(get(e, i, 1))
  return (mmx(e, mmxOf(i, 0)) & ~(0xffffn << wordAt(i))) | (word << wordAt(i))
})
const extractWord = withMmx((e, i) => {
  put(e, i, 0, Number((mmx(e, mmxOf(i, 1)) >> wordAt(i)) & 0xffffn))
  return undefined
})
const byteSigns = withMmx((e, i) => {
  put(e, i, 0, evalSimd('i8x16.bitmask', [mmx(e, mmxOf(i, 1))]))
  return undefined
})

// prettier-ignore
export const MMX: readonly Row[] = [
  { mnemonic: 'MOVD', opcode: 'NP 0F 6E /r', operands: 'Pq, Ey', spec: 'MOVD/MOVQ—Move Doubleword/Move Quadword', slow: load },
  { mnemonic: 'MOVD', opcode: 'NP 0F 7E /r', operands: 'Ey, Pq', spec: 'MOVD/MOVQ—Move Doubleword/Move Quadword', slow: store },
  { mnemonic: 'MOVQ', opcode: 'NP 0F 6F /r', operands: 'Pq, Qq', spec: 'MOVQ—Move Quadword', slow: load },
  { mnemonic: 'MOVQ', opcode: 'NP 0F 7F /r', operands: 'Qq, Pq', spec: 'MOVQ—Move Quadword', slow: store },
  { mnemonic: 'MOVNTQ', opcode: 'NP 0F E7 /r', operands: 'Mq, Pq', spec: 'MOVNTQ—Store of Quadword Using Non-Temporal Hint', slow: store },
  { mnemonic: 'MASKMOVQ', opcode: 'NP 0F F7 /r', operands: 'Pq, Nq', spec: 'MASKMOVQ—Store Selected Bytes of Quadword', slow: maskedStore },
  { mnemonic: 'MOVDQ2Q', opcode: 'F2 0F D6 /r', operands: 'Pq, Udq', spec: 'MOVDQ2Q—Move Quadword from XMM to MMX Technology Register', slow: fromXmm },
  { mnemonic: 'MOVQ2DQ', opcode: 'F3 0F D6 /r', operands: 'Vdq, Nq', spec: 'MOVQ2DQ—Move Quadword from MMX Technology to XMM Register', slow: toXmm },

  { mnemonic: 'PADDB', opcode: 'NP 0F FC /r', operands: 'Pq, Qq', spec: 'PADDB/PADDW/PADDD/PADDQ—Add Packed Integers', slow: simple('i8x16.add') },
  { mnemonic: 'PADDW', opcode: 'NP 0F FD /r', operands: 'Pq, Qq', spec: 'PADDB/PADDW/PADDD/PADDQ—Add Packed Integers', slow: simple('i16x8.add') },
  { mnemonic: 'PADDD', opcode: 'NP 0F FE /r', operands: 'Pq, Qq', spec: 'PADDB/PADDW/PADDD/PADDQ—Add Packed Integers', slow: simple('i32x4.add') },
  { mnemonic: 'PADDQ', opcode: 'NP 0F D4 /r', operands: 'Pq, Qq', spec: 'PADDB/PADDW/PADDD/PADDQ—Add Packed Integers', slow: simple('i64x2.add') },
  { mnemonic: 'PADDSB', opcode: 'NP 0F EC /r', operands: 'Pq, Qq', spec: 'PADDSB/PADDSW—Add Packed Signed Integers with Signed Saturation', slow: simple('i8x16.add_sat_s') },
  { mnemonic: 'PADDSW', opcode: 'NP 0F ED /r', operands: 'Pq, Qq', spec: 'PADDSB/PADDSW—Add Packed Signed Integers with Signed Saturation', slow: simple('i16x8.add_sat_s') },
  { mnemonic: 'PADDUSB', opcode: 'NP 0F DC /r', operands: 'Pq, Qq', spec: 'PADDUSB/PADDUSW—Add Packed Unsigned Integers With Unsigned Saturation', slow: simple('i8x16.add_sat_u') },
  { mnemonic: 'PADDUSW', opcode: 'NP 0F DD /r', operands: 'Pq, Qq', spec: 'PADDUSB/PADDUSW—Add Packed Unsigned Integers With Unsigned Saturation', slow: simple('i16x8.add_sat_u') },
  { mnemonic: 'PSUBB', opcode: 'NP 0F F8 /r', operands: 'Pq, Qq', spec: 'PSUBB/PSUBW/PSUBD—Subtract Packed Integers', slow: simple('i8x16.sub') },
  { mnemonic: 'PSUBW', opcode: 'NP 0F F9 /r', operands: 'Pq, Qq', spec: 'PSUBB/PSUBW/PSUBD—Subtract Packed Integers', slow: simple('i16x8.sub') },
  { mnemonic: 'PSUBD', opcode: 'NP 0F FA /r', operands: 'Pq, Qq', spec: 'PSUBB/PSUBW/PSUBD—Subtract Packed Integers', slow: simple('i32x4.sub') },
  { mnemonic: 'PSUBQ', opcode: 'NP 0F FB /r', operands: 'Pq, Qq', spec: 'PSUBQ—Subtract Packed Quadword Integers', slow: simple('i64x2.sub') },
  { mnemonic: 'PSUBSB', opcode: 'NP 0F E8 /r', operands: 'Pq, Qq', spec: 'PSUBSB/PSUBSW—Subtract Packed Signed Integers With Signed Saturation', slow: simple('i8x16.sub_sat_s') },
  { mnemonic: 'PSUBSW', opcode: 'NP 0F E9 /r', operands: 'Pq, Qq', spec: 'PSUBSB/PSUBSW—Subtract Packed Signed Integers With Signed Saturation', slow: simple('i16x8.sub_sat_s') },
  { mnemonic: 'PSUBUSB', opcode: 'NP 0F D8 /r', operands: 'Pq, Qq', spec: 'PSUBUSB/PSUBUSW—Subtract Packed Unsigned Integers With Unsigned Saturation', slow: simple('i8x16.sub_sat_u') },
  { mnemonic: 'PSUBUSW', opcode: 'NP 0F D9 /r', operands: 'Pq, Qq', spec: 'PSUBUSB/PSUBUSW—Subtract Packed Unsigned Integers With Unsigned Saturation', slow: simple('i16x8.sub_sat_u') },

  { mnemonic: 'PMULLW', opcode: 'NP 0F D5 /r', operands: 'Pq, Qq', spec: 'PMULLW—Multiply Packed Signed Integers and Store Low Result', slow: simple('i16x8.mul') },
  { mnemonic: 'PMULHW', opcode: 'NP 0F E5 /r', operands: 'Pq, Qq', spec: 'PMULHW—Multiply Packed Signed Integers and Store High Result', slow: multiplyHigh(signed) },
  { mnemonic: 'PMULHUW', opcode: 'NP 0F E4 /r', operands: 'Pq, Qq', spec: 'PMULHUW—Multiply Packed Unsigned Integers and Store High Result', slow: multiplyHigh(unsigned) },
  { mnemonic: 'PMULUDQ', opcode: 'NP 0F F4 /r', operands: 'Pq, Qq', spec: 'PMULUDQ—Multiply Packed Unsigned Doubleword Integers', slow: multiplyLow },
  { mnemonic: 'PMADDWD', opcode: 'NP 0F F5 /r', operands: 'Pq, Qq', spec: 'PMADDWD—Multiply and Add Packed Integers', slow: simple('i32x4.dot_i16x8_s') },
  { mnemonic: 'PSADBW', opcode: 'NP 0F F6 /r', operands: 'Pq, Qq', spec: 'PSADBW—Compute Sum of Absolute Differences', slow: sumOfDifferences },
  { mnemonic: 'PAVGB', opcode: 'NP 0F E0 /r', operands: 'Pq, Qq', spec: 'PAVGB/PAVGW—Average Packed Integers', slow: simple('i8x16.avgr_u') },
  { mnemonic: 'PAVGW', opcode: 'NP 0F E3 /r', operands: 'Pq, Qq', spec: 'PAVGB/PAVGW—Average Packed Integers', slow: simple('i16x8.avgr_u') },
  { mnemonic: 'PMINUB', opcode: 'NP 0F DA /r', operands: 'Pq, Qq', spec: 'PMINUB/PMINUW—Minimum of Packed Unsigned Integers', slow: simple('i8x16.min_u') },
  { mnemonic: 'PMINSW', opcode: 'NP 0F EA /r', operands: 'Pq, Qq', spec: 'PMINSB/PMINSW—Minimum of Packed Signed Integers', slow: simple('i16x8.min_s') },
  { mnemonic: 'PMAXUB', opcode: 'NP 0F DE /r', operands: 'Pq, Qq', spec: 'PMAXUB/PMAXUW—Maximum of Packed Unsigned Integers', slow: simple('i8x16.max_u') },
  { mnemonic: 'PMAXSW', opcode: 'NP 0F EE /r', operands: 'Pq, Qq', spec: 'PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers', slow: simple('i16x8.max_s') },

  { mnemonic: 'PCMPEQB', opcode: 'NP 0F 74 /r', operands: 'Pq, Qq', spec: 'PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal', slow: simple('i8x16.eq') },
  { mnemonic: 'PCMPEQW', opcode: 'NP 0F 75 /r', operands: 'Pq, Qq', spec: 'PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal', slow: simple('i16x8.eq') },
  { mnemonic: 'PCMPEQD', opcode: 'NP 0F 76 /r', operands: 'Pq, Qq', spec: 'PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal', slow: simple('i32x4.eq') },
  { mnemonic: 'PCMPGTB', opcode: 'NP 0F 64 /r', operands: 'Pq, Qq', spec: 'PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than', slow: simple('i8x16.gt_s') },
  { mnemonic: 'PCMPGTW', opcode: 'NP 0F 65 /r', operands: 'Pq, Qq', spec: 'PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than', slow: simple('i16x8.gt_s') },
  { mnemonic: 'PCMPGTD', opcode: 'NP 0F 66 /r', operands: 'Pq, Qq', spec: 'PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than', slow: simple('i32x4.gt_s') },
  { mnemonic: 'PAND', opcode: 'NP 0F DB /r', operands: 'Pq, Qq', spec: 'PAND—Logical AND', slow: simple('v128.and') },
  { mnemonic: 'PANDN', opcode: 'NP 0F DF /r', operands: 'Pq, Qq', spec: 'PANDN—Logical AND NOT', slow: andNot },
  { mnemonic: 'POR', opcode: 'NP 0F EB /r', operands: 'Pq, Qq', spec: 'POR—Bitwise Logical OR', slow: simple('v128.or') },
  { mnemonic: 'PXOR', opcode: 'NP 0F EF /r', operands: 'Pq, Qq', spec: 'PXOR—Logical Exclusive OR', slow: simple('v128.xor') },

  { mnemonic: 'PSLLW', opcode: 'NP 0F F1 /r', operands: 'Pq, Qq', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', slow: shiftBy(16, 'left') },
  { mnemonic: 'PSLLW', opcode: 'NP 0F 71 /6', operands: 'Nq, Ib', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', slow: shiftByImmediate(16, 'left') },
  { mnemonic: 'PSLLD', opcode: 'NP 0F F2 /r', operands: 'Pq, Qq', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', slow: shiftBy(32, 'left') },
  { mnemonic: 'PSLLD', opcode: 'NP 0F 72 /6', operands: 'Nq, Ib', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', slow: shiftByImmediate(32, 'left') },
  { mnemonic: 'PSLLQ', opcode: 'NP 0F F3 /r', operands: 'Pq, Qq', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', slow: shiftBy(64, 'left') },
  { mnemonic: 'PSLLQ', opcode: 'NP 0F 73 /6', operands: 'Nq, Ib', spec: 'PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical', slow: shiftByImmediate(64, 'left') },
  { mnemonic: 'PSRLW', opcode: 'NP 0F D1 /r', operands: 'Pq, Qq', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', slow: shiftBy(16, 'right') },
  { mnemonic: 'PSRLW', opcode: 'NP 0F 71 /2', operands: 'Nq, Ib', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', slow: shiftByImmediate(16, 'right') },
  { mnemonic: 'PSRLD', opcode: 'NP 0F D2 /r', operands: 'Pq, Qq', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', slow: shiftBy(32, 'right') },
  { mnemonic: 'PSRLD', opcode: 'NP 0F 72 /2', operands: 'Nq, Ib', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', slow: shiftByImmediate(32, 'right') },
  { mnemonic: 'PSRLQ', opcode: 'NP 0F D3 /r', operands: 'Pq, Qq', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', slow: shiftBy(64, 'right') },
  { mnemonic: 'PSRLQ', opcode: 'NP 0F 73 /2', operands: 'Nq, Ib', spec: 'PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical', slow: shiftByImmediate(64, 'right') },
  { mnemonic: 'PSRAW', opcode: 'NP 0F E1 /r', operands: 'Pq, Qq', spec: 'PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic', slow: shiftBy(16, 'sign') },
  { mnemonic: 'PSRAW', opcode: 'NP 0F 71 /4', operands: 'Nq, Ib', spec: 'PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic', slow: shiftByImmediate(16, 'sign') },
  { mnemonic: 'PSRAD', opcode: 'NP 0F E2 /r', operands: 'Pq, Qq', spec: 'PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic', slow: shiftBy(32, 'sign') },
  { mnemonic: 'PSRAD', opcode: 'NP 0F 72 /4', operands: 'Nq, Ib', spec: 'PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic', slow: shiftByImmediate(32, 'sign') },

  { mnemonic: 'PUNPCKLBW', opcode: 'NP 0F 60 /r', operands: 'Pq, Qd', spec: 'PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data', slow: unpack(1, 'low') },
  { mnemonic: 'PUNPCKLWD', opcode: 'NP 0F 61 /r', operands: 'Pq, Qd', spec: 'PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data', slow: unpack(2, 'low') },
  { mnemonic: 'PUNPCKLDQ', opcode: 'NP 0F 62 /r', operands: 'Pq, Qd', spec: 'PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data', slow: unpack(4, 'low') },
  { mnemonic: 'PUNPCKHBW', opcode: 'NP 0F 68 /r', operands: 'Pq, Qq', spec: 'PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data', slow: unpack(1, 'high') },
  { mnemonic: 'PUNPCKHWD', opcode: 'NP 0F 69 /r', operands: 'Pq, Qq', spec: 'PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data', slow: unpack(2, 'high') },
  { mnemonic: 'PUNPCKHDQ', opcode: 'NP 0F 6A /r', operands: 'Pq, Qq', spec: 'PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data', slow: unpack(4, 'high') },
  { mnemonic: 'PACKSSWB', opcode: 'NP 0F 63 /r', operands: 'Pq, Qq', spec: 'PACKSSWB/PACKSSDW—Pack With Signed Saturation', slow: pack('i8x16.narrow_i16x8_s') },
  { mnemonic: 'PACKSSDW', opcode: 'NP 0F 6B /r', operands: 'Pq, Qq', spec: 'PACKSSWB/PACKSSDW—Pack With Signed Saturation', slow: pack('i16x8.narrow_i32x4_s') },
  { mnemonic: 'PACKUSWB', opcode: 'NP 0F 67 /r', operands: 'Pq, Qq', spec: 'PACKUSWB—Pack With Unsigned Saturation', slow: pack('i8x16.narrow_i16x8_u') },
  { mnemonic: 'PSHUFW', opcode: 'NP 0F 70 /r', operands: 'Pq, Qq, Ib', spec: 'PSHUFW—Shuffle Packed Words', slow: shuffleWords },
  { mnemonic: 'PINSRW', opcode: 'NP 0F C4 /r', operands: 'Pq, Ew, Ib', spec: 'PINSRW—Insert Word', slow: insertWord },
  { mnemonic: 'PEXTRW', opcode: 'NP 0F C5 /r', operands: 'Gd, Nq, Ib', spec: 'PEXTRW—Extract Word', slow: extractWord },
  { mnemonic: 'PMOVMSKB', opcode: 'NP 0F D7 /r', operands: 'Gd, Nq', spec: 'PMOVMSKB—Move Byte Mask', slow: byteSigns },
]
