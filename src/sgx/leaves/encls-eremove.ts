import { SGX_ERROR, type SgxErrorCode } from '../../spec/sgx/index.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf } from '../leaf.ts'

export interface EremoveArguments {
  readonly target: EpcPage
}

export const EREMOVE = enclsLeaf<EremoveArguments, SgxErrorCode>({
  leaf: 'EREMOVE',
  inputs: { target: 'Effective address of the EPC page' },
  run(sgx, { target }, refuse) {
    const { SGX_SUCCESS, SGX_CHILD_PRESENT, SGX_ENCLAVE_ACT } = SGX_ERROR
    if (!target.VALID) return SGX_SUCCESS
    const parent = target.ENCLAVESECS?.enclave
    const childCount = target.enclave?.childCount ?? 0
    const inside = parent?.threads.length ?? 0
    if (target.PT === 'PT_SECS') {
      if (childCount > 0) {
        return refuse.code(SGX_CHILD_PRESENT, 'no EPC page is associated with the SECS')
      }
    } else if (target.PT !== 'PT_VA') {
      // Erratum: the Operation section sends an accepted PT_TRIM page to DONE before the line that would make it invalid. Removing
      // such pages while threads run is what they are for, so the later line is taken to be meant.
      const trimmed = target.PT === 'PT_TRIM' && !target.MODIFIED
      if (!trimmed && inside > 0) {
        return refuse.code(SGX_ENCLAVE_ACT, 'no other threads are active using the SECS')
      }
    }
    target.VALID = false
    if (parent) parent.childCount--
    sgx.epcmChanged(target)
    target.ENCLAVESECS = undefined
    target.enclave = undefined
    target.trackingEpoch = undefined
    return SGX_SUCCESS
  },
})
