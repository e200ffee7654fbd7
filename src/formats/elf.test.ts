import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, EncluError } from '../base/index.ts'
import * as elf from '../spec/elf/index.ts'
import { readElf, type ElfFile } from './index.ts'

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

type Part = Partial<Record<keyof typeof elf.Elf64_Phdr.fields, number>>
const INTERP = '/lib64/ld-linux-x86-64.so.2\0'
const STRINGS = '\0libc.so.6\0main\0.dynstr\0.dynsym\0'
const BASE = 0x400000

// Where the parts of tinyElf() are in the file.
const AT = {
  phdrs: 64,
  interp: 0x140,
  strings: 0x160,
  dynamic: 0x180,
  symbols: 0x1b0,
  code: 0x1e0,
  sections: 0x1f0,
  end: 0x2b0,
}

/** A dynamic executable as small as they get: text, data, interpreter, one needed library, one symbol. */
function tinyElf(change: { header?: Record<string, unknown>; segments?: Part[]; interp?: string } = {}): Uint8Array {
  const file = new Uint8Array(AT.end)
  const header = elf.Elf64_Ehdr.view(file)
  header.e_ident.set([...elf.ELFMAG, elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EV_CURRENT])
  // prettier-ignore
  const segments: Part[] = change.segments ?? [
    { p_type: elf.PT_INTERP,  p_flags: 4, p_offset: AT.interp,  p_vaddr: BASE + AT.interp, p_filesz: INTERP.length, p_memsz: INTERP.length },
    { p_type: elf.PT_LOAD,    p_flags: 5, p_offset: 0,          p_vaddr: BASE, p_filesz: AT.sections, p_memsz: AT.sections, p_align: 4096 },
    { p_type: elf.PT_LOAD,    p_flags: 6, p_offset: AT.dynamic, p_vaddr: BASE + 0x1000 + AT.dynamic, p_filesz: 0x30, p_memsz: 0x1000, p_align: 4096 },
    { p_type: elf.PT_DYNAMIC, p_flags: 6, p_offset: AT.dynamic, p_vaddr: BASE + 0x1000 + AT.dynamic, p_filesz: 0x30, p_memsz: 0x30 },
  ]
  segments.forEach((segment, i) => {
    const p: Record<string, unknown> = elf.Elf64_Phdr.view(file, AT.phdrs + 56 * i)
    for (const [key, value] of Object.entries(segment))
      p[key] = key === 'p_type' || key === 'p_flags' ? value : BigInt(value)
  })
  file.set(ascii(change.interp ?? INTERP), AT.interp)
  file.set(ascii(STRINGS), AT.strings)
  Object.assign(elf.Elf64_Dyn.view(file, AT.dynamic), { d_tag: BigInt(elf.DT_NEEDED), d_val: 1n })
  Object.assign(elf.Elf64_Dyn.view(file, AT.dynamic + 16), {
    d_tag: BigInt(elf.DT_STRTAB),
    d_val: BigInt(BASE + AT.strings),
  })
  Object.assign(elf.Elf64_Sym.view(file, AT.symbols + 24), {
    st_name: 11,
    st_info: 0x12,
    st_shndx: 1,
    st_value: 0x4001e0n,
    st_size: 3n,
  })
  // prettier-ignore
  const sections = [
    { sh_type: elf.SHT_STRTAB, sh_name: 16, sh_offset: BigInt(AT.strings), sh_size: BigInt(STRINGS.length) },
    { sh_type: elf.SHT_DYNSYM, sh_name: 24, sh_offset: BigInt(AT.symbols), sh_size: 48n, sh_link: 1, sh_entsize: 24n },
  ]
  sections.forEach((s, i) => Object.assign(elf.Elf64_Shdr.view(file, AT.sections + 64 * (i + 1)), s))
  // prettier-ignore
  Object.assign(header, {
    e_type: elf.ET_EXEC, e_machine: elf.EM_X86_64, e_version: 1, e_entry: BigInt(BASE + AT.code), e_phoff: BigInt(AT.phdrs), e_shoff: BigInt(AT.sections),
    e_ehsize: 64, e_phentsize: 56, e_phnum: segments.length, e_shentsize: 64, e_shnum: 3, e_shstrndx: 1, ...change.header,
  })
  return file
}

