import type { Case } from './case.fixture.ts'

// prettier-ignore
export const EXCHANGE_CASES: readonly Case[] = [
  { asm: 'xchg al, bl', code: '86 d8', in: { RAX: 1n, RBX: 2n }, out: { RAX: 2n, RBX: 1n }, why: 'bytes' },
  { asm: 'xchg [rdi], eax', code: '87 07', in: { RAX: 0xffff_ffff_0000_0001n, mem: '02000000' }, out: { RAX: 2n, mem: '01000000' }, why: 'with memory, locked without a prefix' },
  { asm: 'xchg rbx, rax', code: '48 93', in: { RAX: 1n, RBX: 2n }, out: { RAX: 2n, RBX: 1n }, why: 'the short form' },
  { asm: 'xadd [rdi], al', code: '0f c0 07', in: { RAX: 1n, mem: 'ff' }, out: { RAX: 0xffn, mem: '00', CF: 1, ZF: 1 }, why: 'the old value comes back' },
  { asm: 'xadd eax, eax', code: '0f c1 c0', in: { RAX: 3n }, out: { RAX: 6n }, why: 'one register: the sum is written last' },
  { asm: 'lock cmpxchg [rdi], bl', code: 'f0 0f b0 1f', in: { RAX: 5n, RBX: 9n, mem: '05' }, out: { mem: '09', ZF: 1, CF: 0 }, why: 'equal: stored' },
  { asm: 'cmpxchg [rdi], ebx', code: '0f b1 1f', in: { RAX: 0xffff_ffff_0000_0005n, RBX: 9n, mem: '06000000' }, out: { RAX: 6n, ZF: 0, CF: 1 }, why: 'different: loaded, and RAX loses its high half' },
  { asm: 'cmpxchg ecx, ebx', code: '0f b1 d9', in: { RAX: 0xffff_ffff_0000_0005n, RCX: 0xffff_ffff_0000_0005n, RBX: 9n }, out: { RCX: 9n, ZF: 1 }, why: 'equal: RAX keeps its high half' },
  { asm: 'cmpxchg ecx, ebx', code: '0f b1 d9', in: { RAX: 1n, RCX: 0xffff_ffff_0000_0005n, RBX: 9n }, out: { RAX: 5n, ZF: 0 }, why: 'different: the destination keeps its high half' },
  { asm: 'lock cmpxchg8b qword ptr [rdi]', code: 'f0 0f c7 0f', in: { RAX: 1n, RDX: 2n, RBX: 3n, RCX: 4n, mem: '0100000002000000', CF: 1 }, out: { mem: '0300000004000000', ZF: 1, CF: 1 }, why: 'equal: ECX:EBX is stored; only ZF changes' },
  { asm: 'cmpxchg8b qword ptr [rdi]', code: '0f c7 0f', in: { RAX: 9n, RDX: 0xffff_ffff_0000_0002n, mem: '0100000002000000', ZF: 1 }, out: { RAX: 1n, RDX: 2n, ZF: 0 }, why: 'different: loaded' },
  { asm: 'cmpxchg16b xmmword ptr [rdi]', code: '48 0f c7 0f', in: { RAX: 1n, RDX: 2n, RBX: 3n, RCX: 4n, mem: '01000000000000000200000000000000' }, out: { mem: '03000000000000000400000000000000', ZF: 1 }, why: '128 bits' },
  { asm: 'cmpxchg16b xmmword ptr [rdi+8]', code: '48 0f c7 4f 08', in: {}, out: { fault: 'GP' }, why: 'must be aligned' },
  { asm: 'bswap eax', code: '0f c8', in: { RAX: 0xffff_ffff_1234_5678n }, out: { RAX: 0x7856_3412n }, why: '32 bits' },
  { asm: 'bswap r9', code: '49 0f c9', in: { R9: 0x0102_0304_0506_0708n }, out: { R9: 0x0807_0605_0403_0201n }, why: '64 bits' },
]
