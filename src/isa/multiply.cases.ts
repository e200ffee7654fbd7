import type { Case } from './case.fixture.ts'

// prettier-ignore
export const MULTIPLY_CASES: readonly Case[] = [
  { asm: 'mul bl', code: 'f6 e3', in: { RAX: 0xff_00ffn, RBX: 0xffn }, out: { RAX: 0xff_fe01n, CF: 1, OF: 1 }, why: 'the product of bytes is AX' },
  { asm: 'mul ebx', code: 'f7 e3', in: { RAX: 0xffff_ffffn, RBX: 0xffff_ffffn, RDX: 0xffff_ffff_ffff_ffffn }, out: { RAX: 1n, RDX: 0xffff_fffen, CF: 1, OF: 1 }, why: 'EDX:EAX, both zero-extended' },
  { asm: 'mul rbx', code: '48 f7 e3', in: { RAX: 2n, RBX: 3n, RDX: 7n }, out: { RAX: 6n, RDX: 0n, CF: 0, OF: 0 }, why: 'CF is 0 when the high half is' },
  { asm: 'imul bl', code: 'f6 eb', in: { RAX: 0xffn, RBX: 0xffn }, out: { RAX: 1n, CF: 0, OF: 0 }, why: '-1 * -1 fits' },
  { asm: 'imul rbx', code: '48 f7 eb', in: { RAX: 0x8000_0000_0000_0000n, RBX: 2n }, out: { RAX: 0n, RDX: 0xffff_ffff_ffff_ffffn, CF: 1, OF: 1 }, why: 'the high half is signed' },
  { asm: 'imul eax, ebx', code: '0f af c3', in: { RAX: 0x8000_0000n, RBX: 0xffff_ffffn }, out: { RAX: 0x8000_0000n, CF: 1, OF: 1 }, why: '2^31 does not fit into 32 signed bits' },
  { asm: 'imul ax, bx, 0xfffe', code: ['66 69 c3 fe ff', '66 6b c3 fe'], in: { RAX: 0x1_0000n, RBX: 3n }, out: { RAX: 0x1_fffan, CF: 0 }, why: 'three operands; the immediate is signed' },
  { asm: 'div bl', code: 'f6 f3', in: { RAX: 0x105n, RBX: 2n }, out: { RAX: 0x182n }, why: 'AL quotient, AH remainder' },
  { asm: 'div ebx', code: 'f7 f3', in: { RAX: 5n, RDX: 1n, RBX: 16n }, out: { RAX: 0x1000_0000n, RDX: 5n }, why: 'EDX:EAX is divided' },
  { asm: 'div rbx', code: '48 f7 f3', in: { RAX: 1n }, out: { fault: 'DE' }, why: 'by zero' },
  { asm: 'div rbx', code: '48 f7 f3', in: { RDX: 5n, RBX: 5n }, out: { fault: 'DE' }, why: 'the quotient would be 2^64' },
  { asm: 'idiv bl', code: 'f6 fb', in: { RAX: 0xfff9n, RBX: 2n }, out: { RAX: 0xfffdn }, why: '-7 / 2 = -3, remainder -1' },
  { asm: 'idiv ebx', code: 'f7 fb', in: { RAX: 0x8000_0000n, RDX: 0xffff_ffffn, RBX: 0xffff_ffffn }, out: { fault: 'DE' }, why: 'the opposite of the least number does not fit' },
]
