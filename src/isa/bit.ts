/** Bits and bytes: BT BTS BTR BTC BSF BSR TZCNT LZCNT POPCNT CRC32. [SDM-1 "Bit and Byte Instructions"] */
import { setFlag } from './flag-bits.ts'
import type { Insn, MemoryOperand } from './insn.ts'
import type { Cpu } from './ops.ts'
import { get, operand, put, register, widthOf } from './operand.ts'
import { insn, type Form } from './rows.ts'

const lock = { lock: true } as const

type BitChange = <V>(m: Cpu<V>, w: Insn['w'], a: V, mask: V) => V

/** Log2 of the bits in an operand. */
const LOG2 = { 8: 3, 16: 4, 32: 5, 64: 6 } as const

/**
 * The operand-sized unit of memory that holds a bit: the offset is signed and counts from the operand's address.
 * [SDM-2 "BT—Bit Test": "the bit offset ... can access memory locations outside of the operand"]
 */
function bitAddress<V>(m: Cpu<V>, w: Insn['w'], dst: MemoryOperand, offset: V): V {
  const units = m.sar(64, m.sext(w, 64, offset), m.lit(32, LOG2[w]))
  const bytes = m.shl(64, units, m.lit(32, LOG2[w] - 3))
  if (!dst.a32) return m.add(64, m.address(dst), bytes)
  // The truncation to 32 bits comes after the offset and before the segment base.
  const ea = m.effectiveAddress(dst)
  const moved = m.zext(32, 64, m.trunc(64, 32, m.add(64, ea, bytes)))
  return dst.seg === 'none' ? moved : m.add(64, m.sub(64, m.address(dst), ea), moved)
}

function bitTest<V>(m: Cpu<V>, i: Insn, change?: BitChange): void {
  const { w } = i
  const dst = operand(i, 0)
  const bit = operand(i, 1)
  const attributes = { willWrite: change !== undefined }
  const count =
    bit.kind === 'imm' ? m.lit(32, Number(bit.value) & (w - 1)) : m.and(32, low32(m, w, get(m, i, 1)), m.lit(32, w - 1))
  const address =
    dst.kind !== 'mem' ? undefined : bit.kind === 'imm' ? m.address(dst) : bitAddress(m, w, dst, get(m, i, 1))
  const a = address === undefined ? get(m, i, 0) : m.load(w, address, attributes)
  if (change) {
    const r = change(m, w, a, m.shl(w, m.lit(w, 1), count))
    if (address === undefined) put(m, i, 0, r)
    else m.store(w, address, r)
  }
  // Undefined: OF, SF, AF and PF; they stay. ZF stays by definition.
  setFlag(m, 'CF', m.bit(w, m.shr(w, a, count), 0))
}

const low32 = <V>(m: Cpu<V>, w: Insn['w'], v: V): V => (w === 64 ? m.trunc(64, 32, v) : w === 32 ? v : m.zext(w, 32, v))

const bitForms = (byte: string, digit: number, writes: boolean): Form[] => [
  [`0F ${byte} /r`, 'Ev, Gv', writes ? lock : {}],
  [`0F BA /${digit}`, 'Ev, Ib', writes ? lock : {}],
]
const undefinedFlags = ['OF', 'SF', 'AF', 'PF'] as const

/** BSF and BSR: a zero source leaves the destination as it is, all of it. */
function scan<V>(m: Cpu<V>, i: Insn, forward: boolean): void {
  const { w } = i
  const source = get(m, i, 1)
  const wide = w === 64 ? 64 : 32
  const v = w === 16 ? m.zext(16, 32, source) : source
  const at = forward ? m.ctz(wide, v) : m.xor(wide, m.clz(wide, v), m.lit(wide, wide - 1))
  const isZero = m.eq(w, source, m.lit(w, 0))
  const dst = operand(i, 0)
  if (dst.kind === 'reg') {
    // 32 bits: written as 64, because an unwritten register keeps its high half.
    const [to, found] = w === 32 ? ([64, m.zext(32, 64, at)] as const) : ([w, m.trunc(wide, w, at)] as const)
    m.setReg(to, dst.n, m.select(to, isZero, m.reg(to, dst.n), found))
  }
  m.setFlags('SCAN', w, source, m.select(w, isZero, m.lit(w, 0), m.trunc(wide, w, at)))
}

