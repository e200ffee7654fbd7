import { Fault } from '../../cpu/index.ts'
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../spec/linux/index.ts'
import { PT, SECINFO, SECINFO_FLAGS, SECINFO_PAGE_TYPE_SHIFT, type PageType } from '../../spec/sgx/index.ts'
import type { Sgx } from '../../sgx/index.ts'
import type { AddressSpace } from '../mm/address-space.ts'
import { Reclaimer } from './sgx-reclaimer.ts'

/** The part of the machine that the drivers share. */
export class SgxDriver {
  readonly sgx: Sgx
  /** Every address space that could map an enclave. */
  readonly spaces: () => Iterable<AddressSpace>
  readonly reclaimer: Reclaimer

  constructor(sgx: Sgx, spaces: () => Iterable<AddressSpace>) {
    this.sgx = sgx
    this.spaces = spaces
    this.reclaimer = new Reclaimer(sgx)
  }
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
