import { bytes, struct, u16, u32, u64, u8 } from '../../base/index.ts'

/**
 * The data structures of the Intel SDM, volume 3D, "Enclave Access Control and Data Structures", at the offsets printed there.
 * ATTRIBUTES is 16 bytes in the manual; its upper half, ATTRIBUTES.XFRM, is the field XFRM here. Reserved bytes have no field:
 * `RESERVED` below each structure lists them as [offset, size], for the leaves that require them to be zero.
 */

export type Ranges = readonly (readonly [offset: number, size: number])[]

/** "SGX Enclave Control Structure (SECS)": one EPC page for each enclave; software never reads it. */
export const SECS = struct('SECS', 4096, {
  SIZE: u64(0),
  BASEADDR: u64(8),
  SSAFRAMESIZE: u32(16),
  MISCSELECT: u32(20),
  CET_LEG_BITMAP_OFFSET: u64(24),
  CET_ATTRIBUTES: u8(32),
  ATTRIBUTES: u64(48),
  XFRM: u64(56),
  MRENCLAVE: bytes(64, 32),
  MRSIGNER: bytes(128, 32),
  CONFIGID: bytes(192, 64),
  ISVPRODID: u16(256),
  ISVSVN: u16(258),
  CONFIGSVN: u16(260),
})
export const SECS_RESERVED: Ranges = [
  [33, 15],
  [96, 32],
  [160, 32],
  [262, 3834],
]

/** "Thread Control Structure (TCS)". STATE and AEP are the processor's; so is the encoding of STATE. */
export const TCS = struct('TCS', 4096, {
  STATE: u64(0),
  FLAGS: u64(8),
  OSSA: u64(16),
  CSSA: u32(24),
  NSSA: u32(28),
  OENTRY: u64(32),
  AEP: u64(40),
  OFSBASE: u64(48),
  OGSBASE: u64(56),
  FSLIMIT: u32(64),
  GSLIMIT: u32(68),
  OCETSSA: u64(72),
  PREVSSP: u64(80),
})
/** EDBGRD's SGX_TCS_LIMIT: where the fields of the TCS end, on a processor without CET. */
export const SGX_TCS_LIMIT = 72
/** On a processor without CET, OCETSSA and PREVSSP are reserved too. */
export const TCS_RESERVED: Ranges = [[SGX_TCS_LIMIT, 4096 - SGX_TCS_LIMIT]]

/** "Enclave Signature Structure (SIGSTRUCT)". Numbers of 384 bytes are little endian. */
export const SIGSTRUCT = struct('SIGSTRUCT', 1808, {
  HEADER: bytes(0, 16),
  VENDOR: u32(16),
  DATE: u32(20),
  HEADER2: bytes(24, 16),
  SWDEFINED: u32(40),
  MODULUS: bytes(128, 384),
  EXPONENT: u32(512),
  SIGNATURE: bytes(516, 384),
  MISCSELECT: u32(900),
  MISCMASK: u32(904),
  CET_ATTRIBUTES: u8(908),
  CET_ATTRIBUTES_MASK: u8(909),
  ISVFAMILYID: bytes(912, 16),
  ATTRIBUTES: u64(928),
  XFRM: u64(936),
  ATTRIBUTEMASK: u64(944),
  XFRMMASK: u64(952),
  ENCLAVEHASH: bytes(960, 32),
  ISVEXTPRODID: bytes(1008, 16),
  ISVPRODID: u16(1024),
  ISVSVN: u16(1026),
  Q1: bytes(1040, 384),
  Q2: bytes(1424, 384),
})
/** On a processor without CET, the two CET fields are reserved too. */
export const SIGSTRUCT_RESERVED: Ranges = [
  [44, 84],
  [908, 4],
  [992, 16],
  [1028, 12],
]
/** What the signature covers: these two ranges, one after the other. */
export const SIGSTRUCT_SIGNED: Ranges = [
  [0, 128],
  [900, 128],
]

/** "EINIT Token Structure (EINITTOKEN)". */
export const EINITTOKEN = struct('EINITTOKEN', 304, {
  VALID: u32(0),
  ATTRIBUTES: u64(48),
  XFRM: u64(56),
  MRENCLAVE: bytes(64, 32),
  MRSIGNER: bytes(128, 32),
  CPUSVNLE: bytes(192, 16),
  ISVPRODIDLE: u16(208),
  ISVSVNLE: u16(210),
  CET_MASKED_ATTRIBUTES_LE: u8(212),
  MASKEDMISCSELECTLE: u32(236),
  MASKEDATTRIBUTESLE: u64(240),
  MASKEDXFRMLE: u64(248),
  KEYID: bytes(256, 32),
  MAC: bytes(288, 16),
})
export const EINITTOKEN_RESERVED: Ranges = [
  [4, 44],
  [96, 32],
  [160, 32],
  [212, 24],
]

