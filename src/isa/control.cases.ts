import { CODE, MEM, type Case } from './case.fixture.ts'
import { CONDITION_EXAMPLES } from './move.cases.ts'

// prettier-ignore
export const CONTROL_CASES: readonly Case[] = [
  { asm: 'jmp 0x23456012', code: ['eb 10'], out: { RIP: CODE + 0x12n }, why: 'from the next instruction' },
  { asm: 'jmp 0x23455f05', code: 'e9 00 ff ff ff', out: { RIP: CODE - 0xfbn }, why: 'backwards, 32 bits' },
  { asm: 'jmp rax', code: 'ff e0', in: { RAX: 0x1234_5678n }, out: { RIP: 0x1234_5678n }, why: 'mapped or not' },
  { asm: 'jmp rax', code: 'ff e0', in: { RAX: 0x8000_0000_0000n }, out: { fault: 'GP' }, why: 'not canonical: the branch faults' },
  { asm: 'jmp rax', code: 'ff e0', in: { RAX: 0xffff_8000_0000_0000n }, out: { RIP: 0xffff_8000_0000_0000n }, why: 'the kernel\'s half: the branch is done, the fetch faults' },
  { asm: 'jmp qword ptr [rdi]', code: ['ff 27', '66 ff 27'], in: { mem: '7856341200000000' }, out: { RIP: 0x1234_5678n }, why: '64 bits, whatever the prefix' },
  { asm: 'call 0x23456105', code: 'e8 00 01 00 00', out: { RIP: CODE + 0x105n, RSP: MEM, mem: '0560452300000000' }, why: 'the return address is pushed' },
  { asm: 'call rax', code: 'ff d0', in: { RAX: 0x5000n }, out: { RIP: 0x5000n, RSP: MEM, mem: '0260452300000000' }, why: 'indirect' },
  { asm: 'call qword ptr [rsp]', code: 'ff 14 24', in: { RSP: MEM + 8n, mem: '0000000000000000' + '0050000000000000' }, out: { RIP: 0x5000n, RSP: MEM, mem: '0360452300000000' }, why: 'the target is read before the push' },
  { asm: 'ret', code: 'c3', in: { RSP: MEM, mem: '0050000000000000' }, out: { RIP: 0x5000n, RSP: MEM + 8n }, why: 'pops RIP' },
  { asm: 'ret 0x10', code: 'c2 10 00', in: { RSP: MEM, mem: '0050000000000000' }, out: { RIP: 0x5000n, RSP: MEM + 24n }, why: 'and drops arguments' },
  { asm: 'jrcxz 0x23456012', code: 'e3 10', in: { RCX: 0x1_0000_0000n }, out: {}, why: 'all of RCX counts' },
  { asm: 'jrcxz 0x23456013', code: '67 e3 10', in: { RCX: 0x1_0000_0000n }, out: { RIP: CODE + 0x13n }, why: 'ECX with 67' },
  { asm: 'loop 0x23456000', code: 'e2 fe', in: { RCX: 2n }, out: { RCX: 1n, RIP: CODE }, why: 'counts down' },
  { asm: 'loop 0x23456000', code: 'e2 fe', in: { RCX: 1n }, out: { RCX: 0n }, why: 'until 0' },
  { asm: 'loop 0x23456000', code: '67 e2 fd', in: { RCX: 0x1_0000_0000n }, out: { RCX: 0xffff_ffffn, RIP: CODE }, why: 'ECX with 67' },
  { asm: 'loope 0x23456000', code: 'e1 fe', in: { RCX: 2n, ZF: 1 }, out: { RCX: 1n, RIP: CODE, ZF: 1 }, why: 'while equal' },
  { asm: 'loope 0x23456000', code: 'e1 fe', in: { RCX: 2n }, out: { RCX: 1n }, why: 'not equal: RCX counts all the same' },
  { asm: 'loopne 0x23456000', code: 'e0 fe', in: { RCX: 2n }, out: { RCX: 1n, RIP: CODE }, why: 'while not equal' },
  ...CONDITION_EXAMPLES.flatMap(([name, digit, isTrue, isFalse]): Case[] => [
    { asm: `j${name} 0x23456012`, code: `7${digit} 10`, in: isTrue, out: { RIP: CODE + 0x12n }, why: 'true: taken' },
    { asm: `j${name} 0x23456016`, code: `0f 8${digit} 10 00 00 00`, in: isTrue, out: { RIP: CODE + 0x16n }, why: 'true: taken' },
    { asm: `j${name} 0x23456012`, code: `7${digit} 10`, in: isFalse, out: {}, why: 'false: not taken' },
  ]),
]
