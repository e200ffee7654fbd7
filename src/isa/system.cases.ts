import { CODE, type Case } from './case.fixture.ts'

/** What differs between runs or machines is not asked of the processor. */
const notNative = 'the test environment answers'
const kernel = 'Linux emulates or configures it'
const privileged = (asm: string, code: string | readonly string[]): Case => ({
  asm,
  code,
  out: { fault: 'GP' },
  why: 'for the kernel alone',
})

// prettier-ignore
export const SYSTEM_CASES: readonly Case[] = [
  { asm: 'syscall', code: '0f 05', in: { CF: 1 }, out: { RCX: CODE + 2n, R11: 0x203n, CF: 1, exit: 'syscall' }, why: 'RCX is the return address, R11 the flags', notNative },
  { asm: 'enclu', code: '0f 01 d7', out: { RIP: CODE, exit: 'enclu' }, why: 'the leaf moves RIP', notNative },
  { asm: 'encls', code: '0f 01 cf', out: { fault: 'UD' }, why: 'CPL is not 0' },
  { asm: 'cpuid', code: '0f a2', in: { RAX: 0xffff_ffff_0000_0007n, RCX: 2n, RDX: 0xffff_ffff_ffff_ffffn }, out: { RAX: 7n, RBX: 0x1111_1111n, RCX: 2n, RDX: 0xffff_ffffn }, why: 'EAX, ECX in; four registers out, zero-extended', notNative },
  { asm: 'rdtsc', code: '0f 31', in: { RAX: 0xffff_ffff_ffff_ffffn }, out: { RAX: 0x2345_6789n, RDX: 1n }, why: 'EDX:EAX', notNative },
  { asm: 'rdpid rax', code: 'f3 0f c7 f8', in: { RAX: 0xffff_ffff_ffff_ffffn }, out: { RAX: 0n }, why: 'the processor\'s number', notNative },
  privileged('invpcid rax, xmmword ptr [rdi]', '66 0f 38 82 07'),
  { asm: 'rdtscp', code: '0f 01 f9', in: { RCX: 5n }, out: { RAX: 0x2345_6789n, RDX: 1n, RCX: 0n }, why: 'and the processor\'s number', notNative },
  { asm: 'rdrand eax', code: '0f c7 f0', in: { ZF: 1 }, out: { RAX: 0x89ab_cdefn, CF: 1, ZF: 0 }, why: 'CF tells success', notNative },
  { asm: 'rdseed rax', code: '48 0f c7 f8', in: {}, out: { RAX: 0x0123_4567_89ab_cdefn, CF: 1 }, why: 'CF tells success', notNative },
  { asm: 'xgetbv', code: '0f 01 d0', in: {}, out: { RAX: 7n, RDX: 0n }, why: 'XCR0: x87, SSE and AVX', notNative },
  { asm: 'xgetbv', code: '0f 01 d0', in: { RCX: 9n }, out: { fault: 'GP' }, why: 'no such register' },
  { asm: 'rdfsbase rax', code: 'f3 48 0f ae c0', in: { FSBASE: 0x7fff_0000_1234n }, out: { RAX: 0x7fff_0000_1234n }, why: '64 bits' },
  { asm: 'rdgsbase eax', code: 'f3 0f ae c8', in: { RAX: 0xffff_ffff_ffff_ffffn }, out: { RAX: 0n }, why: '32 bits' },
  { asm: 'wrfsbase rax', code: 'f3 48 0f ae d0', in: { RAX: 0x1234n }, out: { FSBASE: 0x1234n }, why: 'set' },
  { asm: 'wrfsbase rax', code: 'f3 48 0f ae d0', in: { RAX: 0x8000_0000_0000n }, out: { fault: 'GP' }, why: 'not canonical' },
  { asm: 'wrgsbase rax', code: 'f3 48 0f ae d8', in: { RAX: 0n }, out: {}, why: 'set' },
  { asm: 'int3', code: 'cc', out: { fault: 'BP', RIP: CODE + 1n }, why: 'a trap: RIP is the next instruction' },
  { asm: 'int1', code: 'f1', out: { fault: 'DB', RIP: CODE + 1n }, why: 'a trap' },
  { asm: 'int 3', code: 'cd 03', out: { fault: 'BP', RIP: CODE + 2n }, why: 'user code may call vector 3' },
  { asm: 'int 4', code: 'cd 04', out: { fault: 'OF', RIP: CODE + 2n }, why: 'and 4' },
  { asm: 'int 0x21', code: 'cd 21', out: { fault: 'GP', errorCode: 0x10a }, why: 'no other: the error code names the gate' },
  { asm: 'sysenter', code: '0f 34', out: { fault: 'GP' }, why: 'there is no 32-bit entry', notNative: kernel },
  privileged('hlt', 'f4'), privileged('cli', 'fa'), privileged('sti', 'fb'),
  privileged('in al, 5', 'e4 05'), privileged('in eax, 5', 'e5 05'), privileged('in al, dx', 'ec'), privileged('in eax, dx', 'ed'),
  privileged('out 5, al', 'e6 05'), privileged('out 5, eax', 'e7 05'), privileged('out dx, al', 'ee'), privileged('out dx, eax', 'ef'),
  privileged('insb [rdi], dx', '6c'), privileged('insd [rdi], dx', '6d'),
  privileged('outsb dx, [rsi]', '6e'), privileged('outsd dx, [rsi]', '6f'),
  privileged('clts', '0f 06'), privileged('sysret', '0f 07'), privileged('invd', '0f 08'), privileged('wbinvd', '0f 09'),
  privileged('wrmsr', '0f 30'), privileged('rdmsr', '0f 32'), privileged('rdpmc', '0f 33'), privileged('sysexit', '0f 35'),
  privileged('mov rax, cr0', '0f 20 c0'), privileged('mov cr3, rax', '0f 22 d8'), privileged('mov rax, dr7', '0f 21 f8'), privileged('mov dr7, rax', '0f 23 f8'),
  { asm: 'mov rax, cr1', code: '0f 20 c8', out: { fault: 'UD' }, why: 'there is no CR1' },
  { asm: 'mov rax, dr8', code: '44 0f 21 c0', out: { fault: 'UD' }, why: 'there is no DR8' },
  privileged('lldt ax', '0f 00 d0'), privileged('ltr ax', '0f 00 d8'), privileged('lgdt [rdi]', '0f 01 17'), privileged('lidt [rdi]', '0f 01 1f'),
  privileged('lmsw ax', '0f 01 f0'), privileged('invlpg [rdi]', '0f 01 3f'), privileged('xsetbv', '0f 01 d1'), privileged('swapgs', '0f 01 f8'),
  { ...privileged('sldt eax', '0f 00 c0'), notNative: kernel }, { ...privileged('str eax', '0f 00 c8'), notNative: kernel },
  { ...privileged('sgdt [rdi]', '0f 01 07'), notNative: kernel }, { ...privileged('sidt [rdi]', '0f 01 0f'), notNative: kernel },
  { ...privileged('smsw eax', '0f 01 e0'), notNative: kernel },
]
