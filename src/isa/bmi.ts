/** BMI1, BMI2 and ADX: bit fields, shifts and products that leave flags alone, two carry chains. TZCNT and LZCNT are in bit.ts. */
import { RDX } from '../spec/x86/index.ts'
import type { Evaluator } from './evaluator.ts'
import { setFlag } from './flag-bits.ts'
import type { Insn } from './insn.ts'
import { get, put } from './operand.ts'
import type { Cpu } from './ops.ts'
import { insn } from './rows.ts'

/** All have 32 or 64 bits. */
const widthOf = ({ w }: Insn): 32 | 64 => (w === 64 ? 64 : 32)
/** Bits 7:0 or 15:8 of a value, as a number of width 32. */
const byte = <V>(m: Cpu<V>, w: 32 | 64, value: V, which: 0 | 1): V =>
  m.and(32, m.shr(32, m.trunc(w, 32, value), m.lit(32, 8 * which)), m.lit(32, 0xff))
/** The low `n` bits set, n of width 32 and of any value. */
function lowBits<V>(m: Cpu<V>, w: 32 | 64, n: V): V {
  const all = m.leU(32, m.lit(32, w), n)
  const one = m.lit(w, 1)
  const some = m.sub(w, m.shl(w, one, m.and(32, n, m.lit(32, w - 1))), one)
  return m.select(w, all, m.lit(w, (1n << BigInt(w)) - 1n), some)
}

const andNot = <V>(m: Cpu<V>, i: Insn): void => {
  const r = m.and(i.w, m.not(i.w, get(m, i, 1)), get(m, i, 2))
  put(m, i, 0, r)
  m.setFlags('FIELD', i.w, r, undefined, m.lit(i.w, 0))
}

/** CF tells whether the source is zero, or with `carry` not zero. */
const lowest =
  (text: <V>(m: Cpu<V>, w: 32 | 64, x: V) => V, carry: 'zero' | 'not zero') =>
  <V>(m: Cpu<V>, i: Insn): void => {
    const w = widthOf(i)
    const x = get(m, i, 1)
    const r = text(m, w, x)
    put(m, i, 0, r)
    const isZero = m.eq(w, x, m.lit(w, 0))
    m.setFlags('FIELD', w, r, undefined, m.zext(8, w, carry === 'zero' ? isZero : m.xor(8, isZero, m.lit(8, 1))))
  }

/** Start in bits 7:0 of the control, length in 15:8. */
const bextr = <V>(m: Cpu<V>, i: Insn): void => {
  const w = widthOf(i)
  const [source, control] = [get(m, i, 1), get(m, i, 2)]
  const start = byte(m, w, control, 0)
  const beyond = m.leU(32, m.lit(32, w), start)
  const shifted = m.select(w, beyond, m.lit(w, 0), m.shr(w, source, m.and(32, start, m.lit(32, w - 1))))
  const r = m.and(w, shifted, lowBits(m, w, byte(m, w, control, 1)))
  put(m, i, 0, r)
  // Undefined: SF and PF of BEXTR are 0 whatever the result is, as on Intel's processors.
  m.setFlags('SCAN', w, r, m.lit(w, 1))
}
const bzhi = <V>(m: Cpu<V>, i: Insn): void => {
  const w = widthOf(i)
  const n = byte(m, w, get(m, i, 2), 0)
  const r = m.and(w, get(m, i, 1), lowBits(m, w, n))
  put(m, i, 0, r)
  m.setFlags('FIELD', w, r, undefined, m.zext(8, w, m.leU(32, m.lit(32, w), n)))
}

/** The high half is written last: it wins where both go to one register. */
const mulx = <V>(m: Cpu<V>, i: Insn): void => {
  const w = widthOf(i)
  const [a, b] = [m.reg(w, RDX), get(m, i, 2)]
  put(m, i, 1, m.mul(w, a, b))
  put(m, i, 0, m.mulHighU(w, a, b))
}

/** Calls `f` for every bit of the mask, the lowest first, with the number of bits before it. */
function eachBit(mask: bigint, f: (bit: bigint, n: bigint) => void): void {
  let n = 0n
  for (let k = 0n; mask >> k; k++) if ((mask >> k) & 1n) f(k, n++)
}
const scatter = (e: Evaluator, i: Insn): void => {
  const source = BigInt(get(e, i, 1))
  let r = 0n
  eachBit(BigInt(get(e, i, 2)), (bit, n) => (r |= ((source >> n) & 1n) << bit))
  put(e, i, 0, e.lit(i.w, r))
}
const gather = (e: Evaluator, i: Insn): void => {
  const source = BigInt(get(e, i, 1))
  let r = 0n
  eachBit(BigInt(get(e, i, 2)), (bit, n) => (r |= ((source >> bit) & 1n) << n))
  put(e, i, 0, e.lit(i.w, r))
}

const shift =
  (op: 'shl' | 'shr' | 'sar') =>
  <V>(m: Cpu<V>, i: Insn): void => {
    const w = widthOf(i)
    const count = m.and(32, m.trunc(w, 32, get(m, i, 2)), m.lit(32, w - 1))
    put(m, i, 0, m[op](w, get(m, i, 1), count))
  }

