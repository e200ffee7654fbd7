/** SSE4.1 packed integers: arithmetic, comparison, extension, PTEST. Blends, inserts and extracts are in sse41-shuffle.ts. */
import type { Insn, Row } from './insn.ts'
import { get, operand } from './operand.ts'
import type { Cpu, Ops } from './ops.ts'
import type { SimdOp } from './simd-ops.ts'
import { EVEN_DOUBLEWORDS } from './sse-integer.ts'
import {
  alone,
  binary,
  binaryBy,
  halves,
  setResult,
  unary,
  xmmOf,
  type Binary,
  type Op,
  type Unary,
} from './sse-operand.ts'

const simple = (op: SimdOp): Op => binary((o, a, b) => o.simd(op, [a, b]))

const multiplyEvenSigned: Binary = (o, a, b) =>
  o.simd('i64x2.extmul_low_i32x4_s', [o.shuffle(EVEN_DOUBLEWORDS, a, a), o.shuffle(EVEN_DOUBLEWORDS, b, b)])

/** The least word and its number. Each word stands above its own number in a doubleword, so that one minimum finds both. */
const leastWord: Unary = <V>(o: Ops<V>, a: V): V => {
  const numbered = (half: V, first: number): V => {
    const numbers = [0, 1, 2, 3].reduce((v, k) => v | (BigInt(first + k) << BigInt(32 * k)), 0n)
    return o.simd('v128.or', [o.simd('i32x4.shl', [half, o.lit(32, 16)]), o.lit(128, numbers)])
  }
  const low = numbered(o.simd('i32x4.extend_low_i16x8_u', [a]), 0)
  const high = numbered(o.simd('i32x4.extend_high_i16x8_u', [a]), 4)
  const four = o.simd('i32x4.min_u', [low, high])
  const two = o.simd('i32x4.min_u', [
    four,
    o.shuffle([8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0, 0, 0, 0, 0], four, four),
  ])
  const one = o.simd('i32x4.min_u', [two, o.shuffle([4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], two, two)])
  return o.shuffle([2, 3, 0, 1, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16], one, o.lit(128, 0))
}

/**
 * Sums of |a - b| over four bytes: a block of four bytes of b against the eight that begin at consecutive bytes of a. Bits 0-1 of
 * `control` choose the block, bit 2 the beginning; bits 3-5 do so for bits 255:128.
 */
const sumsOfDifferences =
  (control: number, half: number): Binary =>
  <V>(o: Ops<V>, a: V, b: V): V => {
    const choice = control >> (3 * half)
    const [first, block] = [choice & 4, 4 * (choice & 3)]
    /** Bytes as words; 16 and more are zeros. */
    const words = (v: V, byte: (word: number) => number): V =>
      o.shuffle(
        Array.from({ length: 16 }, (_, k) => (k & 1 ? 16 : byte(k >> 1))),
        v,
        o.lit(128, 0),
      )
    const differences = [0, 1, 2, 3].map((j) =>
      o.simd('i16x8.abs', [o.simd('i16x8.sub', [words(a, (k) => first + k + j), words(b, () => block + j)])]),
    )
    return differences.reduce((sum, d) => o.simd('i16x8.add', [sum, d]))
  }
/** Operand k as a vector of which the low lanes count; from memory no more than these are read, at any address. */
function lowPart<V>(m: Cpu<V>, i: Insn, k: number): V {
  const o = operand(i, k)
  if (o.kind !== 'mem') return m.xmm(xmmOf(i, k))
  if (o.w === 128) return m.load(128, m.address(o))
  const value = get(m, i, k)
  return o.w === 64 ? alone(m, 64, value) : alone(m, 32, m.zext(o.w === 16 ? 16 : 32, 32, value))
}
/** The low lanes of width `from` to lanes of width `to`; those after them for bits 255:128. */
const extended =
  (sign: 's' | 'u', from: 8 | 16 | 32, to: 16 | 32 | 64): Op =>
  (m, i) => {
    const steps = [
      [8, `i16x8.extend_low_i8x16_${sign}`],
      [16, `i32x4.extend_low_i16x8_${sign}`],
      [32, `i64x2.extend_low_i32x4_${sign}`],
    ] as const
    const chosen = steps.filter(([w]) => w >= from && w < to)
    const source = lowPart(m, i, 1)
    const sources = [source]
    if (i.vex === 256) {
      const used = (16 * from) / to
      const bytes = Array.from({ length: 16 }, (_, k) => (k + used) % 16)
      sources.push(m.shuffle(bytes, source, source))
    }
    setResult(m, i, ...sources.map((v) => chosen.reduce((x, [, op]) => m.simd(op, [x]), v)))
  }

