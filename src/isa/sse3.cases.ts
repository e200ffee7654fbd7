import { f32, f64, i32, i64, SAMPLE, type SseCase } from './sse-case.fixture.ts'

/** SSE3: what a reader of the manual would check by hand. */
// prettier-ignore
export const SSE3_CASES: readonly SseCase[] = [
  { asm: 'addsubpd xmm1, xmm2', code: '66 0f d0 ca', in: { XMM1: f64(1, 2), XMM2: f64(10, 20) }, out: { XMM1: f64(-9, 22) }, why: 'the even lane is subtracted' },
  { asm: 'addsubps xmm1, xmm2', code: 'f2 0f d0 ca', in: { XMM1: f32(1, 2, 3, 4), XMM2: f32(10, 20, 30, 40) }, out: { XMM1: f32(-9, 22, -27, 44) }, why: 'subtracted, added, subtracted, added' },
  { asm: 'haddpd xmm1, xmm2', code: '66 0f 7c ca', in: { XMM1: f64(1, 2), XMM2: f64(10, 20) }, out: { XMM1: f64(3, 30) }, why: 'the first operand below' },
  { asm: 'haddps xmm1, xmm2', code: 'f2 0f 7c ca', in: { XMM1: f32(1, 2, 3, 4), XMM2: f32(10, 20, 30, 40) }, out: { XMM1: f32(3, 7, 30, 70) }, why: 'neighbours' },
  { asm: 'hsubpd xmm1, xmm2', code: '66 0f 7d ca', in: { XMM1: f64(1, 2), XMM2: f64(10, 20) }, out: { XMM1: f64(-1, -10) }, why: 'the lower lane minus the upper' },
  { asm: 'hsubps xmm1, xmm2', code: 'f2 0f 7d ca', in: { XMM1: f32(1, 2, 5, 4), XMM2: f32(10, 20, 30, 45) }, out: { XMM1: f32(-1, 1, -10, -15) }, why: 'the lower lane minus the upper' },
  { asm: 'haddps xmm1, [rdi+4]', code: 'f2 0f 7c 4f 04', in: {}, out: { fault: 'GP' }, why: 'memory must be aligned' },
  { asm: 'lddqu xmm1, [rdi+1]', code: 'f2 0f f0 4f 01', in: { mem: SAMPLE }, out: { XMM1: SAMPLE >> 8n }, why: 'any alignment' },
  { asm: 'movddup xmm1, xmm2', code: 'f2 0f 12 ca', in: { XMM2: i64(1, 2) }, out: { XMM1: i64(1, 1) }, why: 'the low lane twice' },
  { asm: 'movddup xmm1, [rdi+1]', code: 'f2 0f 12 4f 01', in: { mem: i64(0x100, 1) }, out: { XMM1: i64((1n << 56n) + 1n, (1n << 56n) + 1n) }, why: 'eight bytes at any address' },
  { asm: 'movsldup xmm1, xmm2', code: 'f3 0f 12 ca', in: { XMM2: i32(1, 2, 3, 4) }, out: { XMM1: i32(1, 1, 3, 3) }, why: 'even lanes' },
  { asm: 'movshdup xmm1, xmm2', code: 'f3 0f 16 ca', in: { XMM2: i32(1, 2, 3, 4) }, out: { XMM1: i32(2, 2, 4, 4) }, why: 'odd lanes' },
]
