import { alignDown } from '../../base/index.ts'
import { ENCLS, type EpcPage } from '../../sgx/index.ts'
import { EFAULT, EIO } from '../../spec/linux/index.ts'
import { ATTRIBUTES } from '../../spec/sgx/index.ts'
import { encls } from './sgx-driver.ts'
import type { DriverEnclave } from './sgx-encl.ts'

/** How debuggers reach the memory of an enclave: with EDBGRD and EDBGWR, 8 bytes at a time, if its DEBUG attribute is set. */

const QUADWORD = 8

/** Backing.access. No page is made for it, but one that is written out is loaded. */
export function debugAccess(
  enclave: DriverEnclave,
  address: number,
  data: Uint8Array,
  write: boolean,
  protection: number,
): number {
  if ((enclave.attributes & ATTRIBUTES.DEBUG) === 0n) return -EFAULT
  const page = enclave.pageAt(address)
  if (!page || (protection & ~page.maximum) !== 0) return -EFAULT
  const epc = enclave.load(page, true)
  if (!epc) return -EFAULT
  for (let done = 0; done < data.length;) {
    const at = address + done
    const start = alignDown(at, QUADWORD)
    const part = data.subarray(done, done + Math.min(data.length - done, start + QUADWORD - at))
    if (!accessQuadword(enclave, epc, start % 4096, part, at - start, write)) return -EIO
    done += part.length
  }
  return data.length
}

/** False if a leaf refuses. A part of a quadword is written together with what is around it. */
function accessQuadword(
  { sgx }: DriverEnclave,
  target: EpcPage,
  offset: number,
  part: Uint8Array,
  within: number,
  write: boolean,
): boolean {
  const data = new Uint8Array(QUADWORD)
  if (encls(() => ENCLS.EDBGRD(sgx, { target, offset, data })) !== 0) return false
  if (!write) {
    part.set(data.subarray(within, within + part.length))
    return true
  }
  data.set(part, within)
  return encls(() => ENCLS.EDBGWR(sgx, { target, offset, data })) === 0
}
