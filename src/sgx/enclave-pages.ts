import { fault, type Access, type Mapping, type PageSource } from '../cpu/index.ts'
import { PF_ERROR } from '../spec/x86/index.ts'
import type { Enclave } from './enclave.ts'
import type { Epc, EpcPage } from './epc.ts'

/** The page tables of the host, as SGX needs them; the kernel's address space implements this. */
export interface HostPages extends PageSource {
  /** Changes whenever the translation of a page that is watched may no longer hold; undefined: unknown, so that none may be kept. */
  readonly epoch?: number | undefined
  /** `epoch` shall tell of the page at this address, until it changes. */
  watch?(address: number): void
  /**
   * As `resolve`, page-fault handler included, but tells the frame that the page tables name even when it is EPC memory, where
   * `resolve` gives the abort page. Throws #PF without the SGX bit: present or not, allowed by the page table entry or not.
   */
  translate(address: number, access: Access): Mapping
}

/** Error code of a #PF that the EPCM causes: the translation is present and the page table allows the access. */
export const epcmFaultCode = (access: Access): number =>
  PF_ERROR.SGX | PF_ERROR.P | PF_ERROR.U | (access === 'W' ? PF_ERROR.W : access === 'X' ? PF_ERROR.I : 0)

/** "Access-control Requirements", direct enclave accesses: does the EPCM allow it? */
function epcmAllows(page: EpcPage, enclave: Enclave, pageAddress: number, access: Access): boolean {
  return (
    page.VALID &&
    page.ENCLAVESECS === enclave.page &&
    page.ENCLAVEADDRESS === pageAddress &&
    page.PT === 'PT_REG' &&
    !page.BLOCKED &&
    !page.PENDING &&
    !page.MODIFIED &&
    (access === 'R' ? page.R : access === 'W' ? page.W : page.X)
  )
}

/**
 * Memory as code inside an enclave sees it ("Access-control for Accesses that Originate from non-SGX Instructions"). Inside
 * ELRANGE an address must map to the right page of the EPC with the right to do it; outside, data is ordinary host memory and code
 * may not run.
 */
export class EnclavePages implements PageSource {
  readonly enclave: Enclave
  private readonly epc: Epc
  private readonly host: HostPages

  constructor(epc: Epc, host: HostPages, enclave: Enclave) {
    this.epc = epc
    this.host = host
    this.enclave = enclave
  }

  resolve(address: number, access: Access): Mapping {
    if (!this.enclave.contains(address)) {
      // "Code fetches from inside an enclave to a linear address outside that enclave result in a #GP(0) exception."
      if (access === 'X') fault.GP(0)
      return this.host.resolve(address, access)
    }
    // Ordinary paging comes first: the SGX bit is set only when there is no other reason to fault.
    const mapping = this.host.translate(address, access)
    const page = this.epc.pageAt(mapping.frame)
    const pageAddress = address - (address % 4096)
    if (!page || !epcmAllows(page, this.enclave, pageAddress, access)) {
      return fault.PF(address, epcmFaultCode(access))
    }
    return { frame: page.frame, writable: mapping.writable && page.W }
  }
}
