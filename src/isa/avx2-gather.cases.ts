import { i32, i64, type SseCase, ymm } from './sse-case.fixture.ts'

const MEM = i32(10, 11, 12, 13)
const ALL = ymm(i64(-1, -1), i64(-1, -1))

/** Gathers: what a reader of the manual would check by hand. */
// prettier-ignore
export const AVX2_GATHER_CASES: readonly SseCase[] = [
  { asm: 'vpgatherdd xmm1, [rdi+xmm2*4], xmm0', code: 'c4 e2 79 90 0c 97', in: { XMM0: i32(-1, 0, 0x8000_0000, 1), XMM1: i32(1, 2, 3, 4), XMM2: i32(3, 0x4000_0000, 0, 0x4000_0000), mem: MEM }, out: { XMM0: 0n, XMM1: i32(13, 2, 10, 4) }, why: 'what is not chosen stays; the mask becomes zero' },
  { asm: 'vpgatherdd ymm1, [rdi+ymm2+4], ymm0', code: 'c4 e2 7d 90 4c 17 04', in: { YMM0: ALL, YMM2: ymm(i32(0, 4, 8, -4), i32(8, 4, 0, -4)), mem: MEM }, out: { YMM0: 0n, YMM1: ymm(i32(11, 12, 13, 10), i32(13, 12, 11, 10)) }, why: 'indices are signed' },
  { asm: 'vpgatherdq ymm1, [rdi+xmm2*8], ymm0', code: 'c4 e2 fd 90 0c d7', in: { YMM0: ALL, XMM2: i32(1, 0, 1, 0), mem: i64(5, 6) }, out: { YMM1: ymm(i64(6, 5), i64(6, 5)) }, why: 'four indices of 32 bits' },
  { asm: 'vpgatherqd xmm1, [rdi+xmm2*4], xmm0', code: 'c4 e2 79 91 0c 97', in: { XMM0: i64(-1, -1), XMM1: i64(-1, -1), XMM2: i64(3, 1), mem: MEM }, out: { XMM0: 0n, XMM1: i32(13, 11) }, why: 'two elements; zeros above' },
  { asm: 'vpgatherqq xmm1, [rdi+xmm2*8], xmm0', code: 'c4 e2 f9 91 0c d7', in: { XMM0: i64(-1, -1), XMM2: i64(1, 0), mem: i64(5, 6) }, out: { XMM1: i64(6, 5) }, why: 'quadwords' },
  { asm: 'vgatherdps xmm1, [rdi+xmm2*4], xmm0', code: 'c4 e2 79 92 0c 97', in: { XMM0: i64(-1, -1), XMM2: i32(3, 2, 1, 0), mem: MEM }, out: { XMM1: i32(13, 12, 11, 10) }, why: 'singles' },
  { asm: 'vgatherdpd xmm1, [rdi+xmm2*8], xmm0', code: 'c4 e2 f9 92 0c d7', in: { XMM0: i64(-1, -1), XMM2: i32(1, 0), mem: i64(5, 6) }, out: { XMM1: i64(6, 5) }, why: 'doubles' },
  { asm: 'vgatherqps xmm1, [rdi+ymm2*4], xmm0', code: 'c4 e2 7d 93 0c 97', in: { XMM0: i64(-1, -1), YMM2: ymm(i64(3, 2), i64(1, 0)), mem: MEM }, out: { XMM1: i32(13, 12, 11, 10) }, why: 'four indices of 64 bits' },
  { asm: 'vgatherqpd xmm1, [rdi+xmm2*8], xmm0', code: 'c4 e2 f9 93 0c d7', in: { XMM0: i64(0, -1), XMM1: i64(9, 9), XMM2: i64(1, 0), mem: i64(5, 6) }, out: { XMM1: i64(9, 5) }, why: 'doubles' },
  { asm: 'vpgatherdd xmm1, [rdi+xmm2*4], xmm1', code: 'c4 e2 71 90 0c 97', in: {}, out: { fault: 'UD' }, why: 'destination, mask and indices must differ' },
]
