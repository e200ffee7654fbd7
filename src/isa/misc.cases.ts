import { LAST, MEM, type Case } from './case.fixture.ts'

// prettier-ignore
export const MISC_CASES: readonly Case[] = [
  { asm: 'nop', code: '90', in: { RAX: 0xffff_ffff_ffff_ffffn }, why: 'not XCHG EAX, EAX: the high half stays' },
  { asm: 'nop dword ptr [rdi]', code: ['0f 1f 07', '0f 18 27', '0f 19 07', '0f 1a 07', '0f 1b 07', '0f 1c 07', '0f 1d 07', '0f 1e 07', '0f 0d 07'], in: { RDI: 0x8000_0000_0000_0000n }, why: 'memory is not touched, canonical or not' },
  { asm: 'prefetchw [rdi]', code: '0f 0d 0f', in: { RDI: 5n }, why: 'a hint never faults' },
  { asm: 'prefetchnta [rdi]', code: '0f 18 07', in: { RDI: 5n }, why: 'a hint' },
  { asm: 'prefetcht0 [rdi]', code: '0f 18 0f', in: { RDI: 5n }, why: 'a hint' },
  { asm: 'prefetcht1 [rdi]', code: '0f 18 17', in: { RDI: 5n }, why: 'a hint' },
  { asm: 'prefetcht2 [rdi]', code: '0f 18 1f', in: { RDI: 5n }, why: 'a hint' },
  { asm: 'pause', code: 'f3 90', why: 'nothing' },
  { asm: 'serialize', code: '0f 01 e8', why: 'nothing that can be seen' },
  { asm: 'movdiri [rdi], eax', code: '0f 38 f9 07', in: { RAX: 0x1122_3344n }, out: { mem: '44 33 22 11' }, why: 'a store' },
  { asm: 'movdir64b rcx, [rdi]', code: '66 0f 38 f8 0f', in: { RCX: MEM, RDI: MEM + 64n, mem: '00'.repeat(64) + '07'.repeat(64) }, out: { mem: '07'.repeat(128) }, why: '64 bytes, to where the register points' },
  { asm: 'movdir64b rcx, [rdi]', code: '66 0f 38 f8 0f', in: { RCX: MEM + 1n }, out: { fault: 'GP' }, why: 'the destination must be aligned' },
  { asm: 'endbr64', code: 'f3 0f 1e fa', why: 'nothing, while control-flow enforcement is off' },
  { asm: 'endbr32', code: 'f3 0f 1e fb', why: 'nothing' },
  { asm: 'lfence', code: '0f ae e8', why: 'memory is always in order here' },
  { asm: 'mfence', code: '0f ae f0', why: 'memory is always in order here' },
  { asm: 'sfence', code: '0f ae f8', why: 'memory is always in order here' },
  { asm: 'clflush byte ptr [rdi]', code: '0f ae 3f', in: { RDI: LAST + 1n }, out: { fault: 'PF', errorCode: 4, CR2: LAST + 1n }, why: 'faults as a load does' },
  { asm: 'clflushopt byte ptr [rdi]', code: '66 0f ae 3f', why: 'present memory: nothing' },
  { asm: 'clwb byte ptr [rdi]', code: '66 0f ae 37', why: 'present memory: nothing' },
  { asm: 'xlatb byte ptr [rbx]', code: 'd7', in: { RBX: MEM, RAX: 0x1202n, mem: '0a0b0c' }, out: { RAX: 0x120cn }, why: 'AL indexes, AH does not' },
  { asm: 'ud0 eax, ecx', code: '0f ff c1', out: { fault: 'UD' }, why: 'undefined by definition' },
  { asm: 'ud1 eax, ecx', code: '0f b9 c1', out: { fault: 'UD' }, why: 'undefined by definition' },
  { asm: 'ud2', code: '0f 0b', out: { fault: 'UD' }, why: 'undefined by definition' },
]
