import { f32, f64, i64, type SseCase, ymm } from './sse-case.fixture.ts'

/** Of 2, 3 and 5 as operands 1, 2 and 3: the product and the addend, and the upper half of the opcode byte. */
const ORDERS = { 132: [10, 3, 0x90], 213: [6, 5, 0xa0], 231: [15, 2, 0xb0] } as const
/** Signs of the product and of the addend, in even lanes and in odd ones; the lower half of the opcode byte of the packed form. */
const KINDS = {
  VFMADDSUB: [1, -1, 1, 0x6],
  VFMSUBADD: [1, 1, -1, 0x7],
  VFMADD: [1, 1, 1, 0x8],
  VFMSUB: [1, -1, -1, 0xa],
  VFNMADD: [-1, 1, 1, 0xc],
  VFNMSUB: [-1, -1, -1, 0xe],
} as const

const hex = (n: number): string => n.toString(16).padStart(2, '0')

/** All names. The other lanes of a scalar form are those of the destination, which is operand 1. */
const NAMES: SseCase[] = Object.entries(KINDS).flatMap(([base, [sign, even, odd, low]]) =>
  Object.entries(ORDERS).flatMap(([digits, [product, addend, high]]) =>
    (['PS', 'PD', 'SS', 'SD'] as const).flatMap((type): SseCase[] => {
      const isScalar = type.startsWith('S')
      if (isScalar && base.length > 7) return []
      const vector = type.endsWith('S') ? (a: number, b: number) => f32(a, b, a, b) : f64
      const [x, y] = [sign * product + even * addend, sign * product + odd * addend]
      return [
        {
          asm: `${base.toLowerCase()}${digits}${type.toLowerCase()} xmm1, xmm2, xmm0`,
          code: `c4 e2 ${type.endsWith('S') ? '69' : 'e9'} ${hex(high + low + (isScalar ? 1 : 0))} c8`,
          in: { XMM1: vector(2, 2), XMM2: vector(3, 3), XMM0: vector(5, 5) },
          out: { XMM1: isScalar ? replaced(type, vector(2, 2), vector(x, x)) : vector(x, y) },
          why: 'which operands, which signs',
        },
      ]
    }),
  ),
)
function replaced(type: 'SS' | 'SD' | 'PS' | 'PD', v: bigint, lowest: bigint): bigint {
  const w = type.endsWith('S') ? 32 : 64
  return ((v >> BigInt(w)) << BigInt(w)) | BigInt.asUintN(w, lowest)
}

const TINY = 2 ** -52

/** FMA: what a reader of the manual would check by hand. */
// prettier-ignore
export const FMA_CASES: readonly SseCase[] = [
  ...NAMES,
  { asm: 'vfmadd213sd xmm1, xmm2, xmm0', code: 'c4 e2 e9 a9 c8', in: { XMM1: f64(1 + TINY), XMM2: f64(1 - TINY), XMM0: f64(-1) }, out: { XMM1: f64(-(TINY * TINY)), MXCSR: 0x1f80 }, why: 'the product is not rounded' },
  { asm: 'vfmadd213pd ymm1, ymm2, ymm0', code: 'c4 e2 ed a8 c8', in: { YMM1: ymm(f64(1, 2), f64(3, 4)), YMM2: ymm(f64(2, 2), f64(2, 2)), YMM0: ymm(f64(1, 1), f64(1, 1)) }, out: { YMM1: ymm(f64(3, 5), f64(7, 9)) }, why: 'four lanes' },
  { asm: 'vfmadd231sd xmm1, xmm2, xmm0', code: 'c4 e2 e9 b9 c8', in: { XMM1: i64(0x7ff8_0000_0000_0003n), XMM2: f64(Infinity), XMM0: f64(0) }, out: { XMM1: i64(0x7ff8_0000_0000_0003n), MXCSR: 0x1f80 }, why: 'a quiet NaN goes before an invalid product' },
  { asm: 'vfmadd231sd xmm1, xmm2, xmm0', code: 'c4 e2 e9 b9 c8', in: { XMM1: f64(1), XMM2: f64(Infinity), XMM0: f64(0) }, out: { XMM1: i64(0xfff8_0000_0000_0000n), MXCSR: 0x1f81 }, why: 'infinity times zero' },
  { asm: 'vfmadd231sd xmm1, xmm2, xmm0', code: 'c4 e2 e9 b9 c8', in: { XMM1: f64(-6), XMM2: f64(2), XMM0: f64(3) }, out: { XMM1: f64(0) }, why: 'an exact zero is positive' },
  { asm: 'vfnmadd231sd xmm1, xmm2, xmm0', code: 'c4 e2 e9 bd c8', in: { XMM1: f64(-0), XMM2: f64(0), XMM0: f64(3) }, out: { XMM1: f64(-0) }, why: 'zeros of one sign keep it' },
]
