/** SSE4.2: comparison of strings, and PCMPGTQ. CRC32 and POPCNT are general-purpose instructions. */
import { RAX, RCX, RDX, RFLAGS } from '../spec/x86/index.ts'
import type { Value } from './eval-ops.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { binary, control, whole, xmmOf } from './sse-operand.ts'

/** A string in a register: its elements, and how many of them belong to it. */
export interface StringOperand {
  readonly elements: readonly number[]
  readonly length: number
}

/** One bit for each element of the second operand: "IntRes1" of the manual's "Aggregation Operation". */
function aggregate(how: number, a: StringOperand, b: StringOperand): number {
  const n = b.elements.length
  const element = (s: StringOperand, k: number): number => s.elements[k] ?? 0
  const indices = Array.from({ length: n }, (_, k) => k)
  const equal = (k: number, j: number): boolean => element(a, k) === element(b, j)
  const holds = ((): ((j: number) => boolean) => {
    switch (how) {
      case 0:
        return (j) => j < b.length && indices.some((k) => k < a.length && equal(k, j))
      case 1:
        return (j) =>
          j < b.length &&
          indices.some((k) => {
            const [low, high] = [element(a, k), element(a, k + 1)]
            return k % 2 === 0 && k + 1 < a.length && low <= element(b, j) && element(b, j) <= high
          })
      case 2:
        return (j) => (j < a.length && j < b.length ? equal(j, j) : j >= a.length && j >= b.length)
      default:
        return (j) => indices.every((k) => k >= a.length || j + k >= n || (j + k < b.length && equal(k, j + k)))
    }
  })()
  return indices.reduce((bits, j) => bits | (holds(j) ? 1 << j : 0), 0)
}

/** "IntRes2": one bit for each element. */
export function compareStrings(byte: number, a: StringOperand, b: StringOperand): number {
  const all = (1 << b.elements.length) - 1
  const found = aggregate((byte >> 2) & 3, a, b)
  const polarity = (byte >> 4) & 3
  if (polarity === 1) return found ^ all
  return polarity === 3 ? found ^ ((1 << b.length) - 1) : found
}

/** The elements of a vector: bits 0 and 1 of the immediate say words, and signed. */
function elementsOf(byte: number, v: bigint): number[] {
  const w = byte & 1 ? 16 : 8
  return Array.from({ length: 128 / w }, (_, k) => {
    const x = v >> BigInt(w * k)
    return Number(byte & 2 ? BigInt.asIntN(w, x) : BigInt.asUintN(w, x))
  })
}
/** Up to the first zero. */
function implicitLength(elements: readonly number[]): number {
  const end = elements.indexOf(0)
  return end < 0 ? elements.length : end
}
/** The magnitude of a signed register, at most `most`. */
function explicitLength(e: Evaluator, i: Insn, n: number, most: number): number {
  const length = BigInt.asIntN(i.w === 64 ? 64 : 32, e.reg(64, n) as bigint)
  const magnitude = length < 0n ? -length : length
  return magnitude > BigInt(most) ? most : Number(magnitude)
}

/** Vectors are read without a demand for alignment. */
const compare =
  (lengths: 'explicit' | 'implicit', result: 'index' | 'mask') =>
  (e: Evaluator, i: Insn): void => {
    const byte = control(i)
    const stringOf = (v: Value, register: number): StringOperand => {
      const elements = elementsOf(byte, v as bigint)
      const length = lengths === 'implicit' ? implicitLength(elements) : explicitLength(e, i, register, elements.length)
      return { elements, length }
    }
    const a = stringOf(e.xmm(xmmOf(i, 0)), RAX)
    const b = stringOf(whole<Value>(e, i, 1, false), RDX)
    const bits = compareStrings(byte, a, b)
    const n = b.elements.length
    if (result === 'index') e.setReg(32, RCX, indexOf(bits, n, (byte & 0x40) !== 0))
    else {
      e.setXmm(0, byte & 0x40 ? spread(bits, n) : BigInt(bits))
      if (i.vex !== 0) e.setYmmHigh(0, 0n)
    }
    const flags =
      (bits ? RFLAGS.CF : 0) |
      (b.length < n ? RFLAGS.ZF : 0) |
      (a.length < n ? RFLAGS.SF : 0) |
      (bits & 1 ? RFLAGS.OF : 0)
    e.setFlags('PACKED', 32, flags)
  }
/** The first or last bit set, or n. */
const indexOf = (bits: number, n: number, last: boolean): number =>
  bits === 0 ? n : 31 - Math.clz32(last ? bits : bits & -bits)
/** Bits to elements of all ones. */
function spread(bits: number, n: number): bigint {
  const w = BigInt(128 / n)
  let v = 0n
  for (let k = 0; k < n; k++) if (bits & (1 << k)) v |= ((1n << w) - 1n) << (w * BigInt(k))
  return v
}

const feature = 'SSE4_2'

// prettier-ignore
export const SSE42: readonly Row[] = [
  { mnemonic: 'PCMPGTQ', opcode: '66 0F 38 37 /r', operands: 'Vdq, Wdq', spec: 'PCMPGTQ—Compare Packed Data for Greater Than', feature, op: binary((o, a, b) => o.simd('i64x2.gt_s', [a, b])) },
  { mnemonic: 'PCMPESTRM', opcode: '66 0F 3A 60 /r', operands: 'Vdq, Wdq, Ib', spec: 'PCMPESTRM—Packed Compare Explicit Length Strings, Return Mask', feature, slow: compare('explicit', 'mask') },
  { mnemonic: 'PCMPESTRI', opcode: '66 0F 3A 61 /r', operands: 'Vdq, Wdq, Ib', spec: 'PCMPESTRI—Packed Compare Explicit Length Strings, Return Index', feature, slow: compare('explicit', 'index') },
  { mnemonic: 'PCMPISTRM', opcode: '66 0F 3A 62 /r', operands: 'Vdq, Wdq, Ib', spec: 'PCMPISTRM—Packed Compare Implicit Length Strings, Return Mask', feature, slow: compare('implicit', 'mask') },
  { mnemonic: 'PCMPISTRI', opcode: '66 0F 3A 63 /r', operands: 'Vdq, Wdq, Ib', spec: 'PCMPISTRI—Packed Compare Implicit Length Strings, Return Index', feature, slow: compare('implicit', 'index') },
]
