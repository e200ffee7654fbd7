/** Moves and conversions: MOV MOVZX MOVSX MOVSXD LEA CMOVcc SETcc CBW CWD MOVBE MOVNTI. [SDM-1 "Data Transfer Instructions"] */
import { RAX, RDX } from '../spec/x86/index.ts'
import type { Insn } from './insn.ts'
import type { Cpu } from './ops.ts'
import { get, memory, operand, put, widthOf } from './operand.ts'
import { insn, type Form } from './rows.ts'
import { CS, FS, GS, loadSegment, SS, USER_CS, USER_SS } from './segment.ts'

const CONDITIONS = ['O', 'NO', 'B', 'AE', 'E', 'NE', 'BE', 'A', 'S', 'NS', 'P', 'NP', 'L', 'GE', 'LE', 'G'] as const
/** Sixteen instructions that differ in their condition, told by the low four bits of the opcode. */
export const forEachCondition = <T>(make: (name: string, cc: number, digit: string) => T): T[] =>
  CONDITIONS.map((name, cc) => make(name, cc, cc.toString(16).toUpperCase()))

const copy = <V>(m: Cpu<V>, i: Insn): void => put(m, i, 0, get(m, i, 1))
const zeroExtend = <V>(m: Cpu<V>, i: Insn): void => put(m, i, 0, m.zext(widthOf(i, 1), i.w, get(m, i, 1)))
const signExtend = <V>(m: Cpu<V>, i: Insn): void => put(m, i, 0, m.sext(widthOf(i, 1), i.w, get(m, i, 1)))

/** By their numbers in ModRM.reg. */
const SEGMENTS = [0, CS, SS, 3, FS, GS]
const selectorOf = (n: number): number => (n === CS ? USER_CS : n === SS ? USER_SS : 0)

// prettier-ignore
export const MOVE = [
  insn({
    mnemonic: 'MOV', spec: 'MOV—Move',
    rows: [
      ['88 /r', 'Eb, Gb'], ['89 /r', 'Ev, Gv'], ['8A /r', 'Gb, Eb'], ['8B /r', 'Gv, Ev'],
      ['A0', 'AL, Ob'], ['A1', 'rAX, Ov'], ['A2', 'Ob, AL'], ['A3', 'Ov, rAX'],
      ['B0 +r', 'Zb, Ib'], ['B8 +r', 'Zv, Iv'], ['C6 /0', 'Eb, Ib'], ['C7 /0', 'Ev, Iz'],
    ],
    op: copy,
  }),
  insn({
    mnemonic: 'MOV', spec: 'MOV—Move', rows: SEGMENTS.map((n): Form => [`8C /${n}`, 'Ev, Sw']),
    op: (m, i) => {
      const selector = selectorOf(segmentNumber(i, 1))
      const [dst] = i.operands
      // To memory always 16 bits; a register is written whole.
      if (dst?.kind === 'mem') m.store(16, m.address(dst), m.lit(16, selector))
      else put(m, i, 0, m.lit(i.w, selector))
    },
  }),
  insn({
    mnemonic: 'MOV', spec: 'MOV—Move', enclave: 'UD', rows: SEGMENTS.filter((n) => n !== CS).map((n): Form => [`8E /${n}`, 'Sw, Ew']),
    slow: (e, i) => {
      loadSegment(e, segmentNumber(i, 0), get(e, i, 1) as number)
      e.inhibitsTrap = segmentNumber(i, 0) === SS
    },
  }),
  insn({ mnemonic: 'MOVZX', spec: 'MOVZX—Move With Zero-Extend', rows: [['0F B6 /r', 'Gv, Eb'], ['0F B7 /r', 'Gv, Ew']], op: zeroExtend }),
  insn({ mnemonic: 'MOVSX', spec: 'MOVSX/MOVSXD—Move With Sign-Extension', rows: [['0F BE /r', 'Gv, Eb'], ['0F BF /r', 'Gv, Ew']], op: signExtend }),
  insn({ mnemonic: 'MOVSXD', spec: 'MOVSX/MOVSXD—Move With Sign-Extension', rows: [['63 /r', 'Gv, Ez']], op: signExtend }),
  insn({
    mnemonic: 'LEA', spec: 'LEA—Load Effective Address', rows: [['8D /r', 'Gv, M']],
    op: (m, i) => put(m, i, 0, m.trunc(64, i.w, m.effectiveAddress(memory(i, 1)))),
  }),
  forEachCondition((name, cc, digit) =>
    insn({
      mnemonic: `CMOV${name}`, spec: 'CMOVcc—Conditional Move', rows: [[`0F 4${digit} /r`, 'Gv, Ev']],
      // The source is read in any case, and a 32-bit destination loses its high half in any case.
      op: (m, i) => {
        const source = get(m, i, 1)
        put(m, i, 0, m.select(i.w, m.condition(cc), source, get(m, i, 0)))
      },
    }),
  ).flat(),
  forEachCondition((name, cc, digit) =>
    insn({
      mnemonic: `SET${name}`, spec: 'SETcc—Set Byte on Condition', rows: [[`0F 9${digit} /r`, 'Eb']],
      op: (m, i) => put(m, i, 0, m.condition(cc)),
    }),
  ).flat(),
  insn({
    mnemonic: 'CBW/CWDE/CDQE', spec: 'CBW/CWDE/CDQE—Convert Byte to Word/Convert Word to Doubleword/Convert Doubleword to Quadword',
    rows: [['98', '']],
    op: (m, i) => {
      const half = i.w === 64 ? 32 : i.w === 32 ? 16 : 8
      m.setReg(i.w, RAX, m.sext(half, i.w, m.reg(half, RAX)))
    },
  }),
  insn({
    mnemonic: 'CWD/CDQ/CQO', spec: 'CWD/CDQ/CQO—Convert Word to Doubleword/Convert Doubleword to Quadword', rows: [['99', '']],
    op: (m, i) => {
      const { w } = i
      // Shift counts of narrow operands may be up to 31, so the sign is as far right as it goes.
      m.setReg(w, RDX, m.sar(w, m.reg(w, RAX), m.lit(32, w - 1)))
    },
  }),
  // Undefined: what a store that faults in its second page has left in the first one. Nothing, as with every other store; the Xeon that
  // we asked had written the first part when the instruction had both prefixes, 66H and REX.W.
  insn({
    mnemonic: 'MOVBE', spec: 'MOVBE—Move Data After Swapping Bytes', feature: 'MOVBE',
    rows: [['NFx 0F 38 F0 /r', 'Gv, Mv'], ['NFx 0F 38 F1 /r', 'Mv, Gv']],
    op: (m, i) => {
      const v = get(m, i, 1)
      put(m, i, 0, i.w === 16 ? m.rotl(16, v, m.lit(32, 8)) : m.bswap(i.w === 64 ? 64 : 32, v))
    },
  }),
  insn({ mnemonic: 'MOVNTI', spec: 'MOVNTI—Store Doubleword Using Non-Temporal Hint', rows: [['NP 0F C3 /r', 'My, Gy']], op: copy }),
].flat()

function segmentNumber(i: Insn, k: number): number {
  const s = operand(i, k)
  return s.kind === 'imm' ? Number(s.value) : 0
}
