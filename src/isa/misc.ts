/** What does nothing, or little: NOP PAUSE ENDBR64 prefetches and fences, CLFLUSH, XLAT, UD. [SDM-1 "Miscellaneous Instructions"] */
import { fault } from '../cpu/index.ts'
import { RAX, RBX } from '../spec/x86/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn } from './insn.ts'
import { get, memory, put, register } from './operand.ts'
import { insn } from './rows.ts'
import { addressWithin } from './sse-operand.ts'

const nothing = (): void => {}
const UD = (): never => fault.UD()

/** AL = byte at RBX + AL, within the address size, then the segment. */
function translate(e: Evaluator, i: Insn): void {
  const m = memory(i, 0)
  const base = m.seg === 'FS' ? e.state.fsBase : m.seg === 'GS' ? e.state.gsBase : 0n
  const offset = BigInt.asUintN(m.a32 ? 32 : 64, e.state.gpr(RBX) + BigInt(e.reg(8, RAX)))
  e.setReg(8, RAX, e.load(8, BigInt.asUintN(64, base + offset)))
}

const CACHE_LINE = 64

/** The destination is the address in a register, in ES and as wide as addresses are; it must be aligned. */
function moveCacheLine(e: Evaluator, i: Insn): void {
  const to = BigInt.asUintN(i.a32 ? 32 : 64, e.state.gpr(register(i, 0).n))
  if (to % BigInt(CACHE_LINE)) fault.GP(0)
  const from = memory(i, 1)
  const last = e.linear(addressWithin(e, from, CACHE_LINE - 1), 1, 'R')
  const first = e.linear(e.address(from), 1, 'R')
  e.view.readable(first)
  e.view.readable(last)
  const line = e.view.read(first, CACHE_LINE)
  e.view.write(e.linear(to, CACHE_LINE, 'W'), line)
}

// prettier-ignore
export const MISC = [
  insn({ mnemonic: 'NOP', spec: 'NOP—No Operation', rows: [['REX.B=0 + 90', ''], ['0F 1F /r', 'Ev']], op: nothing }),
  // The hint space: whatever is not a later instruction does nothing, with any operand. [SDM-2 "Opcode Map", "NOP"]
  insn({
    mnemonic: 'NOP', spec: 'NOP—No Operation',
    rows: ['18', '19', '1A', '1B', '1C', '1D', '1E', '0D'].map((byte) => [`0F ${byte} /r`, 'Ev'] as const), op: nothing,
  }),
  insn({ mnemonic: 'PREFETCHW', spec: 'PREFETCHW—Prefetch Data Into Caches in Anticipation of a Write', rows: [['0F 0D /1', 'M']], op: nothing }),
  insn({ mnemonic: 'PREFETCHNTA', spec: 'PREFETCHh—Prefetch Data Into Caches', rows: [['0F 18 /0', 'M']], op: nothing }),
  insn({ mnemonic: 'PREFETCHT0', spec: 'PREFETCHh—Prefetch Data Into Caches', rows: [['0F 18 /1', 'M']], op: nothing }),
  insn({ mnemonic: 'PREFETCHT1', spec: 'PREFETCHh—Prefetch Data Into Caches', rows: [['0F 18 /2', 'M']], op: nothing }),
  insn({ mnemonic: 'PREFETCHT2', spec: 'PREFETCHh—Prefetch Data Into Caches', rows: [['0F 18 /3', 'M']], op: nothing }),
  insn({ mnemonic: 'PAUSE', spec: 'PAUSE—Spin Loop Hint', rows: [['F3 90', '']], op: nothing }),
  // Control-flow enforcement is off: a landing pad is a NOP.
  insn({ mnemonic: 'ENDBR64', spec: 'ENDBR64—Terminate an Indirect Branch in 64-bit Mode', rows: [['F3 0F 1E FA', '']], op: nothing }),
  insn({ mnemonic: 'ENDBR32', spec: 'ENDBR32—Terminate an Indirect Branch in 32-bit and Compatibility Mode', rows: [['F3 0F 1E FB', '']], op: nothing }),
  insn({ mnemonic: 'LFENCE', spec: 'LFENCE—Load Fence', rows: [['NP 0F AE /5 mod=3', '']], op: nothing }),
  insn({ mnemonic: 'MFENCE', spec: 'MFENCE—Memory Fence', rows: [['NP 0F AE /6 mod=3', '']], op: nothing }),
  insn({ mnemonic: 'SFENCE', spec: 'SFENCE—Store Fence', rows: [['NP 0F AE /7 mod=3', '']], op: nothing }),
  // CLFLUSH faults like a load of one byte.
  insn({ mnemonic: 'CLFLUSH', spec: 'CLFLUSH—Flush Cache Line', rows: [['NP 0F AE /7', 'Mb']], op: (m, i) => void get(m, i, 0) }),
  insn({ mnemonic: 'CLFLUSHOPT', spec: 'CLFLUSHOPT—Flush Cache Line Optimized', feature: 'CLFLUSHOPT', rows: [['66 0F AE /7', 'Mb']], op: (m, i) => void get(m, i, 0) }),
  insn({ mnemonic: 'CLWB', spec: 'CLWB—Cache Line Write Back', feature: 'CLWB', rows: [['66 0F AE /6', 'Mb']], op: (m, i) => void get(m, i, 0) }),
  insn({ mnemonic: 'SERIALIZE', spec: 'SERIALIZE—Serialize Instruction Execution', feature: 'SERIALIZE', rows: [['NP 0F 01 E8', '']], op: nothing }),
  insn({ mnemonic: 'MOVDIRI', spec: 'MOVDIRI—Move Doubleword as Direct Store', feature: 'MOVDIRI', rows: [['NP 0F 38 F9 /r', 'My, Gy']], op: (m, i) => put(m, i, 0, get(m, i, 1)) }),
  insn({ mnemonic: 'MOVDIR64B', spec: 'MOVDIR64B—Move 64 Bytes as Direct Store', feature: 'MOVDIR64B', rows: [['66 0F 38 F8 /r', 'Gq, M']], slow: moveCacheLine }),
  insn({ mnemonic: 'XLATB', spec: 'XLAT/XLATB—Table Look-up Translation', rows: [['D7', '[RBX]']], slow: translate }),
  insn({ mnemonic: 'UD0', spec: 'UD—Undefined Instruction', flow: 'exit', rows: [['0F FF /r', 'Gv, Ev']], slow: UD }),
  insn({ mnemonic: 'UD1', spec: 'UD—Undefined Instruction', flow: 'exit', rows: [['0F B9 /r', 'Gv, Ev']], slow: UD }),
  insn({ mnemonic: 'UD2', spec: 'UD—Undefined Instruction', flow: 'exit', rows: [['0F 0B', '']], slow: UD }),
].flat()
