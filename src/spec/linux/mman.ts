/** Constants of mman.h (asm-generic/mman-common.h, asm-generic/mman.h, asm/mman.h). */
export const PROT_NONE = 0
export const PROT_READ = 1
export const PROT_WRITE = 2
export const PROT_EXEC = 4
export const PROT_SEM = 8
export const PROT_GROWSDOWN = 0x0100_0000
export const PROT_GROWSUP = 0x0200_0000

export const MAP_SHARED = 1
export const MAP_PRIVATE = 2
export const MAP_SHARED_VALIDATE = 3
export const MAP_TYPE = 0xf
export const MAP_FIXED = 0x10
export const MAP_ANONYMOUS = 0x20
export const MAP_32BIT = 0x40
export const MAP_GROWSDOWN = 0x100
export const MAP_DENYWRITE = 0x800
export const MAP_EXECUTABLE = 0x1000
export const MAP_LOCKED = 0x2000
export const MAP_NORESERVE = 0x4000
export const MAP_POPULATE = 0x8000
export const MAP_NONBLOCK = 0x1_0000
export const MAP_STACK = 0x2_0000
export const MAP_HUGETLB = 0x4_0000
export const MAP_SYNC = 0x8_0000
export const MAP_FIXED_NOREPLACE = 0x10_0000

export const MREMAP_MAYMOVE = 1
export const MREMAP_FIXED = 2
export const MREMAP_DONTUNMAP = 4

export const MS_ASYNC = 1
export const MS_INVALIDATE = 2
export const MS_SYNC = 4

export const MCL_CURRENT = 1
export const MCL_FUTURE = 2
export const MCL_ONFAULT = 4
export const MLOCK_ONFAULT = 1

// prettier-ignore
export const MADV = {
  NORMAL: 0, RANDOM: 1, SEQUENTIAL: 2, WILLNEED: 3, DONTNEED: 4, FREE: 8, REMOVE: 9, DONTFORK: 10, DOFORK: 11,
  MERGEABLE: 12, UNMERGEABLE: 13, HUGEPAGE: 14, NOHUGEPAGE: 15, DONTDUMP: 16, DODUMP: 17, WIPEONFORK: 18,
  KEEPONFORK: 19, COLD: 20, PAGEOUT: 21, POPULATE_READ: 22, POPULATE_WRITE: 23, DONTNEED_LOCKED: 24, COLLAPSE: 25,
} as const
