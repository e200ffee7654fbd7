/** What SSSE3 does on MMX registers. [SDM-1 "SSSE3 Instructions"] */
import type { Row } from './insn.ts'
import { packed, signed, unsigned, zip } from './mmx-lanes.ts'
import { binary, source, unary, withMmx, type Slow } from './mmx-state.ts'
import { evalSimd } from './simd-eval.ts'
import type { SimdOp } from './simd-ops.ts'
import { immediate } from './sse-operand.ts'

const toInt16 = (x: number): number => Math.max(-0x8000, Math.min(0x7fff, x))
const wrap = (x: number): number => x

/** Neighbours of the first operand, then those of the second. */
const horizontal = (w: 16 | 32, f: (x: number, y: number) => number, fit = wrap): Slow =>
  binary((a, b) => {
    const all = [...signed(w, a), ...signed(w, b)]
    const [even, odd] = [0, 1].map((parity) => all.filter((_, k) => k % 2 === parity)) as [number[], number[]]
    return packed(w, zip(even, odd, f).map(fit))
  })
const add = (x: number, y: number): number => x + y
const subtract = (x: number, y: number): number => x - y

/** The sign of the second operand's lane is given to the first's. */
const withSign = (w: 8 | 16 | 32): Slow =>
  binary((a, b) =>
    packed(
      w,
      zip(signed(w, a), signed(w, b), (x, y) => x * Math.sign(y)),
    ),
  )
const simple = (op: SimdOp): Slow => unary((b) => evalSimd(op, [b]) as bigint)

const shuffleBytes = binary((a, b) => {
  const bytes = unsigned(8, a)
  return packed(
    8,
    unsigned(8, b).map((n) => (n & 0x80 ? 0 : (bytes[n & 7] ?? 0))),
  )
})
const multiplyAdd = binary((a, b) => {
  const products = zip(unsigned(8, a), signed(8, b), (x, y) => x * y)
  return packed(
    16,
    [0, 2, 4, 6].map((k) => toInt16((products[k] ?? 0) + (products[k + 1] ?? 0))),
  )
})
const multiplyRound = binary((a, b) =>
  packed(
    16,
    zip(signed(16, a), signed(16, b), (x, y) => (((x * y) >> 14) + 1) >> 1),
  ),
)
const align = withMmx((e, i) => {
  const both = (source(e, i, 0) << 64n) | source(e, i, 1)
  return BigInt.asUintN(64, both >> BigInt(8 * immediate(i, 2)))
})

// prettier-ignore
const rows: readonly Omit<Row, 'feature'>[] = [
  { mnemonic: 'PSHUFB', opcode: 'NP 0F 38 00 /r', operands: 'Pq, Qq', spec: 'PSHUFB—Packed Shuffle Bytes', slow: shuffleBytes },
  { mnemonic: 'PHADDW', opcode: 'NP 0F 38 01 /r', operands: 'Pq, Qq', spec: 'PHADDW/PHADDD—Packed Horizontal Add', slow: horizontal(16, add) },
  { mnemonic: 'PHADDD', opcode: 'NP 0F 38 02 /r', operands: 'Pq, Qq', spec: 'PHADDW/PHADDD—Packed Horizontal Add', slow: horizontal(32, add) },
  { mnemonic: 'PHADDSW', opcode: 'NP 0F 38 03 /r', operands: 'Pq, Qq', spec: 'PHADDSW—Packed Horizontal Add and Saturate', slow: horizontal(16, add, toInt16) },
  { mnemonic: 'PMADDUBSW', opcode: 'NP 0F 38 04 /r', operands: 'Pq, Qq', spec: 'PMADDUBSW—Multiply and Add Packed Signed and Unsigned Bytes', slow: multiplyAdd },
  { mnemonic: 'PHSUBW', opcode: 'NP 0F 38 05 /r', operands: 'Pq, Qq', spec: 'PHSUBW/PHSUBD—Packed Horizontal Subtract', slow: horizontal(16, subtract) },
  { mnemonic: 'PHSUBD', opcode: 'NP 0F 38 06 /r', operands: 'Pq, Qq', spec: 'PHSUBW/PHSUBD—Packed Horizontal Subtract', slow: horizontal(32, subtract) },
  { mnemonic: 'PHSUBSW', opcode: 'NP 0F 38 07 /r', operands: 'Pq, Qq', spec: 'PHSUBSW—Packed Horizontal Subtract and Saturate', slow: horizontal(16, subtract, toInt16) },
  { mnemonic: 'PSIGNB', opcode: 'NP 0F 38 08 /r', operands: 'Pq, Qq', spec: 'PSIGNB/PSIGNW/PSIGND—Packed SIGN', slow: withSign(8) },
  { mnemonic: 'PSIGNW', opcode: 'NP 0F 38 09 /r', operands: 'Pq, Qq', spec: 'PSIGNB/PSIGNW/PSIGND—Packed SIGN', slow: withSign(16) },
  { mnemonic: 'PSIGND', opcode: 'NP 0F 38 0A /r', operands: 'Pq, Qq', spec: 'PSIGNB/PSIGNW/PSIGND—Packed SIGN', slow: withSign(32) },
  { mnemonic: 'PMULHRSW', opcode: 'NP 0F 38 0B /r', operands: 'Pq, Qq', spec: 'PMULHRSW—Packed Multiply High With Round and Scale', slow: multiplyRound },
  { mnemonic: 'PABSB', opcode: 'NP 0F 38 1C /r', operands: 'Pq, Qq', spec: 'PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value', slow: simple('i8x16.abs') },
  { mnemonic: 'PABSW', opcode: 'NP 0F 38 1D /r', operands: 'Pq, Qq', spec: 'PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value', slow: simple('i16x8.abs') },
  { mnemonic: 'PABSD', opcode: 'NP 0F 38 1E /r', operands: 'Pq, Qq', spec: 'PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value', slow: simple('i32x4.abs') },
  { mnemonic: 'PALIGNR', opcode: 'NP 0F 3A 0F /r', operands: 'Pq, Qq, Ib', spec: 'PALIGNR—Packed Align Right', slow: align },
]
export const MMX_SSSE3: readonly Row[] = rows.map((row) => ({ ...row, feature: 'SSSE3' }))
