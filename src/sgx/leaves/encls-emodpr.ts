import { SGX_ERROR, type SgxErrorCode } from '../../spec/sgx/index.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf } from '../leaf.ts'
import { secinfoFlags } from '../operands.ts'

export interface EmodprArguments {
  readonly target: EpcPage
  /** 64 bytes. */
  readonly secinfo: Uint8Array
}

export const EMODPR = enclsLeaf<EmodprArguments, SgxErrorCode>({
  leaf: 'EMODPR',
  inputs: { secinfo: 'Address of a SECINFO', target: 'Address of the destination EPC page' },
  run(sgx, { target, secinfo }, refuse) {
    const SECINFO = secinfoFlags(secinfo)
    if (!SECINFO) return refuse.GP('SECINFO reserved fields are zero')
    if (!SECINFO.R && SECINFO.W) return refuse.GP('SECINFO.FLAGS.R = 1 or SECINFO.FLAGS.W = 0')
    if (!target.VALID) return refuse.PF(target.physicalAddress, 0, 'EPCM(DS:RCX).VALID = 1')
    if (target.PENDING || target.MODIFIED) {
      return refuse.code(SGX_ERROR.SGX_PAGE_NOT_MODIFIABLE, 'EPCM(DS:RCX).PENDING = 0 and MODIFIED = 0')
    }
    if (target.PT !== 'PT_REG') return refuse.PF(target.physicalAddress, 0, 'EPCM(DS:RCX).PT = PT_REG')
    const enclave = target.ENCLAVESECS?.enclave
    if (!enclave?.initialized) return refuse.GP('TMP_SECS.ATTRIBUTES.INIT = 1')
    target.PR = true
    target.R &&= SECINFO.R
    target.W &&= SECINFO.W
    target.X &&= SECINFO.X
    target.trackingEpoch = enclave.epoch
    sgx.epcmChanged(target)
    return SGX_ERROR.SGX_SUCCESS
  },
})
