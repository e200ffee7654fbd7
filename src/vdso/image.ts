import { alignUp, concatBytes, invariant } from '../base/index.ts'
import * as elf from '../spec/elf/index.ts'
import { ehFrame, ehFrameHdr } from './eh-frame.ts'
import { placeListing, type Code, type Listing } from './listing.ts'
import { dynstr, gnuHash, stringTable, sysvHash, verdef } from './tables.ts'

/**
 * Wraps a listing into a shared object of the kind that Linux maps into every process: position independent, without
 * relocations and without data, usable as it lies in memory. Everything is in one segment that begins at file offset 0
 * and address 0, so that addresses and file offsets are the same numbers.
 */

const PAGE = 4096
const SONAME = 'linux-vdso.so.1'
const VERSION = 'LINUX_2.6'
/** Index of VERSION in the version definitions; 1 is the file itself. */
const VERSION_INDEX = 2

export interface VdsoSource {
  readonly symbol: string
  readonly listing: Listing
  /** Labels: an exception at `ip` continues at `fixup`. */
  readonly exceptions: readonly { readonly ip: string; readonly fixup: string }[]
}

export interface VdsoImage {
  /** A whole number of pages, to be mapped readable and executable at any page. */
  readonly bytes: Uint8Array
  /** Pages of zeros that the code expects in front of it. */
  readonly dataPages?: number
  /** Exported symbols: offset in the image and size. */
  readonly symbols: ReadonlyMap<string, { readonly offset: number; readonly size: number }>
  /** As the kernel's table for its vDSO: an exception at `ip` continues at `fixup`. Offsets in the image. */
  readonly exceptionTable: readonly { readonly ip: number; readonly fixup: number }[]
  readonly text: { readonly start: number; readonly end: number }
  /** The places the listing names, as offsets in the image; `enclu` and `exception` among them. */
  readonly labels: ReadonlyMap<string, number>
}

type AddressOf = (name: string) => number

interface Section {
  readonly name: string
  readonly sh_type: number
  readonly sh_flags: number
  readonly align: number
  readonly link?: string
  readonly sh_info?: number
  readonly sh_entsize?: number
  /** Called twice: to learn the size, and again when all addresses are known. */
  readonly build: (addressOf: AddressOf) => Uint8Array
}

const ALLOC = elf.SHF_ALLOC

/** The sections in file order. Those with SHF_ALLOC come first and make up the segment. */
// prettier-ignore
function sectionsOf(symbol: string, code: Code): Section[] {
  const strings = dynstr([symbol, SONAME, VERSION])
  const frame = (addressOf: AddressOf) => ehFrame(code, addressOf('.eh_frame'), addressOf('.text'))
  return [
    { name: '.hash',          sh_type: elf.SHT_HASH,       sh_flags: ALLOC, align: 8,  link: '.dynsym', sh_entsize: 4,
      build: () => sysvHash([symbol]) },
    { name: '.gnu.hash',      sh_type: elf.SHT_GNU_HASH,   sh_flags: ALLOC, align: 8,  link: '.dynsym',
      build: () => gnuHash(symbol) },
    { name: '.dynsym',        sh_type: elf.SHT_DYNSYM,     sh_flags: ALLOC, align: 8,  link: '.dynstr', sh_info: 1, sh_entsize: elf.Elf64_Sym.size,
      build: (addressOf) => dynsym(strings.offsetOf(symbol), addressOf('.text'), code.bytes.length) },
    { name: '.dynstr',        sh_type: elf.SHT_STRTAB,     sh_flags: ALLOC, align: 1,
      build: () => strings.bytes },
    { name: '.gnu.version',   sh_type: elf.SHT_GNU_versym, sh_flags: ALLOC, align: 2,  link: '.dynsym', sh_entsize: 2,
      build: () => Uint8Array.of(elf.VER_NDX_LOCAL, 0, VERSION_INDEX, 0) },
    { name: '.gnu.version_d', sh_type: elf.SHT_GNU_verdef, sh_flags: ALLOC, align: 8,  link: '.dynstr', sh_info: 2,
      build: () => verdef([SONAME, VERSION], strings.offsetOf) },
    { name: '.dynamic',       sh_type: elf.SHT_DYNAMIC,    sh_flags: ALLOC, align: 8,  link: '.dynstr', sh_entsize: elf.Elf64_Dyn.size,
      build: (addressOf) => dynamic(addressOf, strings.offsetOf(SONAME), strings.bytes.length) },
    { name: '.eh_frame_hdr',  sh_type: elf.SHT_PROGBITS,   sh_flags: ALLOC, align: 4,
      build: (addressOf) => ehFrameHdr(frame(addressOf), addressOf('.eh_frame'), addressOf('.eh_frame_hdr'), addressOf('.text')) },
    { name: '.eh_frame',      sh_type: elf.SHT_PROGBITS,   sh_flags: ALLOC, align: 8,
      build: frame },
    { name: '.text',          sh_type: elf.SHT_PROGBITS,   sh_flags: ALLOC | elf.SHF_EXECINSTR, align: 64,
      build: () => code.bytes },
    { name: '.shstrtab',      sh_type: elf.SHT_STRTAB,     sh_flags: 0,     align: 1,
      build: () => stringTable(sectionNames).bytes },
  ]
}

