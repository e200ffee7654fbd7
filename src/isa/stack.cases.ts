import { FIRST, MEM, type Case } from './case.fixture.ts'

// prettier-ignore
export const STACK_CASES: readonly Case[] = [
  { asm: 'push rbx', code: ['53', 'ff f3'], in: { RBX: 0x1122_3344_5566_7788n }, out: { RSP: MEM, mem: '8877665544332211' }, why: '64 bits without REX.W' },
  { asm: 'push rsp', code: '54', in: {}, out: { RSP: MEM, mem: 'c80f001000000000' }, why: 'the value from before the push' },
  { asm: 'push bx', code: '66 53', in: { RBX: 0x1234n }, out: { RSP: MEM + 6n, mem: '0000000000003412' }, why: '16 bits with 66' },
  { asm: 'push 0xfffffffffffffffe', code: ['6a fe', '68 fe ff ff ff'], in: {}, out: { RSP: MEM, mem: 'feffffffffffffff' }, why: 'sign-extended' },
  { asm: 'push rbx', code: '53', in: { RSP: 0x8000_0000_0000_0000n }, out: { fault: 'SS' }, why: 'a stack address that is not canonical' },
  { asm: 'push rbx', code: '53', in: { RSP: FIRST }, out: { fault: 'PF', errorCode: 6, CR2: FIRST - 8n }, why: 'RSP stays when the push faults' },
  { asm: 'push', code: ['0f a0', '0f a8'], in: { mem: 'ffffffffffffffff' }, out: { RSP: MEM, mem: '0000000000000000' }, why: 'FS and GS hold null' },
  { asm: 'pop rbx', code: ['5b', '8f c3'], in: { RSP: MEM, mem: '8877665544332211' }, out: { RBX: 0x1122_3344_5566_7788n, RSP: MEM + 8n }, why: '64 bits' },
  { asm: 'pop rsp', code: '5c', in: { RSP: MEM, mem: '0500000000000000' }, out: { RSP: 5n }, why: 'the popped value wins over the increment' },
  { asm: 'pop qword ptr [rsp]', code: '8f 04 24', in: { RSP: MEM, mem: '2a00000000000000ffffffffffffffff' }, out: { RSP: MEM + 8n, mem: '2a000000000000002a00000000000000' }, why: 'RSP as base is taken after the increment' },
  { asm: 'pop', code: ['0f a1', '0f a9'], in: { RSP: MEM, mem: '0300' }, out: { RSP: MEM + 8n }, why: 'a null selector' },
  { asm: 'pop', code: '0f a1', in: { RSP: MEM, mem: 'fbff' }, out: { fault: 'GP', errorCode: 0xfff8 }, why: 'a selector that does not exist: RSP stays' },
  { asm: 'pushfq', code: '9c', in: { CF: 1, DF: 1 }, out: { RSP: MEM, CF: 1, DF: 1, mem: '0306000000000000' }, why: 'with bit 1 and IF set' },
  { asm: 'pushf', code: '66 9c', in: { ZF: 1 }, out: { RSP: MEM + 6n, mem: '0000000000004202' }, why: 'the low half' },
  { asm: 'popfq', code: '9d', in: { RSP: MEM, CF: 1, mem: 'd50c000000000000' }, out: { RSP: MEM + 8n, CF: 1, PF: 1, AF: 1, ZF: 1, SF: 1, OF: 1, DF: 1 }, why: 'flags return; IF cannot be cleared' },
  { asm: 'popf', code: '66 9d', in: { RSP: MEM, mem: '0100' }, out: { RSP: MEM + 2n, CF: 1, ZF: 0 }, why: 'the low half' },
  { asm: 'enter 0x10, 0', code: 'c8 10 00 00', in: { RBP: 5n, RSP: MEM + 32n }, out: { RBP: MEM + 24n, RSP: MEM + 8n, mem: '00'.repeat(24) + '05' }, why: 'PUSH RBP; MOV RBP, RSP; SUB RSP, 16' },
  { asm: 'enter 0, 1', code: 'c8 00 00 01', in: { RBP: 5n, RSP: MEM + 32n }, out: { RBP: MEM + 24n, RSP: MEM + 16n, mem: '00'.repeat(16) + 'd80f001000000000' + '05' }, why: 'level 1 pushes the frame pointer itself' },
  { asm: 'leave', code: 'c9', in: { RBP: MEM, mem: '0700000000000000' }, out: { RBP: 7n, RSP: MEM + 8n }, why: 'MOV RSP, RBP; POP RBP' },
]
