/** Bits, codes and numbers of the Intel SDM, volume 3D. */

/** "ATTRIBUTES" (bits 63:0; XFRM is the upper half). */
// prettier-ignore
export const ATTRIBUTES = {
  INIT: 1n << 0n, DEBUG: 1n << 1n, MODE64BIT: 1n << 2n, PROVISIONKEY: 1n << 4n, EINITTOKEN_KEY: 1n << 5n, CET: 1n << 6n,
  KSS: 1n << 7n, AEXNOTIFY: 1n << 10n,
} as const

/** "MISCSELECT": bit vector of the extended information saved on an asynchronous exit. */
export const MISCSELECT = { EXINFO: 1 } as const

/** "TCS.FLAGS". */
export const TCS_FLAGS = { DBGOPTIN: 1n << 0n, AEXNOTIFY: 1n << 1n } as const
export const TCS_FLAGS_RESERVED = ~3n & 0xffff_ffff_ffff_ffffn

/** "SECINFO.FLAGS". */
export const SECINFO_FLAGS = { R: 1n, W: 2n, X: 4n, PENDING: 8n, MODIFIED: 0x10n, PR: 0x20n } as const
/** Bits 7:6 and 63:16. */
export const SECINFO_FLAGS_RESERVED = 0xffff_ffff_ffff_00c0n
export const SECINFO_PAGE_TYPE_SHIFT = 8n

/** "PAGE_TYPE Field Definition". */
// prettier-ignore
export const PT = { PT_SECS: 0, PT_TCS: 1, PT_REG: 2, PT_VA: 3, PT_TRIM: 4, PT_SS_FIRST: 5, PT_SS_REST: 6 } as const
export type PageType = keyof typeof PT
export const PAGE_TYPES = Object.keys(PT) as readonly PageType[]

/** "EXITINFO": VECTOR is bits 7:0, EXIT_TYPE bits 10:8. */
// prettier-ignore
export const EXITINFO = { VALID: 0x8000_0000, EXIT_TYPE_SHIFT: 8, HARDWARE: 3, SOFTWARE: 6 } as const

/** "Information and Error Codes": what a leaf leaves in RAX, with ZF set. */
// prettier-ignore
export const SGX_ERROR = {
  SGX_SUCCESS: 0,
  SGX_INVALID_SIG_STRUCT: 1, SGX_INVALID_ATTRIBUTE: 2, SGX_BLKSTATE: 3, SGX_INVALID_MEASUREMENT: 4, SGX_NOTBLOCKABLE: 5,
  SGX_PG_INVLD: 6, SGX_EPC_PAGE_CONFLICT: 7, SGX_INVALID_SIGNATURE: 8, SGX_MAC_COMPARE_FAIL: 9, SGX_PAGE_NOT_BLOCKED: 10,
  SGX_NOT_TRACKED: 11, SGX_VA_SLOT_OCCUPIED: 12, SGX_CHILD_PRESENT: 13, SGX_ENCLAVE_ACT: 14, SGX_ENTRYEPOCH_LOCKED: 15,
  SGX_INVALID_EINITTOKEN: 16, SGX_PREV_TRK_INCMPL: 17, SGX_PG_IS_SECS: 18, SGX_PAGE_ATTRIBUTES_MISMATCH: 19,
  SGX_PAGE_NOT_MODIFIABLE: 20, SGX_PAGE_NOT_DEBUGGABLE: 21, SGX_INVALID_COUNTER: 25, SGX_PG_NONEPC: 26, SGX_TRACK_NOT_REQUIRED: 27,
  SGX_INVALID_CPUSVN: 32, SGX_INVALID_ISVSVN: 64, SGX_UNMASKED_EVENT: 128, SGX_INVALID_KEYNAME: 256,
} as const
export type SgxErrorName = keyof typeof SGX_ERROR
export type SgxErrorCode = (typeof SGX_ERROR)[SgxErrorName]

/** The name of a code in RAX, for traces and messages. */
export const sgxErrorName = (code: number): SgxErrorName | undefined =>
  (Object.keys(SGX_ERROR) as SgxErrorName[]).find((name) => SGX_ERROR[name] === code)

/** "KEYNAME" and "KEYPOLICY" of KEYREQUEST. */
// prettier-ignore
export const KEYNAME = { EINITTOKEN_KEY: 0, PROVISION_KEY: 1, PROVISION_SEAL_KEY: 2, REPORT_KEY: 3, SEAL_KEY: 4 } as const
// prettier-ignore
export const KEYPOLICY = { MRENCLAVE: 1, MRSIGNER: 2, NOISVPRODID: 4, CONFIGID: 8, ISVFAMILYID: 16, ISVEXTPRODID: 32 } as const
export const KEYPOLICY_RESERVED = 0xffc0
/** What KEYPOLICY may ask for only with ATTRIBUTES.KSS. */
export const KEYPOLICY_KSS = 0x3c

/** "SIGSTRUCT": the byte streams that HEADER and HEADER2 must be. */
// prettier-ignore
export const SIGSTRUCT_HEADER = Uint8Array.of(6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0)
// prettier-ignore
export const SIGSTRUCT_HEADER2 = Uint8Array.of(1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0)
export const VENDOR_INTEL = 0x8086

/** Values of IA32_SGXLEPUBKEYHASH0-3 at reset: the hash of the key that signs Intel's launch enclave. */
export const LEPUBKEYHASH_RESET = [
  0xa6053e051270b7acn,
  0x6cfbe8ba8b3b413dn,
  0xc4916d99f2b3735dn,
  0xd4f8c05909f9bb3bn,
] as const

/** CPUID leaf 12H, "Intel SGX Resource Enumeration Leaves". */
// prettier-ignore
export const CPUID_12H = {
  LEAF: 0x12,
  /** Sub-leaf 0, EAX. */
  SGX1: 1 << 0, SGX2: 1 << 1, EVERIFYREPORT2: 1 << 7, EDECCSSA: 1 << 11,
  /** Sub-leaf 2 and up, EAX[3:0]: 0 ends the list. ECX[3:0]: how the section is protected. */
  EPC_SECTION: 1, CONFIDENTIALITY_AND_INTEGRITY: 1, CONFIDENTIALITY_ONLY: 2,
} as const
/** CPUID leaf 7, sub-leaf 0: EBX bit for SGX, ECX bit for flexible launch control. */
export const CPUID_7 = { SGX: 1 << 2, SGX_LC: 1 << 30 } as const

/** XCR0 and XFRM: size of the standard XSAVE area up to the end of each state component (volume 1, "XSAVE Area"). */
// prettier-ignore
export const XSAVE_COMPONENT_END: Readonly<Record<number, number>> = {
  0: 512 + 64, 1: 512 + 64, 2: 832, 3: 1024, 4: 1088, 5: 1152, 6: 1664, 7: 2688, 9: 2696,
}
