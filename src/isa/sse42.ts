/** SSE4.2: comparison of strings, and PCMPGTQ. CRC32 and POPCNT are general-purpose instructions. */
import { RAX, RCX, RDX, RFLAGS } from '../spec/x86/index.ts'
import type { Insn, Row } from './insn.ts'
import type { Cpu, Ops } from './ops.ts'
import { binary, control, whole, xmmOf, type Op } from './sse-operand.ts'

const wordsOf = (byte: number): boolean => (byte & 1) !== 0
const countOf = (byte: number): number => (wordsOf(byte) ? 8 : 16)
/** One bit for each element that is zero or all ones. */
const bitsOf = <V>(o: Ops<V>, byte: number, v: V): V => o.simd(wordsOf(byte) ? 'i16x8.bitmask' : 'i8x16.bitmask', [v])

/** How many elements there are up to the first zero, of width 32. */
function implicitLength<V>(o: Ops<V>, byte: number, v: V): V {
  const zeros = bitsOf(o, byte, o.simd(wordsOf(byte) ? 'i16x8.eq' : 'i8x16.eq', [v, o.lit(128, 0)]))
  return o.ctz(32, o.or(32, zeros, o.lit(32, 1 << countOf(byte))))
}
/** The magnitude of a signed register, at most the number of elements; width 32. */
function explicitLength<V>(m: Cpu<V>, i: Insn, n: number, most: number): V {
  const w = i.w === 64 ? 64 : 32
  const length = m.reg(w, n)
  const magnitude = m.select(w, m.ltS(w, length, m.lit(w, 0)), m.sub(w, m.lit(w, 0), length), length)
  return m.trunc(w, 32, m.select(w, m.ltU(w, magnitude, m.lit(w, most)), magnitude, m.lit(w, most)))
}
/** The number of the first or last bit that is set, or n. */
const indexOf = <V>(o: Ops<V>, bits: V, n: number, last: boolean): V =>
  last
    ? o.select(32, o.eq(32, bits, o.lit(32, 0)), o.lit(32, n), o.sub(32, o.lit(32, 31), o.clz(32, bits)))
    : o.ctz(32, o.or(32, bits, o.lit(32, 1 << n)))

const HALVES_OF_16_BITS = 0x0101_0101_0101_0101_0000_0000_0000_0000n
const [BIT_OF_BYTE, BIT_OF_WORD] = [
  0x8040_2010_0804_0201_8040_2010_0804_0201n,
  0x80_0040_0020_0010_0008_0004_0002_0001n,
]
/** Bits to elements of all ones. */
function spread<V>(o: Ops<V>, byte: number, bits: V): V {
  const everywhere = o.simd('i16x8.splat', [bits])
  const [own, place, equal] = wordsOf(byte)
    ? [everywhere, o.lit(128, BIT_OF_WORD), 'i16x8.eq' as const]
    : [o.pickBytes(everywhere, o.lit(128, HALVES_OF_16_BITS)), o.lit(128, BIT_OF_BYTE), 'i8x16.eq' as const]
  return o.simd(equal, [o.simd('v128.and', [own, place]), place])
}

/** Vectors are read without a demand for alignment. */
const compare =
  (lengths: 'explicit' | 'implicit', result: 'index' | 'mask'): Op =>
  <V>(m: Cpu<V>, i: Insn): void => {
    const byte = control(i)
    const n = countOf(byte)
    const lengthOf = (v: V, register: number): V =>
      lengths === 'implicit' ? implicitLength(m, byte, v) : explicitLength(m, i, register, n)
    const [a, b] = [m.xmm(xmmOf(i, 0)), whole(m, i, 1, false)]
    const [aLength, bLength] = [lengthOf(a, RAX), lengthOf(b, RDX)]
    const bits = m.compareStrings(byte, a, aLength, b, bLength)
    const outermost = (byte & 0x40) !== 0
    if (result === 'index') m.setReg(32, RCX, indexOf(m, bits, n, outermost))
    else {
      m.setXmm(0, outermost ? spread(m, byte, bits) : m.simd('i32x4.replace_lane', [m.lit(128, 0), bits], 0))
      if (i.vex !== 0) m.setYmmHigh(0, m.lit(128, 0))
    }
    const when = (condition: V, flag: number): V => m.select(32, condition, m.lit(32, flag), m.lit(32, 0))
    const isShort = (length: V): V => m.ltU(32, length, m.lit(32, n))
    const flags = [
      when(m.ne(32, bits, m.lit(32, 0)), RFLAGS.CF),
      when(isShort(bLength), RFLAGS.ZF),
      when(isShort(aLength), RFLAGS.SF),
      when(m.bit(32, bits, 0), RFLAGS.OF),
    ]
    m.setFlags(
      'PACKED',
      32,
      flags.reduce((x, y) => m.or(32, x, y)),
    )
  }

const feature = 'SSE4_2'

// prettier-ignore
export const SSE42: readonly Row[] = [
  { mnemonic: 'PCMPGTQ', opcode: '66 0F 38 37 /r', operands: 'Vdq, Wdq', spec: 'PCMPGTQ—Compare Packed Data for Greater Than', feature, op: binary((o, a, b) => o.simd('i64x2.gt_s', [a, b])) },
  { mnemonic: 'PCMPESTRM', opcode: '66 0F 3A 60 /r', operands: 'Vdq, Wdq, Ib', spec: 'PCMPESTRM—Packed Compare Explicit Length Strings, Return Mask', feature, op: compare('explicit', 'mask') },
  { mnemonic: 'PCMPESTRI', opcode: '66 0F 3A 61 /r', operands: 'Vdq, Wdq, Ib', spec: 'PCMPESTRI—Packed Compare Explicit Length Strings, Return Index', feature, op: compare('explicit', 'index') },
  { mnemonic: 'PCMPISTRM', opcode: '66 0F 3A 62 /r', operands: 'Vdq, Wdq, Ib', spec: 'PCMPISTRM—Packed Compare Implicit Length Strings, Return Mask', feature, op: compare('implicit', 'mask') },
  { mnemonic: 'PCMPISTRI', opcode: '66 0F 3A 63 /r', operands: 'Vdq, Wdq, Ib', spec: 'PCMPISTRI—Packed Compare Implicit Length Strings, Return Index', feature, op: compare('implicit', 'index') },
]
