import type { Case } from './case.fixture.ts'

// prettier-ignore
export const SHIFT_CASES: readonly Case[] = [
  { asm: 'shl al, 1', code: ['d0 e0', 'c0 e0 01', 'd0 f0', 'c0 f0 01'], in: { RAX: 0xc0n }, out: { RAX: 0x80n, CF: 1, OF: 0, SF: 1 }, why: 'the sign stays: no overflow; /6 is the same' },
  { asm: 'shl eax, 1', code: ['d1 e0', 'c1 e0 01', 'd1 f0', 'c1 f0 01'], in: { RAX: 0x4000_0000n }, out: { RAX: 0x8000_0000n, CF: 0, OF: 1 }, why: 'the sign changes' },
  { asm: 'shl al, cl', code: ['d2 e0', 'd2 f0'], in: { RAX: 0xffn, RCX: 8n }, out: { RAX: 0n, CF: 1, ZF: 1 }, why: 'counts of the width and more are not masked for bytes' },
  { asm: 'shl eax, cl', code: ['d3 e0', 'd3 f0'], in: { RAX: 0xffff_ffff_0000_0001n, RCX: 32n, CF: 1, ZF: 1 }, out: { RAX: 1n, CF: 1, ZF: 1 }, why: 'a count of 32 is 0: flags stay, but the register is written' },
  { asm: 'shl rax, cl', code: '48 d3 e0', in: { RAX: 1n, RCX: 63n }, out: { RAX: 0x8000_0000_0000_0000n, CF: 0, SF: 1 }, why: 'six bits of the count with 64-bit operands' },
  { asm: 'shl ax, 0x10', code: '66 c1 e0 10', in: { RAX: 0x1_0001n }, out: { RAX: 0x1_0000n, CF: 1, ZF: 1 }, why: 'the lowest bit goes out last' },
  { asm: 'shr al, 1', code: ['d0 e8', 'c0 e8 01'], in: { RAX: 0x81n }, out: { RAX: 0x40n, CF: 1, OF: 1 }, why: 'OF is the old sign' },
  { asm: 'shr eax, 1', code: ['d1 e8', 'c1 e8 01'], in: { RAX: 0xffff_ffff_0000_0001n }, out: { RAX: 0n, CF: 1, ZF: 1, OF: 0 }, why: 'zeros come in' },
  { asm: 'shr al, cl', code: 'd2 e8', in: { RAX: 0x180n, RCX: 7n }, out: { RAX: 0x101n, CF: 0 }, why: 'AH stays' },
  { asm: 'shr rax, cl', code: '48 d3 e8', in: { RAX: 0x8000_0000_0000_0000n, RCX: 0x13fn }, out: { RAX: 1n, CF: 0 }, why: 'the count is masked' },
  { asm: 'sar al, 1', code: ['d0 f8', 'c0 f8 01'], in: { RAX: 0x81n }, out: { RAX: 0xc0n, CF: 1, OF: 0, SF: 1 }, why: 'the sign comes in' },
  { asm: 'sar eax, 1', code: ['d1 f8', 'c1 f8 01'], in: { RAX: 0xffff_ffffn }, out: { RAX: 0xffff_ffffn, CF: 1 }, why: '-1 stays -1' },
  { asm: 'sar al, cl', code: 'd2 f8', in: { RAX: 0x80n, RCX: 31n }, out: { RAX: 0xffn, CF: 1, SF: 1 }, why: 'far beyond the width: all sign' },
  { asm: 'sar rax, cl', code: '48 d3 f8', in: { RAX: 0x8000_0000_0000_0000n, RCX: 63n }, out: { RAX: 0xffff_ffff_ffff_ffffn, CF: 0 }, why: 'all sign' },
  { asm: 'shld eax, ebx, 4', code: '0f a4 d8 04', in: { RAX: 0x1234_5678n, RBX: 0x9abc_def0n }, out: { RAX: 0x2345_6789n, CF: 1 }, why: 'the top of EBX comes in from below' },
  { asm: 'shld rax, rbx, cl', code: '48 0f a5 d8', in: { RAX: 1n, RBX: 0x8000_0000_0000_0000n, RCX: 65n }, out: { RAX: 3n, CF: 0, OF: 0 }, why: 'the count is masked to 1' },
  { asm: 'shrd eax, ebx, 8', code: '0f ac d8 08', in: { RAX: 0x1234_5680n, RBX: 0xabn }, out: { RAX: 0xab12_3456n, CF: 1, SF: 1 }, why: 'the bottom of EBX comes in from above' },
  { asm: 'shrd eax, ebx, cl', code: '0f ad d8', in: { RAX: 5n, RBX: 7n, RCX: 0n, CF: 1 }, out: { RAX: 5n, CF: 1 }, why: 'a count of 0 changes nothing' },
]
