import type { EpcPage, Sgx } from '../../sgx/index.ts'
import type { EnclavePage } from './sgx-page.ts'
import { PageList } from './sgx-page-list.ts'

/**
 * Makes room in the EPC: pages that nobody has used for a while are written out (EWB), a few at a time. The kernel has a thread for
 * it, ksgxd; here its work is done at the moment at which it would be woken.
 */

/** Pages looked at in one round. */
const ROUND = 16
/** Fewer free pages than LOW wake ksgxd, which works until there are HIGH. */
const LOW = 32
const HIGH = 64
/**
 * Pages looked up this recently stay: one instruction may need several at a time, and those that it has already found must not go
 * while another is loaded.
 */
const RECENT = 16

export class Reclaimer {
  private readonly sgx: Sgx
  /** Added and augmented pages that are in the EPC, those to look at first first. */
  private readonly active = new PageList()
  private readonly low: number
  private readonly high: number
  /** Counts look-ups; 0 is long ago. */
  private clock = RECENT

  /** Deviation: an EPC of less than 1 MiB has smaller marks, as it could never reach those of the kernel. */
  constructor(sgx: Sgx) {
    this.sgx = sgx
    const { pageCount } = sgx.epc
    this.low = Math.min(LOW, pageCount >> 3)
    this.high = Math.min(HIGH, pageCount >> 2)
  }

  /**
   * A free EPC page; pages are written out if there is none, or soon would be none. undefined: nothing can be. `whileRunning`: in
   * the middle of an instruction, not for a system call. `address`: where the enclave will have it.
   */
  allocate(whileRunning: boolean, address?: number): EpcPage | undefined {
    const { epc } = this.sgx
    if (epc.freeCount === 0) this.reclaim(1, whileRunning)
    const page = epc.allocate(address)
    if (page && epc.freeCount < this.low) this.reclaim(this.high, whileRunning)
    return page
  }

  /** The page is in the EPC and may be written out from now on. */
  add(page: EnclavePage): void {
    this.active.add(page)
  }
  remove(page: EnclavePage): void {
    this.active.delete(page)
  }

  /** A page table look-up found the page. */
  accessed(page: EnclavePage): void {
    page.young = true
    page.accessedAt = ++this.clock
  }

  /** Works until so many pages are free, or all were looked at twice in vain: the first time may only clear accessed bits. */
  private reclaim(wanted: number, whileRunning: boolean): void {
    const { epc } = this.sgx
    let patience = 2 * this.active.size + ROUND
    while (epc.freeCount < wanted && patience > 0) {
      const before = epc.freeCount
      this.round(whileRunning)
      patience = epc.freeCount > before ? 2 * this.active.size + ROUND : patience - ROUND
    }
  }

  private round(whileRunning: boolean): void {
    const victims: EnclavePage[] = []
    // What is put back at the end is not met again in this round.
    let left = Math.min(ROUND, this.active.size)
    for (let page = this.active.first; page && left > 0; page = this.active.first) {
      left--
      this.active.delete(page)
      if (this.age(page, whileRunning)) victims.push(page)
      else this.active.add(page)
    }
    for (const page of victims) {
      page.enclave.zap(page.address)
      page.block()
    }
    for (const page of victims) page.enclave.writeOut(page)
  }

  /** Has nobody used the page since it was last asked? */
  private age(page: EnclavePage, whileRunning: boolean): boolean {
    if (page.epc && this.sgx.isInUse(page.epc)) return false
    if (whileRunning && page.accessedAt > this.clock - RECENT) return false
    if (!page.young) return true
    page.young = false
    // Cached translations go too, so that the next access is seen.
    page.enclave.forget(page.address)
    return false
  }
}
