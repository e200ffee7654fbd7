import { type Case } from './case.fixture.ts'

/** BMI1, BMI2 and ADX: what a reader of the manual would check by hand. */
// prettier-ignore
export const BMI_CASES: readonly Case[] = [
  { asm: 'andn rax, rbx, rcx', code: 'c4 e2 e0 f2 c1', in: { RBX: 0xff00n, RCX: 0x8000_0000_0000_0ff0n, CF: 1, OF: 1 }, out: { RAX: 0x8000_0000_0000_00f0n, SF: 1, ZF: 0, CF: 0, OF: 0 }, why: 'the first source is inverted' },
  { asm: 'andn eax, ebx, [rdi]', code: 'c4 e2 60 f2 07', in: { RAX: 0xffff_ffff_ffff_ffffn, RBX: 0xffff_ffffn, mem: '12345678' }, out: { RAX: 0n, ZF: 1, SF: 0 }, why: '32 bits clear the upper half' },
  { asm: 'bextr rax, rbx, rcx', code: 'c4 e2 f0 f7 c3', in: { RBX: 0x1234_5678_9abc_def0n, RCX: 0x0c04n }, out: { RAX: 0xdefn, ZF: 0, CF: 0, OF: 0 }, why: 'start 4, length 12' },
  { asm: 'bextr eax, ebx, ecx', code: 'c4 e2 70 f7 c3', in: { RBX: 0xffff_ffffn, RCX: 0x0820n }, out: { RAX: 0n, ZF: 1 }, why: 'a start beyond the operand' },
  { asm: 'blsr rax, rbx', code: 'c4 e2 f8 f3 cb', in: { RBX: 0x58n }, out: { RAX: 0x50n, CF: 0, ZF: 0 }, why: 'the lowest set bit is gone' },
  { asm: 'blsr eax, ebx', code: 'c4 e2 78 f3 cb', in: { RBX: 0x1_0000_0000n }, out: { RAX: 0n, CF: 1, ZF: 1, OF: 0 }, why: 'CF: the source was zero' },
  { asm: 'blsmsk eax, ebx', code: 'c4 e2 78 f3 d3', in: { RBX: 0x58n }, out: { RAX: 0xfn, CF: 0, ZF: 0, SF: 0 }, why: 'ones up to the lowest set bit' },
  { asm: 'blsmsk eax, ebx', code: 'c4 e2 78 f3 d3', in: {}, out: { RAX: 0xffff_ffffn, CF: 1, ZF: 0, SF: 1 }, why: 'of zero all are ones' },
  { asm: 'blsi rax, [rdi]', code: 'c4 e2 f8 f3 1f', in: { mem: '0000000000000060' }, out: { RAX: 0x2000_0000_0000_0000n, CF: 1, ZF: 0, SF: 0 }, why: 'CF: the source was not zero' },
  { asm: 'bzhi rax, rbx, rcx', code: 'c4 e2 f0 f5 c3', in: { RBX: 0xffff_ffff_ffff_ffffn, RCX: 0x10cn }, out: { RAX: 0xfffn, CF: 0, ZF: 0 }, why: 'only eight bits of the index count' },
  { asm: 'bzhi eax, ebx, ecx', code: 'c4 e2 70 f5 c3', in: { RBX: 0xdead_beefn, RCX: 32n }, out: { RAX: 0xdead_beefn, CF: 1, SF: 1 }, why: 'an index beyond the operand: nothing is cut, CF' },
  { asm: 'mulx rax, rbx, rcx', code: 'c4 e2 e3 f6 c1', in: { RDX: 0xffff_ffff_ffff_ffffn, RCX: 3n, CF: 1, ZF: 1 }, out: { RAX: 2n, RBX: 0xffff_ffff_ffff_fffdn, CF: 1, ZF: 1 }, why: 'RDX times the source; flags stay' },
  { asm: 'mulx eax, eax, ecx', code: 'c4 e2 7b f6 c1', in: { RDX: 0x8000_0000n, RCX: 6n }, out: { RAX: 3n }, why: 'of one register for both halves the high one stays' },
  { asm: 'pdep rax, rbx, rcx', code: 'c4 e2 e3 f5 c1', in: { RBX: 0b1011n, RCX: 0x8000_0000_0000_1230n }, out: { RAX: 0x1030n }, why: 'bits go to the places that the mask names' },
  { asm: 'pext eax, ebx, ecx', code: 'c4 e2 62 f5 c1', in: { RBX: 0x1234_5678n, RCX: 0xf0f0_000fn, CF: 1 }, out: { RAX: 0x138n, CF: 1 }, why: 'bits come from the places that the mask names' },
  { asm: 'rorx rax, rbx, 4', code: 'c4 e3 fb f0 c3 04', in: { RBX: 0x123n, CF: 1 }, out: { RAX: 0x3000_0000_0000_0012n, CF: 1 }, why: 'flags stay' },
  { asm: 'rorx eax, [rdi], 0x21', code: 'c4 e3 7b f0 07 21', in: { mem: '03000000' }, out: { RAX: 0x8000_0001n }, why: 'the count is taken modulo the width' },
  { asm: 'sarx eax, ebx, ecx', code: 'c4 e2 72 f7 c3', in: { RBX: 0x8000_0000n, RCX: 36n }, out: { RAX: 0xf800_0000n }, why: 'the sign comes in' },
  { asm: 'shlx rax, rbx, rcx', code: 'c4 e2 f1 f7 c3', in: { RBX: 3n, RCX: 63n, CF: 1 }, out: { RAX: 0x8000_0000_0000_0000n, CF: 1 }, why: 'flags stay' },
  { asm: 'shrx eax, ebx, ecx', code: 'c4 e2 73 f7 c3', in: { RBX: 0x8000_0000n, RCX: 31n }, out: { RAX: 1n }, why: 'zeros come in' },
  { asm: 'adcx rax, rbx', code: '66 48 0f 38 f6 c3', in: { RAX: 0xffff_ffff_ffff_ffffn, CF: 1, OF: 1, ZF: 1 }, out: { RAX: 0n, CF: 1, OF: 1, ZF: 1, SF: 0 }, why: 'carry in and out by CF; no other flag changes' },
  { asm: 'adox eax, ebx', code: 'f3 0f 38 f6 c3', in: { RAX: 0xffff_ffffn, RBX: 1n, OF: 1 }, out: { RAX: 1n, OF: 1, CF: 0, ZF: 0 }, why: 'carry in and out by OF' },
]
