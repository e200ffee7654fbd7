import { i16, i32, i64, i8, type SseCase } from './sse-case.fixture.ts'

/** Shuffles: what a reader of the manual would check by hand. */
// prettier-ignore
export const SSE_SHUFFLE_CASES: readonly SseCase[] = [
  { asm: 'punpcklbw xmm1, xmm2', code: '66 0f 60 ca', in: { XMM1: i8(1, 2, 3), XMM2: i8(4, 5, 6) }, out: { XMM1: i8(1, 4, 2, 5, 3, 6) }, why: 'low halves alternate, the first operand first' },
  { asm: 'punpcklwd xmm1, xmm2', code: '66 0f 61 ca', in: { XMM1: i16(1, 2, 3), XMM2: i16(4, 5, 6) }, out: { XMM1: i16(1, 4, 2, 5, 3, 6) }, why: 'low halves alternate' },
  { asm: 'punpckldq xmm1, xmm2', code: '66 0f 62 ca', in: { XMM1: i32(1, 2, 3), XMM2: i32(4, 5, 6) }, out: { XMM1: i32(1, 4, 2, 5) }, why: 'low halves alternate' },
  { asm: 'punpcklqdq xmm1, xmm2', code: '66 0f 6c ca', in: { XMM1: i64(1, 2), XMM2: i64(3, 4) }, out: { XMM1: i64(1, 3) }, why: 'low halves' },
  { asm: 'punpckhbw xmm1, xmm2', code: '66 0f 68 ca', in: { XMM1: i8(0, 0, 0, 0, 0, 0, 0, 0, 1, 2), XMM2: i8(0, 0, 0, 0, 0, 0, 0, 0, 3, 4) }, out: { XMM1: i8(1, 3, 2, 4) }, why: 'high halves alternate' },
  { asm: 'punpckhwd xmm1, xmm2', code: '66 0f 69 ca', in: { XMM1: i16(0, 0, 0, 0, 1, 2), XMM2: i16(0, 0, 0, 0, 3, 4) }, out: { XMM1: i16(1, 3, 2, 4) }, why: 'high halves alternate' },
  { asm: 'punpckhdq xmm1, xmm2', code: '66 0f 6a ca', in: { XMM1: i32(0, 0, 1, 2), XMM2: i32(0, 0, 3, 4) }, out: { XMM1: i32(1, 3, 2, 4) }, why: 'high halves alternate' },
  { asm: 'punpckhqdq xmm1, xmm2', code: '66 0f 6d ca', in: { XMM1: i64(1, 2), XMM2: i64(3, 4) }, out: { XMM1: i64(2, 4) }, why: 'high halves' },
  { asm: 'unpcklps xmm1, xmm2', code: '0f 14 ca', in: { XMM1: i32(1, 2, 3, 4), XMM2: i32(5, 6, 7, 8) }, out: { XMM1: i32(1, 5, 2, 6) }, why: 'low halves alternate' },
  { asm: 'unpckhps xmm1, xmm2', code: '0f 15 ca', in: { XMM1: i32(1, 2, 3, 4), XMM2: i32(5, 6, 7, 8) }, out: { XMM1: i32(3, 7, 4, 8) }, why: 'high halves alternate' },
  { asm: 'unpcklpd xmm1, xmm2', code: '66 0f 14 ca', in: { XMM1: i64(1, 2), XMM2: i64(3, 4) }, out: { XMM1: i64(1, 3) }, why: 'low halves' },
  { asm: 'unpckhpd xmm1, xmm2', code: '66 0f 15 ca', in: { XMM1: i64(1, 2), XMM2: i64(3, 4) }, out: { XMM1: i64(2, 4) }, why: 'high halves' },
  { asm: 'packsswb xmm1, xmm2', code: '66 0f 63 ca', in: { XMM1: i16(300, -300, 5), XMM2: i16(7) }, out: { XMM1: i8(127, -128, 5, 0, 0, 0, 0, 0, 7) }, why: 'signed words to signed bytes, the second operand above' },
  { asm: 'packssdw xmm1, xmm2', code: '66 0f 6b ca', in: { XMM1: i32(70000, -70000, 5), XMM2: i32(7) }, out: { XMM1: i16(32767, -32768, 5, 0, 7) }, why: 'signed doublewords to signed words' },
  { asm: 'packuswb xmm1, xmm2', code: '66 0f 67 ca', in: { XMM1: i16(300, -300, 200), XMM2: i16(7) }, out: { XMM1: i8(255, 0, 200, 0, 0, 0, 0, 0, 7) }, why: 'signed words to unsigned bytes' },
  { asm: 'pshufd xmm1, xmm2, 0x1b', code: '66 0f 70 ca 1b', in: { XMM1: ~0n, XMM2: i32(1, 2, 3, 4) }, out: { XMM1: i32(4, 3, 2, 1) }, why: 'two bits of the immediate for each lane' },
  { asm: 'pshufhw xmm1, xmm2, 0x1b', code: 'f3 0f 70 ca 1b', in: { XMM1: ~0n, XMM2: i16(1, 2, 3, 4, 5, 6, 7, 8) }, out: { XMM1: i16(1, 2, 3, 4, 8, 7, 6, 5) }, why: 'the low half is copied' },
  { asm: 'pshuflw xmm1, xmm2, 0x1b', code: 'f2 0f 70 ca 1b', in: { XMM1: ~0n, XMM2: i16(1, 2, 3, 4, 5, 6, 7, 8) }, out: { XMM1: i16(4, 3, 2, 1, 5, 6, 7, 8) }, why: 'the high half is copied' },
  { asm: 'shufps xmm1, xmm2, 0x1b', code: '0f c6 ca 1b', in: { XMM1: i32(1, 2, 3, 4), XMM2: i32(5, 6, 7, 8) }, out: { XMM1: i32(4, 3, 6, 5) }, why: 'two lanes from each operand' },
  { asm: 'shufpd xmm1, xmm2, 1', code: '66 0f c6 ca 01', in: { XMM1: i64(1, 2), XMM2: i64(3, 4) }, out: { XMM1: i64(2, 3) }, why: 'one lane from each operand' },
  { asm: 'pinsrw xmm1, ax, 9', code: '66 0f c4 c8 09', in: { RAX: 0x12345n, XMM1: i16(1, 2, 3) }, out: { XMM1: i16(1, 0x2345, 3) }, why: 'the lane number counts modulo 8' },
  { asm: 'pextrw eax, xmm1, 1', code: '66 0f c5 c1 01', in: { RAX: ~0n, XMM1: i16(1, -2, 3) }, out: { RAX: 0xfffen }, why: 'zero-extended' },
]