/** Everything that reads: what a mutated file must survive. */
function readAll(file: Uint8Array): ElfFile {
  const read = readElf(file)
  for (const s of read.loads) read.segmentBytes(s)
  read.dynamicStrings(elf.DT_NEEDED)
  read.symbol('main')
  return read
}

/** The message of the error, after checking that it is the right kind of error. */
function whyNot(file: Uint8Array, read: (file: Uint8Array) => unknown = readAll): string {
  try {
    read(file)
  } catch (error) {
    expect(error).toBeInstanceOf(EncluError)
    expect((error as EncluError).code).toBe('ERR_NOT_EXECUTABLE')
    const { message } = error as EncluError
    expect(message).toMatch(/^[A-Z].*\.$/)
    return message
  }
  return 'nothing is wrong'
}

describe('a valid program', () => {
  const read = readAll(tinyElf())

  test('gives its header, segments, interpreter, libraries and symbols', () => {
    expect(read).toMatchObject({
      type: 'ET_EXEC',
      entry: 0x4001e0,
      interp: '/lib64/ld-linux-x86-64.so.2',
      alignment: 4096,
    })
    expect(read.segments).toHaveLength(4)
    expect(read.loads.map((s) => s.p_vaddr)).toEqual([0x400000, 0x401180])
    expect(read.span).toEqual({ start: 0x400000, end: 0x402180 })
    expect(read.phdrAddress).toBe(0x400040)
    expect(read.dynamicStrings(elf.DT_NEEDED)).toEqual(['libc.so.6'])
    expect(read.dynamicStrings(elf.DT_RUNPATH)).toEqual([])
    expect(read.sections().map((s) => s.name)).toEqual(['.dynstr', '.dynsym'])
    expect(read.symbol('main')).toMatchObject({ st_value: 0x4001e0, st_size: 3 })
    expect(read.symbol('absent')).toBeUndefined()
    expect(read.offsetOf(0x401180)).toBe(AT.dynamic)
    expect(read.offsetOf(0x4011b0)).toBeUndefined()
  })

  test('need not have section headers, an interpreter or a dynamic section', () => {
    const load = { p_type: elf.PT_LOAD, p_flags: 5, p_filesz: 0x1f0, p_memsz: 0x1f0 }
    const bare = readAll(
      tinyElf({ header: { e_type: elf.ET_DYN, e_shoff: 0n, e_shnum: 0, e_entry: 0x1e0n }, segments: [load] }),
    )
    expect(bare).toMatchObject({ type: 'ET_DYN', interp: undefined, dynamic: [], alignment: 4096 })
    expect(bare.symbols()).toEqual([])
  })

  test.skipIf(!existsSync('/bin/sh'))('also when it is the shell of this host', () => {
    const shell = readAll(readFileSync('/bin/sh'))
    expect(shell.loads.length).toBeGreaterThan(1)
  })
})

describe('not an ELF file', () => {
  // prettier-ignore
  test.each([
    ['', 'The file is empty.'],
    ['\x7fEL', 'The file ends after 3 bytes, inside the ELF magic number.'],
    ['#!/bin/sh\necho hello\n', 'The file is a script ("#!/bin/sh"), not an ELF program: run its interpreter with the script as argument.'],
    ['hello\nworld\n', 'The file is text (it begins with "hello"), not an ELF program.'],
    ['MZ\x90\0', 'The file is a Windows or DOS program (MZ), not an ELF program.'],
    ['\xcf\xfa\xed\xfe\0', 'The file is a macOS program (Mach-O), not an ELF program.'],
    ['!<arch>\nfoo', 'The file is an archive of object files (ar), not an ELF program.'],
    ['\0\x01\x02\x03\x04', 'The file is not an ELF program: it begins with the bytes 00 01 02 03, not with 7f 45 4c 46.'],
  ])('%j is told apart', (text, message) => {
    expect(whyNot(ascii(text))).toBe(message)
  })
})

