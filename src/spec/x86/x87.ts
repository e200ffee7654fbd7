/** Status word. IE to PE have the places that the control word's masks have. [SDM-1 "x87 FPU Status Register"] */
// prettier-ignore
export const FSW = {
  IE: 1, DE: 2, ZE: 4, OE: 8, UE: 16, PE: 32, SF: 64, ES: 128, C0: 0x100, C1: 0x200, C2: 0x400, TOP: 0x3800, C3: 0x4000, B: 0x8000,
} as const
/** Control word. [SDM-1 "x87 FPU Control Word"] */
export const FCW = { MASKS: 0x3f, PC: 0x300, RC: 0xc00 } as const
/** Bits of the control word that are there, and the one that always reads as 1. */
export const FCW_DEFINED = 0x1f3f
export const FCW_FIXED = 0x40
/** What FNINIT leaves. */
export const FCW_RESET = 0x37f
/** Tag of a register without a value. [SDM-1 "x87 FPU Tag Word"] */
export const EMPTY = 3
