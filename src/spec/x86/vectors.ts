/** Exception vectors that user code can raise (volume 1, "Exceptions and Interrupts" summary table). */
// prettier-ignore
export const VECTOR = {
  DE: 0, DB: 1, BP: 3, OF: 4, BR: 5, UD: 6, NM: 7, DF: 8, NP: 11, SS: 12, GP: 13, PF: 14, MF: 16, AC: 17, XM: 19,
} as const
export type VectorName = keyof typeof VECTOR

/** Page-fault error code bits (volume 3, "Page-Fault Exceptions"). */
export const PF_ERROR = { P: 1, W: 2, U: 4, RSVD: 8, I: 0x10, PK: 0x20, SS: 0x40, SGX: 0x8000 } as const
