import { bytes, struct, u16, u32, u64, u8 } from '../../base/index.ts'

/** The structures of ELF64, fields and offsets as printed in elf.h and in the System V gABI. */

export const EI_NIDENT = 16

export const Elf64_Ehdr = struct('Elf64_Ehdr', 64, {
  e_ident: bytes(0, EI_NIDENT),
  e_type: u16(16),
  e_machine: u16(18),
  e_version: u32(20),
  e_entry: u64(24),
  e_phoff: u64(32),
  e_shoff: u64(40),
  e_flags: u32(48),
  e_ehsize: u16(52),
  e_phentsize: u16(54),
  e_phnum: u16(56),
  e_shentsize: u16(58),
  e_shnum: u16(60),
  e_shstrndx: u16(62),
})

export const Elf64_Phdr = struct('Elf64_Phdr', 56, {
  p_type: u32(0),
  p_flags: u32(4),
  p_offset: u64(8),
  p_vaddr: u64(16),
  p_paddr: u64(24),
  p_filesz: u64(32),
  p_memsz: u64(40),
  p_align: u64(48),
})

export const Elf64_Shdr = struct('Elf64_Shdr', 64, {
  sh_name: u32(0),
  sh_type: u32(4),
  sh_flags: u64(8),
  sh_addr: u64(16),
  sh_offset: u64(24),
  sh_size: u64(32),
  sh_link: u32(40),
  sh_info: u32(44),
  sh_addralign: u64(48),
  sh_entsize: u64(56),
})

export const Elf64_Sym = struct('Elf64_Sym', 24, {
  st_name: u32(0),
  st_info: u8(4),
  st_other: u8(5),
  st_shndx: u16(6),
  st_value: u64(8),
  st_size: u64(16),
})

export const Elf64_Dyn = struct('Elf64_Dyn', 16, { d_tag: u64(0), d_val: u64(8) })

export const Elf64_Rela = struct('Elf64_Rela', 24, { r_offset: u64(0), r_info: u64(8), r_addend: u64(16) })

export const Elf64_Nhdr = struct('Elf64_Nhdr', 12, { n_namesz: u32(0), n_descsz: u32(4), n_type: u32(8) })

export const Elf64_Verdef = struct('Elf64_Verdef', 20, {
  vd_version: u16(0),
  vd_flags: u16(2),
  vd_ndx: u16(4),
  vd_cnt: u16(6),
  vd_hash: u32(8),
  vd_aux: u32(12),
  vd_next: u32(16),
})

export const Elf64_Verdaux = struct('Elf64_Verdaux', 8, { vda_name: u32(0), vda_next: u32(4) })

/** st_info packs the binding and the type. */
export const ELF64_ST_BIND = (info: number): number => info >> 4
export const ELF64_ST_TYPE = (info: number): number => info & 0xf
export const ELF64_ST_INFO = (bind: number, type: number): number => (bind << 4) | (type & 0xf)
