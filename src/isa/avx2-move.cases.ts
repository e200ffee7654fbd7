import { i16, i32, i64, i8, type SseCase, ymm } from './sse-case.fixture.ts'

const LOW = i64(1, 2)
const HIGH = i64(3, 4)

/** Broadcasts, permutations and conditional moves of AVX2: what a reader of the manual would check by hand. */
// prettier-ignore
export const AVX2_MOVE_CASES: readonly SseCase[] = [
  { asm: 'vbroadcastss ymm1, xmm2', code: 'c4 e2 7d 18 ca', in: { XMM2: i32(7, 8) }, out: { YMM1: ymm(i32(7, 7, 7, 7), i32(7, 7, 7, 7)) }, why: 'the lowest lane, to eight' },
  { asm: 'vbroadcastsd ymm1, xmm2', code: 'c4 e2 7d 19 ca', in: { XMM2: i64(7, 8) }, out: { YMM1: ymm(i64(7, 7), i64(7, 7)) }, why: 'the lowest lane, to four' },
  { asm: 'vpbroadcastb xmm1, [rdi+1]', code: 'c4 e2 79 78 4f 01', in: { YMM1: ymm(0n, 1n), mem: i8(1, 2) }, out: { YMM1: 0x0202_0202_0202_0202_0202_0202_0202_0202n }, why: 'one byte of memory; zeros above 128 bits' },
  { asm: 'vpbroadcastw ymm1, xmm2', code: 'c4 e2 7d 79 ca', in: { XMM2: i16(5, 6) }, out: { YMM1: ymm(i16(5, 5, 5, 5, 5, 5, 5, 5), i16(5, 5, 5, 5, 5, 5, 5, 5)) }, why: 'words' },
  { asm: 'vpbroadcastd xmm1, xmm2', code: 'c4 e2 79 58 ca', in: { XMM2: i32(5, 6) }, out: { XMM1: i32(5, 5, 5, 5) }, why: 'doublewords' },
  { asm: 'vpbroadcastq ymm1, [rdi+8]', code: 'c4 e2 7d 59 4f 08', in: { mem: i64(1, 2) }, out: { YMM1: ymm(i64(2, 2), i64(2, 2)) }, why: 'quadwords' },
  { asm: 'vbroadcasti128 ymm1, [rdi]', code: 'c4 e2 7d 5a 0f', in: { mem: LOW }, out: { YMM1: ymm(LOW, LOW) }, why: '128 bits twice' },
  { asm: 'vpermd ymm1, ymm2, ymm0', code: 'c4 e2 6d 36 c8', in: { YMM2: ymm(i32(7, 0, 0xf, 3), i32(4, 1, 2, 6)), YMM0: ymm(i32(10, 11, 12, 13), i32(14, 15, 16, 17)) }, out: { YMM1: ymm(i32(17, 10, 17, 13), i32(14, 11, 12, 16)) }, why: 'three bits of the first source choose' },
  { asm: 'vpermps ymm1, ymm2, ymm0', code: 'c4 e2 6d 16 c8', in: { YMM2: ymm(i32(7), 0n), YMM0: ymm(i32(10), i32(0, 0, 0, 17)) }, out: { YMM1: ymm(i32(17, 10, 10, 10), i32(10, 10, 10, 10)) }, why: 'the same of singles' },
  { asm: 'vpermq ymm1, ymm2, 0x1b', code: 'c4 e3 fd 00 ca 1b', in: { YMM2: ymm(LOW, HIGH) }, out: { YMM1: ymm(i64(4, 3), i64(2, 1)) }, why: 'two bits for each' },
  { asm: 'vpermpd ymm1, ymm2, 0x4e', code: 'c4 e3 fd 01 ca 4e', in: { YMM2: ymm(LOW, HIGH) }, out: { YMM1: ymm(HIGH, LOW) }, why: 'the halves change places' },
  { asm: 'vperm2i128 ymm1, ymm2, ymm0, 0x83', code: 'c4 e3 6d 46 c8 83', in: { YMM2: ymm(LOW, 0n), YMM0: ymm(0n, HIGH) }, out: { YMM1: ymm(HIGH, 0n) }, why: 'one of four halves, or zero' },
  { asm: 'vinserti128 ymm1, ymm2, xmm0, 1', code: 'c4 e3 6d 38 c8 01', in: { YMM2: ymm(LOW, 9n), XMM0: HIGH }, out: { YMM1: ymm(LOW, HIGH) }, why: 'the upper half' },
  { asm: 'vextracti128 xmm0, ymm1, 1', code: 'c4 e3 7d 39 c8 01', in: { YMM0: ymm(0n, 9n), YMM1: ymm(LOW, HIGH) }, out: { YMM0: HIGH }, why: 'the upper half; zeros above 128 bits' },
  { asm: 'vpblendd ymm1, ymm2, ymm0, 0x81', code: 'c4 e3 6d 02 c8 81', in: { YMM2: ymm(i32(1, 2, 3, 4), i32(5, 6, 7, 8)), YMM0: ymm(i32(9, 9, 9, 9), i32(9, 9, 9, 9)) }, out: { YMM1: ymm(i32(9, 2, 3, 4), i32(5, 6, 7, 9)) }, why: 'a bit for each of eight' },
  { asm: 'vpmaskmovd xmm1, xmm2, [rdi]', code: 'c4 e2 69 8c 0f', in: { XMM1: i32(9, 9, 9, 9), XMM2: i32(-1, 0x7fff_ffff, 0x8000_0000), mem: i32(1, 2, 3, 4) }, out: { XMM1: i32(1, 0, 3, 0) }, why: 'what is not chosen becomes zero' },
  { asm: 'vpmaskmovq [rdi], xmm2, xmm1', code: 'c4 e2 e9 8e 0f', in: { XMM1: i64(1, 2), XMM2: i64(0, -1), mem: i64(7, 8) }, out: { mem: i64(7, 2) }, why: 'what is not chosen stays in memory' },
]
