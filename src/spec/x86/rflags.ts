/** RFLAGS bits, by the manual's names (volume 1, "RFLAGS Register in 64-Bit Mode"). */
// prettier-ignore
export const RFLAGS = {
  CF: 1 << 0, FIXED: 1 << 1, PF: 1 << 2, AF: 1 << 4, ZF: 1 << 6, SF: 1 << 7,
  TF: 1 << 8, IF: 1 << 9, DF: 1 << 10, OF: 1 << 11, IOPL: 3 << 12, NT: 1 << 14,
  RF: 1 << 16, VM: 1 << 17, AC: 1 << 18, VIF: 1 << 19, VIP: 1 << 20, ID: 1 << 21,
} as const

/** The six flags that arithmetic sets. */
export const ARITHMETIC_FLAGS = ['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'] as const
export type ArithmeticFlag = (typeof ARITHMETIC_FLAGS)[number]
/** Their bit numbers in RFLAGS. */
export const ARITHMETIC_PLACES = { CF: 0, PF: 2, AF: 4, ZF: 6, SF: 7, OF: 11 } as const satisfies Record<
  ArithmeticFlag,
  number
>
export const ARITHMETIC_MASK = RFLAGS.CF | RFLAGS.PF | RFLAGS.AF | RFLAGS.ZF | RFLAGS.SF | RFLAGS.OF
