import { f32, f64, i32, i64, type SseCase } from './sse-case.fixture.ts'

/** Conversions: what a reader of the manual would check by hand. */
// prettier-ignore
export const SSE_CONVERT_CASES: readonly SseCase[] = [
  { asm: 'cvtsi2ss xmm1, eax', code: 'f3 0f 2a c8', in: { RAX: 0xffff_fffen, XMM1: f32(1, 2) }, out: { XMM1: f32(-2, 2) }, why: 'signed; upper lanes stay' },
  { asm: 'cvtsi2ss xmm1, rax', code: 'f3 48 0f 2a c8', in: { RAX: 0x100_0001n, MXCSR: 0x1f80 }, out: { XMM1: f32(0x100_0000), MXCSR: 0x1fa0 }, why: 'inexact' },
  { asm: 'cvtsi2sd xmm1, rax', code: 'f2 48 0f 2a c8', in: { RAX: ~0n }, out: { XMM1: f64(-1) }, why: 'signed' },
  { asm: 'cvttss2si eax, xmm1', code: 'f3 0f 2c c1', in: { XMM1: f32(-1.9) }, out: { RAX: 0xffff_ffffn }, why: 'toward zero; the upper half of RAX becomes zero' },
  { asm: 'cvttsd2si rax, xmm1', code: 'f2 48 0f 2c c1', in: { XMM1: f64(2 ** 63), MXCSR: 0x1f80 }, out: { RAX: 1n << 63n, MXCSR: 0x1f81 }, why: 'out of range: the integer indefinite' },
  { asm: 'cvtss2si eax, xmm1', code: 'f3 0f 2d c1', in: { XMM1: f32(2.5) }, out: { RAX: 2n }, why: 'a tie rounds to even' },
  { asm: 'cvtsd2si eax, xmm1', code: 'f2 0f 2d c1', in: { XMM1: f64(2.5), MXCSR: 0x5f80 }, out: { RAX: 3n, MXCSR: 0x5fa0 }, why: 'rounding up' },
  { asm: 'cvtss2sd xmm1, xmm2', code: 'f3 0f 5a ca', in: { XMM1: i64(1, 2), XMM2: f32(0.1) }, out: { XMM1: f64(Math.fround(0.1), 0) | i64(0, 2) }, why: 'exact; the upper half stays' },
  { asm: 'cvtsd2ss xmm1, xmm2', code: 'f2 0f 5a ca', in: { XMM1: f32(1, 2, 3, 4), XMM2: f64(0.1) }, out: { XMM1: f32(0.1, 2, 3, 4) }, why: 'rounded' },
  { asm: 'cvtps2pd xmm1, xmm2', code: '0f 5a ca', in: { XMM2: f32(1, 2, 3, 4) }, out: { XMM1: f64(1, 2) }, why: 'the two low lanes' },
  { asm: 'cvtpd2ps xmm1, xmm2', code: '66 0f 5a ca', in: { XMM1: ~0n, XMM2: f64(1, 2) }, out: { XMM1: f32(1, 2) }, why: 'the upper half becomes zero' },
  { asm: 'cvtdq2ps xmm1, xmm2', code: '0f 5b ca', in: { XMM2: i32(1, -2, 3, 0) }, out: { XMM1: f32(1, -2, 3, 0) }, why: 'every lane' },
  { asm: 'cvtps2dq xmm1, xmm2', code: '66 0f 5b ca', in: { XMM2: f32(1.5, -2.5, 3e9, NaN) }, out: { XMM1: i32(2, -2, 0x8000_0000, 0x8000_0000) }, why: 'what does not fit is the integer indefinite' },
  { asm: 'cvttps2dq xmm1, xmm2', code: 'f3 0f 5b ca', in: { XMM2: f32(1.9, -2.9, 0, -0) }, out: { XMM1: i32(1, -2) }, why: 'toward zero' },
  { asm: 'cvtdq2pd xmm1, xmm2', code: 'f3 0f e6 ca', in: { XMM2: i32(1, -2, 3, 4) }, out: { XMM1: f64(1, -2) }, why: 'the two low lanes' },
  { asm: 'cvtpd2dq xmm1, xmm2', code: 'f2 0f e6 ca', in: { XMM1: ~0n, XMM2: f64(1.5, -7) }, out: { XMM1: i32(2, -7) }, why: 'the upper half becomes zero' },
  { asm: 'cvttpd2dq xmm1, xmm2', code: '66 0f e6 ca', in: { XMM1: ~0n, XMM2: f64(1.9, -7.9) }, out: { XMM1: i32(1, -7) }, why: 'toward zero' },
]
