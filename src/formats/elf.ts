import { hex, type StructView } from '../base/index.ts'
import * as elf from '../spec/elf/index.ts'
import { notExecutable, requireBytes } from './elf-errors.ts'
import { readSections, type ElfSection, type ElfSymbol, createSymbolTable } from './elf-sections.ts'
import { whyNotElf } from './not-elf.ts'

/**
 * Reads x86-64 ELF files that can be executed or mapped: static (ET_EXEC), static-pie and dynamic programs, shared
 * objects and enclaves (ET_DYN). What Linux would refuse, or would run into a wall with, is refused here with a
 * sentence that says what is wrong and where; what Linux does not look at (EI_OSABI, e_version, the section headers,
 * segments that are not mapped) is not looked at either until somebody asks for it.
 *
 * Section headers and symbols are read on first use. Everything here throws EncluError and nothing else.
 */

export type { ElfSection, ElfSymbol } from './elf-sections.ts'

/** One program header. Offsets and addresses are below 2^47 and therefore plain numbers. */
export interface ElfSegment {
  readonly p_type: number
  readonly p_flags: number
  readonly p_offset: number
  readonly p_vaddr: number
  readonly p_filesz: number
  readonly p_memsz: number
  readonly p_align: number
}

export interface ElfDynamicEntry {
  readonly d_tag: number
  readonly d_val: bigint
}

export interface ElfFile {
  readonly file: Uint8Array
  readonly header: StructView<typeof elf.Elf64_Ehdr.fields>
  /** ET_EXEC is mapped where it says, ET_DYN anywhere. */
  readonly type: 'ET_EXEC' | 'ET_DYN'
  /** e_entry: an address for ET_EXEC, an offset from the load address for ET_DYN. */
  readonly entry: number
  readonly segments: readonly ElfSegment[]
  /** The PT_LOAD segments, by address. There is at least one. */
  readonly loads: readonly ElfSegment[]
  /** From the first byte of the first PT_LOAD to behind the last byte of the last one, not rounded to pages. */
  readonly span: { readonly start: number; readonly end: number }
  /** The largest p_align of a PT_LOAD that is a power of two; at least a page. */
  readonly alignment: number
  /** Where the program headers are in memory (AT_PHDR), before relocation; `undefined` if no segment holds them. */
  readonly phdrAddress: number | undefined
  /** The path in PT_INTERP, of dynamic programs. */
  readonly interp: string | undefined
  /** PT_DYNAMIC up to DT_NULL; empty without PT_DYNAMIC. */
  readonly dynamic: readonly ElfDynamicEntry[]
  /** The strings that dynamic entries of this tag name: DT_NEEDED, DT_SONAME, DT_RUNPATH ... */
  readonly dynamicStrings: (tag: number) => string[]
  /** The file's bytes of a segment (p_filesz of them). */
  readonly segmentBytes: (segment: ElfSegment) => Uint8Array
  /** The file offset that holds the byte at this address, if a PT_LOAD takes it from the file. */
  readonly offsetOf: (address: number) => number | undefined
  readonly sections: () => readonly ElfSection[]
  /** All defined symbols of .symtab and .dynsym. */
  readonly symbols: () => readonly ElfSymbol[]
  /** The first defined symbol of this name, .symtab first. */
  readonly symbol: (name: string) => ElfSymbol | undefined
}

const PAGE = 4096
/** Linux gives user space the addresses below this; the last page stays unmapped. */
const TASK_SIZE = 2 ** 47 - PAGE
/** Linux reads at most this many bytes of program headers, and this long an interpreter path. */
const MAX_PHDR_BYTES = 65536
const PATH_MAX = 4096

/** A 64-bit field as a number, after checking that it can be an offset or address at all. */
function toNumber(value: bigint, what: string): number {
  if (value > BigInt(TASK_SIZE)) notExecutable(`${what} is ${hex(value)}, which is beyond the user address space.`)
  return Number(value)
}

