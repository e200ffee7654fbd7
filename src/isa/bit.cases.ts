import { MEM, type Case } from './case.fixture.ts'

// prettier-ignore
export const BIT_CASES: readonly Case[] = [
  { asm: 'bt eax, ebx', code: '0f a3 d8', in: { RAX: 2n, RBX: 33n, ZF: 1 }, out: { CF: 1, ZF: 1 }, why: 'a register takes the offset modulo its width; ZF stays' },
  { asm: 'bt [rdi], eax', code: '0f a3 07', in: { RAX: 0xffff_ffffn, RDI: MEM + 4n, mem: '00000080' }, out: { CF: 1 }, why: 'offset -1 is the top bit of the doubleword before' },
  { asm: 'bt [rdi], rax', code: '48 0f a3 07', in: { RAX: 70n, mem: '0000000000000000' + '40' }, out: { CF: 1 }, why: 'offset 70 is in the next quadword' },
  { asm: 'bt dword ptr [rdi], 0x21', code: '0f ba 27 21', in: { mem: '02' }, out: { CF: 1 }, why: 'an immediate is taken modulo the width, also for memory' },
  { asm: 'bts rax, rbx', code: '48 0f ab d8', in: { RBX: 63n }, out: { RAX: 0x8000_0000_0000_0000n, CF: 0 }, why: 'set' },
  { asm: 'lock bts [rdi], eax', code: 'f0 0f ab 07', in: { RAX: 40n }, out: { mem: '0000000000010000', CF: 0 }, why: 'bit 40 is bit 8 of the second doubleword' },
  { asm: 'bts eax, 3', code: '0f ba e8 03', in: { RAX: 8n }, out: { RAX: 8n, CF: 1 }, why: 'it was set' },
  { asm: 'btr eax, ebx', code: '0f b3 d8', in: { RAX: 3n }, out: { RAX: 2n, CF: 1 }, why: 'reset' },
  { asm: 'btr rax, 0x3f', code: '48 0f ba f0 3f', in: { RAX: 0xffff_ffff_ffff_ffffn }, out: { RAX: 0x7fff_ffff_ffff_ffffn, CF: 1 }, why: 'reset' },
  { asm: 'btc ax, bx', code: '66 0f bb d8', in: { RAX: 0x1_0000n, RBX: 15n }, out: { RAX: 0x1_8000n, CF: 0 }, why: 'complement' },
  { asm: 'btc eax, 0', code: '0f ba f8 00', in: { RAX: 1n }, out: { RAX: 0n, CF: 1 }, why: 'complement' },
  { asm: 'bsf eax, ebx', code: '0f bc c3', in: { RBX: 0x8000_0000n }, out: { RAX: 31n, ZF: 0 }, why: 'lowest bit' },
  { asm: 'bsf eax, ebx', code: '0f bc c3', in: { RAX: 0x1234_5678_9abc_def0n }, out: { ZF: 1 }, why: 'zero: the destination stays, even its high half' },
  { asm: 'bsr rax, rbx', code: '48 0f bd c3', in: { RBX: 0x8000_0000_0000_0001n }, out: { RAX: 63n, ZF: 0 }, why: 'highest bit' },
  { asm: 'bsr ax, bx', code: '66 0f bd c3', in: { RAX: 0xffff_ffffn, RBX: 0x1_0004n }, out: { RAX: 0xffff_0002n }, why: '16 bits' },
  { asm: 'tzcnt eax, ebx', code: 'f3 0f bc c3', in: { RAX: 0xffff_ffff_0000_0000n }, out: { RAX: 32n, CF: 1, ZF: 0 }, why: 'zero gives the width' },
  { asm: 'tzcnt ax, bx', code: '66 f3 0f bc c3', in: { RBX: 0x1_0000n }, out: { RAX: 16n, CF: 1 }, why: '16 bits' },
  { asm: 'lzcnt rax, rbx', code: 'f3 48 0f bd c3', in: { RBX: 1n }, out: { RAX: 63n, CF: 0, ZF: 0 }, why: 'leading zeros' },
  { asm: 'lzcnt ax, bx', code: '66 f3 0f bd c3', in: { RBX: 0x8000n }, out: { RAX: 0n, CF: 0, ZF: 1 }, why: 'none' },
  { asm: 'popcnt rax, rbx', code: 'f3 48 0f b8 c3', in: { RBX: 0xffff_ffff_ffff_ffffn, CF: 1, OF: 1 }, out: { RAX: 64n, ZF: 0, CF: 0, OF: 0, SF: 0, PF: 0 }, why: 'all flags but ZF become 0' },
  { asm: 'crc32 eax, bl', code: 'f2 0f 38 f0 c3', in: { RAX: 0xffff_ffffn, RBX: 0x31n }, out: { RAX: 0x6f0a_661cn }, why: 'the first byte of the usual check string' },
  { asm: 'crc32 eax, qword ptr [rdi]', code: 'f2 48 0f 38 f1 07', in: { RAX: 0xffff_ffff_ffff_ffffn, mem: '3132333435363738' }, out: { RAX: 0x9f78_7f65n }, why: 'eight bytes; the high half becomes 0' },
]
