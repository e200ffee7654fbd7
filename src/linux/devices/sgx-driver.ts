import { Fault, PAGE_SIZE } from '../../cpu/index.ts'
import { invariant } from '../../base/index.ts'
import { EFAULT, EIO, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../spec/linux/index.ts'
import { ATTRIBUTES, PT, SECINFO, SECINFO_FLAGS, SECINFO_PAGE_TYPE_SHIFT, type PageType } from '../../spec/sgx/index.ts'
import { ENCLS, type EpcPage, type Sgx } from '../../sgx/index.ts'
import type { AddressSpace } from '../mm/address-space.ts'

/** What the kernel knows of an enclave: the state behind one open /dev/sgx_enclave. The requests are in sgx-enclave.ts. */

/** Attributes that any process may give to an enclave; PROVISIONKEY needs /dev/sgx_provision. */
const UNPRIVILEGED = ATTRIBUTES.DEBUG | ATTRIBUTES.MODE64BIT | ATTRIBUTES.KSS | ATTRIBUTES.AEXNOTIFY

/** An enclave page that the kernel has loaded. */
export interface EnclavePage {
  readonly epc: EpcPage
  /** PROT_ bits that a mapping of it may have at most. */
  maximum: number
}

/** The part of the machine that the drivers share. */
export interface SgxDriver {
  readonly sgx: Sgx
  /** Every address space that could map an enclave. */
  readonly spaces: () => Iterable<AddressSpace>
}

/** Runs a leaf that may fault; 'fault' stands for any of the processor's exceptions. */
export function encls<T>(leaf: () => T): T | 'fault' {
  try {
    return leaf()
  } catch (e) {
    // The kernel's own exception table: a fault of ENCLS is an answer to the driver, not an event of the guest.
    if (e instanceof Fault) return 'fault'
    throw e
  }
}

export const secinfoBytes = (flags: bigint): Uint8Array => {
  const bytes = new Uint8Array(SECINFO.size)
  SECINFO.view(bytes).FLAGS = flags
  return bytes
}
export const secinfoOfType = (type: PageType): Uint8Array => secinfoBytes(BigInt(PT[type]) << SECINFO_PAGE_TYPE_SHIFT)

/** SECINFO's rights as PROT_ bits. */
export const protectionOf = (flags: bigint): number =>
  (flags & SECINFO_FLAGS.R ? PROT_READ : 0) |
  (flags & SECINFO_FLAGS.W ? PROT_WRITE : 0) |
  (flags & SECINFO_FLAGS.X ? PROT_EXEC : 0)

export class DriverEnclave {
  readonly driver: SgxDriver
  /** Set by CREATE. */
  secs: EpcPage | undefined
  base = 0
  size = 0
  attributes = 0n
  allowedAttributes = 0n
  initialized = false
  readonly pages = new Map<number, EnclavePage>()

  constructor(driver: SgxDriver) {
    this.driver = driver
  }

  get sgx(): Sgx {
    return this.driver.sgx
  }

  /** ECREATE has succeeded on `secs`. */
  created(secs: EpcPage, base: bigint, size: bigint, attributes: bigint): void {
    this.secs = secs
    this.base = Number(base)
    this.size = Number(size)
    this.attributes = attributes
    this.allowedAttributes = UNPRIVILEGED
  }

  get hasSgx2(): boolean {
    return this.sgx.profile.features.includes('SGX2')
  }

  pageAt(address: number): EnclavePage | undefined {
    return this.pages.get(address - (address % PAGE_SIZE))
  }

  /** The page-fault handler's EAUG: a new page where an initialized enclave has none; undefined where that cannot be. */
  augment(address: number): EnclavePage | undefined {
    const { secs, sgx } = this
    const at = address - (address % PAGE_SIZE)
    if (!secs || !this.initialized || !this.hasSgx2 || at < this.base || at >= this.base + this.size) return undefined
    const target = sgx.epc.allocate()
    if (!target) return undefined
    if (encls(() => ENCLS.EAUG(sgx, { target, secs, linaddr: BigInt(at) })) === 'fault') {
      sgx.epc.free(target)
      return undefined
    }
    const page = { epc: target, maximum: PROT_READ | PROT_WRITE | PROT_EXEC }
    this.pages.set(at, page)
    return page
  }

  /** Takes the page out of every page table, so that its next access asks the driver. */
  zap(address: number): void {
    for (const space of this.driver.spaces()) {
      // Another file may be mapped there by now, in this space or another.
      const present = space.vmas.find(address)?.backing?.device ? address : undefined
      if (present !== undefined) space.zap(present, present + PAGE_SIZE)
    }
  }

  /** EREMOVE; the page is free again. */
  remove(address: number): number {
    const page = this.pages.get(address)
    if (!page) return -EFAULT
    this.zap(address)
    const answer = encls(() => ENCLS.EREMOVE(this.sgx, { target: page.epc }))
    if (answer !== 0) return -EIO
    this.pages.delete(address)
    this.sgx.epc.free(page.epc)
    return 0
  }

  /** The last descriptor and the last mapping are gone. */
  release(): void {
    const { secs, sgx } = this
    if (!secs) return
    // A task that was killed inside left by an interrupt that nobody comes back from.
    if (secs.enclave) secs.enclave.threadCount = 0
    for (const { epc } of [...this.pages.values(), { epc: secs }]) {
      invariant(ENCLS.EREMOVE(sgx, { target: epc }) === 0, 'an EPC page of a released enclave is in use')
      sgx.epc.free(epc)
    }
    this.pages.clear()
    this.secs = undefined
  }
}
