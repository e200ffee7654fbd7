import { f32, f64, i32, i64, type SseCase } from './sse-case.fixture.ts'

/** Rounding and dot products: what a reader of the manual would check by hand. */
// prettier-ignore
export const SSE41_FLOAT_CASES: readonly SseCase[] = [
  { asm: 'roundps xmm1, xmm2, 0', code: '66 0f 3a 08 ca 00', in: { XMM2: f32(0.5, 1.5, -2.5, -0.25) }, out: { XMM1: f32(0, 2, -2, -0), MXCSR: 0x1fa0 }, why: 'ties go to even; a zero keeps the sign' },
  { asm: 'roundpd xmm1, xmm2, 1', code: '66 0f 3a 09 ca 01', in: { XMM2: f64(1.5, -1.5) }, out: { XMM1: f64(1, -2), MXCSR: 0x1fa0 }, why: 'down' },
  { asm: 'roundss xmm1, xmm2, 0xa', code: '66 0f 3a 0a ca 0a', in: { XMM1: f32(9, 9, 9, 9), XMM2: f32(1.25) }, out: { XMM1: f32(2, 9, 9, 9), MXCSR: 0x1f80 }, why: 'up, and bit 3 keeps it quiet; the other lanes stay' },
  { asm: 'roundsd xmm1, xmm2, 3', code: '66 0f 3a 0b ca 03', in: { XMM1: f64(9, 9), XMM2: f64(-1.75) }, out: { XMM1: f64(-1, 9), MXCSR: 0x1fa0 }, why: 'toward zero' },
  { asm: 'roundsd xmm1, xmm2, 4', code: '66 0f 3a 0b ca 04', in: { XMM2: f64(1.25), MXCSR: 0x5f80 }, out: { XMM1: f64(2), MXCSR: 0x5fa0 }, why: 'as MXCSR says' },
  { asm: 'roundsd xmm1, xmm2, 8', code: '66 0f 3a 0b ca 08', in: { XMM2: i64(0x7ff0_0000_0000_0001n) }, out: { XMM1: i64(0x7ff8_0000_0000_0001n), MXCSR: 0x1f81 }, why: 'a signaling NaN is invalid all the same' },
  { asm: 'roundss xmm1, xmm2, 2', code: '66 0f 3a 0a ca 02', in: { XMM2: i32(1) }, out: { XMM1: f32(1), MXCSR: 0x1fa0 }, why: 'a denormal operand is inexact, and nothing else' },
  { asm: 'dpps xmm1, xmm2, 0x75', code: '66 0f 3a 40 ca 75', in: { XMM1: f32(1, 2, 3, 4), XMM2: f32(10, 20, 30, 40) }, out: { XMM1: f32(140, 0, 140, 0) }, why: 'three products, to two lanes' },
  { asm: 'dppd xmm1, xmm2, 0x31', code: '66 0f 3a 41 ca 31', in: { XMM1: f64(1, 2), XMM2: f64(10, 20) }, out: { XMM1: f64(50, 0) }, why: 'both products, to one lane' },
  { asm: 'dppd xmm1, xmm2, 0x13', code: '66 0f 3a 41 ca 13', in: { XMM1: f64(1, Infinity), XMM2: f64(-0, 0) }, out: { XMM1: f64(0, 0), MXCSR: 0x1f80 }, why: 'a product that is not chosen is +0 and raises nothing' },
  { asm: 'dppd xmm1, xmm2, 0x33', code: '66 0f 3a 41 ca 33', in: { XMM1: f64(0.1, 1e308), XMM2: f64(0.1, 1e308), MXCSR: 0x1b80 }, out: { fault: 'XM', MXCSR: 0x1ba8 }, why: 'an exception in the products ends it: the overflow is told, with the precision of the step' },
]
