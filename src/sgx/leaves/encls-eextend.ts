import { invariant } from '../../base/index.ts'
import { PAGE_SIZE } from '../../cpu/index.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf } from '../leaf.ts'
import type { Sgx } from '../processor.ts'

export interface EextendArguments {
  readonly secs: EpcPage
  readonly target: EpcPage
  /** Of the 256-byte chunk in the page. */
  readonly offset: number
}

const CHUNK = 256

export const EEXTEND = enclsLeaf<EextendArguments, void>({
  leaf: 'EEXTEND',
  inputs: {
    secs: 'Effective address of the SECS of the data chunk',
    target: 'Effective address of a 256-byte chunk in the EPC',
    offset: 'DS:RCX & 0FFFH',
  },
  run(_sgx, { secs, target, offset }, refuse) {
    if (offset % CHUNK !== 0) return refuse.GP('DS:RCX is 256Byte Aligned')
    invariant(offset >= 0 && offset < 4096, 'EEXTEND offset beyond the page')
    const address = target.physicalAddress + offset
    if (!target.VALID) return refuse.PF(address, 0, 'EPCM(DS:RCX).VALID = 1')
    if (target.PT !== 'PT_REG' && target.PT !== 'PT_TCS') {
      return refuse.PF(address, 0, 'EPCM(DS:RCX).PT is PT_REG or PT_TCS')
    }
    const enclave = target.ENCLAVESECS === secs ? secs.enclave : undefined
    if (!enclave) return refuse.GP('DS:RBX resolves to the SECS of DS:RCX')
    if (enclave.initialized) return refuse.GP('SECS is not initialized')
    const TMP_ENCLAVEOFFSET = target.ENCLAVEADDRESS - enclave.BASEADDR + offset
    enclave.measurement.EEXTEND(TMP_ENCLAVEOFFSET, target.bytes.subarray(offset, offset + CHUNK))
  },
})

/**
 * EEXTEND of all chunks of a page, in ascending order. Nothing happens in between, so what the checks of the first one allow is
 * allowed for all.
 */
export function extendPage(sgx: Sgx, { secs, target }: Omit<EextendArguments, 'offset'>): void {
  EEXTEND(sgx, { secs, target, offset: 0 })
  if (sgx.onEvent) {
    for (let offset = CHUNK; offset < PAGE_SIZE; offset += CHUNK) EEXTEND(sgx, { secs, target, offset })
    return
  }
  const { enclave } = secs
  invariant(enclave, 'EEXTEND has checked the SECS')
  enclave.measurement.EEXTENDs(target.ENCLAVEADDRESS - enclave.BASEADDR, target.bytes)
}
