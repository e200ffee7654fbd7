import type { EpcPage } from '../epc.ts'
import { enclsLeaf } from '../leaf.ts'

export interface EaugArguments {
  /** An EPC page that is not in use. */
  readonly target: EpcPage
  readonly secs: EpcPage
  readonly linaddr: bigint
}

/** PAGEINFO.SECINFO is taken as 0, which gives a plain page: the other form is for shadow stacks, and there is no CET. */
export const EAUG = enclsLeaf<EaugArguments, void>({
  leaf: 'EAUG',
  inputs: { secs: 'PAGEINFO.SECS', linaddr: 'PAGEINFO.LINADDR', target: 'Address of the destination EPC page' },
  run(sgx, { target, secs, linaddr }, refuse) {
    if (linaddr & 0xfffn) return refuse.GP('PAGEINFO.LINADDR is 4KByte aligned')
    if (target.VALID) return refuse.PF(target.physicalAddress, 0, 'EPCM(DS:RCX).VALID = 0')
    if (!secs.VALID) return refuse.PF(secs.physicalAddress, 0, 'EPCM(DS:TMP_SECS).VALID = 1')
    const { enclave } = secs
    if (!enclave) return refuse.PF(secs.physicalAddress, 0, 'EPCM(DS:TMP_SECS).PT = PT_SECS')
    if (!enclave.initialized) return refuse.GP('SECS is initialized')
    const BASEADDR = BigInt(enclave.BASEADDR)
    if (linaddr < BASEADDR || linaddr >= BASEADDR + BigInt(enclave.SIZE)) {
      return refuse.GP('PAGEINFO.LINADDR is within the enclave linear address space')
    }
    sgx.epc.beforeWrite(target.frame)
    target.bytes.fill(0)
    target.R = true
    target.W = true
    target.X = false
    target.PT = 'PT_REG'
    target.ENCLAVEADDRESS = Number(linaddr)
    target.BLOCKED = false
    target.PENDING = true
    target.MODIFIED = false
    target.PR = false
    target.ENCLAVESECS = secs
    enclave.childCount++
    target.VALID = true
  },
})