/** "Security Information (SECINFO)", 64-byte aligned. */
export const SECINFO = struct('SECINFO', 64, { FLAGS: u64(0) })
export const SECINFO_RESERVED = [[8, 56]] as const satisfies Ranges

/** "Page Information (PAGEINFO)", 32-byte aligned. */
export const PAGEINFO = struct('PAGEINFO', 32, { LINADDR: u64(0), SRCPGE: u64(8), SECINFO: u64(16), SECS: u64(24) })

/** "Paging Crypto MetaData (PCMD)". */
export const PCMD = struct('PCMD', 128, { SECINFO: bytes(0, 64), ENCLAVEID: u64(64), MAC: bytes(112, 16) })
export const PCMD_RESERVED: Ranges = [[72, 40]]

/** "Version Array (VA)": a page of 512 slots, each of which holds the version of one page that was written out. */
export const VA_SLOT_SIZE = 8
export const VA_SLOT_COUNT = 512

/** "GPRSGX Region": the last bytes of an SSA frame. */
export const GPRSGX = struct('GPRSGX', 184, {
  RAX: u64(0),
  RCX: u64(8),
  RDX: u64(16),
  RBX: u64(24),
  RSP: u64(32),
  RBP: u64(40),
  RSI: u64(48),
  RDI: u64(56),
  R8: u64(64),
  R9: u64(72),
  R10: u64(80),
  R11: u64(88),
  R12: u64(96),
  R13: u64(104),
  R14: u64(112),
  R15: u64(120),
  RFLAGS: u64(128),
  RIP: u64(136),
  URSP: u64(144),
  URBP: u64(152),
  EXITINFO: u32(160),
  AEXNOTIFY: u8(167),
  FSBASE: u64(168),
  GSBASE: u64(176),
})

/** "EXINFO Structure": the first component of the MISC region, which ends where GPRSGX begins. */
export const EXINFO = struct('EXINFO', 16, { MADDR: u64(0), ERRCD: u32(8), RESERVED: u32(12) })

/** "Target Information (TARGETINFO)", 512-byte aligned. */
export const TARGETINFO = struct('TARGETINFO', 512, {
  MEASUREMENT: bytes(0, 32),
  ATTRIBUTES: u64(32),
  XFRM: u64(40),
  CET_ATTRIBUTES: u8(48),
  CONFIGSVN: u16(50),
  MISCSELECT: u32(52),
  CONFIGID: bytes(64, 64),
})
/** On a processor without CET, CET_ATTRIBUTES is reserved too. */
export const TARGETINFO_RESERVED: Ranges = [
  [48, 2],
  [56, 8],
  [128, 384],
]

/** "Report (REPORT)", 512-byte aligned. The MAC covers all before KEYID. */
export const REPORT = struct('REPORT', 432, {
  CPUSVN: bytes(0, 16),
  MISCSELECT: u32(16),
  CET_ATTRIBUTES: u8(20),
  ISVEXTPRODID: bytes(32, 16),
  ATTRIBUTES: u64(48),
  XFRM: u64(56),
  MRENCLAVE: bytes(64, 32),
  MRSIGNER: bytes(128, 32),
  CONFIGID: bytes(192, 64),
  ISVPRODID: u16(256),
  ISVSVN: u16(258),
  CONFIGSVN: u16(260),
  ISVFAMILYID: bytes(304, 16),
  REPORTDATA: bytes(320, 64),
  KEYID: bytes(384, 32),
  MAC: bytes(416, 16),
})

/** "Key Request (KEYREQUEST)", 512-byte aligned. */
export const KEYREQUEST = struct('KEYREQUEST', 512, {
  KEYNAME: u16(0),
  KEYPOLICY: u16(2),
  ISVSVN: u16(4),
  CET_ATTRIBUTES_MASK: u8(6),
  CPUSVN: bytes(8, 16),
  ATTRIBUTEMASK: u64(24),
  XFRMMASK: u64(32),
  KEYID: bytes(40, 32),
  MISCMASK: u32(72),
  CONFIGSVN: u16(76),
})
/** On a processor without CET, CET_ATTRIBUTES_MASK is reserved too. */
export const KEYREQUEST_RESERVED: Ranges = [
  [6, 2],
  [78, 434],
]
