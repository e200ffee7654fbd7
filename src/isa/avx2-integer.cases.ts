import { i32, i64, type SseCase, ymm } from './sse-case.fixture.ts'

/** AVX2 on integers: what is not a wider form of something else, and one that is. */
// prettier-ignore
export const AVX2_INTEGER_CASES: readonly SseCase[] = [
  { asm: 'vpsrlvd xmm1, xmm2, xmm0', code: 'c4 e2 69 45 c8', in: { XMM0: i32(1, 31, 32, -1), XMM2: i32(-1, -1, -1, -1) }, out: { XMM1: i32(0x7fff_ffff, 1, 0, 0) }, why: 'a count for each lane; too large a one gives zero' },
  { asm: 'vpsrlvq xmm1, xmm2, xmm0', code: 'c4 e2 e9 45 c8', in: { XMM0: i64(63, 64), XMM2: i64(-1, -1) }, out: { XMM1: i64(1, 0) }, why: 'of 64 bits' },
  { asm: 'vpsravd xmm1, xmm2, xmm0', code: 'c4 e2 69 46 c8', in: { XMM0: i32(1, 31, 32, -1), XMM2: i32(-8, -8, -8, 8) }, out: { XMM1: i32(-4, -1, -1, 0) }, why: 'too large a count leaves the sign' },
  { asm: 'vpsllvd xmm1, xmm2, xmm0', code: 'c4 e2 69 47 c8', in: { XMM0: i32(1, 31, 32, -1), XMM2: i32(3, 3, 3, 3) }, out: { XMM1: i32(6, 0x8000_0000) }, why: 'to the left' },
  { asm: 'vpsllvq ymm1, ymm2, ymm0', code: 'c4 e2 ed 47 c8', in: { YMM0: ymm(i64(1, 2), i64(3, 1n << 32n)), YMM2: ymm(i64(1, 1), i64(1, 1)) }, out: { YMM1: ymm(i64(2, 4), i64(8)) }, why: 'all 64 bits of a count count' },
  { asm: 'vpsllw ymm1, ymm2, xmm0', code: 'c4 e1 6d f1 c8', in: { YMM0: ymm(i64(4), i64(9)), YMM2: ymm(i64(1), i64(2)) }, out: { YMM1: ymm(i64(16), i64(32)) }, why: 'one count for both halves' },
]
