import { invariant } from '../../base/index.ts'
import { PAGE_SIZE } from '../../cpu/index.ts'
import { EFAULT, EIO, ENOMEM, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../spec/linux/index.ts'
import { ATTRIBUTES, SGX_ERROR, VA_SLOT_COUNT } from '../../spec/sgx/index.ts'
import { ENCLS, type EpcPage, type Sgx } from '../../sgx/index.ts'
import type { AddressSpace } from '../mm/address-space.ts'
import { encls, type SgxDriver } from './sgx-driver.ts'
import { EnclavePage, VaPage } from './sgx-page.ts'

/** What the kernel knows of an enclave: the state behind one open /dev/sgx_enclave. The requests are in sgx-enclave.ts. */

/** Attributes that any process may give to an enclave; PROVISIONKEY needs /dev/sgx_provision. */
const UNPRIVILEGED = ATTRIBUTES.DEBUG | ATTRIBUTES.MODE64BIT | ATTRIBUTES.KSS | ATTRIBUTES.AEXNOTIFY
const RWX = PROT_READ | PROT_WRITE | PROT_EXEC

export class DriverEnclave {
  readonly driver: SgxDriver
  /** Set by CREATE. */
  secs: EnclavePage | undefined
  base = 0
  size = 0
  attributes = 0n
  allowedAttributes = 0n
  initialized = false
  /** By page number in the enclave: addresses would be floating-point numbers, with which a Map is much slower. */
  private readonly pages = new Map<number, EnclavePage>()
  private readonly vaPages: VaPage[] = []
  /** Pages that may need a slot, the SECS included. */
  private pageCount = 0
  /** Pages that are in the EPC, without the SECS. */
  private loaded = 0
  /** While it is above 0 the SECS stays in the EPC. */
  private held = 0

  constructor(driver: SgxDriver) {
    this.driver = driver
  }

  get sgx(): Sgx {
    return this.driver.sgx
  }

  /** ECREATE has succeeded on `secs`. */
  created(secs: EpcPage, base: bigint, size: bigint, attributes: bigint): void {
    this.secs = new EnclavePage(this, 0, 'PT_SECS', 0, secs)
    this.base = Number(base)
    this.size = Number(size)
    this.attributes = attributes
    this.allowedAttributes = UNPRIVILEGED
  }

  get hasSgx2(): boolean {
    return this.sgx.profile.features.includes('SGX2')
  }

  /** Makes sure that one more page could be written out: a version array for every 512. 0 or -ENOMEM. */
  grow(whileRunning = false): number {
    if (this.pageCount === this.vaPages.length * VA_SLOT_COUNT) {
      const target = this.driver.reclaimer.allocate(whileRunning)
      if (!target) return -ENOMEM
      ENCLS.EPA(this.sgx, { type: 'PT_VA', target })
      this.vaPages.push(new VaPage(target))
    }
    this.pageCount++
    return 0
  }

  /** The page that `grow` was for has gone, or did not come to be. */
  shrink(): void {
    this.pageCount--
    if (this.pageCount === 0) this.removeVaPages()
  }

  takeSlot(): { readonly va: VaPage; readonly slot: number } {
    for (const va of this.vaPages) {
      const slot = va.take()
      if (slot !== undefined) return { va, slot }
    }
    return invariant(false, 'an enclave has a version slot for each page') as never
  }

  /** EADD or EAUG has made `page`, which may be written out from now on. */
  add(page: EnclavePage): void {
    this.pages.set(this.numberOf(page.address), page)
    this.loaded++
    this.driver.reclaimer.add(page)
  }

  pageAt(address: number): EnclavePage | undefined {
    return this.pages.get(this.numberOf(address))
  }

  /** Number of the page that holds `address`. */
  private numberOf(address: number): number {
    return Math.floor((address - this.base) / PAGE_SIZE)
  }

  allPages(): Iterable<EnclavePage> {
    return this.pages.values()
  }

  /** The page is in the EPC, loaded if it was not. undefined: no EPC page could be had. */
  load(page: EnclavePage, whileRunning: boolean): EpcPage | undefined {
    if (page.epc) return page.epc
    return this.withSecs(whileRunning, (secs) => {
      const target = this.driver.reclaimer.allocate(whileRunning, page.address)
      if (!target) return undefined
      if (!page.load(target, secs)) {
        this.sgx.epc.free(target)
        return undefined
      }
      this.loaded++
      this.driver.reclaimer.add(page)
      return target
    })
  }

  /** The page-fault handler's EAUG: a new page where an initialized enclave has none; undefined where that cannot be. */
  augment(address: number): EnclavePage | undefined {
    const at = address - (address % PAGE_SIZE)
    if (!this.initialized || !this.hasSgx2 || at < this.base || at >= this.base + this.size) return undefined
    return this.withSecs(true, (secs) => {
      const target = this.driver.reclaimer.allocate(true, at)
      if (!target) return undefined
      if (this.grow(true) < 0) {
        this.sgx.epc.free(target)
        return undefined
      }
      if (encls(() => ENCLS.EAUG(this.sgx, { target, secs, linaddr: BigInt(at) })) === 'fault') {
        this.shrink()
        this.sgx.epc.free(target)
        return undefined
      }
      const page = new EnclavePage(this, at, 'PT_REG', RWX, target)
      this.add(page)
      return page
    })
  }

  /** EWB, by the reclaimer. The SECS follows the last page of an enclave that is initialized. */
  writeOut(page: EnclavePage): void {
    page.writeOut()
    this.loaded--
    if (this.loaded === 0 && this.initialized && this.held === 0) this.secs?.writeOut()
  }

  /** ETRACK, and an interrupt for whoever is inside: from now on nobody uses rights that were taken away before. */
  track(): void {
    const secs = this.secs?.epc
    invariant(secs?.enclave && ENCLS.ETRACK(this.sgx, { secs }) === SGX_ERROR.SGX_SUCCESS, 'ETRACK failed')
    this.sgx.interruptAll(secs.enclave)
  }

  /** Takes the page out of every page table, so that its next access asks the driver. */
  zap(address: number): void {
    for (const space of this.mappers(address)) space.zap(address, address + PAGE_SIZE)
  }

  /** Makes the next access to the page look at the page table. */
  forget(address: number): void {
    for (const space of this.mappers(address)) space.forget(address, address + PAGE_SIZE)
  }

  private *mappers(address: number): Iterable<AddressSpace> {
    for (const space of this.driver.spaces()) {
      // Another file may be mapped there by now, in this space or another.
      if (space.isPresent(address) && space.vmas.find(address)?.backing?.device) yield space
    }
  }

  /** EREMOVE; the page is free again. */
  remove(address: number): number {
    const page = this.pageAt(address)
    if (!page) return -EFAULT
    this.zap(address)
    this.driver.reclaimer.remove(page)
    const wasLoaded = page.epc !== undefined
    if (!page.remove()) return -EIO
    if (wasLoaded) this.loaded--
    this.pages.delete(this.numberOf(address))
    this.shrink()
    return 0
  }

  /** The last descriptor and the last mapping are gone. */
  release(): void {
    const { secs } = this
    if (!secs) return
    // A task that was killed inside left by an interrupt that nobody comes back from.
    if (secs.epc?.enclave) secs.epc.enclave.threads.length = 0
    for (const page of [...this.pages.values(), secs]) {
      this.driver.reclaimer.remove(page)
      invariant(page.remove(), 'an EPC page of a released enclave is in use')
    }
    this.pages.clear()
    this.removeVaPages()
    this.secs = undefined
  }

  private removeVaPages(): void {
    for (const { epc: target } of this.vaPages) {
      ENCLS.EREMOVE(this.sgx, { target })
      this.sgx.epc.free(target)
    }
    this.vaPages.length = 0
  }

  /** Does something with the SECS, which is loaded if need be and stays until then. */
  private withSecs<T>(whileRunning: boolean, use: (secs: EpcPage) => T | undefined): T | undefined {
    const { secs } = this
    if (!secs) return undefined
    this.held++
    const epc = secs.epc ?? this.loadSecs(secs, whileRunning)
    const answer = epc && use(epc)
    this.held--
    return answer
  }

  private loadSecs(secs: EnclavePage, whileRunning: boolean): EpcPage | undefined {
    const target = this.driver.reclaimer.allocate(whileRunning)
    if (!target) return undefined
    if (secs.load(target, undefined)) return target
    this.sgx.epc.free(target)
    return undefined
  }
}
