import { i16, i32, i64, i8, type SseCase } from './sse-case.fixture.ts'

/** Blends, inserts and extracts: what a reader of the manual would check by hand. */
// prettier-ignore
export const SSE41_SHUFFLE_CASES: readonly SseCase[] = [
  { asm: 'blendps xmm1, xmm2, 0xfa', code: '66 0f 3a 0c ca fa', in: { XMM1: i32(1, 2, 3, 4), XMM2: i32(5, 6, 7, 8) }, out: { XMM1: i32(1, 6, 3, 8) }, why: 'four bits count' },
  { asm: 'blendpd xmm1, xmm2, 2', code: '66 0f 3a 0d ca 02', in: { XMM1: i64(1, 2), XMM2: i64(3, 4) }, out: { XMM1: i64(1, 4) }, why: 'two bits count' },
  { asm: 'pblendw xmm1, xmm2, 0x81', code: '66 0f 3a 0e ca 81', in: { XMM1: i16(1, 2, 3, 4, 5, 6, 7, 8), XMM2: i16(9, 10, 11, 12, 13, 14, 15, 16) }, out: { XMM1: i16(9, 2, 3, 4, 5, 6, 7, 16) }, why: 'a bit for each word' },
  { asm: 'pblendvb xmm1, xmm2', code: '66 0f 38 10 ca', in: { XMM0: i8(-1, 0x7f, 0x80), XMM1: i8(1, 2, 3), XMM2: i8(4, 5, 6) }, out: { XMM1: i8(4, 2, 6) }, why: 'the sign bits of XMM0' },
  { asm: 'blendvps xmm1, xmm2', code: '66 0f 38 14 ca', in: { XMM0: i32(0x8000_0000, 0x7fff_ffff, -1), XMM1: i32(1, 2, 3, 4), XMM2: i32(5, 6, 7, 8) }, out: { XMM1: i32(5, 2, 7, 4) }, why: 'the sign bits of XMM0' },
  { asm: 'blendvpd xmm1, xmm2', code: '66 0f 38 15 ca', in: { XMM0: i64(1, 1n << 63n), XMM1: i64(1, 2), XMM2: i64(3, 4) }, out: { XMM1: i64(1, 4) }, why: 'the sign bits of XMM0' },
  { asm: 'pextrb eax, xmm1, 0x12', code: '66 0f 3a 14 c8 12', in: { RAX: ~0n, XMM1: i8(1, 2, -3) }, out: { RAX: 0xfdn }, why: 'the number counts modulo 16; zeros above' },
  { asm: 'pextrb [rdi], xmm1, 2', code: '66 0f 3a 14 0f 02', in: { XMM1: i8(1, 2, -3, 4), mem: 0n }, out: { mem: 0xfdn }, why: 'one byte is stored' },
  { asm: 'pextrw eax, xmm1, 2', code: '66 0f 3a 15 c8 02', in: { XMM1: i16(1, 2, -3) }, out: { RAX: 0xfffdn }, why: 'the encoding that can also store' },
  { asm: 'pextrw [rdi], xmm1, 2', code: '66 0f 3a 15 0f 02', in: { XMM1: i16(1, 2, -3, 4) }, out: { mem: 0xfffdn }, why: 'two bytes are stored' },
  { asm: 'pextrd eax, xmm1, 1', code: '66 0f 3a 16 c8 01', in: { RAX: ~0n, XMM1: i32(1, -2) }, out: { RAX: 0xffff_fffen }, why: 'the upper half of RAX becomes zero' },
  { asm: 'pextrq rax, xmm1, 1', code: '66 48 0f 3a 16 c8 01', in: { XMM1: i64(1, -2) }, out: { RAX: -2n }, why: 'with REX.W' },
  { asm: 'extractps eax, xmm1, 3', code: '66 0f 3a 17 c8 03', in: { XMM1: i32(1, 2, 3, -4) }, out: { RAX: 0xffff_fffcn }, why: 'the bits of a lane' },
  { asm: 'pinsrb xmm1, eax, 0x1f', code: '66 0f 3a 20 c8 1f', in: { RAX: 0x1234n, XMM1: i8(1) }, out: { XMM1: i8(1) | (0x34n << 120n) }, why: 'the low byte of the register' },
  { asm: 'pinsrb xmm1, [rdi], 0', code: '66 0f 3a 20 0f 00', in: { XMM1: i8(1, 2), mem: i8(9, 9) }, out: { XMM1: i8(9, 2) }, why: 'one byte of memory' },
  { asm: 'insertps xmm1, xmm2, 0x95', code: '66 0f 3a 21 ca 95', in: { XMM1: i32(1, 2, 3, 4), XMM2: i32(5, 6, 7, 8) }, out: { XMM1: i32(0, 7, 0, 4) }, why: 'lane 2 to lane 1, lanes 0 and 2 become zero' },
  { asm: 'insertps xmm1, [rdi+1], 0xf0', code: '66 0f 3a 21 4f 01 f0', in: { XMM1: i32(1, 2, 3, 4), mem: i8(9, 5, 0, 0, 0, 9) }, out: { XMM1: i32(1, 2, 3, 5) }, why: 'of memory there is one lane, at any address' },
  { asm: 'pinsrd xmm1, eax, 2', code: '66 0f 3a 22 c8 02', in: { RAX: ~0n, XMM1: i32(1, 2, 3, 4) }, out: { XMM1: i32(1, 2, -1, 4) }, why: 'one lane' },
  { asm: 'pinsrq xmm1, rax, 1', code: '66 48 0f 3a 22 c8 01', in: { RAX: -5n, XMM1: i64(1, 2) }, out: { XMM1: i64(1, -5) }, why: 'with REX.W' },
]
