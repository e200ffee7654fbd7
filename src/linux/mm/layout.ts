/**
 * Where things are in a process, as Linux places them with address randomisation off (personality(2), ADDR_NO_RANDOMIZE):
 * the same program has the same addresses in every run.
 */

/** First byte that user mappings cannot have: the last page of the user half stays empty. */
export const TASK_SIZE = 0x7fff_ffff_f000
/** Mappings grow down from here. The gap above is the least room that Linux leaves to the stack. */
export const MMAP_BASE = 0x7fff_f7ff_f000
/** Where position-independent programs are loaded: two thirds of the address space. */
export const ELF_ET_DYN_BASE = 0x5555_5555_4000
/** Nothing is placed below (vm.mmap_min_addr). */
export const MMAP_MIN_ADDR = 0x1_0000
/** The end of the stack. */
export const STACK_TOP = TASK_SIZE
/** Pages of address space that stay free below a stack that grows (stack_guard_gap). */
export const STACK_GUARD_GAP = 256 * 4096
/** A process has at most this many mappings (vm.max_map_count). */
export const MAX_MAP_COUNT = 65530