/** TZCNT and LZCNT: the width for zero; CF = source is 0, ZF = result is 0. Undefined: OF, SF, PF, AF; processors clear them. */
function count<V>(m: Cpu<V>, i: Insn, trailing: boolean): void {
  const { w } = i
  const source = get(m, i, 1)
  const wide = w === 64 ? 64 : 32
  // For 16 bits a guard bit above (or sixteen zeros less) makes the answer 16 for zero.
  const v =
    w === 16 ? (trailing ? m.or(32, m.zext(16, 32, source), m.lit(32, 0x1_0000)) : m.zext(16, 32, source)) : source
  const n = trailing ? m.ctz(wide, v) : m.clz(wide, v)
  const r = m.trunc(wide, w, w === 16 && !trailing ? m.sub(32, n, m.lit(32, 16)) : n)
  put(m, i, 0, r)
  const flag = (x: V, place: number): V => m.shl(32, m.zext(8, 32, x), m.lit(32, place))
  m.setFlags('PACKED', 32, m.or(32, m.zext(8, 32, m.eq(w, source, m.lit(w, 0))), flag(m.eq(w, r, m.lit(w, 0)), 6)))
}

/** CRC-32C, bit-reflected, as iSCSI has it. */
const CASTAGNOLI = 0x82f6_3b78
function crc32(crc: number, value: bigint, bytes: number): number {
  for (let k = 0; k < bytes; k++, value >>= 8n) {
    crc ^= Number(value & 0xffn)
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CASTAGNOLI : 0)
  }
  return crc >>> 0
}

// prettier-ignore
export const BIT = [
  insn({ mnemonic: 'BT', spec: 'BT—Bit Test', undefinedFlags, rows: bitForms('A3', 4, false), op: (m, i) => bitTest(m, i) }),
  insn({ mnemonic: 'BTS', spec: 'BTS—Bit Test and Set', undefinedFlags, rows: bitForms('AB', 5, true), op: (m, i) => bitTest(m, i, (o, w, a, mask) => o.or(w, a, mask)) }),
  insn({ mnemonic: 'BTR', spec: 'BTR—Bit Test and Reset', undefinedFlags, rows: bitForms('B3', 6, true), op: (m, i) => bitTest(m, i, (o, w, a, mask) => o.and(w, a, o.not(w, mask))) }),
  insn({ mnemonic: 'BTC', spec: 'BTC—Bit Test and Complement', undefinedFlags, rows: bitForms('BB', 7, true), op: (m, i) => bitTest(m, i, (o, w, a, mask) => o.xor(w, a, mask)) }),
  insn({
    mnemonic: 'BSF', spec: 'BSF—Bit Scan Forward', undefinedFlags: ['CF', 'OF', 'SF', 'AF', 'PF'], rows: [['0F BC /r', 'Gv, Ev']],
    op: (m, i) => scan(m, i, true),
  }),
  insn({
    mnemonic: 'BSR', spec: 'BSR—Bit Scan Reverse', undefinedFlags: ['CF', 'OF', 'SF', 'AF', 'PF'], rows: [['0F BD /r', 'Gv, Ev']],
    op: (m, i) => scan(m, i, false),
  }),
  // Without the feature these are BSF and BSR: processors ignore the F3 prefix.
  insn({
    mnemonic: 'TZCNT', spec: 'TZCNT—Count the Number of Trailing Zero Bits', feature: 'BMI1', undefinedFlags: ['OF', 'SF', 'AF', 'PF'],
    rows: [['F3 0F BC /r', 'Gv, Ev']], op: (m, i) => count(m, i, true),
  }),
  insn({
    mnemonic: 'LZCNT', spec: 'LZCNT—Count the Number of Leading Zero Bits', feature: 'LZCNT', undefinedFlags: ['OF', 'SF', 'AF', 'PF'],
    rows: [['F3 0F BD /r', 'Gv, Ev']], op: (m, i) => count(m, i, false),
  }),
  insn({
    mnemonic: 'POPCNT', spec: 'POPCNT—Return the Count of Number of Bits Set to 1', feature: 'POPCNT', rows: [['F3 0F B8 /r', 'Gv, Ev']],
    op: (m, i) => {
      const { w } = i
      const source = get(m, i, 1)
      const wide = w === 64 ? 64 : 32
      put(m, i, 0, m.trunc(wide, w, m.popcnt(wide, w === 16 ? m.zext(16, 32, source) : source)))
      m.setFlags('PACKED', 32, m.shl(32, m.zext(8, 32, m.eq(w, source, m.lit(w, 0))), m.lit(32, 6)))
    },
  }),
  insn({
    mnemonic: 'CRC32', spec: 'CRC32—Accumulate CRC32 Value', feature: 'SSE4_2', rows: [['F2 0F 38 F0 /r', 'Gd, Eb'], ['F2 0F 38 F1 /r', 'Gd, Ev']],
    slow: (e, i) => {
      // The destination is written whole whatever REX.W says.
      const { n } = register(i, 0)
      e.setReg(64, n, BigInt(crc32(Number(e.reg(32, n)), BigInt(get(e, i, 1)), widthOf(i, 1) / 8)))
    },
  }),
].flat()
