import { hex, i32, type SseCase } from './sse-case.fixture.ts'

// FIPS 197, "Cipher Example" and "Key Expansion Examples": the state before the first round, behind its SubBytes and ShiftRows, behind
// MixColumns, and the first round key.
const START = hex('193de3bea0f4e22b9ac68d2ae9f84808')
const SHIFTED = hex('d4bf5d30e0b452aeb84111f11e2798e5')
const MIXED = hex('046681e5e0cb199a48f8d37a2806264c')
const KEY_1 = hex('a0fafe1788542cb123a339392a6c7605')

/** AES: what a reader of FIPS 197 would check. */
// prettier-ignore
export const AES_CASES: readonly SseCase[] = [
  { asm: 'aesenc xmm1, xmm2', code: '66 0f 38 dc ca', in: { XMM1: START, XMM2: KEY_1 }, out: { XMM1: MIXED ^ KEY_1 }, why: 'a round' },
  { asm: 'aesenc xmm1, [rdi+8]', code: '66 0f 38 dc 4f 08', in: {}, out: { fault: 'GP' }, why: 'memory must be aligned' },
  { asm: 'aesenclast xmm1, xmm2', code: '66 0f 38 dd ca', in: { XMM1: hex('eb40f21e592e38848ba113e71bc342d2'), XMM2: hex('d014f9a8c9ee2589e13f0cc8b6630ca6') }, out: { XMM1: hex('3925841d02dc09fbdc118597196a0b32') }, why: 'the last round' },
  { asm: 'aesdec xmm1, xmm2', code: '66 0f 38 de ca', in: { XMM1: hex('f21f6629e141f7d9526f0cb83433d4da'), XMM2: KEY_1 }, out: { XMM1: SHIFTED ^ KEY_1 }, why: 'rows and bytes back, then columns, then the key' },
  { asm: 'aesdeclast xmm1, xmm2', code: '66 0f 38 df ca', in: { XMM1: SHIFTED, XMM2: KEY_1 }, out: { XMM1: START ^ KEY_1 }, why: 'rows and bytes back' },
  { asm: 'aesimc xmm1, xmm2', code: '66 0f 38 db ca', in: { XMM2: MIXED }, out: { XMM1: SHIFTED }, why: 'columns back' },
  { asm: 'aeskeygenassist xmm1, xmm2, 1', code: '66 0f 3a df ca 01', in: { XMM2: hex('2b7e151628aed2a6abf7158809cf4f3c') }, out: { XMM1: hex('34e4b524e5b52434018a84eb8b84eb01') }, why: 'SubWord, RotWord and Rcon of words 1 and 3' },
  { asm: 'vaesenc xmm1, xmm2, xmm0', code: 'c4 e2 69 dc c8', in: { XMM0: KEY_1, XMM2: START }, out: { XMM1: MIXED ^ KEY_1 }, why: 'a round' },
  { asm: 'vaesenclast xmm1, xmm2, xmm0', code: 'c4 e2 69 dd c8', in: { XMM2: hex('eb40f21e592e38848ba113e71bc342d2') }, out: { XMM1: hex('e9317db5cb322c723d2e895faf090794') }, why: 'the last round, without a key' },
  { asm: 'vaesdec xmm1, xmm2, xmm0', code: 'c4 e2 69 de c8', in: { XMM0: KEY_1, XMM2: hex('f21f6629e141f7d9526f0cb83433d4da') }, out: { XMM1: SHIFTED ^ KEY_1 }, why: 'a round back' },
  { asm: 'vaesdeclast xmm1, xmm2, xmm0', code: 'c4 e2 69 df c8', in: { XMM2: SHIFTED }, out: { XMM1: START }, why: 'rows and bytes back' },
  { asm: 'vaesimc xmm1, xmm2', code: 'c4 e2 79 db ca', in: { XMM2: MIXED }, out: { XMM1: SHIFTED }, why: 'columns back' },
  { asm: 'vaeskeygenassist xmm1, xmm2, 1', code: 'c4 e3 79 df ca 01', in: { XMM2: hex('2b7e151628aed2a6abf7158809cf4f3c') }, out: { XMM1: hex('34e4b524e5b52434018a84eb8b84eb01') }, why: 'SubWord, RotWord and Rcon of words 1 and 3' },
  { asm: 'aeskeygenassist xmm1, xmm2, 0', code: '66 0f 3a df ca 00', in: {}, out: { XMM1: i32(0x6363_6363, 0x6363_6363, 0x6363_6363, 0x6363_6363) }, why: 'of zeros' },
]