describe('an ELF file that cannot run here', () => {
  const ident = (at: number, value: number) => {
    const file = tinyElf()
    file[at] = value
    return file
  }
  // prettier-ignore
  test.each([
    ['32-bit',         ident(elf.EI_CLASS, elf.ELFCLASS32),            'The file is a 32-bit ELF file'],
    ['no class',       ident(elf.EI_CLASS, 7),                         'The ELF class (EI_CLASS at 0x4) is 7'],
    ['big endian',     ident(elf.EI_DATA, elf.ELFDATA2MSB),            'The file is a big-endian ELF file'],
    ['no byte order',  ident(elf.EI_DATA, 0),                          'The ELF byte order (EI_DATA at 0x5) is 0'],
    ['AArch64',        tinyElf({ header: { e_machine: 183 } }),        'The program is for another machine: AArch64, not x86-64.'],
    ['odd machine',    tinyElf({ header: { e_machine: 999 } }),        'The program is for another machine: e_machine 999, not x86-64.'],
    ['object file',    tinyElf({ header: { e_type: elf.ET_REL } }),    'The file is a relocatable object file; it has to be linked'],
    ['core dump',      tinyElf({ header: { e_type: elf.ET_CORE } }),   'The file is a core dump, not a program.'],
    ['odd type',       tinyElf({ header: { e_type: 77 } }),            'The ELF type (e_type at 0x10) is 77'],
    ['no headers',     tinyElf({ header: { e_phnum: 0 } }),            'The file has no program headers'],
    ['too many',       tinyElf({ header: { e_phnum: 0xffff } }),       'The file has 65535 program headers; Linux accepts at most 1170.'],
    ['header size',    tinyElf({ header: { e_phentsize: 32 } }),       'The program header size (e_phentsize at 0x36) is 32, not 56.'],
    ['far headers',    tinyElf({ header: { e_phoff: 1n << 63n } }),    'The offset of the program headers (e_phoff) is 0x8000000000000000, which is beyond'],
    ['entry',          tinyElf({ header: { e_entry: 1n << 63n } }),    'The entry point (e_entry) is 0x8000000000000000, which is beyond'],
  ])('%s', (_, file, message) => {
    expect(whyNot(file)).toContain(message)
  })
})

describe('segments', () => {
  const load = (more: Part): Part => ({
    p_type: elf.PT_LOAD,
    p_flags: 4,
    p_offset: 0,
    p_vaddr: BASE,
    p_filesz: 16,
    p_memsz: 16,
    ...more,
  })
  const interp = (size: number, offset = AT.interp): Part => ({
    p_type: elf.PT_INTERP,
    p_offset: offset,
    p_filesz: size,
    p_memsz: size,
  })
  // prettier-ignore
  test.each<[string, Part[], string]>([
    ['nothing to load',       [{ p_type: elf.PT_NOTE }],                         'The file has no PT_LOAD segment'],
    ['filesz > memsz',        [load({ p_memsz: 15 })],                           'In the PT_LOAD segment at 0x400000, p_filesz (0x10) is larger than p_memsz (0xf).'],
    ['out of the file',       [load({ p_filesz: 0x1000, p_memsz: 0x1000 })],     'The file is truncated: it ends at 0x2b0, but the data of the PT_LOAD segment at 0x400000 takes 0x1000 bytes at 0x0.'],
    ['overlap',               [load({ p_memsz: 0x2000 }), load({ p_vaddr: BASE + 0x1000 })], 'The PT_LOAD segments at 0x400000 and 0x401000 overlap: the first ends at 0x402000.'],
    ['overlap, unsorted',     [load({ p_vaddr: BASE + 0x1000 }), load({ p_memsz: 0x2000 })], 'The PT_LOAD segments at 0x400000 and 0x401000 overlap'],
    ['beyond user space',     [load({ p_vaddr: 2 ** 47 - 0x2000, p_memsz: 0x1001 })], 'The end of the PT_LOAD segment at 0x7fffffffe000 is 0x7ffffffff001, which is beyond'],
    ['wraps around',          [load({ p_memsz: 2 ** 63 })],                      'The field p_memsz of program header 0 (at 0x40) is 0x8000000000000000, which is beyond'],
    ['not congruent',         [load({ p_offset: 8 })],                           'In the PT_LOAD segment at 0x400000, p_vaddr and p_offset (0x8) differ within the page'],
    ['interp too short',      [load({}), interp(1)],                             'The interpreter path (PT_INTERP) has 1 bytes; it must have 2 to 4096.'],
    ['interp too long',       [load({}), interp(5000)],                          'The interpreter path (PT_INTERP) has 5000 bytes'],
    ['interp out of file',    [load({}), interp(28, 0x2a0)],                     'The file is truncated: it ends at 0x2b0, but the interpreter path (PT_INTERP) takes 0x1c bytes at 0x2a0.'],
    ['interp not ended',      [load({}), interp(27)],                            'The interpreter path (PT_INTERP at 0x140) does not end with a zero byte.'],
    ['interp empty',          [load({}), interp(2, AT.end - 2)],                 'The interpreter path (PT_INTERP at 0x2ae) is empty.'],
    ['dynamic out of file',   [load({}), { p_type: elf.PT_DYNAMIC, p_offset: AT.end, p_filesz: 16 }], 'but the dynamic section (PT_DYNAMIC) takes 0x10 bytes at 0x2b0.'],
  ])('%s', (_, segments, message) => {
    expect(whyNot(tinyElf({ segments }))).toContain(message)
  })

  test('an empty PT_LOAD, and nonsense in segments that nobody maps, is no reason to refuse', () => {
    const odd = { p_type: elf.PT_GNU_STACK, p_offset: 2 ** 60, p_filesz: 2 ** 60 }
    expect(whyNot(tinyElf({ segments: [load({}), load({ p_vaddr: 1, p_filesz: 0, p_memsz: 0 }), odd] }))).toBe(
      'nothing is wrong',
    )
  })
})

