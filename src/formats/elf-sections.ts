import { hex, type StructView } from '../base/index.ts'
import * as elf from '../spec/elf/index.ts'
import { notExecutable } from './elf-errors.ts'

/** Section headers and symbol tables: nothing that runs a program needs them, so they are read when somebody asks. */

export interface ElfSection {
  readonly name: string
  readonly sh_type: number
  readonly sh_flags: bigint
  readonly sh_addr: number
  readonly sh_offset: number
  readonly sh_size: number
  readonly sh_link: number
  readonly sh_entsize: number
  /** The section's bytes in the file; empty for SHT_NOBITS. */
  readonly bytes: Uint8Array
}

export interface ElfSymbol {
  readonly name: string
  readonly st_info: number
  readonly st_shndx: number
  /** An address for ET_EXEC, an offset from the load address for ET_DYN. */
  readonly st_value: number
  readonly st_size: number
}

/** The zero-terminated string at `at`, which must end inside `table`. */
function readString(table: Uint8Array, at: number, what: string): string {
  const end = at < table.length ? table.indexOf(0, at) : -1
  if (end < 0) notExecutable(`The name of ${what} (at ${hex(at)} of its string table) does not end inside the table.`)
  let text = ''
  for (let i = at; i < end; i++) text += String.fromCharCode(table[i] ?? 0)
  return text
}

/** All sections but the first, which is always empty. A file without section headers has none. */
export function readSections(file: Uint8Array, header: StructView<typeof elf.Elf64_Ehdr.fields>): ElfSection[] {
  if (header.e_shoff === 0n || header.e_shnum === 0) return []
  const { e_shnum, e_shentsize, e_shstrndx } = header
  const size = elf.Elf64_Shdr.size
  if (e_shentsize !== size)
    notExecutable(`The section header size (e_shentsize at 0x3a) is ${e_shentsize}, not ${size}.`)
  if (header.e_shoff + BigInt(e_shnum * size) > BigInt(file.length))
    notExecutable(`The file is truncated: its ${e_shnum} section headers at ${hex(header.e_shoff)} are not all in it.`)
  const e_shoff = Number(header.e_shoff)
  const raw = Array.from({ length: e_shnum }, (_, i) => {
    const s = elf.Elf64_Shdr.view(file, e_shoff + i * size)
    if (s.sh_type !== elf.SHT_NOBITS && s.sh_type !== elf.SHT_NULL && s.sh_offset + s.sh_size > BigInt(file.length))
      notExecutable(
        `The file is truncated: section ${i} (${hex(s.sh_size)} bytes at ${hex(s.sh_offset)}) is not all in it.`,
      )
    return s
  })
  const bytesOf = (s: (typeof raw)[number]): Uint8Array =>
    s.sh_type === elf.SHT_NOBITS || s.sh_type === elf.SHT_NULL
      ? new Uint8Array(0)
      : file.subarray(Number(s.sh_offset), Number(s.sh_offset + s.sh_size))
  const names = raw[e_shstrndx]
  return raw.slice(1).map((s, i) => ({
    name: names && e_shstrndx !== elf.SHN_UNDEF ? readString(bytesOf(names), s.sh_name, `section ${i + 1}`) : '',
    sh_type: s.sh_type,
    sh_flags: s.sh_flags,
    sh_addr: Number(s.sh_addr),
    sh_offset: Number(s.sh_offset),
    sh_size: Number(s.sh_size),
    sh_link: s.sh_link,
    sh_entsize: Number(s.sh_entsize),
    bytes: bytesOf(s),
  }))
}

function readSymbols(table: ElfSection, sections: readonly ElfSection[]): ElfSymbol[] {
  // readSections() leaves out section 0, hence the - 1.
  const strings = sections[table.sh_link - 1]
  if (strings === undefined)
    notExecutable(
      `The symbol table ${table.name} names section ${table.sh_link} as its string table, which does not exist.`,
    )
  const symbols: ElfSymbol[] = []
  for (let at = elf.Elf64_Sym.size; at + elf.Elf64_Sym.size <= table.bytes.length; at += elf.Elf64_Sym.size) {
    const s = elf.Elf64_Sym.view(table.bytes, at)
    if (s.st_shndx === elf.SHN_UNDEF) continue
    const name = readString(strings.bytes, s.st_name, `a symbol of ${table.name}`)
    symbols.push({
      name,
      st_info: s.st_info,
      st_shndx: s.st_shndx,
      st_value: Number(s.st_value),
      st_size: Number(s.st_size),
    })
  }
  return symbols
}

/** The defined symbols of .symtab, then of .dynsym, read once. */
export function createSymbolTable(sections: () => readonly ElfSection[]): {
  all(): readonly ElfSymbol[]
  find(name: string): ElfSymbol | undefined
} {
  let list: readonly ElfSymbol[] | undefined
  let byName: Map<string, ElfSymbol> | undefined
  const all = (): readonly ElfSymbol[] =>
    (list ??= [elf.SHT_SYMTAB, elf.SHT_DYNSYM].flatMap((type) =>
      sections()
        .filter((s) => s.sh_type === type)
        .flatMap((s) => readSymbols(s, sections())),
    ))
  const find = (name: string): ElfSymbol | undefined => {
    if (byName === undefined) {
      byName = new Map()
      for (const s of all()) if (!byName.has(s.name)) byName.set(s.name, s)
    }
    return byName.get(name)
  }
  return { all, find }
}
