import { invariant } from '../../base/index.ts'
import { PCMD, SECINFO, SGX_ERROR, VA_SLOT_SIZE, type SgxErrorCode } from '../../spec/sgx/index.ts'
import { eidOf } from '../enclave.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf } from '../leaf.ts'
import { counterOf, flagsOf, hasParent, MACHEADER, type PagingPageinfo } from '../paging.ts'

export interface EwbArguments {
  readonly pageinfo: PagingPageinfo
  readonly target: EpcPage
  readonly va: EpcPage
  /** Byte offset of the slot in the VA page. */
  readonly slot: number
}

export const EWB = enclsLeaf<EwbArguments, SgxErrorCode>({
  leaf: 'EWB',
  inputs: {
    pageinfo: 'Address of an PAGEINFO',
    target: 'Address of the EPC page',
    va: 'Page of a VA slot',
    slot: 'DS:RDX & 0FFFH',
  },
  run(sgx, { pageinfo, target, va, slot }, refuse) {
    const { SGX_SUCCESS, SGX_PAGE_NOT_BLOCKED, SGX_NOT_TRACKED, SGX_CHILD_PRESENT, SGX_VA_SLOT_OCCUPIED } = SGX_ERROR
    invariant(slot >= 0 && slot < 4096, 'EWB slot beyond the page')
    if (slot % VA_SLOT_SIZE !== 0) return refuse.GP('DS:RDX is 8Byte Aligned')
    if (target === va) return refuse.GP('DS:RCX and DS:RDX do not resolve to the same EPC page')
    if (pageinfo.LINADDR !== 0n) return refuse.GP('PAGEINFO.LINADDR = 0')
    if (pageinfo.SECS) return refuse.GP('PAGEINFO.SECS = 0')
    if (!target.VALID) return refuse.PF(target.physicalAddress, 0, 'EPCM(DS:RCX).VALID = 1')
    if (!va.VALID) return refuse.PF(va.physicalAddress + slot, 0, 'EPCM(DS:RDX & ~0FFFH).VALID = 1')
    if (va.PT !== 'PT_VA') return refuse.PF(va.physicalAddress + slot, 0, 'EPCM(DS:RDX & ~FFFH).PT = PT_VA')

    // "EBLOCK is not correct" cannot be: a leaf ends before the next one begins.
    const TMP_SECS = target.ENCLAVESECS?.enclave
    let EID = 0n
    let TMP_PCMD_ENCLAVEID = 0n
    if (hasParent(target)) {
      invariant(TMP_SECS, 'a valid page belongs to an enclave')
      if (!target.BLOCKED) return refuse.code(SGX_PAGE_NOT_BLOCKED, 'EPCM(DS:RCX).BLOCKED = 1')
      if (!TMP_SECS.isTracked(target.trackingEpoch ?? TMP_SECS.epoch) || sgx.isInUse(target)) {
        return refuse.code(SGX_NOT_TRACKED, 'ETRACK has followed EBLOCK, and all logical processors have left since')
      }
      EID = TMP_PCMD_ENCLAVEID = TMP_SECS.EID
    } else if (target.PT === 'PT_SECS') {
      if ((target.enclave?.childCount ?? 0) > 0) {
        return refuse.code(SGX_CHILD_PRESENT, 'DS:RCX has no EPC page associated with it')
      }
      TMP_PCMD_ENCLAVEID = eidOf(target)
    }

    const header = new Uint8Array(MACHEADER.size)
    const TMP_HEADER = MACHEADER.view(header)
    const flags = flagsOf(target)
    TMP_HEADER.EID = EID
    TMP_HEADER.LINADDR = BigInt(target.ENCLAVEADDRESS)
    SECINFO.view(TMP_HEADER.SECINFO).FLAGS = flags
    const TMP_VER = sgx.nextVersion()
    const { ciphertext, mac } = sgx.aesGcm.encrypt(sgx.secrets.CR_BASE_PK, counterOf(TMP_VER), header, target.bytes)
    pageinfo.SRCPGE.set(ciphertext)
    pageinfo.PCMD.fill(0)
    const TMP_PCMD = PCMD.view(pageinfo.PCMD)
    SECINFO.view(TMP_PCMD.SECINFO).FLAGS = flags
    TMP_PCMD.ENCLAVEID = TMP_PCMD_ENCLAVEID
    TMP_PCMD.MAC = mac
    pageinfo.LINADDR = BigInt(target.ENCLAVEADDRESS)
    const occupied = va.version(slot) !== 0n
    va.setVersion(slot, TMP_VER)
    target.VALID = false

    sgx.epcmChanged(target)
    if (TMP_SECS) TMP_SECS.childCount--
    if (target.enclave) sgx.writtenOut.set(target.enclave.EID, target.enclave)
    const { PT, ENCLAVEADDRESS: LINADDR, physicalAddress } = target
    sgx.counts.writtenOut++
    sgx.onEvent?.({ kind: 'paging', what: 'written out', PT, EID: TMP_PCMD_ENCLAVEID, LINADDR, physicalAddress })
    target.ENCLAVESECS = target.enclave = target.trackingEpoch = undefined
    // The page is out all the same: what was in the slot is lost.
    return occupied ? refuse.code(SGX_VA_SLOT_OCCUPIED, 'the version array slot was empty') : SGX_SUCCESS
  },
})
