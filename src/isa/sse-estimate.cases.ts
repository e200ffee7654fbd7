import { f32, i32, type SseCase } from './sse-case.fixture.ts'

/** Estimates: what a reader of the manual would check by hand. */
// prettier-ignore
export const SSE_ESTIMATE_CASES: readonly SseCase[] = [
  { asm: 'rcpps xmm1, xmm2', code: '0f 53 ca', in: { XMM2: f32(1, -0, Infinity, 2 ** -140) }, out: { XMM1: i32(0x3f7f_f000, 0xff80_0000, 0, 0x7f80_0000) }, why: 'of 1 it is not 1; a denormal counts as zero' },
  { asm: 'rcpss xmm1, xmm2', code: 'f3 0f 53 ca', in: { XMM1: i32(1, 2), XMM2: f32(2) }, out: { XMM1: i32(0x3eff_f000, 2) }, why: 'upper lanes stay' },
  { asm: 'rsqrtps xmm1, xmm2', code: '0f 52 ca', in: { XMM2: f32(4, -1, Infinity, -0) }, out: { XMM1: i32(0x3eff_f000, 0xffc0_0000, 0, 0xff80_0000) }, why: 'of a negative number it is the default NaN, and nothing is raised' },
  { asm: 'rsqrtss xmm1, xmm2', code: 'f3 0f 52 ca', in: { XMM1: i32(1, 2), XMM2: f32(1) }, out: { XMM1: i32(0x3f7f_f000, 2) }, why: 'upper lanes stay' },
]
