import { InternalError, invariant } from '../base/index.ts'
import type { Insn, MemoryOperand, Operand } from './insn.ts'
import type { Cpu, IntWidth, Width } from './ops.ts'

/** Operand k of an instruction, which must be there. */
export function operand(i: Insn, k: number): Operand {
  const o = i.operands[k]
  invariant(o, `${i.row.mnemonic}: no operand ${k}`)
  return o
}

export function memory(i: Insn, k: number): MemoryOperand {
  const o = operand(i, k)
  invariant(o.kind === 'mem', `${i.row.mnemonic}: operand ${k} is not memory`)
  return o
}

/** Operand k, which must be a general-purpose register. */
export function register(i: Insn, k: number): Extract<Operand, { kind: 'reg' }> {
  const o = operand(i, k)
  invariant(o.kind === 'reg', `${i.row.mnemonic}: operand ${k} is not a register`)
  return o
}

/** Width of a general-purpose, immediate or memory operand. */
export function widthOf(i: Insn, k: number): IntWidth {
  const o = operand(i, k)
  invariant(
    o.kind !== 'rel' && o.kind !== 'st' && o.kind !== 'mm' && o.kind !== 'ymm' && o.w !== 0 && o.w < 128,
    `${i.row.mnemonic}: operand ${k} has no integer width`,
  )
  return o.w as IntWidth
}

function memoryWidth(i: Insn, m: MemoryOperand): Width {
  invariant(m.w !== 256, `${i.row.mnemonic}: 256 bits are two values`)
  return m.w === 0 ? 64 : m.w
}

/** Reads operand k: a register, an immediate or memory of integer width. `willWrite`: it is written back by `put`. */
export function get<V>(m: Cpu<V>, i: Insn, k: number, willWrite = false): V {
  const o = operand(i, k)
  switch (o.kind) {
    case 'reg':
      return o.high ? m.regHigh(o.n) : m.reg(o.w, o.n)
    case 'imm':
      return m.lit(o.w, o.value)
    case 'mem':
      return m.load(memoryWidth(i, o), m.address(o), { willWrite })
    case 'xmm':
      return m.xmm(o.n)
    case 'rel':
      return m.lit(64, o.target)
    case 'st':
    case 'mm':
    case 'ymm':
      throw new InternalError(`${i.row.mnemonic}: operand ${k} is an x87, MMX or YMM register`)
  }
}

/** Writes operand k: a register or memory of integer width. */
export function put<V>(m: Cpu<V>, i: Insn, k: number, value: V): void {
  const o = operand(i, k)
  if (o.kind === 'mem') m.store(memoryWidth(i, o), m.address(o), value)
  else if (o.kind === 'xmm') m.setXmm(o.n, value)
  else {
    invariant(o.kind === 'reg', `${i.row.mnemonic}: operand ${k} cannot be written`)
    if (o.high) m.setRegHigh(o.n, value)
    else m.setReg(o.w, o.n, value)
  }
}

/** Operands j and k name the same register: XOR r, r and its like depend on nothing. */
export function isSameRegister(i: Insn, j: number, k: number): boolean {
  const [a, b] = [operand(i, j), operand(i, k)]
  // Register operands are shared objects of the decoder; xmm ones of different widths are not.
  return a === b || (a.kind === 'reg' && b.kind === 'reg' && a.n === b.n && a.w === b.w && a.high === b.high)
}
