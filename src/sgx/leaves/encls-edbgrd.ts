import { invariant } from '../../base/index.ts'
import { ATTRIBUTES, SGX_ERROR, SGX_TCS_LIMIT, type SgxErrorCode } from '../../spec/sgx/index.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf } from '../leaf.ts'

export interface EdbgrdArguments {
  readonly target: EpcPage
  readonly offset: number
  /** Receives 8 bytes: RBX. */
  readonly data: Uint8Array
}

const QUADWORD = 8

export const EDBGRD = enclsLeaf<EdbgrdArguments, SgxErrorCode>({
  leaf: 'EDBGRD',
  inputs: {
    target: 'Address of source memory in the EPC',
    offset: 'DS:RCX & 0FFFH',
    data: 'Data read from a debug enclave',
  },
  run(_sgx, { target, offset, data }, refuse) {
    invariant(offset >= 0 && offset < 4096, 'EDBGRD offset beyond the page')
    const address = target.physicalAddress + offset
    if (offset % QUADWORD !== 0) return refuse.GP('DS:RCX is 8Byte Aligned')
    if (!target.VALID) return refuse.PF(address, 0, 'EPCM(DS:RCX).VALID = 1')
    const { PT } = target
    if (PT !== 'PT_REG' && PT !== 'PT_TCS' && PT !== 'PT_VA') {
      return refuse.PF(address, 0, 'EPCM(DS:RCX).PT is PT_REG, PT_TCS or PT_VA')
    }
    if (target.PENDING || target.MODIFIED) {
      return refuse.code(SGX_ERROR.SGX_PAGE_NOT_DEBUGGABLE, 'EPCM(DS:RCX).PENDING = 0 and MODIFIED = 0')
    }
    if (PT === 'PT_TCS' && offset >= SGX_TCS_LIMIT) return refuse.GP('DS:RCX & FFFH < SGX_TCS_LIMIT')
    if (PT === 'PT_VA') {
      // Of a version only this much is told: there is one.
      data.fill((target.version(offset) & ~7n) === 0n ? 0 : 0xff, 0, QUADWORD)
      return SGX_ERROR.SGX_SUCCESS
    }
    if (!target.ENCLAVESECS?.enclave?.hasAttribute(ATTRIBUTES.DEBUG)) return refuse.GP('TMP_SECS.ATTRIBUTES.DEBUG = 1')
    data.set(target.bytes.subarray(offset, offset + QUADWORD))
    return SGX_ERROR.SGX_SUCCESS
  },
})
