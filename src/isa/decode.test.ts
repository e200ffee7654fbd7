import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Random, testSeed } from '../../test/native/random-state.ts'
import { fromHex } from '../base/index.ts'
import { Fault } from '../cpu/index.ts'
import { decode } from './decode.ts'
import { decodeAll } from './evaluator-engine.fixture.ts'
import { randomBytes } from './random-bytes.fixture.ts'
import { compareDecoders } from './iced.fixture.ts'
import type { Insn } from './insn.ts'
import { insnText } from './text.ts'

const ADDRESS = 0x40_0000
const bytesOf = (hex: string): Uint8Array => fromHex(hex.replaceAll(' ', ''))

function decoded(hex: string): Insn {
  const i = decodeAll(bytesOf(hex), 0, ADDRESS)
  if (!i) throw new Error(`truncated: ${hex}`)
  return i
}
const textOf = (hex: string): string => insnText(decoded(hex))

function faultOf(hex: string): string {
  try {
    const i = decodeAll(bytesOf(hex), 0, ADDRESS)
    return i ? insnText(i) : 'truncated'
  } catch (e) {
    if (e instanceof Fault) return `#${e.name}`
    throw e
  }
}

/** The first part of the largest executable section of a 64-bit ELF file. */
function textSection(file: string): { bytes: Uint8Array; address: number } {
  const data = readFileSync(file)
  const at = Number(data.readBigUInt64LE(0x28))
  let best = { offset: 0, size: 0, address: 0 }
  for (let k = 0; k < data.readUInt16LE(0x3c); k++) {
    const s = at + k * 64
    const [flags, address, offset, size] = [8, 16, 24, 32].map((o) => Number(data.readBigUInt64LE(s + o)))
    if (flags !== undefined && flags & 4 && (size ?? 0) > best.size)
      best = { offset: offset ?? 0, size: size ?? 0, address: address ?? 0 }
  }
  const size = Math.min(best.size, 400_000)
  return { bytes: Uint8Array.from(data.subarray(best.offset, best.offset + size)), address: best.address }
}

describe('the decoder and iced-x86 agree', () => {
  test('on 200,000 random instructions', () => {
    const seed = testSeed()
    const count = 200_000
    const bytes = randomBytes(new Random(seed), count)
    let k = 0
    const r = compareDecoders(decodeAll, bytes, ADDRESS, () => (k < count ? 15 * k++ : undefined))
    expect([...r.differences], `ENCLU_SEED=${seed}`).toEqual([])
    expect(r.valid).toBeGreaterThan(count / 2)
  })

  for (const file of ['/lib/x86_64-linux-gnu/libc.so.6', '/bin/bash']) {
    test.skipIf(!existsSync(file))(`on the code of ${file}`, () => {
      const { bytes, address } = textSection(file)
      let at = 0
      const r = compareDecoders(decodeAll, bytes, address, (length) => (at += length))
      expect([...r.differences]).toEqual([])
      // The rest is EVEX, and data between the functions.
      expect(r.valid / r.compared).toBeGreaterThan(0.9)
    })
  }
})

