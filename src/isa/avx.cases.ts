import { f32, f64, i16, i32, i64, i8, OF, PF, type SseCase, SF, ymm, ZF, CF } from './sse-case.fixture.ts'

const A = i64(1, 2)
const B = i64(3, 4)
const C = i64(5, 6)

/** Moves of AVX: what a reader of the manual would check by hand. */
// prettier-ignore
export const AVX_MOVE_CASES: readonly SseCase[] = [
  { asm: 'vmovdqa ymm1, ymm2', code: 'c5 fd 6f ca', in: { YMM2: ymm(A, B) }, out: { YMM1: ymm(A, B) }, why: '256 bits' },
  { asm: 'vmovups xmm1, xmm2', code: 'c5 f8 10 ca', in: { YMM1: ymm(C, C), YMM2: ymm(A, B) }, out: { YMM1: A }, why: 'a form of 128 bits clears what is above' },
  { asm: 'vmovss xmm1, xmm2, xmm0', code: 'c5 ea 10 c8', in: { YMM0: ymm(i32(9, 9), B), YMM1: ymm(C, C), XMM2: i32(1, 2, 3, 4) }, out: { YMM1: i32(9, 2, 3, 4) }, why: 'the rest comes from the first source' },
  { asm: 'vmovlps xmm1, xmm2, [rdi]', code: 'c5 e8 12 0f', in: { YMM1: ymm(C, C), XMM2: A, mem: B }, out: { YMM1: i64(3, 2) }, why: 'the low half from memory' },
  { asm: 'vmovaps xmm1, [rdi+1]', code: 'c5 f8 28 4f 01', in: { XMM1: A }, out: { fault: 'GP' }, why: 'what names itself aligned has to be' },
  { asm: 'vbroadcastss ymm1, [rdi+4]', code: 'c4 e2 7d 18 4f 04', in: { mem: i32(1, 2) }, out: { YMM1: ymm(i32(2, 2, 2, 2), i32(2, 2, 2, 2)) }, why: 'one element in all lanes' },
  { asm: 'vbroadcastsd ymm1, [rdi+8]', code: 'c4 e2 7d 19 4f 08', in: { mem: A }, out: { YMM1: ymm(i64(2, 2), i64(2, 2)) }, why: 'one element in all lanes' },
  { asm: 'vbroadcastf128 ymm1, [rdi]', code: 'c4 e2 7d 1a 0f', in: { mem: A }, out: { YMM1: ymm(A, A) }, why: '128 bits twice' },
  { asm: 'vmaskmovps xmm1, xmm2, [rdi]', code: 'c4 e2 69 2c 0f', in: { YMM1: ymm(C, C), XMM2: i32(-1, 0x7fff_ffff, 0x8000_0000), mem: f32(1, 2, 3, 4) }, out: { YMM1: f32(1, 0, 3, 0) }, why: 'the sign chooses; the others become zero' },
  { asm: 'vmaskmovpd [rdi], xmm2, xmm1', code: 'c4 e2 69 2f 0f', in: { XMM1: f64(1, 2), XMM2: i64(0, -1), mem: f64(7, 8) }, out: { mem: f64(7, 2) }, why: 'what is not chosen stays in memory' },
  { asm: 'vzeroupper', code: 'c5 f8 77', in: { YMM0: ymm(A, B), YMM1: ymm(C, C) }, out: { YMM0: A, YMM1: C }, why: 'the low halves stay' },
  { asm: 'vzeroall', code: 'c5 fc 77', in: { YMM0: ymm(A, B), YMM1: ymm(C, C) }, out: { YMM0: 0n, YMM1: 0n }, why: 'all zero' },
]

