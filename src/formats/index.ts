/** File formats: executables, and (later) the files that enclaves come in. */
export { readElf, type ElfFile, type ElfSegment, type ElfDynamicEntry, type ElfSection, type ElfSymbol } from './elf.ts'