export function readElf(file: Uint8Array): ElfFile {
  const header = readHeader(file)
  const segments = readSegments(file, header)
  const loads = segments.filter((s) => s.p_type === elf.PT_LOAD && s.p_memsz > 0).sort((a, b) => a.p_vaddr - b.p_vaddr)
  checkLoads(file, loads)
  const first = loads[0]
  const last = loads.at(-1)
  if (first === undefined || last === undefined)
    notExecutable('The file has no PT_LOAD segment, so there is nothing to run.')

  const offsetOf = (address: number): number | undefined => {
    const load = loads.find((s) => address >= s.p_vaddr && address < s.p_vaddr + s.p_filesz)
    return load && address - load.p_vaddr + load.p_offset
  }
  const dynamic = readDynamic(file, segments)
  const symbols = createSymbolTable(() => sections())
  let sectionList: readonly ElfSection[] | undefined
  const sections = (): readonly ElfSection[] => (sectionList ??= readSections(file, header))
  return {
    file,
    header,
    type: header.e_type === elf.ET_EXEC ? 'ET_EXEC' : 'ET_DYN',
    entry: toNumber(header.e_entry, 'The entry point (e_entry)'),
    segments,
    loads,
    span: { start: first.p_vaddr, end: last.p_vaddr + last.p_memsz },
    alignment: Math.max(PAGE, ...loads.map((s) => s.p_align).filter((n) => Number.isInteger(Math.log2(n)))),
    phdrAddress: phdrAddress(segments, loads, Number(header.e_phoff)),
    interp: readInterp(file, segments),
    dynamic,
    dynamicStrings: (tag) => readDynamicStrings(file, dynamic, offsetOf, tag),
    segmentBytes: (s) => {
      requireBytes(file, s.p_offset, s.p_filesz, `the data of the segment at ${hex(s.p_vaddr)}`)
      return file.subarray(s.p_offset, s.p_offset + s.p_filesz)
    },
    offsetOf,
    sections,
    symbols: () => symbols.all(),
    symbol: (name) => symbols.find(name),
  }
}

function readHeader(file: Uint8Array): ElfFile['header'] {
  const why = whyNotElf(file)
  if (why !== undefined) notExecutable(why)
  requireBytes(file, 0, elf.EI_NIDENT, 'the identification (e_ident)')
  const elfClass = file[elf.EI_CLASS]
  const data = file[elf.EI_DATA]
  if (data === elf.ELFDATA2MSB) notExecutable('The file is a big-endian ELF file; x86-64 is little-endian.')
  if (elfClass === elf.ELFCLASS32)
    notExecutable('The file is a 32-bit ELF file; only 64-bit x86-64 programs can be run.')
  if (elfClass !== elf.ELFCLASS64)
    notExecutable(`The ELF class (EI_CLASS at 0x4) is ${elfClass}, neither 32-bit nor 64-bit.`)
  if (data !== elf.ELFDATA2LSB)
    notExecutable(`The ELF byte order (EI_DATA at 0x5) is ${data}, neither little nor big endian.`)
  requireBytes(file, 0, elf.Elf64_Ehdr.size, 'the ELF header')

  const header = elf.Elf64_Ehdr.view(file)
  const machine = header.e_machine
  if (machine !== elf.EM_X86_64)
    notExecutable(
      `The program is for another machine: ${elf.MACHINES[machine] ?? `e_machine ${machine}`}, not x86-64.`,
      {
        machine,
      },
    )
  switch (header.e_type) {
    case elf.ET_EXEC:
    case elf.ET_DYN:
      return header
    case elf.ET_REL:
      return notExecutable('The file is a relocatable object file; it has to be linked before it can run.')
    case elf.ET_CORE:
      return notExecutable('The file is a core dump, not a program.')
    default:
      return notExecutable(`The ELF type (e_type at 0x10) is ${header.e_type}, neither ET_EXEC nor ET_DYN.`)
  }
}

function readSegments(file: Uint8Array, header: ElfFile['header']): ElfSegment[] {
  const { e_phnum, e_phentsize } = header
  const entrySize = elf.Elf64_Phdr.size
  if (e_phnum === 0) notExecutable('The file has no program headers, so there is nothing to run.')
  if (e_phentsize !== entrySize)
    notExecutable(`The program header size (e_phentsize at 0x36) is ${e_phentsize}, not ${entrySize}.`)
  if (e_phnum * entrySize > MAX_PHDR_BYTES)
    notExecutable(
      `The file has ${e_phnum} program headers; Linux accepts at most ${Math.floor(MAX_PHDR_BYTES / entrySize)}.`,
    )
  const e_phoff = toNumber(header.e_phoff, 'The offset of the program headers (e_phoff)')
  requireBytes(file, e_phoff, e_phnum * entrySize, 'the table of program headers')
  return Array.from({ length: e_phnum }, (_, i) => readSegment(file, e_phoff + i * entrySize, i))
}

/** Reads one program header; the fields of types that are neither mapped nor read need not make sense. */
function readSegment(file: Uint8Array, at: number, index: number): ElfSegment {
  const p = elf.Elf64_Phdr.view(file, at)
  const mapped = p.p_type === elf.PT_LOAD
  const inFile = mapped || p.p_type === elf.PT_INTERP || p.p_type === elf.PT_DYNAMIC
  const read = (field: 'p_offset' | 'p_vaddr' | 'p_filesz' | 'p_memsz', matters: boolean): number =>
    matters ? toNumber(p[field], `The field ${field} of program header ${index} (at ${hex(at)})`) : Number(p[field])
  return {
    p_type: p.p_type,
    p_flags: p.p_flags,
    p_offset: read('p_offset', inFile),
    p_vaddr: read('p_vaddr', mapped),
    p_filesz: read('p_filesz', inFile),
    p_memsz: read('p_memsz', mapped),
    p_align: Number(p.p_align),
  }
}