const ZF_PLACE = 6
/** ZF: no bit of both; CF: no bit of the second operand that is not in the first. The others become 0. */
const test: Op = (m, i) => {
  const [a, b] = [halves(m, i, 0), halves(m, i, 1)]
  const none = (op: 'v128.and' | 'v128.andnot') => {
    const bits = a.map((x, k) => m.simd(op, [b[k] ?? x, x])).reduce((x, y) => m.simd('v128.or', [x, y]))
    return m.xor(32, m.simd('v128.any_true', [bits]), m.lit(32, 1))
  }
  m.setFlags('PACKED', 32, m.or(32, m.shl(32, none('v128.and'), m.lit(32, ZF_PLACE)), none('v128.andnot')))
}

const aligned: Op = (m, i) => setResult(m, i, ...halves(m, i, 1, true))

const PMOVSX = 'PMOVSX—Packed Move With Sign Extend'
const PMOVZX = 'PMOVZX—Packed Move With Zero Extend'
const feature = 'SSE4_1'

// prettier-ignore
export const SSE41_INTEGER: readonly Row[] = [
  { mnemonic: 'PTEST', opcode: '66 0F 38 17 /r', operands: 'Vdq, Wdq', spec: 'PTEST—Logical Compare', feature, op: test },
  { mnemonic: 'PMOVSXBW', opcode: '66 0F 38 20 /r', operands: 'Vdq, Wq', spec: PMOVSX, feature, op: extended('s', 8, 16) },
  { mnemonic: 'PMOVSXBD', opcode: '66 0F 38 21 /r', operands: 'Vdq, Wd', spec: PMOVSX, feature, op: extended('s', 8, 32) },
  { mnemonic: 'PMOVSXBQ', opcode: '66 0F 38 22 /r', operands: 'Vdq, Ww', spec: PMOVSX, feature, op: extended('s', 8, 64) },
  { mnemonic: 'PMOVSXWD', opcode: '66 0F 38 23 /r', operands: 'Vdq, Wq', spec: PMOVSX, feature, op: extended('s', 16, 32) },
  { mnemonic: 'PMOVSXWQ', opcode: '66 0F 38 24 /r', operands: 'Vdq, Wd', spec: PMOVSX, feature, op: extended('s', 16, 64) },
  { mnemonic: 'PMOVSXDQ', opcode: '66 0F 38 25 /r', operands: 'Vdq, Wq', spec: PMOVSX, feature, op: extended('s', 32, 64) },
  { mnemonic: 'PMOVZXBW', opcode: '66 0F 38 30 /r', operands: 'Vdq, Wq', spec: PMOVZX, feature, op: extended('u', 8, 16) },
  { mnemonic: 'PMOVZXBD', opcode: '66 0F 38 31 /r', operands: 'Vdq, Wd', spec: PMOVZX, feature, op: extended('u', 8, 32) },
  { mnemonic: 'PMOVZXBQ', opcode: '66 0F 38 32 /r', operands: 'Vdq, Ww', spec: PMOVZX, feature, op: extended('u', 8, 64) },
  { mnemonic: 'PMOVZXWD', opcode: '66 0F 38 33 /r', operands: 'Vdq, Wq', spec: PMOVZX, feature, op: extended('u', 16, 32) },
  { mnemonic: 'PMOVZXWQ', opcode: '66 0F 38 34 /r', operands: 'Vdq, Wd', spec: PMOVZX, feature, op: extended('u', 16, 64) },
  { mnemonic: 'PMOVZXDQ', opcode: '66 0F 38 35 /r', operands: 'Vdq, Wq', spec: PMOVZX, feature, op: extended('u', 32, 64) },
  { mnemonic: 'PMULDQ', opcode: '66 0F 38 28 /r', operands: 'Vdq, Wdq', spec: 'PMULDQ—Multiply Packed Doubleword Integers', feature, op: binary(multiplyEvenSigned) },
  { mnemonic: 'PCMPEQQ', opcode: '66 0F 38 29 /r', operands: 'Vdq, Wdq', spec: 'PCMPEQQ—Compare Packed Qword Data for Equal', feature, op: simple('i64x2.eq') },
  { mnemonic: 'MOVNTDQA', opcode: '66 0F 38 2A /r', operands: 'Vdq, Mdq', spec: 'MOVNTDQA—Load Double Quadword Non-Temporal Aligned Hint', feature, op: aligned },
  { mnemonic: 'PACKUSDW', opcode: '66 0F 38 2B /r', operands: 'Vdq, Wdq', spec: 'PACKUSDW—Pack With Unsigned Saturation', feature, op: simple('i16x8.narrow_i32x4_u') },
  { mnemonic: 'PMINSB', opcode: '66 0F 38 38 /r', operands: 'Vdq, Wdq', spec: 'PMINSB/PMINSW—Minimum of Packed Signed Integers', feature, op: simple('i8x16.min_s') },
  { mnemonic: 'PMINSD', opcode: '66 0F 38 39 /r', operands: 'Vdq, Wdq', spec: 'PMINSD/PMINSQ—Minimum of Packed Signed Integers', feature, op: simple('i32x4.min_s') },
  { mnemonic: 'PMINUW', opcode: '66 0F 38 3A /r', operands: 'Vdq, Wdq', spec: 'PMINUB/PMINUW—Minimum of Packed Unsigned Integers', feature, op: simple('i16x8.min_u') },
  { mnemonic: 'PMINUD', opcode: '66 0F 38 3B /r', operands: 'Vdq, Wdq', spec: 'PMINUD/PMINUQ—Minimum of Packed Unsigned Integers', feature, op: simple('i32x4.min_u') },
  { mnemonic: 'PMAXSB', opcode: '66 0F 38 3C /r', operands: 'Vdq, Wdq', spec: 'PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers', feature, op: simple('i8x16.max_s') },
  { mnemonic: 'PMAXSD', opcode: '66 0F 38 3D /r', operands: 'Vdq, Wdq', spec: 'PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers', feature, op: simple('i32x4.max_s') },
  { mnemonic: 'PMAXUW', opcode: '66 0F 38 3E /r', operands: 'Vdq, Wdq', spec: 'PMAXUB/PMAXUW—Maximum of Packed Unsigned Integers', feature, op: simple('i16x8.max_u') },
  { mnemonic: 'PMAXUD', opcode: '66 0F 38 3F /r', operands: 'Vdq, Wdq', spec: 'PMAXUD/PMAXUQ—Maximum of Packed Unsigned Integers', feature, op: simple('i32x4.max_u') },
  { mnemonic: 'PMULLD', opcode: '66 0F 38 40 /r', operands: 'Vdq, Wdq', spec: 'PMULLD/PMULLQ—Multiply Packed Integers and Store Low Result', feature, op: simple('i32x4.mul') },
  { mnemonic: 'PHMINPOSUW', opcode: '66 0F 38 41 /r', operands: 'Vdq, Wdq', spec: 'PHMINPOSUW—Packed Horizontal Word Minimum', feature, op: unary(leastWord) },
  { mnemonic: 'MPSADBW', opcode: '66 0F 3A 42 /r', operands: 'Vdq, Wdq, Ib', spec: 'MPSADBW—Compute Multiple Packed Sums of Absolute Difference', feature, op: binaryBy(sumsOfDifferences) },
]
