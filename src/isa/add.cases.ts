import type { Case } from './case.fixture.ts'

// prettier-ignore
export const ADD_CASES: readonly Case[] = [
  { asm: 'add al, bl', code: ['00 d8', '02 c3'], in: { RAX: 0xff01n, RBX: 0xffn }, out: { RAX: 0xff00n, CF: 1, ZF: 1, AF: 1, OF: 0 }, why: 'a byte wraps inside its register' },
  { asm: 'add ah, bl', code: '00 dc', in: { RAX: 0x1234n, RBX: 1n }, out: { RAX: 0x1334n, CF: 0 }, why: 'AH is bits 8 to 15' },
  { asm: 'add eax, ebx', code: ['01 d8', '03 c3'], in: { RAX: ~0n & 0xffff_ffff_ffff_ffffn, RBX: 1n }, out: { RAX: 0n, CF: 1, ZF: 1 }, why: 'a 32-bit result clears the high half' },
  { asm: 'add ax, bx', code: '66 01 d8', in: { RAX: 0xaaaa_7fffn, RBX: 1n }, out: { RAX: 0xaaaa_8000n, OF: 1, SF: 1, CF: 0, AF: 1 }, why: 'a 16-bit result keeps the rest; signed overflow' },
  { asm: 'add al, 0x7f', code: ['04 7f', '80 c0 7f'], in: { RAX: 1n }, out: { RAX: 0x80n, OF: 1, SF: 1, CF: 0 }, why: '127 + 1 overflows' },
  { asm: 'add rax, 5', code: ['48 05 05 00 00 00', '48 81 c0 05 00 00 00', '48 83 c0 05'], in: { RAX: 7n }, out: { RAX: 12n, PF: 1, CF: 0 }, why: 'three encodings of one addition' },
  { asm: 'add rax, 0xffffffffffffffff', code: ['48 83 c0 ff', '48 05 ff ff ff ff'], in: { RAX: 7n }, out: { RAX: 6n, CF: 1 }, why: 'immediates are sign-extended' },
  { asm: 'lock add dword ptr [rdi], 1', code: 'f0 83 07 01', in: { mem: 'ffffffff' }, out: { mem: '00000000', CF: 1, ZF: 1 }, why: 'read, add, write' },
  { asm: 'add [rdi], rax', code: '48 01 07', in: { RDI: 0x8000_0000_0000_0000n }, out: { fault: 'GP' }, why: 'not canonical' },
  { asm: 'add [rbp], rax', code: '48 01 45 00', in: { RBP: 0x8000_0000_0000_0000n }, out: { fault: 'SS' }, why: 'not canonical, and addressed by RBP' },

  { asm: 'adc al, bl', code: ['10 d8', '12 c3'], in: { RAX: 0xffn, RBX: 0n, CF: 1 }, out: { RAX: 0n, CF: 1, ZF: 1, AF: 1 }, why: 'the carry in makes the carry out' },
  { asm: 'adc rax, rbx', code: ['48 11 d8', '48 13 c3'], in: { RAX: 0xffff_ffff_ffff_ffffn, CF: 1 }, out: { RAX: 0n, CF: 1, ZF: 1, AF: 1, OF: 0 }, why: 'the carry ripples through all 64 bits' },
  { asm: 'adc rax, rbx', code: '48 11 d8', in: { RAX: 0xffff_ffff_ffff_ffffn, RBX: 0xffff_ffff_ffff_ffffn, CF: 1 }, out: { RAX: 0xffff_ffff_ffff_ffffn, CF: 1, ZF: 0 }, why: 'all ones and a carry: the result equals an operand, and still carries' },
  { asm: 'adc al, 0', code: ['14 00', '80 d0 00'], in: { RAX: 0x7fn, CF: 1 }, out: { RAX: 0x80n, OF: 1, CF: 0 }, why: 'the carry alone overflows' },
  { asm: 'adc eax, 1', code: ['15 01 00 00 00', '81 d0 01 00 00 00', '83 d0 01'], in: { RAX: 1n, CF: 1 }, out: { RAX: 3n, CF: 0 }, why: 'all forms add it' },

  { asm: 'sub al, bl', code: ['28 d8', '2a c3'], in: { RAX: 0n, RBX: 1n }, out: { RAX: 0xffn, CF: 1, SF: 1, AF: 1, OF: 0 }, why: 'borrow' },
  { asm: 'sub eax, ebx', code: ['29 d8', '2b c3'], in: { RAX: 0x8000_0000n, RBX: 1n }, out: { RAX: 0x7fff_ffffn, OF: 1, SF: 0, CF: 0 }, why: 'signed overflow' },
  { asm: 'sub eax, eax', code: ['29 c0', '2b c0'], in: { RAX: 0xffff_ffff_0000_0005n }, out: { RAX: 0n, ZF: 1, CF: 0, PF: 1 }, why: 'the zero idiom clears all of RAX' },
  { asm: 'sub al, 1', code: ['2c 01', '80 e8 01'], in: { RAX: 0x100n }, out: { RAX: 0x1ffn, CF: 1 }, why: 'the borrow does not leave the byte' },
  { asm: 'sub eax, 1', code: ['2d 01 00 00 00', '81 e8 01 00 00 00', '83 e8 01'], in: { RAX: 1n }, out: { RAX: 0n, ZF: 1 }, why: 'all forms' },

  { asm: 'sbb al, bl', code: ['18 d8', '1a c3'], in: { RAX: 0n, RBX: 0xffn, CF: 1 }, out: { RAX: 0n, CF: 1, ZF: 1 }, why: '0 - 255 - 1 borrows and gives 0' },
  { asm: 'sbb eax, eax', code: ['19 c0', '1b c0'], in: { RAX: 0x1234_5678_9abc_def0n, CF: 1 }, out: { RAX: 0xffff_ffffn, CF: 1, SF: 1 }, why: 'the mask idiom: all ones from CF' },
  { asm: 'sbb al, 0', code: ['1c 00', '80 d8 00'], in: { RAX: 0x80n, CF: 1 }, out: { RAX: 0x7fn, OF: 1, CF: 0 }, why: 'the borrow alone overflows' },
  { asm: 'sbb eax, 1', code: ['1d 01 00 00 00', '81 d8 01 00 00 00', '83 d8 01'], in: { RAX: 2n, CF: 1 }, out: { RAX: 0n, ZF: 1, CF: 0 }, why: 'all forms' },

  { asm: 'cmp al, bl', code: ['38 d8', '3a c3'], in: { RAX: 1n, RBX: 2n }, out: { CF: 1, ZF: 0, SF: 1 }, why: 'only flags change' },
  { asm: 'cmp eax, ebx', code: ['39 d8', '3b c3'], in: { RAX: 0x1_0000_0000n }, out: { ZF: 1, CF: 0 }, why: 'the high half is not compared' },
  { asm: 'cmp al, 5', code: ['3c 05', '80 f8 05'], in: { RAX: 5n }, out: { ZF: 1 }, why: 'equal' },
  { asm: 'cmp eax, 5', code: ['3d 05 00 00 00', '81 f8 05 00 00 00', '83 f8 05'], in: { RAX: 4n }, out: { CF: 1, ZF: 0 }, why: 'below' },

  { asm: 'inc al', code: 'fe c0', in: { RAX: 0xffn, CF: 1 }, out: { RAX: 0n, CF: 1, ZF: 1, AF: 1, OF: 0 }, why: 'CF stays' },
  { asm: 'inc eax', code: 'ff c0', in: { RAX: 0x7fff_ffffn }, out: { RAX: 0x8000_0000n, CF: 0, OF: 1, SF: 1 }, why: 'overflow, but no carry' },
  { asm: 'dec al', code: 'fe c8', in: { RAX: 0x80n }, out: { RAX: 0x7fn, OF: 1, AF: 1 }, why: 'overflow downwards' },
  { asm: 'lock dec dword ptr [rdi]', code: 'f0 ff 0f', in: { mem: '01000000', CF: 1 }, out: { mem: '00000000', CF: 1, ZF: 1 }, why: 'the reference count idiom' },
  { asm: 'neg al', code: 'f6 d8', in: { RAX: 0x80n }, out: { RAX: 0x80n, CF: 1, OF: 1 }, why: '-128 has no opposite' },
  { asm: 'neg rax', code: '48 f7 d8', in: { RAX: 0n }, out: { RAX: 0n, CF: 0, ZF: 1 }, why: 'CF is 0 for 0 alone' },
]