describe('prefixes', () => {
  // prettier-ignore
  test.each([
    ['66 48 89 d8',          'mov rax, rbx',                    'REX.W wins over 66'],
    ['48 66 89 d8',          'mov ax, bx',                      'REX before a legacy prefix is ignored'],
    ['40 88 e0',             'mov al, spl',                     'any REX makes 4 to 7 SPL to DIL'],
    ['88 e0',                'mov al, ah',                      'without REX they are AH to BH'],
    ['67 e8 00 00 00 00',    'call 0x400006',                   '67 has no meaning for a direct call'],
    ['66 e8 00 01 00 00',    'call 0x400106',                   '66 does not shorten near branches'],
    ['66 c3',                'ret',                             'nor returns'],
    ['f3 c3',                'ret',                             'REP RET, for old branch predictors'],
    ['f3 90',                'pause',                           'F3 is a mandatory prefix here'],
    ['41 90',                'xchg r8d, eax',                   'REX.B makes NOP an exchange'],
    ['66 66 2e 0f 1f 84 00 00 00 00 00', 'nop word ptr [rax+rax]', 'padding of linkers'],
    ['f3 0f 1e fa',          'endbr64',                         'in the hint space'],
    ['0f 1e fa',             'nop edx',                         'a hint without its prefix'],
    ['64 2e 8b 00',          'mov eax, fs:[rax]',               'ES, CS, SS and DS do not undo FS'],
    ['64 65 8b 00',          'mov eax, gs:[rax]',               'the last of FS and GS counts'],
    ['f0 48 0f b1 0f',       'lock cmpxchg [rdi], rcx',         'LOCK with a memory destination'],
    ['f3 48 a5',             'rep movsq [rdi], [rsi]', 'REP and REX.W'],
    ['f2 f3 a6',             'repe cmpsb [rsi], [rdi]', 'the last of F2 and F3 counts'],
    ['f3 0f bc c1',          'tzcnt eax, ecx',                  'with BMI1'],
  ])('%s is %s: %s', (hex, text) => {
    expect(textOf(hex)).toBe(text)
  })

  test('F3 0F BC on a processor without BMI1 is BSF', () => {
    expect(decode(bytesOf('f3 0f bc c1'), 0, ADDRESS)?.row.mnemonic).toBe('BSF')
  })
})

describe('operands', () => {
  // prettier-ignore
  test.each([
    ['48 8b 05 10 00 00 00',       'mov rax, [0x400017]',           'RIP-relative: from the next instruction'],
    ['c7 05 10 00 00 00 01 00 00 00', 'mov dword ptr [0x40001a], 1', 'and an immediate lies before that'],
    ['67 8b 05 f6 ff bf ff',       'mov eax, [0xfffffffd]',         'EIP-relative, cut to 32 bits'],
    ['8b 04 25 00 00 00 80',       'mov eax, [0xffffffff80000000]', 'SIB without base and index: sign-extended'],
    ['67 8b 04 25 00 00 00 80',    'mov eax, [0x80000000]',         'the same with 32-bit addresses'],
    ['42 8b 04 20',                'mov eax, [rax+r12]',            'R12 can be an index, RSP cannot'],
    ['8b 04 20',                   'mov eax, [rax]',                'index 4 is none'],
    ['41 8b 04 24',                'mov eax, [r12]',                'R12 as base needs a SIB byte like RSP'],
    ['41 8b 45 00',                'mov eax, [r13]',                'R13 as base needs a displacement like RBP'],
    ['8b 44 8d 80',                'mov eax, [rbp+rcx*4-0x80]',     'a displacement of 8 bits is signed'],
    ['67 8b 44 8d 80',             'mov eax, [ebp+ecx*4-0x80]',     '32-bit addresses'],
    ['48 b8 88 77 66 55 44 33 22 11', 'mov rax, 0x1122334455667788', 'the only immediate of 64 bits'],
    ['48 c7 c0 ff ff ff ff',       'mov rax, 0xffffffffffffffff',   'the others are sign-extended'],
    ['66 b8 34 12',                'mov ax, 0x1234',                '16 bits'],
    ['48 a1 88 77 66 55 44 33 22 11', 'mov rax, [0x1122334455667788]', 'a direct offset of 64 bits'],
    ['67 a1 44 33 22 11',          'mov eax, [0x11223344]',         'of 32 with 67'],
    ['6a ff',                      'push 0xffffffffffffffff',       'pushed as 64 bits'],
    ['66 6a ff',                   'push 0xffff',                   'as 16 with 66'],
    ['48 63 c3',                   'movsxd rax, ebx',               'the source has 32 bits'],
    ['0f b6 45 ff',                'movzx eax, byte ptr [rbp-1]',   'the size of memory is told where no register tells it'],
    ['c1 e0 04',                   'shl eax, 4',                    'numbers below 10 are decimal'],
    ['d2 20',                      'shl byte ptr [rax], cl',        'CL does not tell the size'],
    ['8c d8',                      'mov eax, ds',                   'segment registers by name'],
    ['48 98',                      'cdqe',                          'the name follows the operand size'],
    ['eb fe',                      'jmp 0x400000',                  'to itself'],
    ['66 0f ef c0',                'pxor xmm0, xmm0',               'XMM registers'],
    ['c5 f4 58 c2',                'vaddps ymm0, ymm1, ymm2',       'VEX.vvvv is the first source'],
    ['c4 c1 70 58 00',             'vaddps xmm0, xmm1, [r8]',       'VEX.B reaches the base'],
    ['c4 e3 75 4a c2 30',          'vblendvps ymm0, ymm1, ymm2, ymm3', 'a register in the immediate'],
    ['c4 e3 75 4a 05 00 00 00 00 30', 'vblendvps ymm0, ymm1, [0x40000a], ymm3', 'which RIP-relative addresses count'],
    ['c4 e2 f0 f2 c2',             'andn rax, rcx, rdx',            'VEX.vvvv is a general-purpose register'],
    ['c4 e2 6d 90 44 61 10',       'vpgatherdd ymm0, [rcx+ymm4*2+0x10], ymm2', 'index 4 is a register in VSIB'],
  ])('%s is %s: %s', (hex, text) => {
    expect(textOf(hex)).toBe(text)
  })
})