// prettier-ignore
export const AVX_FLOAT_CASES: readonly SseCase[] = [
  { asm: 'vaddpd ymm1, ymm2, ymm0', code: 'c5 ed 58 c8', in: { YMM2: ymm(f64(1, 2), f64(3, 0.1)), YMM0: ymm(f64(4, 5), f64(6, 0.2)) }, out: { YMM1: ymm(f64(5, 7), f64(9, 0.1 + 0.2)), MXCSR: 0x1fa0 }, why: 'four lanes; one is inexact' },
  { asm: 'vaddsd xmm1, xmm2, xmm0', code: 'c5 eb 58 c8', in: { YMM1: ymm(C, C), XMM2: f64(1, 2), XMM0: f64(4, 5) }, out: { YMM1: f64(5, 2) }, why: 'the upper lane of the first source; zeros above' },
  { asm: 'vsqrtss xmm1, xmm2, xmm0', code: 'c5 ea 51 c8', in: { XMM2: f32(9, 2, 3, 4), XMM0: f32(16) }, out: { XMM1: f32(4, 2, 3, 4), MXCSR: 0x1f80 }, why: 'the root of the second source' },
  { asm: 'vmaxps xmm1, xmm2, xmm0', code: 'c5 e8 5f c8', in: { XMM2: f32(1, -0, 5, NaN), XMM0: f32(2, 0, 4, 3) }, out: { XMM1: f32(2, 0, 5, 3), MXCSR: 0x1f81 }, why: 'the second source where they are equal or one is a NaN' },
  { asm: 'vcmppd ymm1, ymm2, ymm0, 0x1c', code: 'c5 ed c2 c8 1c', in: { YMM2: ymm(f64(1, 2), f64(NaN, 4)), YMM0: ymm(f64(1, 3), f64(1, 4)) }, out: { YMM1: ymm(i64(0, -1), 0n), MXCSR: 0x1f81 }, why: 'NEQ_OS: ordered, and signals' },
  { asm: 'vcmppd ymm1, ymm2, ymm0, 0xb', code: 'c5 ed c2 c8 0b', in: { YMM2: ymm(f64(NaN, 1), f64(1, 1)) }, out: { YMM1: 0n, MXCSR: 0x1f80 }, why: 'FALSE_OQ' },
  { asm: 'vcvtsi2sd xmm1, xmm2, rax', code: 'c4 e1 eb 2a c8', in: { RAX: -3n & 0xffff_ffff_ffff_ffffn, XMM2: f64(1, 2) }, out: { XMM1: f64(-3, 2) }, why: 'the rest comes from the first source' },
  { asm: 'vdivps xmm1, xmm2, [rdi+1]', code: 'c5 e8 5e 4f 01', in: { XMM2: f32(1, 0, 0, 0), mem: 0n, MXCSR: 0x1d80 }, out: { fault: 'XM', MXCSR: 0x1d85 }, why: 'memory need not be aligned; division by zero traps' },
]

