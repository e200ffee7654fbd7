/** General-purpose registers in encoding order. */
// prettier-ignore
export const GPR = ['RAX', 'RCX', 'RDX', 'RBX', 'RSP', 'RBP', 'RSI', 'RDI', 'R8', 'R9', 'R10', 'R11', 'R12', 'R13', 'R14', 'R15'] as const
export type GprName = (typeof GPR)[number]

// prettier-ignore
export const RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7
// prettier-ignore
export const R8 = 8, R9 = 9, R10 = 10, R11 = 11, R12 = 12, R13 = 13, R14 = 14, R15 = 15

/** MXCSR after reset and after exec (volume 1, "MXCSR Control and Status Register"). */
export const MXCSR_RESET = 0x1f80
/** Bits that LDMXCSR and FXRSTOR accept; others are #GP. */
export const MXCSR_MASK = 0xffff
// prettier-ignore
export const MXCSR = { IE: 1, DE: 2, ZE: 4, OE: 8, UE: 16, PE: 32, DAZ: 64, IM: 128, DM: 256, ZM: 512, OM: 1024, UM: 2048, PM: 4096, RC: 0x6000, FTZ: 0x8000 } as const
