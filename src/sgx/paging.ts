import { bytes, struct, u64 } from '../base/index.ts'
import { PCMD_RESERVED, PT, SECINFO, SECINFO_FLAGS, SECINFO_PAGE_TYPE_SHIFT } from '../spec/sgx/index.ts'
import type { EpcPage } from './epc.ts'

/** What EWB, ELDB and ELDU have in common ("EPC Page Eviction and Loading"). */

/** PAGEINFO with what it points to. EWB sets LINADDR and fills the other two. */
export interface PagingPageinfo {
  LINADDR: bigint
  /** 4096 bytes. */
  readonly SRCPGE: Uint8Array
  /** 128 bytes. */
  readonly PCMD: Uint8Array
  readonly SECS: EpcPage | undefined
}

/**
 * "TMP_HEADER", which the MAC covers along with the page. Undefined: the manual names its fields, not their places.
 */
export const MACHEADER = struct('MACHEADER', 128, {
  EID: u64(0),
  LINADDR: u64(8),
  SECINFO: bytes(16, SECINFO.size),
  RSVD: bytes(80, 40),
})
const [[PCMD_RSVD, PCMD_RSVD_SIZE] = [0, 0]] = PCMD_RESERVED
/** PCMD.RSVD, which goes into the header. */
export const rsvdOf = (pcmd: Uint8Array): Uint8Array => pcmd.subarray(PCMD_RSVD, PCMD_RSVD + PCMD_RSVD_SIZE)

/** EPCM(page) as SECINFO.FLAGS. */
export function flagsOf(page: EpcPage): bigint {
  const { R, W, X, PENDING, MODIFIED, PR } = SECINFO_FLAGS
  return (
    (page.R ? R : 0n) |
    (page.W ? W : 0n) |
    (page.X ? X : 0n) |
    (page.PENDING ? PENDING : 0n) |
    (page.MODIFIED ? MODIFIED : 0n) |
    (page.PR ? PR : 0n) |
    (BigInt(PT[page.PT]) << SECINFO_PAGE_TYPE_SHIFT)
  )
}

/** "TMP_VER << 32" as AES-GCM's counter, whose low 32 bits count blocks: the 96 bits above them. */
export function counterOf(TMP_VER: bigint): Uint8Array {
  const iv = new DataView(new ArrayBuffer(12))
  iv.setBigUint64(4, TMP_VER)
  return new Uint8Array(iv.buffer)
}

/** PT_SECS and PT_VA have no parent; all others belong to an enclave. */
export const hasParent = (page: EpcPage): boolean => page.PT !== 'PT_SECS' && page.PT !== 'PT_VA'
