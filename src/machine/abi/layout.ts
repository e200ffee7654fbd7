/** Where everything of the measuring program is. All below 2 GiB, so that absolute addresses fit into instructions. */

const PAGE = 4096

export const TEXT = 0x40_0000
export const DATA = 0x60_0000
/** Bytes of initialised data: cells, tables, calls, the sources of the enclave's pages. */
export const DATA_SIZE = 0x18_0000
/** The calls run on this stack. */
export const STACK = { start: 0x80_0000, size: 4 * PAGE }
/** The last pages of the data: one without any rights, and one that can only be read. */
export const NOTHING = DATA + DATA_SIZE - 2 * PAGE
export const READ_ONLY = DATA + DATA_SIZE - PAGE

export const ENCLAVE = {
  base: 0x1000_0000,
  size: 0x20_0000,
  code: 0,
  ssa: PAGE,
  nssa: 4,
  tcs: 0x10_0000,
  most: 64,
} as const

/** Variables of the program, one qword each; `abs32:NAME` in a listing is the address of one. */
export const CELLS = {
  /** The next call. */
  current: DATA,
  /** The function in the vDSO. */
  vdso_call: DATA + 0x08,
  /** What the enclave does next. */
  events: DATA + 0x10,
  /** What the handler answers next. */
  answers: DATA + 0x18,
  /** What the enclave divides by; the handler makes it 1. */
  divisor: DATA + 0x20,
  /** The next system call of the set-up. */
  table: DATA + 0x28,
  /** What is called. */
  target: DATA + 0x30,
  /** Registers of the caller that the enclave keeps. */
  kept_r12: DATA + 0x40,
  kept_r13: DATA + 0x48,
  kept_r14: DATA + 0x50,
  kept_r15: DATA + 0x58,
  /** Pointers to the wrappers. */
  wrapper_all: DATA + 0x60,
  wrapper_minimal: DATA + 0x68,
} as const

/** Where the allocated part begins. */
export const HEAP = DATA + PAGE
