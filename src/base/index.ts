/** The ground floor: no domain, no imports. */
export { InternalError, invariant, unreachable } from './invariant.ts'
export { EncluError, ERRORS, type ErrorCode } from './errors.ts'
export { struct, u8, u16, u32, u64, bytes, type Struct, type Field, type View as StructView } from './struct.ts'
export { VERSION } from './version.ts'
export { once } from './once.ts'
export { hex, alignDown, alignUp, isAligned, concatBytes, equalBytes, toHex, fromHex } from './bytes.ts'
