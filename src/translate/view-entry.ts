import { VIEW } from '../cpu/index.ts'
import type { Code } from '../wasm/index.ts'

/** How the place of a page's entry in one of a view's tables follows from an address in the page: see VIEW. */
export interface ViewTable {
  /** Binary logarithm of an entry's size in bytes. */
  readonly shift: number
}
/** For reads and for writes. */
export const ENTRIES: ViewTable = { shift: 3 }
export const PLACES: ViewTable = { shift: 2 }

/** Makes of the address on the stack where its entry is; `putView` puts the view's tables there. */
export function toEntry(code: Code, { shift }: ViewTable, putView: () => void): void {
  code.op('i32.wrap_i64').i32(12).op('i32.shr_u').i32(shift).op('i32.shl')
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
