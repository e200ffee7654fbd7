/**
 * Where the processor's state lies in linear memory. Translated code uses these as constants, so everything below is fixed at
 * build time; only views and frames are allocated.
 */
export const PAGE_SIZE = 4096

/** Byte offsets of the state block, which starts at address 0 of the linear memory. */
// prettier-ignore
export const STATE = {
  /** 16 general-purpose registers, 8 bytes each, in encoding order. */
  GPR: 0,
  RIP: 128,
  /** Flag recipe of the last instruction that set the arithmetic flags (src/isa/flags.ts), and its three inputs. */
  FOP: 136, FA: 144, FB: 152, FC: 160,
  /** Instructions left in this time slice (i32, signed). */
  FUEL: 140,
  /** Offsets of the current view's page table and jump cache (u32). */
  VIEW: 168, JUMP_CACHE: 172,
  /** The indirect jump that last left translated code (its number plus 1), and the low half of where it went (u32 each). */
  LAST_JUMP: 176, LAST_TARGET: 180,
  FS_BASE: 184, GS_BASE: 192,
  MXCSR: 200,
  /** 1 while MXCSR lets translated code use WebAssembly's own arithmetic (see setMxcsr). */
  FP_FAST: 204,
  /** RFLAGS without the six arithmetic flags (u32): DF, AC, ID, TF, and IF and bit 1, which are always set. */
  RFLAGS_REST: 208,
  /** 0 outside enclaves; inside, which TCS was entered (u32). */
  ENCLAVE: 212,
  /** The state components that are enabled: outside an enclave as the kernel has set it, inside SECS.ATTRIBUTES.XFRM (u64). */
  XCR0: 216,
  /** FS_BASE, GS_BASE and XCR0 as they were outside the enclave (CR_SAVE_FS_base, CR_SAVE_GS_base, CR_SAVE_XCR0). */
  CR_SAVE: 224,
  /** 16 XMM registers, 16 bytes each. */
  XMM: 256,
  /** x87: control, status, tag word (u16 each), then 8 registers of 16 bytes from X87_REGS, by their physical numbers. */
  X87: 512, X87_REGS: 528,
  /** Bits 255:128 of the 16 YMM registers, 16 bytes each. */
  YMM_HIGH: 768,
  SIZE: 1024,
} as const

/** Eight bytes for each page that a loop of translated code remembers (src/translate/steady-pages.ts). */
export const STEADY_PAGES = STATE.SIZE

/**
 * A view: read entries, then write entries, one of 8 bytes for each value of the low 20 bits of a page number; then places (u32), one
 * for each such value; then the jump cache.
 *
 * An entry is the address of the page's last byte. An access is fine if its last byte is in that page, by all bits but the low twelve.
 * The bit AWAY is another one in an entry whose page is not at home: then it names a page that has its entry elsewhere, and the place says
 * where the page is (guest page xor frame, low 32 bits). Where nothing is, the entry is zero, or NOWHERE where zero would name a page that
 * has its entry there.
 */
export const VIEW = {
  READ: 0,
  WRITE: 0x80_0000,
  AWAY: 0x8000_0000,
  NOWHERE: 0x4000_0000,
  PLACES: 0x100_0000,
  JUMP_CACHE: 0x140_0000,
  /** See JUMP. python3 has 46,000 blocks: a run missed 52,000 times with 65,536 entries, of which kept blocks took some that were in use, and
   * 13,000 times as it is now. */
  JUMP_CACHE_ENTRIES: 0x4_0000,
  SIZE: 0x180_0000,
} as const

/**
 * An entry of the jump cache: where code was found, its function in the dispatcher's table, and what that function makes of DETAIL. RIP is
 * 0 in an entry that is not used, or all ones in the one that address 0 would have.
 */
export const JUMP = { RIP: 0, SLOT: 8, DETAIL: 12, SIZE: 16 } as const

/**
 * Entries into enclaves and exits that the engine has prepared (src/translate/transitions.ts). EPOCH changes whenever all of them may
 * be wrong from now on, HAPPENED is 1 when one was done (u32 each); ENTERED and LEFT count them (u64).
 */
export const TRANSITIONS = {
  EPOCH: 0x1000,
  HAPPENED: 0x1004,
  ENTERED: 0x1008,
  LEFT: 0x1010,
  RECORDS: 0x1018,
  END: 0x4000,
} as const

/** First byte that frames may use; below it are the state block and scratch space for generated code. */
export const FRAMES_START = 0x1_0000
