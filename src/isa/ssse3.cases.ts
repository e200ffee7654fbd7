import { i16, i32, i8, type SseCase } from './sse-case.fixture.ts'

/** SSSE3: what a reader of the manual would check by hand. */
// prettier-ignore
export const SSSE3_CASES: readonly SseCase[] = [
  { asm: 'pshufb xmm1, xmm2', code: '66 0f 38 00 ca', in: { XMM1: i8(10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25), XMM2: i8(15, 0x80, 0x8f, 0x1f, 0x71, 3) }, out: { XMM1: i8(25, 0, 0, 25, 11, 13, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10) }, why: 'bit 7 gives zero, bits 6-4 do not count' },
  { asm: 'phaddw xmm1, xmm2', code: '66 0f 38 01 ca', in: { XMM1: i16(1, 2, 0x7fff, 1), XMM2: i16(3, 4) }, out: { XMM1: i16(3, 0x8000, 0, 0, 7) }, why: 'sums wrap' },
  { asm: 'phaddd xmm1, xmm2', code: '66 0f 38 02 ca', in: { XMM1: i32(1, 2, 3, 4), XMM2: i32(10, 20, 30, 40) }, out: { XMM1: i32(3, 7, 30, 70) }, why: 'the first operand below' },
  { asm: 'phaddsw xmm1, xmm2', code: '66 0f 38 03 ca', in: { XMM1: i16(0x7fff, 1, -0x8000, -1), XMM2: i16(3, 4) }, out: { XMM1: i16(0x7fff, -0x8000, 0, 0, 7) }, why: 'sums saturate' },
  { asm: 'pmaddubsw xmm1, xmm2', code: '66 0f 38 04 ca', in: { XMM1: i8(255, 255, 2, 3, 255, 255), XMM2: i8(127, 127, -4, 5, -128, -128) }, out: { XMM1: i16(0x7fff, 7, -0x8000) }, why: 'unsigned by signed; sums saturate' },
  { asm: 'phsubw xmm1, xmm2', code: '66 0f 38 05 ca', in: { XMM1: i16(1, 2, -0x8000, 1), XMM2: i16(3, 9) }, out: { XMM1: i16(-1, 0x7fff, 0, 0, -6) }, why: 'the lower minus the upper' },
  { asm: 'phsubd xmm1, xmm2', code: '66 0f 38 06 ca', in: { XMM1: i32(1, 2, 9, 4), XMM2: i32(10, 20, 30, 40) }, out: { XMM1: i32(-1, 5, -10, -10) }, why: 'the lower minus the upper' },
  { asm: 'phsubsw xmm1, xmm2', code: '66 0f 38 07 ca', in: { XMM1: i16(-0x8000, 1), XMM2: i16(3, 9) }, out: { XMM1: i16(-0x8000, 0, 0, 0, -6) }, why: 'differences saturate' },
  { asm: 'psignb xmm1, xmm2', code: '66 0f 38 08 ca', in: { XMM1: i8(5, 5, 5, -128), XMM2: i8(-3, 0, 3, -1) }, out: { XMM1: i8(-5, 0, 5, -128) }, why: 'the negation of the least number is itself' },
  { asm: 'psignw xmm1, xmm2', code: '66 0f 38 09 ca', in: { XMM1: i16(5, 5, 5), XMM2: i16(-3, 0, 3) }, out: { XMM1: i16(-5, 0, 5) }, why: 'negated, zero, kept' },
  { asm: 'psignd xmm1, xmm2', code: '66 0f 38 0a ca', in: { XMM1: i32(5, 5, 5), XMM2: i32(-3, 0, 3) }, out: { XMM1: i32(-5, 0, 5) }, why: 'negated, zero, kept' },
  { asm: 'pmulhrsw xmm1, xmm2', code: '66 0f 38 0b ca', in: { XMM1: i16(-0x8000, 0x4000, 1, -1), XMM2: i16(-0x8000, 3, 0x4000, 0x4000) }, out: { XMM1: i16(-0x8000, 2, 1, 0) }, why: 'halves round up; the one product that does not fit wraps' },
  { asm: 'pabsb xmm1, xmm2', code: '66 0f 38 1c ca', in: { XMM2: i8(-1, 1, -128) }, out: { XMM1: i8(1, 1, 0x80) }, why: 'as unsigned numbers' },
  { asm: 'pabsw xmm1, xmm2', code: '66 0f 38 1d ca', in: { XMM2: i16(-1, 1, -0x8000) }, out: { XMM1: i16(1, 1, 0x8000) }, why: 'as unsigned numbers' },
  { asm: 'pabsd xmm1, xmm2', code: '66 0f 38 1e ca', in: { XMM2: i32(-1, 1) }, out: { XMM1: i32(1, 1) }, why: 'the magnitude' },
  { asm: 'palignr xmm1, xmm2, 3', code: '66 0f 3a 0f ca 03', in: { XMM1: i8(1, 2, 3), XMM2: i8(4, 5, 6, 7) }, out: { XMM1: i8(7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3) }, why: 'the first operand stands above the second' },
  { asm: 'palignr xmm1, xmm2, 0x12', code: '66 0f 3a 0f ca 12', in: { XMM1: i8(1, 2, 3, 4), XMM2: i8(5) }, out: { XMM1: i8(3, 4) }, why: 'beyond 16 zeros come in' },
]
