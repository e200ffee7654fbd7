import { LAST, MEM, type Case } from './case.fixture.ts'

const FROM = MEM + 16n
/** 16 bytes at MEM, then what is at FROM. */
const at16 = (hex: string): string => '00'.repeat(16) + hex

// prettier-ignore
export const STRING_CASES: readonly Case[] = [
  { asm: 'movsb [rdi], [rsi]', code: 'a4', in: { RSI: FROM, mem: at16('2a') }, out: { RSI: FROM + 1n, RDI: MEM + 1n, mem: '2a' }, why: 'one byte, both pointers forward' },
  { asm: 'movsq [rdi], [rsi]', code: '48 a5', in: { RSI: FROM, DF: 1, mem: at16('0102030405060708') }, out: { RSI: FROM - 8n, RDI: MEM - 8n, DF: 1, mem: '0102030405060708' }, why: 'DF: backward' },
  { asm: 'rep movsb [rdi], [rsi]', code: 'f3 a4', in: { RSI: FROM, RCX: 4n, mem: at16('01020304') }, out: { RSI: FROM + 4n, RDI: MEM + 4n, RCX: 0n, mem: '01020304' }, why: 'RCX times' },
  { asm: 'rep movsb [rdi], [rsi]', code: 'f3 a4', in: { RSI: MEM, RDI: MEM + 1n, RCX: 5n, mem: '41' }, out: { RSI: MEM + 5n, RDI: MEM + 6n, RCX: 0n, mem: '414141414141' }, why: 'overlapping upwards: the byte spreads' },
  { asm: 'rep movsw [rdi], [rsi]', code: '66 f3 a5', in: { RSI: MEM, RDI: MEM + 1n, RCX: 2n, mem: '0102' }, out: { RSI: MEM + 4n, RDI: MEM + 5n, RCX: 0n, mem: '0101020200' }, why: 'overlapping within an element' },
  { asm: 'rep movsd [rdi], [rsi]', code: 'f3 a5', in: { RSI: FROM, RCX: 0n, ZF: 1 }, out: { ZF: 1 }, why: 'zero times: nothing is touched' },
  { asm: 'rep movsb [rdi], [rsi]', code: 'f3 a4', in: { RSI: LAST - 1n, RCX: 9n }, out: { fault: 'PF', errorCode: 4, CR2: LAST + 1n, RSI: LAST + 1n, RDI: MEM + 2n, RCX: 7n, mem: '46ed' }, why: 'what was done stays done when it faults' },
  { asm: 'rep movsd [rdi], [rsi]', code: 'f3 a5', in: { RSI: LAST - 1n, RDI: 1n << 63n, RCX: 9n }, out: { fault: 'PF', errorCode: 4, CR2: LAST + 1n }, why: 'all of the source is read before the target is looked at' },
  { asm: 'stosb [rdi], al', code: 'aa', in: { RAX: 0x2an }, out: { RDI: MEM + 1n, mem: '2a' }, why: 'one byte' },
  { asm: 'rep stosq [rdi], rax', code: 'f3 48 ab', in: { RAX: 0x0807_0605_0403_0201n, RCX: 2n }, out: { RDI: MEM + 16n, RCX: 0n, mem: '01020304050607080102030405060708' }, why: 'filling' },
  { asm: 'rep stosd [edi], eax', code: '67 f3 ab', in: { RAX: 1n, RCX: 0xffff_ffff_0000_0001n, RDI: MEM + (1n << 32n) }, out: { RDI: MEM + 4n, RCX: 0n, mem: '01000000' }, why: '32-bit addresses: ECX and EDI' },
  { asm: 'lodsb al, [rsi]', code: 'ac', in: { RSI: MEM, RAX: 0x1200n, mem: '2a' }, out: { RSI: MEM + 1n, RAX: 0x122an }, why: 'AL alone' },
  { asm: 'lodsd eax, fs:[rsi]', code: '64 ad', in: { RSI: 0n, FSBASE: MEM, RAX: 0xffff_ffff_ffff_ffffn, mem: '01000000' }, out: { RSI: 4n, RAX: 1n }, why: 'the source may have another segment' },
  { asm: 'scasb al, [rdi]', code: 'ae', in: { RAX: 1n, mem: '02' }, out: { RDI: MEM + 1n, CF: 1, ZF: 0 }, why: 'AL minus memory' },
  { asm: 'repne scasb al, [rdi]', code: 'f2 ae', in: { RAX: 0n, RCX: 0xffff_ffff_ffff_ffffn, mem: '414200' }, out: { RDI: MEM + 3n, RCX: 0xffff_ffff_ffff_fffcn, ZF: 1 }, why: 'the old strlen' },
  { asm: 'repe scasw ax, [rdi]', code: '66 f3 af', in: { RCX: 3n }, out: { RDI: MEM + 6n, RCX: 0n, ZF: 1 }, why: 'all equal' },
  { asm: 'cmpsb [rsi], [rdi]', code: 'a6', in: { RSI: FROM, mem: '05' + '00'.repeat(15) + '04' }, out: { RSI: FROM + 1n, RDI: MEM + 1n, CF: 1 }, why: '[RSI] minus [RDI]' },
  { asm: 'repe cmpsd [rsi], [rdi]', code: 'f3 a7', in: { RSI: FROM, RCX: 5n, mem: '0000000001' }, out: { RSI: FROM + 8n, RDI: MEM + 8n, RCX: 3n, ZF: 0, CF: 1 }, why: 'ends at the difference' },
]
