import { SAMPLE, i32, type SseCase } from './sse-case.fixture.ts'

/** Control and state: what a reader of the manual would check by hand. */
// prettier-ignore
export const SSE_STATE_CASES: readonly SseCase[] = [
  { asm: 'ldmxcsr dword ptr [rdi]', code: '0f ae 17', in: { mem: i32(0x5fc1) }, out: { MXCSR: 0x5fc1 }, why: 'rounding, DAZ and a flag' },
  { asm: 'ldmxcsr dword ptr [rdi]', code: '0f ae 17', in: { mem: i32(0x1_0000) }, out: { fault: 'GP' }, why: 'reserved bits' },
  { asm: 'stmxcsr dword ptr [rdi]', code: '0f ae 1f', in: { MXCSR: 0x1fa0, mem: ~0n }, out: { mem: ~0n ^ i32(0xffff_ffff) | i32(0x1fa0) }, why: 'four bytes are stored' },
  { asm: 'fxsave [rdi]', code: '0f ae 07', in: { MXCSR: 0x1fa0 }, out: { mem: i32(0x37f) }, why: 'the image begins with the x87 control and status words' },
  { asm: 'fxsave [rdi+8]', code: '0f ae 47 08', in: {}, out: { fault: 'GP' }, why: 'the image must be aligned' },
  { asm: 'fxsave64 [rdi]', code: '48 0f ae 07', in: {}, out: { mem: i32(0x37f) }, why: 'without x87 pointers the same image' },
  { asm: 'fxrstor [rdi]', code: '0f ae 0f', in: { MXCSR: 0x1f80, XMM1: SAMPLE, mem: 0n }, out: { MXCSR: 0, XMM1: 0n }, why: 'an image of zeros' },
  { asm: 'fxrstor64 [rdi+1]', code: '48 0f ae 4f 01', in: {}, out: { fault: 'GP' }, why: 'the image must be aligned' },
]
