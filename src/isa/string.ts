/**
 * String instructions: MOVS STOS LODS SCAS CMPS, with REP, REPE and REPNE. [SDM-1 "String Instructions"]
 * Repeated ones belong to the evaluator: each iteration that was done stays done when a later one faults, with RSI, RDI and RCX as
 * they are then. Forward MOVS and STOS work page by page. A long repetition pauses with RIP at the instruction, as on an interrupt.
 */
import { PAGE_SIZE } from '../cpu/index.ts'
import { RAX, RCX, RDI, RSI } from '../spec/x86/index.ts'
import type { Value } from './eval-ops.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, MemoryOperand, Row } from './insn.ts'
import { get, operand, put } from './operand.ts'
import type { Cpu } from './ops.ts'
import { insn } from './rows.ts'

/** Iterations in one step: keeps time slices and interrupts honest. */
export const MAX_ITERATIONS = 0x1_0000n

/** Source and destination pointers and the count, written back after every piece that is done. */
class Progress {
  readonly e: Evaluator
  readonly i: Insn
  readonly w: Insn['w']
  /** Bytes per element, with the sign of the direction. */
  readonly step: bigint
  /** Iterations wanted, of which at most as many as the budget are done now. */
  remaining: bigint
  private budget: bigint

  /** `pointers`: those that a repetition with 32-bit addresses cuts to 32 bits before the first iteration. */
  constructor(e: Evaluator, i: Insn, pointers: readonly number[]) {
    this.e = e
    this.i = i
    this.w = i.w
    this.step = e.directionFlag ? BigInt(-i.w / 8) : BigInt(i.w / 8)
    this.remaining = i.rep ? this.pointer(RCX) : 1n
    // With TF set each iteration traps.
    this.budget = e.state.trapFlag ? 1n : MAX_ITERATIONS
    if (i.rep && i.a32) for (const n of [RCX, ...pointers]) e.state.setGpr(n, this.pointer(n))
  }

  pointer(n: number): bigint {
    const v = this.e.state.gpr(n)
    return this.i.a32 ? BigInt.asUintN(32, v) : v
  }
  get paused(): boolean {
    return this.budget === 0n
  }
  /** How many elements may be done in one piece. */
  get piece(): bigint {
    return this.remaining < this.budget ? this.remaining : this.budget
  }

  /** `count` elements are done: the registers follow at once, so that a fault of the next one finds them right. */
  advance(count: bigint, ...pointers: readonly number[]): void {
    const width = this.i.a32 ? 32 : 64
    for (const n of pointers) this.e.state.setGpr(n, BigInt.asUintN(width, this.pointer(n) + this.step * count))
    if (!this.i.rep) return
    this.remaining -= count
    this.budget -= count
    this.e.state.setGpr(RCX, this.remaining)
  }
}

/** Linear address of a string operand now; the operand says which register, which segment and how wide addresses are. */
function linear(p: Progress, m: MemoryOperand): bigint {
  const base = m.seg === 'FS' ? p.e.state.fsBase : m.seg === 'GS' ? p.e.state.gsBase : 0n
  return BigInt.asUintN(64, p.pointer(m.base) + base)
}

function stringOperand(i: Insn, k: number): MemoryOperand {
  return operand(i, k) as MemoryOperand
}

/** Bytes from `address` to the end of its page, as elements. */
const elementsInPage = (address: number, size: number): bigint =>
  BigInt(Math.floor((PAGE_SIZE - (address % PAGE_SIZE)) / size))
const smallest = (...n: bigint[]): bigint => n.reduce((a, b) => (b < a ? b : a))

/** MOVS and STOS under REP write ESI, EDI and ECX whatever happens then; the others only ECX (seen on Intel's processors). */
function run(e: Evaluator, i: Insn, pointers: readonly number[], iterate: (p: Progress) => boolean): void {
  const p = new Progress(e, i, pointers)
  if (i.rep && p.remaining === 0n) return
  for (;;) {
    const stop = iterate(p)
    if (!i.rep || stop || p.remaining === 0n) return
    if (p.paused) return e.stay()
  }
}

function moveString(e: Evaluator, i: Insn): void {
  const [to, from] = [stringOperand(i, 0), stringOperand(i, 1)]
  const size = i.w / 8
  run(e, i, [RSI, RDI], (p) => {
    const count = p.i.rep && p.step > 0n ? movePiece(p, linear(p, from), linear(p, to), size) : 0n
    if (count > 0n) {
      p.advance(count, RSI, RDI)
    } else {
      e.address(from)
      const v = e.load(i.w, linear(p, from))
      e.store(i.w, linear(p, to), v)
      p.advance(1n, RSI, RDI)
    }
    return false
  })
}

