import { invariant } from '../../base/index.ts'
import {
  PAGE_TYPES,
  PCMD,
  SECINFO,
  SECINFO_FLAGS,
  SECINFO_PAGE_TYPE_SHIFT,
  SGX_ERROR,
  VA_SLOT_SIZE,
  type SgxErrorCode,
} from '../../spec/sgx/index.ts'
import { eidOf } from '../enclave.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf, type EnclsLeaf } from '../leaf.ts'
import { counterOf, hasParent, MACHEADER, rsvdOf, type PagingPageinfo } from '../paging.ts'
import type { Sgx } from '../processor.ts'
import type { Refusals } from '../refuse.ts'

export interface EldArguments {
  readonly pageinfo: Readonly<PagingPageinfo>
  /** An EPC page that is not in use. */
  readonly target: EpcPage
  readonly va: EpcPage
  /** Byte offset of the slot in the VA page. */
  readonly slot: number
}

/** The two leaves differ in one bit. */
const load = (leaf: 'ELDB' | 'ELDU'): EnclsLeaf<EldArguments, SgxErrorCode> =>
  enclsLeaf<EldArguments, SgxErrorCode>({
    leaf,
    inputs: {
      pageinfo: 'Address of the PAGEINFO',
      target: 'Address of the EPC page',
      va: 'Page of the version-array slot',
      slot: 'DS:RDX & 0FFFH',
    },
    run: (sgx, args, refuse) => run(sgx, args, refuse, leaf === 'ELDB'),
  })
export const ELDB = load('ELDB')
export const ELDU = load('ELDU')

function run(sgx: Sgx, args: EldArguments, refuse: Refusals, blocked: boolean): SgxErrorCode {
  const { pageinfo, target, va, slot } = args
  invariant(slot >= 0 && slot < 4096, 'ELDU slot beyond the page')
  if (slot % VA_SLOT_SIZE !== 0) return refuse.GP('DS:RDX is 8Byte aligned')
  if (target.VALID) return refuse.PF(target.physicalAddress, 0, 'EPCM(DS:RCX).VALID = 0')
  if (!va.VALID) return refuse.PF(va.physicalAddress + slot, 0, 'EPCM(DS:RDX & ~0FFFH).VALID = 1')
  if (va.PT !== 'PT_VA') return refuse.PF(va.physicalAddress + slot, 0, 'EPCM(DS:RDX & ~0FFFH).PT = PT_VA')

  const SCRATCH_PCMD = pageinfo.PCMD.slice()
  const { SECINFO: secinfo, MAC } = PCMD.view(SCRATCH_PCMD)
  const header = new Uint8Array(MACHEADER.size)
  const TMP_HEADER = MACHEADER.view(header)
  TMP_HEADER.SECINFO = secinfo
  TMP_HEADER.RSVD = rsvdOf(SCRATCH_PCMD)
  TMP_HEADER.LINADDR = pageinfo.LINADDR
  const { FLAGS } = SECINFO.view(secinfo)
  const PT = PAGE_TYPES[Number((FLAGS >> SECINFO_PAGE_TYPE_SHIFT) & 0xffn)]
  const TMP_SECS = pageinfo.SECS
  const child = PT === 'PT_REG' || PT === 'PT_TCS' || PT === 'PT_TRIM'
  if (child) {
    if (!TMP_SECS) return refuse.PF(0, 0, 'DS:TMP_SECS resolves within an EPC')
    // Undefined: the manual announces a check of the SECS and prints none.
    const isSecs = TMP_SECS.VALID && TMP_SECS.enclave !== undefined
    if (!isSecs) return refuse.PF(TMP_SECS.physicalAddress, 0, 'DS:TMP_SECS is a valid SECS')
    TMP_HEADER.EID = eidOf(TMP_SECS)
  } else if (TMP_SECS) {
    return refuse.GP('DS:TMP_SECS = 0')
  }
  const TMP_VER = va.version(slot)
  const sealed = { ciphertext: pageinfo.SRCPGE, mac: MAC }
  const plain = sgx.aesGcm.decrypt(sgx.secrets.CR_BASE_PK, counterOf(TMP_VER), header, sealed)
  if (!plain) return refuse.code(SGX_ERROR.SGX_MAC_COMPARE_FAIL, 'TMP_MAC = PCMD.MAC')
  invariant(PT, 'EWB sealed a page of no type')

  sgx.epc.beforeWrite(target.frame)
  target.bytes.set(plain)
  va.setVersion(slot, 0n)
  const has = (bit: bigint): boolean => (FLAGS & bit) !== 0n
  target.PT = PT
  target.R = has(SECINFO_FLAGS.R)
  target.W = has(SECINFO_FLAGS.W)
  target.X = has(SECINFO_FLAGS.X)
  target.PENDING = has(SECINFO_FLAGS.PENDING)
  target.MODIFIED = has(SECINFO_FLAGS.MODIFIED)
  target.PR = has(SECINFO_FLAGS.PR)
  target.ENCLAVEADDRESS = Number(pageinfo.LINADDR)
  target.ENCLAVESECS = TMP_SECS
  target.BLOCKED = blocked && hasParent(target)
  const enclave = TMP_SECS?.enclave
  if (target.BLOCKED) target.trackingEpoch = enclave?.epoch
  if (enclave) enclave.childCount++
  if (PT === 'PT_SECS') restoreSecs(sgx, target)
  target.VALID = true
  const EID = enclave?.EID ?? (PT === 'PT_SECS' ? eidOf(target) : 0n)
  const { ENCLAVEADDRESS: LINADDR, physicalAddress } = target
  sgx.counts.loaded++
  sgx.onEvent?.({ kind: 'paging', what: 'loaded', PT, EID, LINADDR, physicalAddress })
  return SGX_ERROR.SGX_SUCCESS
}

function restoreSecs(sgx: Sgx, target: EpcPage): void {
  const EID = eidOf(target)
  const enclave = sgx.writtenOut.get(EID)
  invariant(enclave, 'a SECS that was written out is remembered')
  sgx.writtenOut.delete(EID)
  enclave.moveTo(target)
}
