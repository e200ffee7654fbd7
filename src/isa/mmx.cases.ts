import { f32, f64, i16, i32, i8 } from './sse-case.fixture.ts'
import { type X87Case, type X87Value } from './x87-case.fixture.ts'

/** The x87 register that an MMX register is: its exponent is all ones. */
const mm = (value: bigint): bigint => (0xffffn << 64n) | value
/** MM0 to MM7 as the x87 stack that they are: TOP is 0 and none is empty. MM1 and MM2 have these values. */
const registers = (first: bigint, second = 0n): X87Value[] => [
  mm(0n),
  mm(first),
  mm(second),
  ...[3n, 4n, 5n, 6n, 7n].map(mm),
]
const MIXED = [1, 2, 3, 4, 5, 6, 7, 8]

/** What MMX has beside the instructions that XMM registers have, and what it does to the x87. */
// prettier-ignore
const MMX_CASES: readonly X87Case[] = [
  { asm: 'movd mm1, eax', code: '0f 6e c8', in: { ST: MIXED, RAX: 0x1_8000_0000n, FSW: 'C3' }, out: { ST: [1, mm(0x8000_0000n), 3, 4, 5, 6, 7, 8], FSW: 'C3' }, why: 'zero-extended; the exponent becomes ones' },
  { asm: 'movq mm1, [rdi]', code: '0f 6f 0f', in: { mem: '0102030405060708' }, out: { ST: [0, mm(0x0807_0605_0403_0201n), 0, 0, 0, 0, 0, 0], TOP: 0 }, why: 'of an empty stack all become valid' },
  { asm: 'movntq [rdi], mm1', code: '0f e7 0f', in: { ST: registers(0x1234n) }, out: { mem: '3412000000000000' }, why: 'stored past the caches' },
  { asm: 'maskmovq mm1, mm2', code: '0f f7 ca', in: { ST: registers(0x8877_6655_4433_2211n, 0x8000_0000_0000_7f80n), mem: 'aaaaaaaaaaaaaaaa' }, out: { mem: '11aaaaaaaaaaaa88' }, why: 'bytes whose mask has its top bit set' },
  { asm: 'movdq2q mm1, xmm0', code: 'f2 0f d6 c8', in: { ST: MIXED, XMM0: (9n << 64n) | 5n }, out: { ST: [1, mm(5n), 3, 4, 5, 6, 7, 8] }, why: 'the low half' },
  { asm: 'movq2dq xmm0, mm1', code: 'f3 0f d6 c1', in: { ST: registers(5n), XMM0: -1n }, out: { XMM0: 5n }, why: 'zero-extended' },
  { asm: 'pshufw mm1, mm2, 0x1b', code: '0f 70 ca 1b', in: { ST: registers(0n, i16(1, 2, 3, 4)) }, out: { ST: registers(i16(4, 3, 2, 1), i16(1, 2, 3, 4)) }, why: 'two bits for each word' },
  { asm: 'paddsb mm1, mm2', code: '0f ec ca', in: { ST: registers(i8(127, -128, 1), i8(1, -1, 2)) }, out: { ST: registers(i8(127, -128, 3), i8(1, -1, 2)) }, why: 'saturated' },
  { asm: 'psrlq mm1, 0x41', code: '0f 73 d1 41', in: { ST: registers(0xffffn) }, out: { ST: registers(0n) }, why: 'a count beyond the width' },
  { asm: 'packuswb mm1, [rdi]', code: '0f 67 0f', in: { ST: registers(i16(-1, 255, 256, 7)), mem: '0100ffff00010200' }, out: { ST: registers(i8(0, 255, 255, 7, 1, 0, 255, 2)) }, why: 'signed words, saturated to unsigned bytes' },
  { asm: 'pmaddwd mm1, mm2', code: '0f f5 ca', in: { ST: registers(i16(-32768, -32768, 2, 3), i16(-32768, -32768, 4, 5)) }, out: { ST: registers(i32(0x8000_0000, 23), i16(-32768, -32768, 4, 5)) }, why: 'the one sum that does not fit' },
]

// prettier-ignore
const MMX_CONVERT_CASES: readonly X87Case[] = [
  { asm: 'cvtpi2ps xmm0, mm1', code: '0f 2a c1', in: { ST: registers(i32(-3, 16777217)), XMM0: f32(9, 9, 7, 8) }, out: { XMM0: f32(-3, 16777216, 7, 8) }, why: 'rounded; the upper half stays' },
  { asm: 'cvtpi2pd xmm0, mm1', code: '66 0f 2a c1', in: { ST: registers(i32(-3, 16777217)) }, out: { XMM0: f64(-3, 16777217) }, why: 'exactly' },
  { asm: 'cvtpi2pd xmm0, [rdi]', code: '66 0f 2a 07', in: { ST: [1, 2], mem: '0500000006000000' }, out: { XMM0: f64(5, 6) }, why: 'from memory: the x87 stack stays as it is' },
  { asm: 'cvtps2pi mm1, xmm0', code: '0f 2d c8', in: { ST: registers(0n), XMM0: f32(2.5, -1e10) }, out: { ST: registers(i32(2, 0x8000_0000)) }, why: 'to even; too large is indefinite' },
  { asm: 'cvttps2pi mm1, [rdi]', code: '0f 2c 0f', in: { ST: registers(0n), mem: '0000f03f 0000c0bf' }, out: { ST: registers(i32(1, -1)) }, why: 'cut off' },
  { asm: 'cvtpd2pi mm1, xmm0', code: '66 0f 2d c8', in: { ST: registers(0n), XMM0: f64(3.5, -0.5) }, out: { ST: registers(i32(4, 0)) }, why: 'to even' },
  { asm: 'cvttpd2pi mm1, xmm0', code: '66 0f 2c c8', in: { ST: registers(0n), XMM0: f64(3.9, -3.9) }, out: { ST: registers(i32(3, -3)) }, why: 'cut off' },
]

// prettier-ignore
const MMX_SSSE3_CASES: readonly X87Case[] = [
  { asm: 'pshufb mm1, mm2', code: '0f 38 00 ca', in: { ST: registers(i8(1, 2, 3, 4, 5, 6, 7, 8), i8(7, 0x80, 8, 0)) }, out: { ST: registers(i8(8, 0, 1, 1, 1, 1, 1, 1), i8(7, 0x80, 8, 0)) }, why: 'three bits choose; the top bit clears' },
  { asm: 'palignr mm1, mm2, 3', code: '0f 3a 0f ca 03', in: { ST: registers(i8(9, 10, 11), i8(1, 2, 3, 4, 5, 6, 7, 8)) }, out: { ST: registers(i8(4, 5, 6, 7, 8, 9, 10, 11), i8(1, 2, 3, 4, 5, 6, 7, 8)) }, why: 'eight bytes of sixteen' },
  { asm: 'pabsw mm1, mm2', code: '0f 38 1d ca', in: { ST: registers(0n, i16(-5, -32768, 3)) }, out: { ST: registers(i16(5, -32768, 3), i16(-5, -32768, 3)) }, why: 'the smallest has no positive' },
]

export const MMX_FAMILIES_CASES = { mmx: MMX_CASES, 'mmx-convert': MMX_CONVERT_CASES, 'mmx-ssse3': MMX_SSSE3_CASES }
