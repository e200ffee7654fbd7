import { SGX_ERROR, type SgxErrorCode } from '../../spec/sgx/index.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf } from '../leaf.ts'

export interface EblockArguments {
  readonly target: EpcPage
}

export const EBLOCK = enclsLeaf<EblockArguments, SgxErrorCode>({
  leaf: 'EBLOCK',
  inputs: { target: 'Effective address of the EPC page' },
  run(sgx, { target }, refuse) {
    const { SGX_SUCCESS, SGX_PG_INVLD, SGX_PG_IS_SECS, SGX_NOTBLOCKABLE, SGX_BLKSTATE } = SGX_ERROR
    if (!target.VALID) return refuse.code(SGX_PG_INVLD, 'EPCM(DS:RCX).VALID = 1')
    const { PT } = target
    if (PT !== 'PT_REG' && PT !== 'PT_TCS' && PT !== 'PT_TRIM') {
      const code = PT === 'PT_SECS' ? SGX_PG_IS_SECS : SGX_NOTBLOCKABLE
      return refuse.code(code, 'EPCM(DS:RCX).PT is PT_REG, PT_TCS or PT_TRIM')
    }
    if (target.BLOCKED) return refuse.code(SGX_BLKSTATE, 'EPCM(DS:RCX).BLOCKED = 0')
    target.BLOCKED = true
    target.trackingEpoch = target.ENCLAVESECS?.enclave?.epoch
    sgx.epcmChanged(target)
    return SGX_SUCCESS
  },
})