describe('what does not decode', () => {
  // prettier-ignore
  test.each([
    ['06',             '#UD', 'PUSH ES, not in 64-bit mode'],
    ['82 c0 01',       '#UD', 'an alias, not in 64-bit mode'],
    ['ce',             '#UD', 'INTO, not in 64-bit mode'],
    ['f0 01 c8',       '#UD', 'LOCK with a register destination'],
    ['f0 03 08',       '#UD', 'LOCK with memory as source'],
    ['f0 90',          '#UD', 'LOCK without an operand'],
    ['f0 39 08',       '#UD', 'LOCK CMP: nothing is written'],
    ['8d c0',          '#UD', 'LEA of a register'],
    ['66 0f 01 d7',    '#UD', 'ENCLU takes no 66'],
    ['f0 c5 f8 77',    '#UD', 'LOCK before VEX'],
    ['66 c5 f8 77',    '#UD', 'a mandatory prefix before VEX'],
    ['48 c5 f8 77',    '#UD', 'REX before VEX'],
    ['c5 f0 77',       '#UD', 'VEX.vvvv without an operand'],
    ['c4 e4 78 58 c0', '#UD', 'an opcode map that does not exist'],
    ['c4 e2 7c f2 c2', '#UD', 'VEX.L = 1 for ANDN'],
    ['c4 e2 6d 90 01', '#UD', 'a gather without SIB'],
    ['0f ff',          'truncated', 'UD0 has a ModRM byte'],
    ['62 f1 7c 48 58', '#UD', 'EVEX: no AVX-512'],
    ['66 0f 38 cf c1', '#UD', 'no GFNI'],
    ['c4 e2 7d dc c1', '#UD', 'no VAES'],
    ['c4 e3 7d 44 c1 00', '#UD', 'no VPCLMULQDQ'],
    ['66 66 66 66 66 66 66 66 66 66 66 66 66 66 90', 'nop', '15 bytes are the most'],
    ['66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90', '#GP', '16 are too many'],
    ['66 66 66 66 66 66 66 66 66 66 66 66 66 b8 01 02', '#GP', 'even when the opcode is within'],
  ])('%s: %s (%s)', (hex, text) => {
    expect(faultOf(hex)).toBe(text)
  })

  test('every shorter piece of an instruction asks for more', () => {
    for (const hex of [
      '48c705100000000100000000',
      'f0480fb10f',
      '48b88877665544332211',
      '6467428b84a100000080',
      'f30f1efa',
      '660fefc0',
    ]) {
      const whole = decodeAll(fromHex(hex), 0, ADDRESS)
      for (let n = 0; n < (whole?.length ?? 0); n++)
        expect(decodeAll(fromHex(hex), 0, ADDRESS, n), `${hex} ${n}`).toBeUndefined()
    }
  })

  test('an offset into a larger array is respected', () => {
    const i = decodeAll(bytesOf('90 90 48 01 d8 90'), 2, ADDRESS + 2, 5)
    expect(i).toMatchObject({ length: 3, address: ADDRESS + 2 })
    expect(decodeAll(bytesOf('90 90 48 01 d8 90'), 2, ADDRESS + 2, 4)).toBeUndefined()
  })
})
