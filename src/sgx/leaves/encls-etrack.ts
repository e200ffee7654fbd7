import { SGX_ERROR, type SgxErrorCode } from '../../spec/sgx/index.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf } from '../leaf.ts'

export interface EtrackArguments {
  readonly secs: EpcPage
}

export const ETRACK = enclsLeaf<EtrackArguments, SgxErrorCode>({
  leaf: 'ETRACK',
  inputs: { secs: 'Pointer to the SECS of the EPC page' },
  run(sgx, { secs }, refuse) {
    if (!secs.VALID) return refuse.PF(secs.physicalAddress, 0, 'EPCM(DS:RCX).VALID = 1')
    const { enclave } = secs
    if (!enclave) return refuse.PF(secs.physicalAddress, 0, 'EPCM(DS:RCX).PT = PT_SECS')
    if (!enclave.isTracked(enclave.epoch - 1)) {
      return refuse.code(SGX_ERROR.SGX_PREV_TRK_INCMPL, 'SECS(DS:RCX).TRACKING = 0')
    }
    enclave.epoch++
    sgx.forgetTransitions()
    return SGX_ERROR.SGX_SUCCESS
  },
})
