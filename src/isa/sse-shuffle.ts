/** SSE and SSE2 instructions that rearrange lanes: shuffles, unpacks, packs, PINSRW and PEXTRW. */
import type { Row } from './insn.ts'
import { get, put } from './operand.ts'
import type { SimdOp } from './simd-ops.ts'
import {
  binary,
  binaryBy,
  control,
  firstSource,
  secondSource,
  setResult,
  unaryBy,
  xmmOf,
  type Op,
} from './sse-operand.ts'

/** Byte indices for elements of `size` bytes; element numbers run on from the first operand into the second. */
export const elements = (size: number, which: readonly number[]): number[] =>
  which.flatMap((e) => Array.from({ length: size }, (_, k) => e * size + k))

/** Alternates the low or high elements of both operands. */
const unpack = (size: 1 | 2 | 4 | 8, half: 'low' | 'high'): Op => {
  const n = 16 / size
  const first = half === 'low' ? 0 : n / 2
  const bytes = elements(size, Array.from({ length: n / 2 }, (_, k) => [first + k, n + first + k]).flat())
  return binary((o, a, b) => o.shuffle(bytes, a, b))
}

/** Fields of two bits of the immediate. */
type Fields = readonly [number, number, number, number]
const fields = (n: number): Fields => [n & 3, (n >> 2) & 3, (n >> 4) & 3, n >> 6]
/** One operand, elements chosen by the immediate. */
export const shuffleOne = (size: 2 | 4, choose: (f: Fields) => number[]): Op =>
  unaryBy((byte) => (o, x) => o.shuffle(elements(size, choose(fields(byte))), x, x))
const shuffleSingles = binaryBy((byte) => {
  const [a, b, c, d] = fields(byte)
  return (o, x, y) => o.shuffle(elements(4, [a, b, 4 + c, 4 + d]), x, y)
})
/** Bits 255:128 have two bits of their own. */
const shuffleDoubles = binaryBy((byte, half) => {
  const chosen = byte >> (2 * half)
  return (o, x, y) => o.shuffle(elements(8, [chosen & 1, 2 + ((chosen >> 1) & 1)]), x, y)
})

const pack = (op: SimdOp): Op => binary((o, a, b) => o.simd(op, [a, b]))

const insertWord: Op = (m, i) => {
  const value = m.zext(16, 32, get(m, i, secondSource(i)))
  setResult(m, i, m.simd('i16x8.replace_lane', [m.xmm(xmmOf(i, firstSource(i))), value], control(i) & 7))
}
const extractWord: Op = (m, i) => put(m, i, 0, m.simd('i16x8.extract_lane_u', [m.xmm(xmmOf(i, 1))], control(i) & 7))

