import { i32, type SseCase } from './sse-case.fixture.ts'

/** The SHA extensions: what a reader of the manual would check by hand. Whole messages are in sha.test.ts. */
// prettier-ignore
export const SHA_CASES: readonly SseCase[] = [
  { asm: 'sha1nexte xmm1, xmm2', code: '0f 38 c8 ca', in: { XMM1: i32(9, 9, 9, 7), XMM2: i32(1, 2, 3, 4) }, out: { XMM1: i32(1, 2, 3, 0xc000_0005) }, why: 'the highest lane rotated by 30 is added' },
  { asm: 'sha1msg1 xmm1, xmm2', code: '0f 38 c9 ca', in: { XMM1: i32(1, 2, 4, 8), XMM2: i32(0, 0, 16, 32) }, out: { XMM1: i32(17, 34, 5, 10) }, why: 'each word with the second after it' },
  { asm: 'sha1msg2 xmm1, xmm2', code: '0f 38 ca ca', in: { XMM1: i32(0, 0, 0, 1), XMM2: i32(1, 2, 4, 0) }, out: { XMM1: i32(20, 2, 4, 10) }, why: 'the last word needs the first result' },
  { asm: 'sha1rnds4 xmm1, xmm2, 4', code: '0f 3a cc ca 04', in: { XMM2: i32(-0x5a82_7999, -0x5a82_7999, -0x5a82_7999, -0x5a82_7999) }, out: { XMM1: 0n }, why: 'bits 1-0 choose the constant: message words that are its negation keep zeros' },
  { asm: 'sha256rnds2 xmm1, xmm2', code: '0f 38 cb ca', in: {}, out: { XMM1: 0n }, why: 'of zeros' },
  { asm: 'sha256rnds2 xmm1, xmm2', code: '0f 38 cb ca', in: { XMM0: i32(0, 1, 9, 9) }, out: { XMM1: i32(0, 1, 0, 1) }, why: 'the second message word becomes A and E' },
  { asm: 'sha256msg1 xmm1, xmm2', code: '0f 38 cc ca', in: { XMM1: i32(1, 1, 0, 0), XMM2: i32(8) }, out: { XMM1: i32(0x0200_4001, 1, 0, 0x1002_0001) }, why: 'sigma 0 of the next word is added' },
  { asm: 'sha256msg2 xmm1, xmm2', code: '0f 38 cd ca', in: { XMM1: i32(0, 0, 0, 5), XMM2: i32(9, 9, 0, 0) }, out: { XMM1: i32(0, 0, 0, 5) }, why: 'sigma 1 of zero is zero' },
  { asm: 'sha256msg2 xmm1, [rdi+4]', code: '0f 38 cd 4f 04', in: {}, out: { fault: 'GP' }, why: 'memory must be aligned' },
]