/** A sum whose carry comes from and goes to one flag; the others stay. */
const addWith =
  (flag: 'CF' | 'OF') =>
  <V>(m: Cpu<V>, i: Insn): void => {
    const w = widthOf(i)
    const [a, b] = [get(m, i, 0), get(m, i, 1)]
    const partial = m.add(w, a, b)
    const r = m.add(w, partial, m.zext(8, w, m.flag(flag)))
    put(m, i, 0, r)
    setFlag(m, flag, m.or(8, m.ltU(w, partial, a), m.ltU(w, r, partial)))
  }

const undefinedFlags = ['AF', 'PF'] as const

// prettier-ignore
export const BMI = [
  insn({ mnemonic: 'ANDN', spec: 'ANDN—Logical AND NOT', feature: 'BMI1', undefinedFlags, rows: [['VEX.LZ.0F38.WIG F2 /r', 'Gy, By, Ey']], op: andNot }),
  insn({ mnemonic: 'BEXTR', spec: 'BEXTR—Bit Field Extract', feature: 'BMI1', undefinedFlags: ['AF', 'SF', 'PF'], rows: [['VEX.LZ.0F38.WIG F7 /r', 'Gy, Ey, By']], op: bextr }),
  insn({ mnemonic: 'BLSR', spec: 'BLSR—Reset Lowest Set Bit', feature: 'BMI1', undefinedFlags, rows: [['VEX.LZ.0F38.WIG F3 /1', 'By, Ey']], op: lowest((m, w, x) => m.and(w, m.sub(w, x, m.lit(w, 1)), x), 'zero') }),
  insn({ mnemonic: 'BLSMSK', spec: 'BLSMSK—Get Mask Up to Lowest Set Bit', feature: 'BMI1', undefinedFlags, rows: [['VEX.LZ.0F38.WIG F3 /2', 'By, Ey']], op: lowest((m, w, x) => m.xor(w, m.sub(w, x, m.lit(w, 1)), x), 'zero') }),
  insn({ mnemonic: 'BLSI', spec: 'BLSI—Extract Lowest Set Isolated Bit', feature: 'BMI1', undefinedFlags, rows: [['VEX.LZ.0F38.WIG F3 /3', 'By, Ey']], op: lowest((m, w, x) => m.and(w, m.sub(w, m.lit(w, 0), x), x), 'not zero') }),
  insn({ mnemonic: 'BZHI', spec: 'BZHI—Zero High Bits Starting with Specified Bit Position', feature: 'BMI2', undefinedFlags, rows: [['VEX.LZ.0F38.WIG F5 /r', 'Gy, Ey, By']], op: bzhi }),
  insn({ mnemonic: 'MULX', spec: 'MULX—Unsigned Multiply Without Affecting Flags', feature: 'BMI2', rows: [['VEX.LZ.F2.0F38.WIG F6 /r', 'Gy, By, Ey']], op: mulx }),
  insn({ mnemonic: 'PDEP', spec: 'PDEP—Parallel Bits Deposit', feature: 'BMI2', rows: [['VEX.LZ.F2.0F38.WIG F5 /r', 'Gy, By, Ey']], slow: scatter }),
  insn({ mnemonic: 'PEXT', spec: 'PEXT—Parallel Bits Extract', feature: 'BMI2', rows: [['VEX.LZ.F3.0F38.WIG F5 /r', 'Gy, By, Ey']], slow: gather }),
  insn({
    mnemonic: 'RORX', spec: 'RORX—Rotate Right Logical Without Affecting Flags', feature: 'BMI2', rows: [['VEX.LZ.F2.0F3A.WIG F0 /r', 'Gy, Ey, Ib']],
    op: (m, i) => put(m, i, 0, m.rotr(i.w, get(m, i, 1), m.and(32, m.zext(8, 32, get(m, i, 2)), m.lit(32, i.w - 1)))),
  }),
  insn({ mnemonic: 'SARX', spec: 'SARX/SHLX/SHRX—Shift Without Affecting Flags', feature: 'BMI2', rows: [['VEX.LZ.F3.0F38.WIG F7 /r', 'Gy, Ey, By']], op: shift('sar') }),
  insn({ mnemonic: 'SHLX', spec: 'SARX/SHLX/SHRX—Shift Without Affecting Flags', feature: 'BMI2', rows: [['VEX.LZ.66.0F38.WIG F7 /r', 'Gy, Ey, By']], op: shift('shl') }),
  insn({ mnemonic: 'SHRX', spec: 'SARX/SHLX/SHRX—Shift Without Affecting Flags', feature: 'BMI2', rows: [['VEX.LZ.F2.0F38.WIG F7 /r', 'Gy, Ey, By']], op: shift('shr') }),
  insn({ mnemonic: 'ADCX', spec: 'ADCX—Unsigned Integer Addition of Two Operands With Carry Flag', feature: 'ADX', rows: [['66 0F 38 F6 /r', 'Gy, Ey']], op: addWith('CF') }),
  insn({ mnemonic: 'ADOX', spec: 'ADOX—Unsigned Integer Addition of Two Operands With Overflow Flag', feature: 'ADX', rows: [['F3 0F 38 F6 /r', 'Gy, Ey']], op: addWith('OF') }),
].flat()