// prettier-ignore
const sectionNames = [
  '.hash', '.gnu.hash', '.dynsym', '.dynstr', '.gnu.version', '.gnu.version_d', '.dynamic', '.eh_frame_hdr', '.eh_frame',
  '.text', '.shstrtab',
]

function dynsym(st_name: number, st_value: number, st_size: number): Uint8Array {
  const out = new Uint8Array(2 * elf.Elf64_Sym.size)
  Object.assign(elf.Elf64_Sym.view(out, elf.Elf64_Sym.size), {
    st_name,
    st_info: elf.ELF64_ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC),
    st_shndx: sectionNames.indexOf('.text') + 1,
    st_value: BigInt(st_value),
    st_size: BigInt(st_size),
  })
  return out
}

// prettier-ignore
function dynamic(addressOf: AddressOf, soname: number, stringsSize: number): Uint8Array {
  const entries = [
    [elf.DT_SONAME, soname],
    [elf.DT_HASH, addressOf('.hash')],
    [elf.DT_GNU_HASH, addressOf('.gnu.hash')],
    [elf.DT_STRTAB, addressOf('.dynstr')],
    [elf.DT_SYMTAB, addressOf('.dynsym')],
    [elf.DT_STRSZ, stringsSize],
    [elf.DT_SYMENT, elf.Elf64_Sym.size],
    [elf.DT_VERDEF, addressOf('.gnu.version_d')],
    [elf.DT_VERDEFNUM, 2],
    [elf.DT_VERSYM, addressOf('.gnu.version')],
    [elf.DT_NULL, 0],
  ] as const
  return concatBytes(...entries.map(([tag, value]) => {
    const out = new Uint8Array(elf.Elf64_Dyn.size)
    Object.assign(elf.Elf64_Dyn.view(out), { d_tag: BigInt(tag), d_val: BigInt(value) })
    return out
  }))
}

/** A section with its place in the file, which is also its address. */
interface Placed extends Section {
  readonly offset: number
  readonly size: number
}

const SEGMENTS = 4

function placeSections(sections: readonly Section[]): Placed[] {
  let end = elf.Elf64_Ehdr.size + SEGMENTS * elf.Elf64_Phdr.size
  return sections.map((section) => {
    const offset = alignUp(end, section.align)
    const size = section.build(() => 0).length
    end = offset + size
    return { ...section, offset, size }
  })
}