/** Copies as many whole elements as lie in one page on both sides; 0 if that is none. */
function movePiece(p: Progress, from: bigint, to: bigint, size: number): bigint {
  const { e } = p
  e.address(stringOperand(p.i, 1))
  const source = e.linear(from, size, 'R')
  const a = e.view.readable(source)
  const ahead = elementsInPage(source, size)
  // An element that lies in two pages is read whole before the target is looked at.
  if (ahead === 0n) return 0n
  const target = e.linear(to, size, 'W')
  const count = smallest(p.piece, ahead, elementsInPage(target, size), wrapLimit(p, size))
  if (count === 0n) return 0n
  const b = e.view.writable(target)
  const length = Number(count) * size
  const { u8 } = e.state.ram
  if (b < 0) return count
  // Overlapping upwards, the elements written are read again: a pattern spreads.
  if (b > a && b < a + length) for (let k = 0; k < length; k += size) u8.copyWithin(b + k, a + k, a + k + size)
  else u8.copyWithin(b, a, a + length)
  return count
}

/** With 32-bit addresses a piece must not pass 2^32. */
function wrapLimit(p: Progress, size: number): bigint {
  if (!p.i.a32) return p.piece
  const room = (n: number): bigint => (0x1_0000_0000n - p.pointer(n)) / BigInt(size)
  return smallest(room(RSI), room(RDI))
}

function storeString(e: Evaluator, i: Insn): void {
  const to = stringOperand(i, 0)
  const size = i.w / 8
  const value = e.reg(i.w, RAX)
  run(e, i, [RDI], (p) => {
    const at = linear(p, to)
    e.address(to)
    const target = e.linear(at, size, 'W')
    const room = p.i.a32 ? (0x1_0000_0000n - p.pointer(RDI)) / BigInt(size) : p.piece
    const count = p.i.rep && p.step > 0n ? smallest(p.piece, elementsInPage(target, size), room) : 0n
    if (count > 0n) {
      fill(e, e.view.writable(target), Number(count) * size, i.w, value)
      p.advance(count, RDI)
    } else {
      e.store(i.w, at, value)
      p.advance(1n, RDI)
    }
    return false
  })
}

function fill(e: Evaluator, at: number, length: number, w: Insn['w'], value: Value): void {
  if (at < 0) return
  const { u8, dv } = e.state.ram
  if (w === 8 || BigInt(value) === 0n) {
    u8.fill(Number(value), at, at + length)
    return
  }
  for (let k = 0; k < length; k += w / 8) {
    if (w === 16) dv.setUint16(at + k, value as number, true)
    else if (w === 32) dv.setUint32(at + k, value as number, true)
    else dv.setBigUint64(at + k, value as bigint, true)
  }
}

function loadString(e: Evaluator, i: Insn): void {
  const from = stringOperand(i, 1)
  run(e, i, [], (p) => {
    e.address(from)
    const v = e.load(i.w, linear(p, from))
    // Written at once: an iteration that is done stays done.
    if (i.rep) writeAccumulator(e, i.w, v)
    else e.setReg(i.w, RAX, v)
    p.advance(1n, RSI)
    return false
  })
}

function writeAccumulator(e: Evaluator, w: Insn['w'], v: Value): void {
  const { u8, u16, u64 } = e.state.ram
  if (w === 8) u8[0] = v as number
  else if (w === 16) u16[0] = v as number
  else u64[0] = BigInt(v)
}

/** SCAS and CMPS end when ZF differs from what the prefix repeats on. A fault leaves the flags as before the instruction. */
function compareString(
  e: Evaluator,
  i: Insn,
  pair: (p: Progress) => readonly [Value, Value],
  pointers: readonly number[],
): void {
  run(e, i, [], (p) => {
    const [a, b] = pair(p)
    p.advance(1n, ...pointers)
    const stop = (a === b) !== (i.rep === 0xf3)
    // Only the last comparison is seen; one that pauses is not the last.
    if (!i.rep || stop || p.remaining === 0n) e.setFlags('SUB', i.w, a, b)
    return stop
  })
}

const read = (p: Progress, m: MemoryOperand): Value => {
  p.e.address(m)
  return p.e.load(p.w, linear(p, m))
}

