/** ELF64 as elf.h prints it: structures and constants, no behaviour. */
export * from './structures.ts'
export * from './constants.ts'