/** Program headers. No segment is writable: PT_DYNAMIC must not be, or the C library would relocate it in place. */
function writeSegments(image: Uint8Array, placed: ReadonlyMap<string, Placed>, loadEnd: number): void {
  const at = (name: string) => placed.get(name) ?? { offset: 0, size: 0 }
  const R = elf.PF_R
  // prettier-ignore
  const segments = [
    { p_type: elf.PT_LOAD,         p_flags: R | elf.PF_X, offset: 0, size: loadEnd, align: PAGE },
    { p_type: elf.PT_DYNAMIC,      p_flags: R, ...at('.dynamic'),      align: 8 },
    { p_type: elf.PT_GNU_EH_FRAME, p_flags: R, ...at('.eh_frame_hdr'), align: 4 },
    { p_type: elf.PT_GNU_STACK,    p_flags: R | elf.PF_W, offset: 0, size: 0, align: 16 },
  ]
  invariant(segments.length === SEGMENTS, 'room was made for other than the number of segments')
  segments.forEach(({ p_type, p_flags, offset, size, align }, i) => {
    const p = elf.Elf64_Phdr.view(image, elf.Elf64_Ehdr.size + i * elf.Elf64_Phdr.size)
    Object.assign(p, { p_type, p_flags, p_align: BigInt(align) })
    p.p_offset = p.p_vaddr = p.p_paddr = BigInt(offset)
    p.p_filesz = p.p_memsz = BigInt(size)
  })
}

function writeSectionHeaders(image: Uint8Array, e_shoff: number, placed: readonly Placed[]): void {
  const names = stringTable(sectionNames)
  const indexOf = (name: string | undefined) => (name === undefined ? 0 : sectionNames.indexOf(name) + 1)
  placed.forEach((s, i) => {
    Object.assign(elf.Elf64_Shdr.view(image, e_shoff + (i + 1) * elf.Elf64_Shdr.size), {
      sh_name: names.offsetOf(s.name),
      sh_type: s.sh_type,
      sh_flags: BigInt(s.sh_flags),
      sh_addr: BigInt(s.sh_flags & ALLOC ? s.offset : 0),
      sh_offset: BigInt(s.offset),
      sh_size: BigInt(s.size),
      sh_link: indexOf(s.link),
      sh_info: s.sh_info ?? 0,
      sh_addralign: BigInt(s.align),
      sh_entsize: BigInt(s.sh_entsize ?? 0),
    })
  })
}

function writeHeader(image: Uint8Array, e_entry: number, e_shoff: number): void {
  const header = elf.Elf64_Ehdr.view(image)
  header.e_ident.set([...elf.ELFMAG, elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EV_CURRENT])
  Object.assign(header, {
    e_type: elf.ET_DYN,
    e_machine: elf.EM_X86_64,
    e_version: elf.EV_CURRENT,
    e_entry: BigInt(e_entry),
    e_phoff: BigInt(elf.Elf64_Ehdr.size),
    e_shoff: BigInt(e_shoff),
    e_ehsize: elf.Elf64_Ehdr.size,
    e_phentsize: elf.Elf64_Phdr.size,
    e_phnum: SEGMENTS,
    e_shentsize: elf.Elf64_Shdr.size,
    e_shnum: sectionNames.length + 1,
    e_shstrndx: sectionNames.indexOf('.shstrtab') + 1,
  })
}

export function buildImage({ symbol, listing, exceptions }: VdsoSource): VdsoImage {
  const code = placeListing(listing)
  const placed = placeSections(sectionsOf(symbol, code))
  const byName = new Map(placed.map((s) => [s.name, s]))
  const section = (name: string): Placed => {
    const found = byName.get(name)
    invariant(found, `the image has no section ${name}`)
    return found
  }
  const text = section('.text').offset
  const textEnd = text + code.bytes.length
  const shstrtab = section('.shstrtab')
  const e_shoff = alignUp(shstrtab.offset + shstrtab.size, 8)
  const image = new Uint8Array(alignUp(e_shoff + (placed.length + 1) * elf.Elf64_Shdr.size, PAGE))
  for (const s of placed)
    image.set(
      s.build((name) => section(name).offset),
      s.offset,
    )
  writeHeader(image, text, e_shoff)
  writeSegments(image, byName, textEnd)
  writeSectionHeaders(image, e_shoff, placed)

  const labels = new Map([...code.labels].map(([label, offset]) => [label, text + offset]))
  const label = (name: string): number => {
    const offset = labels.get(name)
    invariant(offset !== undefined, `the listing has no label ${name}`)
    return offset
  }
  return {
    bytes: image,
    symbols: new Map([[symbol, { offset: label(symbol), size: code.bytes.length }]]),
    exceptionTable: exceptions.map(({ ip, fixup }) => ({ ip: label(ip), fixup: label(fixup) })),
    text: { start: text, end: textEnd },
    labels,
  }
}
