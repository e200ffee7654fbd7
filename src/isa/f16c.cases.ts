import { f32, i16, i32, type SseCase, ymm } from './sse-case.fixture.ts'

/** Half precision: what a reader of the manual would check by hand. */
// prettier-ignore
export const F16C_CASES: readonly SseCase[] = [
  { asm: 'vcvtph2ps xmm1, xmm2', code: 'c4 e2 79 13 ca', in: { XMM2: i16(0x3c00, 0xc000, 1, 0x7c00, 0x3c00) }, out: { XMM1: f32(1, -2, 2 ** -24, Infinity), MXCSR: 0x1f80 }, why: 'a denormal half is a number like any other' },
  { asm: 'vcvtph2ps ymm1, [rdi]', code: 'c4 e2 7d 13 0f', in: { mem: i16(0x3c00, 0, 0, 0, 0x4000) }, out: { YMM1: ymm(f32(1), f32(2)) }, why: 'eight of them' },
  { asm: 'vcvtph2ps xmm1, xmm2', code: 'c4 e2 79 13 ca', in: { XMM2: i16(0x7c01) }, out: { XMM1: i32(0x7fc0_2000), MXCSR: 0x1f81 }, why: 'a signaling NaN' },
  { asm: 'vcvtps2ph xmm0, xmm1, 0', code: 'c4 e3 79 1d c8 00', in: { XMM0: ~0n, XMM1: f32(1, 65520, 2 ** -24, 1 + 2 ** -11) }, out: { XMM0: i16(0x3c00, 0x7c00, 1, 0x3c00), MXCSR: 0x1fa8 }, why: 'to nearest: overflow, a denormal, a tie; zeros above' },
  { asm: 'vcvtps2ph [rdi], xmm1, 3', code: 'c4 e3 79 1d 0f 03', in: { XMM1: f32(65520, -1), mem: i16(0, 0, 0, 0, 9) }, out: { mem: i16(0x7bff, 0xbc00, 0, 0, 9) }, why: 'toward zero; eight bytes are stored' },
  { asm: 'vcvtps2ph xmm0, xmm1, 4', code: 'c4 e3 79 1d c8 04', in: { XMM1: f32(1 + 2 ** -20), MXCSR: 0x5f80 }, out: { XMM0: i16(0x3c01), MXCSR: 0x5fa0 }, why: 'as MXCSR says: up' },
  { asm: 'vcvtps2ph [rdi], xmm1, 0', code: 'c4 e3 79 1d 0f 00', in: { XMM1: f32(1e9), MXCSR: 0x1b80 }, out: { fault: 'XM', MXCSR: 0x1b88 | 0x20 }, why: 'nothing is stored' },
]
