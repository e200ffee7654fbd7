/**
 * The WebAssembly SIMD operations that instruction texts may use, by their own names, with the kinds of their arguments and of
 * the result: v (128 bits), i (32 bits), l (64 bits); `lane` means an immediate lane number is needed.
 */
// prettier-ignore
export const SIMD_OPS = {
  'v128.and': 'vv:v', 'v128.or': 'vv:v', 'v128.xor': 'vv:v', 'v128.andnot': 'vv:v',
} as const satisfies Record<string, string>
export type SimdOp = keyof typeof SIMD_OPS
