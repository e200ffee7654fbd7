/** PCLMULQDQ: products of polynomials over GF(2). */
import type { Row } from './insn.ts'
import { binaryBy, lane, type Binary } from './sse-operand.ts'
import { vexForms } from './vex.ts'

/** Bit 0 of the immediate chooses the half of the first operand, bit 4 that of the second. */
const product =
  (byte: number): Binary =>
  (o, a, b) =>
    o.clmul(lane(o, 64, a, byte & 1), lane(o, 64, b, (byte >> 4) & 1))

// prettier-ignore
const LEGACY: readonly Row[] = [
  { mnemonic: 'PCLMULQDQ', opcode: '66 0F 3A 44 /r', operands: 'Vdq, Wdq, Ib', spec: 'PCLMULQDQ—Carry-Less Multiplication Quadword', feature: 'PCLMULQDQ', op: binaryBy(product) },
]

export const PCLMUL: readonly Row[] = [
  ...LEGACY,
  ...vexForms(LEGACY, { length: '128', feature: 'AVX+PCLMULQDQ', operands: 'NDS' }, 'VPCLMULQDQ'),
]
