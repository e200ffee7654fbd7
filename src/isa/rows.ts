import type { Row } from './insn.ts'

/** One form: opcode, operands, and what only this form has. */
export type Form = readonly [opcode: string, operands: string, extra?: Partial<Row>]

/** The rows of one mnemonic: what its forms share is written once. */
export function insn(shared: Omit<Row, 'opcode' | 'operands'> & { readonly rows: readonly Form[] }): Row[] {
  const { rows, ...rest } = shared
  return rows.map(([opcode, operands, extra]) => ({ ...rest, ...extra, opcode, operands }))
}
