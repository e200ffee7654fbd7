import { SGX_ERROR, type SgxErrorCode } from '../../spec/sgx/index.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf } from '../leaf.ts'
import { secinfoFlags } from '../operands.ts'

export interface EmodtArguments {
  readonly target: EpcPage
  /** 64 bytes. */
  readonly secinfo: Uint8Array
}

export const EMODT = enclsLeaf<EmodtArguments, SgxErrorCode>({
  leaf: 'EMODT',
  inputs: { secinfo: 'Address of a SECINFO', target: 'Address of the destination EPC page' },
  run(sgx, { target, secinfo }, refuse) {
    const SECINFO = secinfoFlags(secinfo)
    if (!SECINFO) return refuse.GP('SECINFO reserved fields are zero')
    const { PT } = SECINFO
    if (PT !== 'PT_TCS' && PT !== 'PT_TRIM') return refuse.GP('SECINFO.FLAGS.PT is PT_TCS or PT_TRIM')
    if (!target.VALID) return refuse.PF(target.physicalAddress, 0, 'EPCM(DS:RCX).VALID = 1')
    if (target.PT !== 'PT_REG' && !(target.PT === 'PT_TCS' && PT === 'PT_TRIM')) {
      return refuse.PF(target.physicalAddress, 0, 'EPCM(DS:RCX).PT is PT_REG, or PT_TCS to become PT_TRIM')
    }
    if (target.PENDING || target.MODIFIED) {
      return refuse.code(SGX_ERROR.SGX_PAGE_NOT_MODIFIABLE, 'EPCM(DS:RCX).PENDING = 0 and MODIFIED = 0')
    }
    const enclave = target.ENCLAVESECS?.enclave
    if (!enclave?.initialized) return refuse.GP('TMP_SECS.ATTRIBUTES.INIT = 1')
    target.PR = false
    target.MODIFIED = true
    target.R = false
    target.W = false
    target.X = false
    target.PT = PT
    target.trackingEpoch = enclave.epoch
    sgx.epcmChanged(target)
    return SGX_ERROR.SGX_SUCCESS
  },
})