describe('truncation', () => {
  test.each([
    [10, 'The file is truncated: it ends at 0xa, but the identification (e_ident) takes 0x10 bytes at 0x0.'],
    [40, 'The file is truncated: it ends at 0x28, but the ELF header takes 0x40 bytes at 0x0.'],
    [100, 'The file is truncated: it ends at 0x64, but the table of program headers takes 0xe0 bytes at 0x40.'],
    [
      0x1e0,
      'The file is truncated: it ends at 0x1e0, but the data of the PT_LOAD segment at 0x400000 takes 0x1f0 bytes at 0x0.',
    ],
    [0x290, 'The file is truncated: its 3 section headers at 0x1f0 are not all in it.'],
  ])('after %i bytes says which part is cut', (size, message) => {
    expect(whyNot(tinyElf().subarray(0, size))).toBe(message)
  })

  test('at every byte ends in the one error; without its section headers the program still runs', () => {
    const file = tinyElf()
    for (let size = 0; size < file.length; size++) {
      expect(whyNot(file.subarray(0, size))).not.toBe('nothing is wrong')
      if (size >= AT.sections) expect(whyNot(file.slice(0, size), readElf)).toBe('nothing is wrong')
    }
  })
})

describe('whatever the bytes', () => {
  const mutations = fc.array(fc.tuple(fc.nat(AT.end - 1), fc.constantFrom(0, 1, 4, 0x7f, 0x80, 0xff, 0x40)), {
    minLength: 1,
    maxLength: 6,
  })

  test('every single byte changed to every value ends in success or the one error', () => {
    const file = tinyElf()
    for (let at = 0; at < file.length; at++) {
      const was = file[at] ?? 0
      for (const value of [0, 1, 0x7f, 0x80, 0xff, was ^ 1, was + 1]) {
        file[at] = value
        whyNot(file)
      }
      file[at] = was
    }
  })

  test('mutated, cut and extended files end in success or the one error', () => {
    fc.assert(
      fc.property(mutations, fc.nat(AT.end), fc.uint8Array({ maxLength: 64 }), (changes, size, tail) => {
        const file = tinyElf()
        for (const [at, value] of changes) file[at] = value
        whyNot(file)
        whyNot(file.subarray(0, size))
        whyNot(concatBytes(file.subarray(0, size), tail))
      }),
      { numRuns: 1000 },
    )
  })

  test('random bytes after a good identification end in success or the one error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (rest) => {
        whyNot(concatBytes(tinyElf().subarray(0, 20), rest))
      }),
      { numRuns: 1000 },
    )
  })
})
