import type { Case } from './case.fixture.ts'

// prettier-ignore
export const LOGIC_CASES: readonly Case[] = [
  { asm: 'and al, bl', code: ['20 d8', '22 c3'], in: { RAX: 0xff0fn, RBX: 0xf0n, CF: 1, OF: 1 }, out: { RAX: 0xff00n, ZF: 1, CF: 0, OF: 0 }, why: 'CF and OF become 0' },
  { asm: 'and eax, ebx', code: ['21 d8', '23 c3'], in: { RAX: 0xffff_ffff_8000_0001n, RBX: 0xffff_ffffn }, out: { RAX: 0x8000_0001n, SF: 1, PF: 0 }, why: 'PF looks at the low byte alone' },
  { asm: 'and al, 0xf0', code: ['24 f0', '80 e0 f0'], in: { RAX: 0xffn }, out: { RAX: 0xf0n, SF: 1 }, why: 'byte immediate' },
  { asm: 'and rax, 0xfffffffffffffff0', code: ['48 25 f0 ff ff ff', '48 81 e0 f0 ff ff ff', '48 83 e0 f0'], in: { RAX: 0x1234_5678_9abc_defen }, out: { RAX: 0x1234_5678_9abc_def0n }, why: 'the stack alignment idiom: sign-extended' },
  { asm: 'or al, bl', code: ['08 d8', '0a c3'], in: { RAX: 0x0fn, RBX: 0xf0n }, out: { RAX: 0xffn, SF: 1, PF: 1 }, why: 'byte' },
  { asm: 'or eax, ebx', code: ['09 d8', '0b c3'], in: { RAX: 0x8000_0000n, RBX: 1n }, out: { RAX: 0x8000_0001n, SF: 1, ZF: 0 }, why: 'doubleword' },
  { asm: 'or al, 1', code: ['0c 01', '80 c8 01'], in: {}, out: { RAX: 1n, ZF: 0, PF: 0 }, why: 'byte immediate' },
  { asm: 'or rax, 0xffffffffffffffff', code: ['48 0d ff ff ff ff', '48 81 c8 ff ff ff ff', '48 83 c8 ff'], in: {}, out: { RAX: 0xffff_ffff_ffff_ffffn, SF: 1 }, why: 'the short way to -1' },
  { asm: 'xor al, bl', code: ['30 d8', '32 c3'], in: { RAX: 0xa5n, RBX: 0xffn }, out: { RAX: 0x5an, CF: 0 }, why: 'byte' },
  { asm: 'xor eax, ebx', code: ['31 d8', '33 c3'], in: { RAX: 1n, RBX: 3n }, out: { RAX: 2n }, why: 'doubleword' },
  { asm: 'xor eax, eax', code: ['31 c0', '33 c0'], in: { RAX: 0xffff_ffff_ffff_ffffn, CF: 1 }, out: { RAX: 0n, ZF: 1, CF: 0, PF: 1, AF: 0 }, why: 'the zero idiom' },
  { asm: 'xor al, 0xff', code: ['34 ff', '80 f0 ff'], in: { RAX: 0x100n }, out: { RAX: 0x1ffn }, why: 'byte immediate' },
  { asm: 'xor eax, 1', code: ['35 01 00 00 00', '81 f0 01 00 00 00', '83 f0 01'], in: { RAX: 1n }, out: { RAX: 0n, ZF: 1 }, why: 'all forms' },
  { asm: 'test al, bl', code: '84 d8', in: { RAX: 0xf0n, RBX: 0x0fn }, out: { ZF: 1, CF: 0 }, why: 'only flags change' },
  { asm: 'test eax, eax', code: '85 c0', in: { RAX: 0x8000_0000n }, out: { SF: 1, ZF: 0 }, why: 'the usual question for the sign' },
  { asm: 'test al, 1', code: ['a8 01', 'f6 c0 01', 'f6 c8 01'], in: { RAX: 2n }, out: { ZF: 1 }, why: 'F6 /1 is the same as F6 /0' },
  { asm: 'test eax, 0x80000000', code: ['a9 00 00 00 80', 'f7 c0 00 00 00 80', 'f7 c8 00 00 00 80'], in: { RAX: 0x8000_0000n }, out: { SF: 1 }, why: 'all forms' },
  { asm: 'not al', code: 'f6 d0', in: { RAX: 0x10fn, CF: 1, ZF: 1 }, out: { RAX: 0x1f0n, CF: 1, ZF: 1 }, why: 'no flag changes' },
  { asm: 'not eax', code: 'f7 d0', in: { RAX: 0xffff_ffff_0000_0000n }, out: { RAX: 0xffff_ffffn }, why: 'the high half becomes 0, not ones' },
]
