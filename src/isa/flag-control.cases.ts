import type { Case } from './case.fixture.ts'

// prettier-ignore
export const FLAG_CONTROL_CASES: readonly Case[] = [
  { asm: 'clc', code: 'f8', in: { CF: 1, ZF: 1, OF: 1 }, out: { CF: 0, ZF: 1, OF: 1 }, why: 'CF alone' },
  { asm: 'stc', code: 'f9', in: { SF: 1 }, out: { CF: 1, SF: 1, ZF: 0 }, why: 'CF alone' },
  { asm: 'cmc', code: 'f5', in: { CF: 1, PF: 1 }, out: { CF: 0, PF: 1 }, why: 'complement' },
  { asm: 'cld', code: 'fc', in: { DF: 1, CF: 1 }, out: { DF: 0, CF: 1 }, why: 'strings go up' },
  { asm: 'std', code: 'fd', in: {}, out: { DF: 1 }, why: 'strings go down' },
  { asm: 'lahf', code: '9f', in: { CF: 1, ZF: 1, OF: 1 }, out: { RAX: 0x4300n, CF: 1, ZF: 1, OF: 1 }, why: 'bit 1 is always set, OF has no place' },
  { asm: 'sahf', code: '9e', in: { RAX: 0xff00n, OF: 1 }, out: { CF: 1, PF: 1, AF: 1, ZF: 1, SF: 1, OF: 1 }, why: 'OF stays' },
]
