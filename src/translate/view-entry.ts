import { VIEW } from '../cpu/index.ts'
import type { Code } from '../wasm/index.ts'

/** Entries of a view's tables for reads and for writes: binary logarithm of their size in bytes. */
export const ENTRIES = 3
/** The same of its table of places. */
export const PLACES = 2
export type ViewTable = typeof ENTRIES | typeof PLACES

/** Makes of the address on the stack where the entry of its page is in a table (see VIEW); `putView` puts the view's tables there. */
export function toEntry(code: Code, table: ViewTable, putView: () => void): void {
  code.op('i32.wrap_i64').i32(12).op('i32.shr_u').i32(table).op('i32.shl')
  putView()
  code.op('i32.add')
}

/**
 * Puts on the stack whether an access may not be done: it is not in the page of the entry that is on the stack (see VIEW). `putLast` puts the
 * address of its last byte there. V8 places what is done if this holds away from what is done else, as it would not if it were an inequality.
 */
export function isElsewhere(code: Code, pagesAtHome: boolean, putLast: () => void): void {
  putLast()
  code.op('i64.xor')
  if (!pagesAtHome) code.i64(BigInt.asIntN(64, ~BigInt(VIEW.AWAY))).op('i64.and')
  code.i64(0xfffn).op('i64.gt_u')
}
