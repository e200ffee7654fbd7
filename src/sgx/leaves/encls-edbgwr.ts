import { invariant } from '../../base/index.ts'
import { ATTRIBUTES, SGX_ERROR, TCS, type SgxErrorCode } from '../../spec/sgx/index.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf } from '../leaf.ts'

export interface EdbgwrArguments {
  readonly target: EpcPage
  readonly offset: number
  /** 8 bytes: RBX. */
  readonly data: Uint8Array
}

const QUADWORD = 8

export const EDBGWR = enclsLeaf<EdbgwrArguments, SgxErrorCode>({
  leaf: 'EDBGWR',
  inputs: {
    target: 'Address of destination memory in the EPC',
    offset: 'DS:RCX & 0FFFH',
    data: 'Data to be written to a debug enclave',
  },
  run(sgx, { target, offset, data }, refuse) {
    invariant(offset >= 0 && offset < 4096, 'EDBGWR offset beyond the page')
    const address = target.physicalAddress + offset
    if (offset % QUADWORD !== 0) return refuse.GP('DS:RCX is 8Byte Aligned')
    if (!target.VALID) return refuse.PF(address, 0, 'EPCM(DS:RCX).VALID = 1')
    const { PT } = target
    if (PT !== 'PT_REG' && PT !== 'PT_TCS') return refuse.PF(address, 0, 'EPCM(DS:RCX).PT is PT_REG or PT_TCS')
    if (target.PENDING || target.MODIFIED) {
      return refuse.code(SGX_ERROR.SGX_PAGE_NOT_DEBUGGABLE, 'EPCM(DS:RCX).PENDING = 0 and MODIFIED = 0')
    }
    if (PT === 'PT_TCS' && offset !== TCS.fields.FLAGS.offset) {
      return refuse.GP('DS:RCX & FF8H = offset_of_FLAGS & 0FF8H')
    }
    if (!target.ENCLAVESECS?.enclave?.hasAttribute(ATTRIBUTES.DEBUG)) return refuse.GP('TMP_SECS.ATTRIBUTES.DEBUG = 1')
    sgx.epc.beforeWrite(target.frame)
    target.bytes.set(data.subarray(0, QUADWORD), offset)
    if (PT === 'PT_TCS') sgx.epcmChanged(target)
    return SGX_ERROR.SGX_SUCCESS
  },
})
