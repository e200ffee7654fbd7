import { bytes, struct, u16, u32, u64, u8 } from '../../base/index.ts'

/** Volume 1, "XSAVE Area": the legacy region (as FXSAVE64 writes it) and the header behind it. */
export const XSAVE_LEGACY = struct('XSAVE_LEGACY', 512, {
  FCW: u16(0),
  FSW: u16(2),
  /** Abridged: one bit for each physical register, 1 = not empty. */
  FTW: u8(4),
  FOP: u16(6),
  FIP: u64(8),
  FDP: u64(16),
  MXCSR: u32(24),
  MXCSR_MASK: u32(28),
  /** ST0 to ST7, 16 bytes each. */
  ST: bytes(32, 128),
  /** XMM0 to XMM15, 16 bytes each. */
  XMM: bytes(160, 256),
})
export const XSAVE_HEADER = struct('XSAVE_HEADER', 64, { XSTATE_BV: u64(0), XCOMP_BV: u64(8), RESERVED: bytes(16, 48) })

/** State components: bits of XCR0, XSTATE_BV, XCOMP_BV, XFRM ("XSAVE-Supported Features and State-Component Bitmaps"). */
export const XSTATE = { X87: 1n, SSE: 2n, AVX: 4n } as const
/** XCOMP_BV: the area is in the compacted format. */
export const XCOMP_COMPACTED = 1n << 63n
/** Where the header and the AVX component are, in either format while no other component lies between. */
export const XSAVE_HEADER_AT = 512
export const XSAVE_AVX = { offset: 576, size: 256 } as const
