import { CF, hex, i16, i64, i8, OF, SF, ZF, type SseCase } from './sse-case.fixture.ts'

const text = (s: string): bigint => i8(...new TextEncoder().encode(s))

/** SSE4.2: what a reader of the manual would check by hand. */
// prettier-ignore
export const SSE42_CASES: readonly SseCase[] = [
  { asm: 'pcmpgtq xmm1, xmm2', code: '66 0f 38 37 ca', in: { XMM1: i64(1, -1), XMM2: i64(-1, 1) }, out: { XMM1: i64(-1, 0) }, why: 'signed' },
  { asm: 'pcmpistri xmm1, xmm2, 0', code: '66 0f 3a 63 ca 00', in: { XMM1: text('xyz'), XMM2: text('abcyd') }, out: { RCX: 3n, RFLAGS: CF | ZF | SF }, why: 'equal any: the first byte that is one of a set' },
  { asm: 'pcmpistri xmm1, xmm2, 0', code: '66 0f 3a 63 ca 00', in: { RCX: ~0n, XMM1: text('xyz'), XMM2: text('abcdefghijklmnop') }, out: { RCX: 16n, RFLAGS: SF }, why: 'none: 16, and a string without an end' },
  { asm: 'pcmpistri xmm1, xmm2, 4', code: '66 0f 3a 63 ca 04', in: { XMM1: text('azAZ'), XMM2: text('12b') }, out: { RCX: 2n, RFLAGS: CF | ZF | SF }, why: 'ranges' },
  { asm: 'pcmpistri xmm1, xmm2, 0x18', code: '66 0f 3a 63 ca 18', in: { XMM1: text('same'), XMM2: text('sane') }, out: { RCX: 2n, RFLAGS: CF | ZF | SF }, why: 'equal each, negated: the first difference' },
  { asm: 'pcmpistri xmm1, xmm2, 0x18', code: '66 0f 3a 63 ca 18', in: { XMM1: text('same'), XMM2: text('same') }, out: { RCX: 16n, RFLAGS: ZF | SF }, why: 'behind both ends they are equal' },
  { asm: 'pcmpistri xmm1, xmm2, 0xc', code: '66 0f 3a 63 ca 0c', in: { XMM1: text('nan'), XMM2: text('a banana') }, out: { RCX: 4n, RFLAGS: CF | ZF | SF }, why: 'equal ordered: where a string begins' },
  { asm: 'pcmpistri xmm1, xmm2, 0xc', code: '66 0f 3a 63 ca 0c', in: { XMM1: text('nan'), XMM2: text('0123456789abcdna') }, out: { RCX: 14n, RFLAGS: CF | SF }, why: 'or where it may begin' },
  { asm: 'pcmpistri xmm1, xmm2, 0x40', code: '66 0f 3a 63 ca 40', in: { XMM1: text('xyz'), XMM2: text('xay') }, out: { RCX: 2n, RFLAGS: CF | ZF | SF | OF }, why: 'the last one; OF is bit 0' },
  { asm: 'pcmpistrm xmm1, xmm2, 0', code: '66 0f 3a 62 ca 00', in: { XMM0: ~0n, XMM1: text('xyz'), XMM2: text('xay') }, out: { XMM0: 5n }, why: 'a bit for each byte' },
  { asm: 'pcmpistrm xmm1, xmm2, 0x41', code: '66 0f 3a 62 ca 41', in: { XMM1: i16(7, 8), XMM2: i16(8, 9, 7) }, out: { XMM0: i16(-1, 0, -1) }, why: 'words: all ones for each' },
  { asm: 'pcmpestri xmm1, xmm2, 6', code: '66 0f 3a 61 ca 06', in: { RAX: 2n, RDX: 16n, XMM1: i8(-5, 5), XMM2: hex('80fa05') }, out: { RCX: 2n, RFLAGS: CF | SF }, why: 'signed bytes in a range; lengths are explicit' },
  { asm: 'pcmpestri xmm1, xmm2, 0x30', code: '66 0f 3a 61 ca 30', in: { RAX: -1n & 0xffff_ffffn, RDX: -3n & 0xffff_ffffn, XMM1: text('a'), XMM2: text('aba') }, out: { RCX: 1n, RFLAGS: CF | ZF | SF }, why: 'the magnitude of EAX and EDX; negated only within the string' },
  { asm: 'pcmpestri xmm1, xmm2, 0', code: '66 0f 3a 61 ca 00', in: { RAX: 0x1_0000_0000n, RDX: 16n, XMM1: 0n, XMM2: 0n }, out: { RCX: 16n, RFLAGS: SF }, why: 'without REX.W the upper half of RAX does not count' },
  { asm: 'pcmpestri xmm1, xmm2, 0', code: '66 48 0f 3a 61 ca 00', in: { RAX: 0x1_0000_0000n, RDX: 16n, XMM1: 0n, XMM2: 0n }, out: { RCX: 0n, RFLAGS: CF | OF }, why: 'with it, it does' },
  { asm: 'pcmpestrm xmm1, [rdi+1], 8', code: '66 0f 3a 60 4f 01 08', in: { RAX: 3n, RDX: 3n, XMM1: text('abc'), mem: text('xabd') }, out: { XMM0: 0xfffbn, RFLAGS: CF | ZF | SF | OF }, why: 'memory of any alignment' },
]
