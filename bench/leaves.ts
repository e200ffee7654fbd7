import { createHash } from 'node:crypto'
import { PAGE_SIZE, Ram } from '../src/cpu/index.ts'
import { ENCLS, extendPage, Sgx, type EpcPage } from '../src/sgx/index.ts'
import { baseSecs, secinfo, SECINFO_RW } from '../src/sgx/fixture.cases.ts'
import { cpuOf, median } from './measure.ts'

/** EADD and EEXTEND by themselves, as the driver calls them: without its lists, page tables and system calls, and without EREMOVE. */

const BASEADDR = 0x10_0000_0000
/** What EEXTEND hashes of a page, with the record of EADD. */
const MEASURED_BYTES = PAGE_SIZE + 64 * 17
/** Enclaves that are added before any is counted: until V8 has compiled what they need. */
const UNCOUNTED = 8

/** Not zeros: untouched memory is one page of them, always in the processor's cache. */
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, k) => (k * 7) ^ (k >>> 12))

/** Enclaves of as many pages, a power of two, one after another. Each call adds and measures one: CPU seconds of the two leaves. */
function builder(pages: number): () => Promise<number> {
  const sgx = new Sgx(new Ram(), { epc: { size: 4 * pages * PAGE_SIZE }, sha256: () => createHash('sha256') })
  const contents = bytesOf(pages * PAGE_SIZE)
  const [secsInfo, pageInfo] = [secinfo(0n), secinfo(SECINFO_RW)]
  const source = baseSecs((secs) => {
    secs.BASEADDR = BigInt(BASEADDR)
    secs.SIZE = BigInt(pages * PAGE_SIZE)
  })
  const allocate = (address?: number): EpcPage => {
    const page = sgx.epc.allocate(address)
    if (!page) throw new Error('the EPC is too small')
    return page
  }
  const remove = (target: EpcPage): void => {
    ENCLS.EREMOVE(sgx, { target })
    sgx.epc.free(target)
  }
  return async () => {
    const secs = allocate()
    ENCLS.ECREATE(sgx, { target: secs, source, secinfo: secsInfo })
    const targets = Array.from({ length: pages }, (_, k) => allocate(BASEADDR + k * PAGE_SIZE))
    const { seconds } = await cpuOf(() => {
      targets.forEach((target, k) => {
        const at = k * PAGE_SIZE
        const page = contents.subarray(at, at + PAGE_SIZE)
        ENCLS.EADD(sgx, { target, secs, linaddr: BASEADDR + at, source: page, secinfo: pageInfo })
        extendPage(sgx, { secs, target })
      })
      secs.enclave?.measurement.digest()
    })
    targets.forEach(remove)
    remove(secs)
    return seconds
  }
}

/** As many bytes as enclaves of `pages` measure. */
export const measuredBytes = (pages: number): Uint8Array => bytesOf(pages * MEASURED_BYTES)

/** CPU seconds of SHA-256, by node:crypto. */
export const hashSeconds = async (bytes: Uint8Array): Promise<number> =>
  (await cpuOf(() => createHash('sha256').update(bytes).digest())).seconds

/**
 * CPU seconds of an enclave of `pages`, and of SHA-256 of as many bytes: medians of as many as are asked for, in turns, as the speed of
 * a machine changes.
 */
export async function leavesAgainstHash(enclaves: number, pages: number): Promise<{ leaves: number; hash: number }> {
  const build = builder(pages)
  for (let n = 0; n < UNCOUNTED; n++) await build()
  const bytes = measuredBytes(pages)
  const leaves: number[] = []
  const hash: number[] = []
  for (let n = 0; n < enclaves; n++) {
    hash.push(await hashSeconds(bytes))
    leaves.push(await build())
  }
  return { leaves: median(leaves), hash: median(hash) }
}
