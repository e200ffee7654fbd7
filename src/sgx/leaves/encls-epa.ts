import type { PageType } from '../../spec/sgx/index.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf } from '../leaf.ts'

export interface EpaArguments {
  readonly type: PageType
  /** An EPC page that is not in use. */
  readonly target: EpcPage
}

export const EPA = enclsLeaf<EpaArguments, void>({
  leaf: 'EPA',
  inputs: { type: 'PT_VA', target: 'Effective address of the EPC page' },
  run(sgx, { type, target }, refuse) {
    if (type !== 'PT_VA') return refuse.GP('RBX = PT_VA')
    if (target.VALID) return refuse.PF(target.physicalAddress, 0, 'EPCM(DS:RCX).VALID = 0')
    sgx.epc.beforeWrite(target.frame)
    target.bytes.fill(0)
    target.PT = 'PT_VA'
    target.ENCLAVEADDRESS = 0
    target.ENCLAVESECS = undefined
    target.BLOCKED = target.PENDING = target.MODIFIED = target.PR = false
    target.R = target.W = target.X = false
    target.VALID = true
  },
})
