/** Memory operands of the x87: three float formats, three integer formats, packed decimals. [SDM-1 "x87 FPU Data Types and Formats"] */
import type { Evaluator } from './evaluator.ts'
import type { Insn, MemoryOperand } from './insn.ts'
import { memory } from './operand.ts'
import { addressWithin } from './sse-operand.ts'
import { unpackWider } from './softfloat/extended.ts'
import { DOUBLE, finite, SINGLE, zero, type Float } from './softfloat/format.ts'

/** Where sign and exponent of an extended real are. */
const UPPER = 8

const isInteger = (i: Insn): boolean => i.row.mnemonic.startsWith('FI')

/** Memory operand 0 as a number: an integer for FIxxx, else a single or a double. */
export function loadFloat(e: Evaluator, i: Insn): Float {
  const m = memory(i, 0)
  const w = m.w === 16 ? 16 : m.w === 32 ? 32 : 64
  const bits = BigInt(e.load(w, e.address(m)))
  return isInteger(i) ? fromInteger(BigInt.asIntN(w, bits)) : unpackWider(w === 32 ? SINGLE : DOUBLE, bits)
}
export const fromInteger = (n: bigint): Float => (n === 0n ? zero(0) : finite(n < 0n ? 1 : 0, 0, n < 0n ? -n : n))

/** 80 bits are two accesses: if the second one faults, the first one has been done. */
export function loadExtended(e: Evaluator, m: MemoryOperand): bigint {
  const low = e.load(64, e.address(m)) as bigint
  return (BigInt(e.load(16, addressWithin(e, m, UPPER))) << 64n) | low
}
export function storeExtended(e: Evaluator, m: MemoryOperand, bits: bigint): void {
  e.store(64, e.address(m), BigInt.asUintN(64, bits))
  e.store(16, addressWithin(e, m, UPPER), Number(bits >> 64n))
}
