import type { Case } from './case.fixture.ts'

// prettier-ignore
export const ROTATE_CASES: readonly Case[] = [
  { asm: 'rol al, 1', code: ['d0 c0', 'c0 c0 01'], in: { RAX: 0x81n, ZF: 1, SF: 1, PF: 1, AF: 1 }, out: { RAX: 3n, CF: 1, OF: 1, ZF: 1, SF: 1, PF: 1, AF: 1 }, why: 'only CF and OF change' },
  { asm: 'rol eax, 1', code: ['d1 c0', 'c1 c0 01'], in: { RAX: 0x4000_0000n }, out: { RAX: 0x8000_0000n, CF: 0, OF: 1 }, why: 'OF: the sign differs from the bit that went round' },
  { asm: 'rol al, cl', code: 'd2 c0', in: { RAX: 0x81n, RCX: 8n }, out: { RAX: 0x81n, CF: 1 }, why: 'a whole turn moves nothing, but sets CF' },
  { asm: 'rol rax, cl', code: '48 d3 c0', in: { RAX: 0x123n, RCX: 64n, CF: 1 }, out: { RAX: 0x123n, CF: 1 }, why: 'a count of 64 is 0: CF stays' },
  { asm: 'ror al, 1', code: ['d0 c8', 'c0 c8 01'], in: { RAX: 1n }, out: { RAX: 0x80n, CF: 1, OF: 1 }, why: 'OF: the top two bits differ' },
  { asm: 'ror eax, 1', code: ['d1 c8', 'c1 c8 01'], in: { RAX: 2n, CF: 1 }, out: { RAX: 1n, CF: 0, OF: 0 }, why: 'CF is the new top bit' },
  { asm: 'ror al, cl', code: 'd2 c8', in: { RAX: 0x12n, RCX: 12n }, out: { RAX: 0x21n, CF: 0 }, why: 'bytes take the count modulo 8' },
  { asm: 'ror eax, cl', code: 'd3 c8', in: { RAX: 0x1234_5678n, RCX: 8n }, out: { RAX: 0x7812_3456n, CF: 0 }, why: 'as in SHA-256' },
  { asm: 'rcl al, 1', code: ['d0 d0', 'c0 d0 01'], in: { RAX: 0x80n, CF: 1 }, out: { RAX: 1n, CF: 1, OF: 1 }, why: 'CF goes in, the top bit comes out' },
  { asm: 'rcl eax, 1', code: ['d1 d0', 'c1 d0 01'], in: { RAX: 1n }, out: { RAX: 2n, CF: 0, OF: 0 }, why: 'CF of 0 goes in' },
  { asm: 'rcl al, cl', code: 'd2 d0', in: { RAX: 0x81n, RCX: 9n, CF: 1 }, out: { RAX: 0x81n, CF: 1 }, why: 'nine bits in the ring: a whole turn' },
  { asm: 'rcl eax, cl', code: 'd3 d0', in: { RAX: 0x8000_0000n, RCX: 2n }, out: { RAX: 1n, CF: 0 }, why: 'the top bit passes through CF' },
  { asm: 'rcr al, 1', code: ['d0 d8', 'c0 d8 01'], in: { RAX: 1n, CF: 1 }, out: { RAX: 0x80n, CF: 1, OF: 1 }, why: 'CF goes in at the top' },
  { asm: 'rcr eax, 1', code: ['d1 d8', 'c1 d8 01'], in: { RAX: 2n, CF: 1 }, out: { RAX: 0x8000_0001n, CF: 0, OF: 1 }, why: 'the long division idiom' },
  { asm: 'rcr al, cl', code: 'd2 d8', in: { RAX: 0xffn, RCX: 9n }, out: { RAX: 0xffn, CF: 0 }, why: 'a whole turn' },
  { asm: 'rcr rax, cl', code: '48 d3 d8', in: { RAX: 4n, RCX: 3n, CF: 1 }, out: { RAX: 0x2000_0000_0000_0000n, CF: 1 }, why: 'bit 2 ends in CF' },
]
