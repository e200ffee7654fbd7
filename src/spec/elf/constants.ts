/** Constants of elf.h: the ones that a reader or a writer of x86-64 files meets. */

/** The four bytes every ELF file begins with. */
export const ELFMAG = [0x7f, 0x45, 0x4c, 0x46] as const

// Indices into e_ident, and the values found there.
export const EI_CLASS = 4
export const EI_DATA = 5
export const EI_VERSION = 6
export const EI_OSABI = 7
export const ELFCLASS32 = 1
export const ELFCLASS64 = 2
export const ELFDATA2LSB = 1
export const ELFDATA2MSB = 2
export const EV_CURRENT = 1

export const ET_NONE = 0
export const ET_REL = 1
export const ET_EXEC = 2
export const ET_DYN = 3
export const ET_CORE = 4

export const EM_X86_64 = 62

/** e_machine values worth a name in a message; the list of elf.h has hundreds. */
// prettier-ignore
export const MACHINES: Readonly<Record<number, string>> = {
  2: 'SPARC', 3: 'Intel 80386', 4: 'Motorola 68000', 8: 'MIPS', 15: 'HP PA-RISC', 20: 'PowerPC', 21: '64-bit PowerPC',
  22: 'IBM S390', 40: 'ARM', 42: 'SuperH', 43: 'SPARC v9', 50: 'Intel IA-64', 62: 'x86-64', 183: 'AArch64',
  243: 'RISC-V', 247: 'BPF', 252: 'C-SKY', 258: 'LoongArch',
}

export const PT_NULL = 0
export const PT_LOAD = 1
export const PT_DYNAMIC = 2
export const PT_INTERP = 3
export const PT_NOTE = 4
export const PT_SHLIB = 5
export const PT_PHDR = 6
export const PT_TLS = 7
export const PT_GNU_EH_FRAME = 0x6474e550
export const PT_GNU_STACK = 0x6474e551
export const PT_GNU_RELRO = 0x6474e552
export const PT_GNU_PROPERTY = 0x6474e553

export const PF_X = 1
export const PF_W = 2
export const PF_R = 4

export const SHN_UNDEF = 0
export const SHN_LORESERVE = 0xff00
export const SHN_ABS = 0xfff1

export const SHT_NULL = 0
export const SHT_PROGBITS = 1
export const SHT_SYMTAB = 2
export const SHT_STRTAB = 3
export const SHT_RELA = 4
export const SHT_HASH = 5
export const SHT_DYNAMIC = 6
export const SHT_NOTE = 7
export const SHT_NOBITS = 8
export const SHT_REL = 9
export const SHT_DYNSYM = 11
export const SHT_GNU_HASH = 0x6ffffff6
export const SHT_GNU_verdef = 0x6ffffffd
export const SHT_GNU_verneed = 0x6ffffffe
export const SHT_GNU_versym = 0x6fffffff

export const SHF_WRITE = 1
export const SHF_ALLOC = 2
export const SHF_EXECINSTR = 4

export const STB_LOCAL = 0
export const STB_GLOBAL = 1
export const STB_WEAK = 2
export const STT_NOTYPE = 0
export const STT_OBJECT = 1
export const STT_FUNC = 2
export const STT_SECTION = 3
export const STT_FILE = 4
export const STT_TLS = 6
export const STT_GNU_IFUNC = 10

export const DT_NULL = 0
export const DT_NEEDED = 1
export const DT_PLTRELSZ = 2
export const DT_HASH = 4
export const DT_STRTAB = 5
export const DT_SYMTAB = 6
export const DT_RELA = 7
export const DT_RELASZ = 8
export const DT_RELAENT = 9
export const DT_STRSZ = 10
export const DT_SYMENT = 11
export const DT_INIT = 12
export const DT_FINI = 13
export const DT_SONAME = 14
export const DT_RPATH = 15
export const DT_REL = 17
export const DT_JMPREL = 23
export const DT_RUNPATH = 29
export const DT_FLAGS = 30
export const DT_RELR = 36
export const DT_GNU_HASH = 0x6ffffef5
export const DT_VERSYM = 0x6ffffff0
export const DT_FLAGS_1 = 0x6ffffffb
export const DT_VERDEF = 0x6ffffffc
export const DT_VERDEFNUM = 0x6ffffffd
export const DT_VERNEED = 0x6ffffffe
export const DT_VERNEEDNUM = 0x6fffffff

export const VER_DEF_CURRENT = 1
export const VER_FLG_BASE = 1
export const VER_NDX_LOCAL = 0
export const VER_NDX_GLOBAL = 1
