/**
 * WebAssembly's relaxed vector operations, whose results are in part left to the host: where a swizzle's index is above 15, and whether
 * a product that is added to something is rounded by itself. Here they are used where no such index occurs, and where the host rounds
 * once.
 */
import { Code } from './code.ts'
import { ModuleWriter } from './module.ts'

/** 1 + 2^-27 and 1 + 2^-12: their squares have a last digit of 2^-54 and 2^-24, which rounding takes away. */
const ROUNDED = [
  { shape: 'f64x2', x: 0x3ff0_0000_0200_0000n, minusSquare: 0xbff0_0000_0400_0000n },
  { shape: 'f32x4', x: 0x3f80_0800n, minusSquare: 0xbf80_1000n },
] as const

/** The function (): i32 that says whether both products and sums are rounded once. Its first instructions are a swizzle. */
function question(): Code {
  const code = new Code(0).v128(0n).v128(0n).simd('i8x16.relaxed_swizzle').op('drop')
  for (const { shape, x, minusSquare } of ROUNDED)
    code.v128(x).v128(x).v128(minusSquare).simd(`${shape}.relaxed_madd`).simd('v128.any_true')
  return code.op('i32.and')
}

let known: boolean | undefined

/** Whether this host has them all, as they are used here. The answer is always the same. */
export function hasRelaxedSimd(): boolean {
  return (known ??= ask())
}

function ask(): boolean {
  const m = new ModuleWriter()
  m.addFunction(m.type([], ['i32']), question(), 'q')
  const wasm = m.write()
  if (!WebAssembly.validate(wasm)) return false
  const { q } = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports as { readonly q: () => number }
  return q() === 1
}
