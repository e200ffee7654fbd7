import { i64, type SseCase } from './sse-case.fixture.ts'

/** PCLMULQDQ: what a reader of the manual would check by hand. */
// prettier-ignore
export const PCLMUL_CASES: readonly SseCase[] = [
  { asm: 'pclmulqdq xmm1, xmm2, 0', code: '66 0f 3a 44 ca 00', in: { XMM1: i64(3, 9), XMM2: i64(3, 9) }, out: { XMM1: i64(5) }, why: '(x + 1)^2 = x^2 + 1' },
  { asm: 'pclmulqdq xmm1, xmm2, 1', code: '66 0f 3a 44 ca 01', in: { XMM1: i64(9, 7), XMM2: i64(2, 9) }, out: { XMM1: i64(14) }, why: 'bit 0: the upper half of the first operand' },
  { asm: 'pclmulqdq xmm1, xmm2, 0x10', code: '66 0f 3a 44 ca 10', in: { XMM1: i64(7, 9), XMM2: i64(9, 2) }, out: { XMM1: i64(14) }, why: 'bit 4: that of the second' },
  { asm: 'pclmulqdq xmm1, xmm2, 0xff', code: '66 0f 3a 44 ca ff', in: { XMM1: i64(0, -1), XMM2: i64(0, -1) }, out: { XMM1: i64(0x5555_5555_5555_5555n, 0x5555_5555_5555_5555n) }, why: 'a square spreads the bits; the others of the immediate do not count' },
  { asm: 'pclmulqdq xmm1, xmm2, 0', code: '66 0f 3a 44 ca 00', in: { XMM1: i64(1n << 63n), XMM2: i64(1n << 63n) }, out: { XMM1: i64(0, 1n << 62n) }, why: 'the highest bit' },
  { asm: 'vpclmulqdq xmm1, xmm2, xmm0, 0x11', code: 'c4 e3 69 44 c8 11', in: { XMM0: i64(9, 3), XMM2: i64(9, 3) }, out: { XMM1: i64(5) }, why: 'both upper halves' },
]
