import { invariant } from '../../base/index.ts'
import { PAGE_SIZE } from '../../cpu/index.ts'
import { PCMD, SGX_ERROR, VA_SLOT_COUNT, VA_SLOT_SIZE, type PageType } from '../../spec/sgx/index.ts'
import { ENCLS, type EpcPage, type PagingPageinfo } from '../../sgx/index.ts'
import type { BackingPage } from '../mm/backing.ts'
import type { DriverEnclave } from './sgx-encl.ts'

/** Where an enclave's page is: in the EPC, or written out with EWB to memory of the kernel, from where ELDU brings it back. */

/** A page of type PT_VA, with the slots that are taken. */
export class VaPage {
  readonly epc: EpcPage
  private readonly taken = new Uint8Array(VA_SLOT_COUNT)
  private count = 0

  constructor(epc: EpcPage) {
    this.epc = epc
  }

  /** A free slot's offset in the page, or undefined. */
  take(): number | undefined {
    if (this.count === VA_SLOT_COUNT) return undefined
    const slot = this.taken.indexOf(0)
    this.taken[slot] = 1
    this.count++
    return slot * VA_SLOT_SIZE
  }

  release(offset: number): void {
    this.taken[offset / VA_SLOT_SIZE] = 0
    this.count--
  }
}

/** What EWB has made of a page. */
interface WrittenOut {
  readonly va: VaPage
  readonly slot: number
  readonly LINADDR: bigint
  readonly SRCPGE: Uint8Array
  readonly PCMD: Uint8Array
}

/** A page that the kernel has given to an enclave; its SECS is one too. */
export class EnclavePage {
  readonly enclave: DriverEnclave
  readonly address: number
  type: PageType
  /** PROT_ bits that a mapping of it may have at most. */
  maximum: number
  /** undefined while it is written out. */
  epc: EpcPage | undefined
  /** The accessed bit of its page table entries, in all address spaces together. */
  young = false
  /** When it was last looked up, on the reclaimer's clock. */
  accessedAt = 0
  private writtenOut: WrittenOut | undefined
  /** Its place in a PageList, which alone changes these. */
  previous: EnclavePage | undefined
  next: EnclavePage | undefined
  isListed = false

  constructor(enclave: DriverEnclave, address: number, type: PageType, maximum: number, epc: EpcPage) {
    this.enclave = enclave
    this.address = address
    this.type = type
    this.maximum = maximum
    this.epc = epc
  }

  /** EBLOCK, after which nobody can begin to use it. */
  block(): void {
    const { sgx } = this.enclave
    invariant(this.epc && ENCLS.EBLOCK(sgx, { target: this.epc }) === SGX_ERROR.SGX_SUCCESS, 'EBLOCK failed')
  }

  /** EWB; the EPC page is free. Preconditions: blocked, unless it is a SECS; in no page table. */
  writeOut(): void {
    const { enclave, epc: target } = this
    invariant(target, 'a page that is out already')
    const { sgx } = enclave
    const { va, slot } = enclave.takeSlot()
    const pageinfo: PagingPageinfo = {
      LINADDR: 0n,
      SRCPGE: new Uint8Array(PAGE_SIZE),
      PCMD: new Uint8Array(PCMD.size),
      SECS: undefined,
    }
    const write = (): number => ENCLS.EWB(sgx, { pageinfo, target, va: va.epc, slot })
    let code = write()
    if (code === SGX_ERROR.SGX_NOT_TRACKED) {
      enclave.track()
      code = write()
    }
    invariant(code === SGX_ERROR.SGX_SUCCESS, `EWB failed with ${code}`)
    const { LINADDR, SRCPGE, PCMD: pcmd } = pageinfo
    this.writtenOut = { va, slot, LINADDR, SRCPGE, PCMD: pcmd }
    this.epc = undefined
    sgx.epc.free(target)
  }

  /** ELDU into `target`: false if what was written out has been changed since. */
  load(target: EpcPage, secs: EpcPage | undefined): boolean {
    const out = this.writtenOut
    invariant(out, 'a page that is not out')
    const { va, slot, LINADDR, SRCPGE, PCMD: pcmd } = out
    const pageinfo = { LINADDR, SRCPGE, PCMD: pcmd, SECS: secs }
    if (ENCLS.ELDU(this.enclave.sgx, { pageinfo, target, va: va.epc, slot }) !== SGX_ERROR.SGX_SUCCESS) return false
    va.release(slot)
    this.writtenOut = undefined
    this.epc = target
    return true
  }

  /** EREMOVE, or what was written out is thrown away. */
  remove(): boolean {
    const { epc, writtenOut } = this
    const { sgx } = this.enclave
    if (epc) {
      if (ENCLS.EREMOVE(sgx, { target: epc }) !== SGX_ERROR.SGX_SUCCESS) return false
      sgx.epc.free(epc)
    } else if (writtenOut) {
      writtenOut.va.release(writtenOut.slot)
      if (this.type === 'PT_SECS') sgx.forget(PCMD.view(writtenOut.PCMD).ENCLAVEID)
    }
    this.epc = undefined
    this.writtenOut = undefined
    return true
  }
}

/** A page table entry of an enclave page. */
export class EnclavePte implements BackingPage {
  readonly frame: number
  readonly writable = true
  readonly epc = true
  private readonly page: EnclavePage

  constructor(page: EnclavePage, epc: EpcPage) {
    this.page = page
    this.frame = epc.frame
  }

  accessed(): void {
    this.page.enclave.driver.reclaimer.accessed(this.page)
  }
}