// prettier-ignore
export const SSE_SHUFFLE: readonly Row[] = [
  { mnemonic: 'PUNPCKLBW', opcode: '66 0F 60 /r', operands: 'Vdq, Wdq', spec: 'PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data', op: unpack(1, 'low') },
  { mnemonic: 'PUNPCKLWD', opcode: '66 0F 61 /r', operands: 'Vdq, Wdq', spec: 'PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data', op: unpack(2, 'low') },
  { mnemonic: 'PUNPCKLDQ', opcode: '66 0F 62 /r', operands: 'Vdq, Wdq', spec: 'PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data', op: unpack(4, 'low') },
  { mnemonic: 'PUNPCKLQDQ', opcode: '66 0F 6C /r', operands: 'Vdq, Wdq', spec: 'PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data', op: unpack(8, 'low') },
  { mnemonic: 'PUNPCKHBW', opcode: '66 0F 68 /r', operands: 'Vdq, Wdq', spec: 'PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data', op: unpack(1, 'high') },
  { mnemonic: 'PUNPCKHWD', opcode: '66 0F 69 /r', operands: 'Vdq, Wdq', spec: 'PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data', op: unpack(2, 'high') },
  { mnemonic: 'PUNPCKHDQ', opcode: '66 0F 6A /r', operands: 'Vdq, Wdq', spec: 'PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data', op: unpack(4, 'high') },
  { mnemonic: 'PUNPCKHQDQ', opcode: '66 0F 6D /r', operands: 'Vdq, Wdq', spec: 'PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data', op: unpack(8, 'high') },
  { mnemonic: 'UNPCKLPS', opcode: 'NP 0F 14 /r', operands: 'Vps, Wps', spec: 'UNPCKLPS—Unpack and Interleave Low Packed Single Precision Floating-Point Values', op: unpack(4, 'low') },
  { mnemonic: 'UNPCKHPS', opcode: 'NP 0F 15 /r', operands: 'Vps, Wps', spec: 'UNPCKHPS—Unpack and Interleave High Packed Single Precision Floating-Point Values', op: unpack(4, 'high') },
  { mnemonic: 'UNPCKLPD', opcode: '66 0F 14 /r', operands: 'Vpd, Wpd', spec: 'UNPCKLPD—Unpack and Interleave Low Packed Double Precision Floating-Point Values', op: unpack(8, 'low') },
  { mnemonic: 'UNPCKHPD', opcode: '66 0F 15 /r', operands: 'Vpd, Wpd', spec: 'UNPCKHPD—Unpack and Interleave High Packed Double Precision Floating-Point Values', op: unpack(8, 'high') },

  { mnemonic: 'PACKSSWB', opcode: '66 0F 63 /r', operands: 'Vdq, Wdq', spec: 'PACKSSWB/PACKSSDW—Pack With Signed Saturation', op: pack('i8x16.narrow_i16x8_s') },
  { mnemonic: 'PACKSSDW', opcode: '66 0F 6B /r', operands: 'Vdq, Wdq', spec: 'PACKSSWB/PACKSSDW—Pack With Signed Saturation', op: pack('i16x8.narrow_i32x4_s') },
  { mnemonic: 'PACKUSWB', opcode: '66 0F 67 /r', operands: 'Vdq, Wdq', spec: 'PACKUSWB—Pack With Unsigned Saturation', op: pack('i8x16.narrow_i16x8_u') },

  { mnemonic: 'PSHUFD', opcode: '66 0F 70 /r', operands: 'Vdq, Wdq, Ib', spec: 'PSHUFD—Shuffle Packed Doublewords', op: shuffleOne(4, (f) => [...f]) },
  { mnemonic: 'PSHUFHW', opcode: 'F3 0F 70 /r', operands: 'Vdq, Wdq, Ib', spec: 'PSHUFHW—Shuffle Packed High Words', op: shuffleOne(2, (f) => [0, 1, 2, 3, ...f.map((e) => 4 + e)]) },
  { mnemonic: 'PSHUFLW', opcode: 'F2 0F 70 /r', operands: 'Vdq, Wdq, Ib', spec: 'PSHUFLW—Shuffle Packed Low Words', op: shuffleOne(2, (f) => [...f, 4, 5, 6, 7]) },
  { mnemonic: 'SHUFPS', opcode: 'NP 0F C6 /r', operands: 'Vps, Wps, Ib', spec: 'SHUFPS—Packed Interleave Shuffle of Quadruplets of Single Precision Floating-Point Values', op: shuffleSingles },
  { mnemonic: 'SHUFPD', opcode: '66 0F C6 /r', operands: 'Vpd, Wpd, Ib', spec: 'SHUFPD—Packed Interleave Shuffle of Pairs of Double Precision Floating-Point Values', op: shuffleDoubles },

  { mnemonic: 'PINSRW', opcode: '66 0F C4 /r', operands: 'Vdq, Ew, Ib', spec: 'PINSRW—Insert Word', op: insertWord },
  { mnemonic: 'PEXTRW', opcode: '66 0F C5 /r', operands: 'Gd, Udq, Ib', spec: 'PEXTRW—Extract Word', op: extractWord },
]