// prettier-ignore
export const AVX_SHUFFLE_CASES: readonly SseCase[] = [
  { asm: 'vpermilps ymm1, ymm2, 0x1b', code: 'c4 e3 7d 04 ca 1b', in: { YMM2: ymm(i32(1, 2, 3, 4), i32(5, 6, 7, 8)) }, out: { YMM1: ymm(i32(4, 3, 2, 1), i32(8, 7, 6, 5)) }, why: 'within each half' },
  { asm: 'vpermilpd ymm1, ymm2, ymm0', code: 'c4 e2 6d 0d c8', in: { YMM2: ymm(A, B), YMM0: ymm(i64(2, 1), i64(0, 3)) }, out: { YMM1: ymm(i64(2, 1), i64(3, 4)) }, why: 'bit 1 chooses' },
  { asm: 'vperm2f128 ymm1, ymm2, ymm0, 0x31', code: 'c4 e3 6d 06 c8 31', in: { YMM2: ymm(A, B), YMM0: ymm(A, C) }, out: { YMM1: ymm(B, C) }, why: 'both upper halves' },
  { asm: 'vperm2f128 ymm1, ymm2, ymm0, 0x28', code: 'c4 e3 6d 06 c8 28', in: { YMM2: ymm(A, B), YMM0: ymm(C, A) }, out: { YMM1: ymm(0n, C) }, why: 'bit 3: zero' },
  { asm: 'vinsertf128 ymm1, ymm2, xmm0, 0', code: 'c4 e3 6d 18 c8 00', in: { YMM2: ymm(A, B), XMM0: C }, out: { YMM1: ymm(C, B) }, why: 'the lower half' },
  { asm: 'vextractf128 xmm0, ymm1, 1', code: 'c4 e3 7d 19 c8 01', in: { YMM0: ymm(0n, 9n), YMM1: ymm(A, B) }, out: { YMM0: B }, why: 'the upper half; zeros above 128 bits' },
  { asm: 'vtestps ymm1, ymm2', code: 'c4 e2 7d 0e ca', in: { YMM1: ymm(0n, i32(-1)), YMM2: ymm(i32(0x7fff_ffff), i32(-1)), RFLAGS: OF | SF | PF }, out: { RFLAGS: CF }, why: 'signs alone: AND has one, AND NOT has none' },
  { asm: 'vtestpd xmm1, xmm2', code: 'c4 e2 79 0f ca', in: { YMM1: ymm(0n, -1n), YMM2: ymm(i64(-1, 1), -1n) }, out: { RFLAGS: ZF }, why: '128 bits: no common sign' },
  { asm: 'vshufpd ymm1, ymm2, ymm0, 6', code: 'c5 ed c6 c8 06', in: { YMM2: ymm(A, B), YMM0: ymm(C, A) }, out: { YMM1: ymm(i64(1, 6), i64(4, 1)) }, why: 'a bit for each of four' },
  { asm: 'vpshufd xmm1, xmm2, 0x1b', code: 'c5 f9 70 ca 1b', in: { YMM1: ymm(C, C), XMM2: i32(1, 2, 3, 4) }, out: { YMM1: i32(4, 3, 2, 1) }, why: 'zeros above 128 bits' },
  { asm: 'vblendvps xmm1, xmm2, xmm0, xmm1', code: 'c4 e3 69 4a c8 10', in: { XMM1: i32(-1, 0, -1, 0), XMM2: i32(1, 2, 3, 4), XMM0: i32(5, 6, 7, 8) }, out: { XMM1: i32(5, 2, 7, 4) }, why: 'the mask is the register of the immediate' },
]

// prettier-ignore
export const AVX_INTEGER_CASES: readonly SseCase[] = [
  { asm: 'vpaddb xmm1, xmm2, xmm0', code: 'c5 e9 fc c8', in: { YMM1: ymm(C, C), XMM2: i8(255, 1), XMM0: i8(1, 2) }, out: { YMM1: i8(0, 3) }, why: 'no source is overwritten; zeros above' },
  { asm: 'vpinsrw xmm1, xmm2, ax, 7', code: 'c5 e9 c4 c8 07', in: { RAX: 0x1_2345n, XMM2: i16(1, 2, 3, 4, 5, 6, 7, 8) }, out: { XMM1: i16(1, 2, 3, 4, 5, 6, 7, 0x2345) }, why: 'into a copy of the first source' },
  { asm: 'vpcmpeqd xmm1, xmm2, xmm0', code: 'c5 e9 76 c8', in: { XMM2: i32(1, 2, 3, 4), XMM0: i32(1, 0, 3, 0) }, out: { XMM1: i32(-1, 0, -1, 0) }, why: 'ones where equal' },
  { asm: 'vpextrb eax, xmm1, 0xf', code: 'c4 e3 79 14 c8 0f', in: { RAX: -1n, XMM1: 0xab00_0000_0000_0000_0000_0000_0000_0000n }, out: { RAX: 0xabn }, why: 'zero-extended' },
  { asm: 'vptest ymm1, ymm2', code: 'c4 e2 7d 17 ca', in: { YMM1: ymm(A, B), YMM2: ymm(0n, i64(0, 8)), RFLAGS: OF }, out: { RFLAGS: ZF }, why: 'all 256 bits' },
]
