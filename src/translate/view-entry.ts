import type { Code } from '../wasm/index.ts'

/** How the place of a page's entry in one of a view's tables follows from an address in the page: see VIEW. */
export interface ViewTable {
  readonly shift: number
  readonly mask: number
}
/** Entries of 8 bytes, for reads and for writes. */
export const ENTRIES: ViewTable = { shift: 9, mask: 0x7f_fff8 }
/** Entries of 4 bytes. */
export const PLACES: ViewTable = { shift: 10, mask: 0x3f_fffc }

/** Makes of the address on the stack where its entry is; `putView` puts the view's tables there. */
export function toEntry(code: Code, { shift, mask }: ViewTable, putView: () => void): void {
  code.op('i32.wrap_i64').i32(shift).op('i32.shr_u').i32(mask).op('i32.and')
  putView()
  code.op('i32.add')
}
