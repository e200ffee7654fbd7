/** Exchanges: XCHG XADD CMPXCHG CMPXCHG8B CMPXCHG16B BSWAP. [SDM-1 "Exchange Instructions"] */
import { RAX, RBX, RCX, RDX } from '../spec/x86/index.ts'
import { setFlag } from './flag-bits.ts'
import type { Insn } from './insn.ts'
import type { Cpu } from './ops.ts'
import { get, memory, operand, put } from './operand.ts'
import { insn } from './rows.ts'

const lock = { lock: true } as const

const exchange = <V>(m: Cpu<V>, i: Insn): void => {
  const [a, b] = [get(m, i, 0, true), get(m, i, 1)]
  put(m, i, 0, b)
  put(m, i, 1, a)
}

// prettier-ignore
export const EXCHANGE = [
  insn({ mnemonic: 'XCHG', spec: 'XCHG—Exchange Register/Memory With Register', rows: [['86 /r', 'Eb, Gb', lock], ['87 /r', 'Ev, Gv', lock], ['90 +r', 'Zv, rAX']], op: exchange }),
  insn({
    mnemonic: 'XADD', spec: 'XADD—Exchange and Add', rows: [['0F C0 /r', 'Eb, Gb', lock], ['0F C1 /r', 'Ev, Gv', lock]],
    op: (m, i) => {
      const [a, b] = [get(m, i, 0, true), get(m, i, 1)]
      const sum = m.add(i.w, a, b)
      // XADD r, r with one register: the sum stays, as the manual's order says.
      if (i.operands[0]?.kind === 'mem') put(m, i, 0, sum)
      put(m, i, 1, a)
      if (i.operands[0]?.kind !== 'mem') put(m, i, 0, sum)
      m.setFlags('ADD', i.w, a, b)
    },
  }),
  insn({
    mnemonic: 'CMPXCHG', spec: 'CMPXCHG—Compare and Exchange', rows: [['0F B0 /r', 'Eb, Gb', lock], ['0F B1 /r', 'Ev, Gv', lock]],
    op: <V>(m: Cpu<V>, i: Insn) => {
      const { w } = i
      const accumulator = m.reg(w, RAX)
      const dst = get(m, i, 0, true)
      const equal = m.eq(w, accumulator, dst)
      // Of the two registers only one is written, the other keeps its high half too: 32 bits are written as 64.
      const wide = w === 32 ? 64 : w
      const extended = (v: V): V => (w === 32 ? m.zext(32, 64, v) : v)
      const to = operand(i, 0)
      if (to.kind === 'reg' && !to.high) m.setReg(wide, to.n, m.select(wide, equal, extended(get(m, i, 1)), m.reg(wide, to.n)))
      // Memory is written in any case, as the manual says of the bus.
      else put(m, i, 0, m.select(w, equal, get(m, i, 1), dst))
      if (!isAccumulator(i)) m.setReg(wide, RAX, m.select(wide, equal, m.reg(wide, RAX), extended(dst)))
      m.setFlags('SUB', w, accumulator, dst)
    },
  }),
  insn({
    mnemonic: 'CMPXCHG8B', spec: 'CMPXCHG8B/CMPXCHG16B—Compare and Exchange Bytes', rows: [['W0 + 0F C7 /1', 'Mq', lock]],
    op: (m, i) => {
      const old = get(m, i, 0, true)
      const equal = m.eq(64, old, pair(m, RDX, RAX))
      put(m, i, 0, m.select(64, equal, pair(m, RCX, RBX), old))
      const high = m.shr(64, old, m.lit(32, 32))
      m.setReg(64, RAX, m.select(64, equal, m.reg(64, RAX), m.and(64, old, m.lit(64, 0xffff_ffff))))
      m.setReg(64, RDX, m.select(64, equal, m.reg(64, RDX), high))
      setFlag(m, 'ZF', equal)
    },
  }),
  insn({
    mnemonic: 'CMPXCHG16B', spec: 'CMPXCHG8B/CMPXCHG16B—Compare and Exchange Bytes', feature: 'CX16', rows: [['REX.W + 0F C7 /1', 'Mdq', lock]],
    slow: (e, i) => {
      const address = e.address(memory(i, 0))
      const old = e.load(128, address, { aligned: 16, willWrite: true }) as bigint
      const equal = old === ((e.state.gpr(RDX) << 64n) | e.state.gpr(RAX))
      e.store(128, address, equal ? (e.state.gpr(RCX) << 64n) | e.state.gpr(RBX) : old)
      if (!equal) {
        e.setReg(64, RAX, BigInt.asUintN(64, old))
        e.setReg(64, RDX, old >> 64n)
      }
      setFlag(e, 'ZF', equal ? 1 : 0)
    },
  }),
  insn({
    mnemonic: 'BSWAP', spec: 'BSWAP—Byte Swap', rows: [['0F C8 +r', 'Zv']],
    // Undefined: the 16-bit form; processors give 0.
    op: (m, i) => put(m, i, 0, i.w === 16 ? m.lit(16, 0) : m.bswap(i.w === 64 ? 64 : 32, get(m, i, 0))),
  }),
].flat()

const pair = <V>(m: Cpu<V>, high: number, low: number): V =>
  m.or(64, m.shl(64, m.reg(64, high), m.lit(32, 32)), m.and(64, m.reg(64, low), m.lit(64, 0xffff_ffff)))

/** CMPXCHG with the accumulator itself as destination: always equal, and the source must not be overwritten. */
function isAccumulator(i: Insn): boolean {
  const [d] = i.operands
  return d?.kind === 'reg' && d.n === RAX && !d.high
}
