/** Instructions as text, for traces and error messages: Intel syntax, lower case, numbers from 10 on in hex. */
import type { Insn, MemoryOperand, Operand, Row } from './insn.ts'
import { operandCodes } from './opcode.ts'

const WIDE = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'] as const
const HIGH_BYTES = ['ah', 'ch', 'dh', 'bh'] as const
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const
const SIZES: Readonly<Record<number, string>> = {
  8: 'byte',
  16: 'word',
  32: 'dword',
  64: 'qword',
  128: 'xmmword',
  256: 'ymmword',
}
const SUFFIXES: Readonly<Record<number, string>> = { 8: 'b', 16: 'w', 32: 'd', 64: '' }

function registerText(w: number, n: number, high = false): string {
  if (high) return HIGH_BYTES[n & 3] ?? ''
  if (n >= 8) return `r${n}${SUFFIXES[w] ?? ''}`
  const wide = WIDE[n & 7] ?? ''
  if (w === 64) return wide
  if (w === 32) return `e${wide.slice(1)}`
  if (w === 16) return wide.slice(1)
  return n < 4 ? `${wide.slice(1, 2)}l` : `${wide.slice(1)}l`
}

const number = (v: bigint): string => (v < 10n ? v.toString() : `0x${v.toString(16)}`)

function memoryText(m: MemoryOperand): string {
  const w = m.a32 ? 32 : 64
  const parts: string[] = []
  if (m.base >= 0) parts.push(registerText(w, m.base))
  if (m.index >= 0) parts.push(registerText(w, m.index) + (m.scale > 0 || m.base < 0 ? `*${1 << m.scale}` : ''))
  const v = m.vectorIndex
  if (v) parts.push(`${v.length === 256 ? 'ymm' : 'xmm'}${v.n}${m.scale > 0 || m.base < 0 ? `*${1 << m.scale}` : ''}`)
  const segment = m.seg === 'none' ? '' : `${m.seg.toLowerCase()}:`
  if (parts.length === 0) return `${segment}[${number(BigInt.asUintN(w, m.disp))}]`
  const disp = m.disp === 0n ? '' : m.disp < 0n ? `-${number(-m.disp)}` : `+${number(m.disp)}`
  return `${segment}[${parts.join('+')}${disp}]`
}

function operandText(o: Operand, code: string, sized: boolean): string {
  switch (o.kind) {
    case 'reg':
      return registerText(o.w, o.n, o.high)
    case 'xmm':
      return `xmm${o.n}`
    case 'ymm':
      return `ymm${o.n}`
    case 'st':
      return `st${o.n}`
    case 'mm':
      return `mm${o.n}`
    case 'mem':
      return sized && o.w !== 0 ? `${SIZES[o.w] ?? ''} ptr ${memoryText(o)}` : memoryText(o)
    case 'rel':
      return number(BigInt.asUintN(64, BigInt(o.target)))
    case 'imm':
      if (code.startsWith('S')) return SEGMENTS[Number(o.value)] ?? ''
      if (code.startsWith('C')) return `cr${o.value}`
      if (code.startsWith('D') && code !== 'DX') return `dr${o.value}`
      return number(o.value)
  }
}

/** The name of this form: 'CBW/CWDE/CDQE' has one for each operand size. */
export function mnemonicOf(i: Insn): string {
  const names = i.row.mnemonic.split('/')
  return names[i.w === 64 ? 2 : i.w === 32 ? 1 : 0] ?? i.row.mnemonic
}

function prefixText(i: Insn, codes: readonly string[]): string {
  const lock = i.lock ? 'lock ' : ''
  if (!i.rep || !codes.some((c) => /^[XY]/.test(c))) return lock
  const compares = /^(CMPS|SCAS)/.test(i.row.mnemonic)
  return `${lock}${i.rep === 0xf2 ? 'repne' : compares ? 'repe' : 'rep'} `
}

/** The size of memory is told where neither the mnemonic nor a register tells it. */
const tellsSize = (i: Insn, o: Operand, code: string): boolean =>
  o.kind === 'xmm' ||
  o.kind === 'ymm' ||
  o.kind === 'mm' ||
  (o.kind === 'reg' && code !== 'CL' && i.operands.every((x) => x.kind !== 'mem' || x.w === o.w))

/** A row's name among all others. */
export const nameOf = (row: Row): string => `${row.mnemonic} ${row.opcode} ${row.operands}`

/** `add rax, [rbp-8]`. */
export function insnText(i: Insn): string {
  const codes = operandCodes(i.row.operands)
  const name = prefixText(i, codes) + mnemonicOf(i).toLowerCase()
  const told = codes.some((c) => /^[XY]/.test(c)) || i.operands.some((o, k) => tellsSize(i, o, codes[k] ?? ''))
  const operands = i.operands.map((o, k) => operandText(o, codes[k] ?? '', !told))
  return operands.length > 0 ? `${name} ${operands.join(', ')}` : name
}