const scanString = (e: Evaluator, i: Insn): void =>
  compareString(e, i, (p) => [e.reg(i.w, RAX), read(p, stringOperand(i, 1))], [RDI])

/** CMPS: the manual subtracts the second from the first; processors read the second first. */
const compareStrings = (e: Evaluator, i: Insn): void =>
  compareString(
    e,
    i,
    (p) => {
      const b = read(p, stringOperand(i, 1))
      return [read(p, stringOperand(i, 0)), b]
    },
    [RSI, RDI],
  )

// Without a prefix: one element.

/** By the prefix. */
const either = (op: NonNullable<Row['op']>, slow: NonNullable<Row['slow']>) => ({
  op,
  isSlow: (i: Insn) => i.rep !== 0,
  slow,
})

/** `element` does what is to be done before the pointers move. */
const single =
  (pointers: readonly number[], element: <V>(m: Cpu<V>, i: Insn) => void): NonNullable<Row['op']> =>
  (m, i) => {
    // Before the store: a reader may leave the direction to the other one.
    const step = m.stringStep(i.w / 8)
    element(m, i)
    const w = i.a32 ? 32 : 64
    for (const n of pointers) m.setReg(w, n, m.add(w, m.reg(w, n), m.trunc(64, w, step)))
  }
const moveOne = single([RSI, RDI], (m, i) => put(m, i, 0, get(m, i, 1)))
const storeOne = single([RDI], (m, i) => put(m, i, 0, get(m, i, 1)))
const loadOne = single([RSI], (m, i) => put(m, i, 0, get(m, i, 1)))
const scanOne = single([RDI], (m, i) => m.setFlags('SUB', i.w, get(m, i, 0), get(m, i, 1)))
/** See compareStrings for the order. */
const compareOne = single([RSI, RDI], (m, i) => {
  const b = get(m, i, 1)
  m.setFlags('SUB', i.w, get(m, i, 0), b)
})

// prettier-ignore
export const STRING = [
  insn({
    mnemonic: 'MOVSB', spec: 'MOVS/MOVSB/MOVSW/MOVSD/MOVSQ—Move Data From String to String', rows: [['A4', 'Yb, Xb']], ...either(moveOne, moveString),
  }),
  insn({
    mnemonic: 'MOVSW/MOVSD/MOVSQ', spec: 'MOVS/MOVSB/MOVSW/MOVSD/MOVSQ—Move Data From String to String', rows: [['A5', 'Yv, Xv']], ...either(moveOne, moveString),
  }),
  insn({ mnemonic: 'STOSB', spec: 'STOS/STOSB/STOSW/STOSD/STOSQ—Store String', rows: [['AA', 'Yb, AL']], ...either(storeOne, storeString) }),
  insn({ mnemonic: 'STOSW/STOSD/STOSQ', spec: 'STOS/STOSB/STOSW/STOSD/STOSQ—Store String', rows: [['AB', 'Yv, rAX']], ...either(storeOne, storeString) }),
  insn({ mnemonic: 'LODSB', spec: 'LODS/LODSB/LODSW/LODSD/LODSQ—Load String', rows: [['AC', 'AL, Xb']], ...either(loadOne, loadString) }),
  insn({ mnemonic: 'LODSW/LODSD/LODSQ', spec: 'LODS/LODSB/LODSW/LODSD/LODSQ—Load String', rows: [['AD', 'rAX, Xv']], ...either(loadOne, loadString) }),
  insn({
    mnemonic: 'SCASB', spec: 'SCAS/SCASB/SCASW/SCASD—Scan String', rows: [['AE', 'AL, Yb']],
    ...either(scanOne, scanString),
  }),
  insn({
    mnemonic: 'SCASW/SCASD/SCASQ', spec: 'SCAS/SCASB/SCASW/SCASD—Scan String', rows: [['AF', 'rAX, Yv']],
    ...either(scanOne, scanString),
  }),
  insn({
    mnemonic: 'CMPSB', spec: 'CMPS/CMPSB/CMPSW/CMPSD/CMPSQ—Compare String Operands', rows: [['A6', 'Xb, Yb']],
    ...either(compareOne, compareStrings),
  }),
  insn({
    mnemonic: 'CMPSW/CMPSD/CMPSQ', spec: 'CMPS/CMPSB/CMPSW/CMPSD/CMPSQ—Compare String Operands', rows: [['A7', 'Xv, Yv']],
    ...either(compareOne, compareStrings),
  }),
].flat()