/** `loads` are sorted by address, so an overlap is one of neighbours. */
function checkLoads(file: Uint8Array, loads: readonly ElfSegment[]): void {
  let previous: ElfSegment | undefined
  for (const s of loads) {
    const name = `the PT_LOAD segment at ${hex(s.p_vaddr)}`
    if (s.p_filesz > s.p_memsz)
      notExecutable(`In ${name}, p_filesz (${hex(s.p_filesz)}) is larger than p_memsz (${hex(s.p_memsz)}).`)
    if (s.p_vaddr + s.p_memsz > TASK_SIZE)
      notExecutable(`The end of ${name} is ${hex(s.p_vaddr + s.p_memsz)}, which is beyond the user address space.`)
    requireBytes(file, s.p_offset, s.p_filesz, `the data of ${name}`)
    // Without this, no mapping of the file puts the bytes at their address: mmap answers EINVAL on Linux.
    if (s.p_filesz > 0 && s.p_vaddr % PAGE !== s.p_offset % PAGE)
      notExecutable(
        `In ${name}, p_vaddr and p_offset (${hex(s.p_offset)}) differ within the page, so it cannot be mapped.`,
      )
    if (previous !== undefined && previous.p_vaddr + previous.p_memsz > s.p_vaddr)
      notExecutable(
        `The PT_LOAD segments at ${hex(previous.p_vaddr)} and ${hex(s.p_vaddr)} overlap: the first ends at ` +
          `${hex(previous.p_vaddr + previous.p_memsz)}.`,
      )
    previous = s
  }
}

function phdrAddress(
  segments: readonly ElfSegment[],
  loads: readonly ElfSegment[],
  e_phoff: number,
): number | undefined {
  const own = segments.find((s) => s.p_type === elf.PT_PHDR)
  if (own !== undefined) return own.p_vaddr
  const load = loads.find((s) => e_phoff >= s.p_offset && e_phoff < s.p_offset + s.p_filesz)
  return load && e_phoff - load.p_offset + load.p_vaddr
}

/** As Linux: the first PT_INTERP counts, its last byte is the terminating zero. */
function readInterp(file: Uint8Array, segments: readonly ElfSegment[]): string | undefined {
  const s = segments.find((segment) => segment.p_type === elf.PT_INTERP)
  if (s === undefined) return undefined
  if (s.p_filesz < 2 || s.p_filesz > PATH_MAX)
    notExecutable(`The interpreter path (PT_INTERP) has ${s.p_filesz} bytes; it must have 2 to ${PATH_MAX}.`)
  requireBytes(file, s.p_offset, s.p_filesz, 'the interpreter path (PT_INTERP)')
  const bytes = file.subarray(s.p_offset, s.p_offset + s.p_filesz)
  if (bytes.at(-1) !== 0)
    notExecutable(`The interpreter path (PT_INTERP at ${hex(s.p_offset)}) does not end with a zero byte.`)
  const path = String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)))
  if (path === '') notExecutable(`The interpreter path (PT_INTERP at ${hex(s.p_offset)}) is empty.`)
  return path
}

function readDynamic(file: Uint8Array, segments: readonly ElfSegment[]): ElfDynamicEntry[] {
  const s = segments.find((segment) => segment.p_type === elf.PT_DYNAMIC)
  if (s === undefined) return []
  requireBytes(file, s.p_offset, s.p_filesz, 'the dynamic section (PT_DYNAMIC)')
  const entries: ElfDynamicEntry[] = []
  for (let at = s.p_offset; at + elf.Elf64_Dyn.size <= s.p_offset + s.p_filesz; at += elf.Elf64_Dyn.size) {
    const { d_tag, d_val } = elf.Elf64_Dyn.view(file, at)
    if (d_tag === BigInt(elf.DT_NULL)) break
    entries.push({ d_tag: Number(d_tag), d_val })
  }
  return entries
}

function readDynamicStrings(
  file: Uint8Array,
  dynamic: readonly ElfDynamicEntry[],
  offsetOf: ElfFile['offsetOf'],
  tag: number,
): string[] {
  const values = dynamic.filter((e) => e.d_tag === tag).map((e) => Number(e.d_val))
  if (values.length === 0) return []
  const strtab = dynamic.find((e) => e.d_tag === elf.DT_STRTAB)
  const base = strtab && offsetOf(Number(strtab.d_val))
  if (base === undefined) notExecutable('The dynamic string table (DT_STRTAB) is missing or lies outside the file.')
  return values.map((value) => {
    const end = file.indexOf(0, base + value)
    if (base + value >= file.length || end < 0)
      notExecutable(`A dynamic string (at ${hex(base + value)}) runs beyond the end of the file.`)
    return String.fromCharCode(...file.subarray(base + value, end))
  })
}
