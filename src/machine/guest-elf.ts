import { concatBytes } from '../base/index.ts'
import * as elf from '../spec/elf/index.ts'

/** Writes the ELF files of programs that the machine itself brings into a guest. */

const PAGE = 4096

/** A PT_LOAD: whole pages at a page's address. */
export interface LoadedPages {
  readonly at: number
  readonly bytes: Uint8Array
  readonly p_flags: number
}

/** A static executable. The headers have the first page of the file, the segments follow in order. */
export function executable(entry: number, segments: readonly LoadedPages[]): Uint8Array {
  const head = new Uint8Array(PAGE)
  const header = elf.Elf64_Ehdr.view(head)
  header.e_ident.set([...elf.ELFMAG, elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EV_CURRENT])
  Object.assign(header, {
    e_type: elf.ET_EXEC,
    e_machine: elf.EM_X86_64,
    e_version: elf.EV_CURRENT,
    e_entry: BigInt(entry),
    e_phoff: BigInt(elf.Elf64_Ehdr.size),
    e_ehsize: elf.Elf64_Ehdr.size,
    e_phentsize: elf.Elf64_Phdr.size,
    e_phnum: segments.length,
  })
  let offset = PAGE
  segments.forEach(({ at, bytes, p_flags }, i) => {
    const p = elf.Elf64_Phdr.view(head, elf.Elf64_Ehdr.size + i * elf.Elf64_Phdr.size)
    Object.assign(p, { p_type: elf.PT_LOAD, p_flags, p_align: BigInt(PAGE), p_offset: BigInt(offset) })
    p.p_vaddr = p.p_paddr = BigInt(at)
    p.p_filesz = p.p_memsz = BigInt(bytes.length)
    offset += bytes.length
  })
  return concatBytes(head, ...segments.map(({ bytes }) => bytes))
}
