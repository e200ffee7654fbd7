import { f32, i32, i64, type SseCase, ymm } from './sse-case.fixture.ts'

const SSE = 2n
const AVX = 4n
const COMPACTED = 1n << 63n

/**
 * XSAVE and its kin: what a reader of the manual would check by hand. [rdi] is aligned to 64 bytes; 512 before it lies an area whose
 * header `mem` begins: XSTATE_BV and XCOMP_BV.
 */
// prettier-ignore
export const XSAVE_CASES: readonly SseCase[] = [
  { asm: 'xsave [rdi-0xc0]', code: '0f ae a7 40 ff ff ff', in: { RAX: SSE, XMM2: i32(1, 2, 3, 4) }, out: { mem: i32(1, 2, 3, 4) }, why: 'XMM2 is at 192' },
  { asm: 'xsave [rdi-0x200]', code: '0f ae a7 00 fe ff ff', in: { RAX: SSE, XMM0: 1n, mem: i64(AVX, 9) }, out: { mem: i64(SSE | AVX, 9) }, why: 'bits of XSTATE_BV that are not asked for stay, XCOMP_BV stays' },
  { asm: 'xsave [rdi+8]', code: '0f ae 67 08', in: { RAX: SSE }, out: { fault: 'GP' }, why: 'not aligned to 64 bytes' },
  { asm: 'xsave64 [rdi-0x200]', code: '48 0f ae a7 00 fe ff ff', in: { RAX: AVX, YMM0: ymm(0n, 1n) }, out: { mem: i64(AVX, 0) }, why: 'the upper halves alone' },
  { asm: 'xrstor [rdi-0x200]', code: '0f ae af 00 fe ff ff', in: { RAX: SSE, YMM1: ymm(5n, 6n), MXCSR: 0x1fa0, mem: i64(0, COMPACTED) }, out: { YMM1: ymm(0n, 6n), MXCSR: 0x1f80 }, why: 'what XSTATE_BV has not becomes initial; of the compacted format MXCSR too' },
  { asm: 'xrstor [rdi-0x200]', code: '0f ae af 00 fe ff ff', in: { RAX: SSE, XMM0: 1n, mem: i64(SSE, SSE) }, out: { fault: 'GP' }, why: 'XCOMP_BV without bit 63' },
  { asm: 'xrstor64 [rdi-0x200]', code: '48 0f ae af 00 fe ff ff', in: { RAX: AVX, YMM0: ymm(1n, 2n), mem: i64(0, COMPACTED) }, out: { YMM0: 1n }, why: 'the upper halves alone' },
  { asm: 'xsaveopt [rdi-0x200]', code: '0f ae b7 00 fe ff ff', in: { RAX: SSE, XMM1: f32(1), mem: i64(0, 7) }, out: { mem: i64(SSE, 7) }, why: 'the header tells what is in use' },
  { asm: 'xsaveopt64 [rdi-0x200]', code: '48 0f ae b7 00 fe ff ff', in: { RAX: AVX, YMM1: ymm(0n, 1n), mem: i64(SSE, 7) }, out: { mem: i64(SSE | AVX, 7) }, why: 'what is not asked for stays' },
  { asm: 'xsavec [rdi-0x200]', code: '0f c7 a7 00 fe ff ff', in: { RAX: SSE, XMM0: 1n, mem: i64(AVX, 9) }, out: { mem: i64(SSE, COMPACTED | SSE) }, why: 'both words are new; the format is compacted' },
  { asm: 'xsavec64 [rdi-0x200]', code: '48 0f c7 a7 00 fe ff ff', in: { RAX: SSE | AVX, YMM0: ymm(1n, 1n) }, out: { mem: i64(SSE | AVX, COMPACTED | SSE | AVX) }, why: 'two components' },
  { asm: 'xgetbv', code: '0f 01 d0', in: { RCX: 2n }, out: { fault: 'GP' }, why: 'there are XCR0 and XINUSE alone' },
]
