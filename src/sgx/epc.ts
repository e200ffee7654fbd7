import { invariant } from '../base/index.ts'
import { homeOf, PAGE_SIZE, type Mapping, type Ram } from '../cpu/index.ts'
import { TCS, type PageType } from '../spec/sgx/index.ts'
import type { Enclave } from './enclave.ts'

/**
 * "Enclave Page Cache (EPC)" and "EPC Map (EPCM)". The EPC is one section of made-up physical addresses; a page gets a frame of
 * the linear memory when it is first used and keeps it: the home of the address that it is first used for (see Ram), if that is free.
 */

/** A page of the EPC together with its EPCM entry ("Enclave Page Cache Map (EPCM)"). Only leaves write the entry. */
export class EpcPage {
  readonly index: number
  /** What system software would call its physical address. */
  readonly physicalAddress: number
  /** Byte offset in linear memory. */
  readonly frame: number
  /** The 4096 bytes, live. */
  readonly bytes: Uint8Array
  private readonly dv: DataView
  /** The page read as a TCS, for pages of type PT_TCS. */
  readonly tcs: ReturnType<typeof TCS.view>

  VALID = false
  R = false
  W = false
  X = false
  PT: PageType = 'PT_REG'
  /** The SECS page of the enclave that the page belongs to; undefined for PT_SECS and PT_VA. */
  ENCLAVESECS: EpcPage | undefined
  ENCLAVEADDRESS = 0
  BLOCKED = false
  PENDING = false
  MODIFIED = false
  PR = false
  /**
   * The enclave's tracking epoch in which EBLOCK, EMODPR or EMODT took rights away; undefined when nothing waits for ETRACK. The
   * manual leaves it to the processor how it tracks.
   */
  trackingEpoch: number | undefined
  /** System software has it in its list of free pages; nothing of the processor's. */
  isFree = false
  /** What the processor keeps in a SECS page beyond the structure: there exactly while the page is valid and of type PT_SECS. */
  enclave: Enclave | undefined

  constructor(index: number, physicalAddress: number, ram: Ram, address?: number) {
    this.index = index
    this.physicalAddress = physicalAddress
    this.frame = ram.allocateFrame(address)
    this.bytes = ram.u8.subarray(this.frame, this.frame + PAGE_SIZE)
    this.dv = new DataView(this.bytes.buffer, this.frame, PAGE_SIZE)
    this.tcs = TCS.view(this.bytes)
  }

  /** "Version Array (VA)": the version in a slot of a PT_VA page. */
  version(slot: number): bigint {
    return this.dv.getBigUint64(slot, true)
  }
  setVersion(slot: number, version: bigint): void {
    this.dv.setBigUint64(slot, version, true)
  }

  /** STATE.ENCLAVE of who is inside by this page, a TCS. */
  get insideNumber(): number {
    return this.index + 1
  }

  /** A 32-bit field of the page. */
  uint32(offset: number): number {
    return this.dv.getUint32(offset, true)
  }

  /** Bits 11:0 of a 64-bit field: 0 if it is a multiple of the page size. */
  low12(offset: number): number {
    return this.dv.getUint32(offset, true) & 0xfff
  }

  /**
   * A 64-bit field of the page as a number: exact below 2^53, which covers every address; a larger one stays larger. Enclave entry
   * is hot, and a bigint for each field would cost more than all its checks.
   */
  number(offset: number): number {
    return this.dv.getUint32(offset + 4, true) * 0x1_0000_0000 + this.dv.getUint32(offset, true)
  }
  setNumber(offset: number, value: number): void {
    this.dv.setUint32(offset, value >>> 0, true)
    this.dv.setUint32(offset + 4, (value / 0x1_0000_0000) >>> 0, true)
  }
}

export interface EpcOptions {
  /** Bytes, a multiple of the page size. */
  readonly size: number
  /** Physical address of the section, as CPUID tells it. */
  readonly base?: number
}

export class Epc {
  readonly base: number
  readonly size: number
  readonly pageCount: number
  readonly ram: Ram
  private readonly pages: (EpcPage | undefined)[] = []
  /** By frame number: 1 + the index of the page that has it, or 0. */
  private readonly indexes: Uint32Array
  /** Free pages, the last one first, some of them twice, and some that are not free any more. */
  private freeList: EpcPage[] = []
  /** How many pages are free that were in use before. */
  private freed = 0
  private nextUnused = 0
  private abortFrame: number | undefined

  constructor(ram: Ram, { size, base = 0x7000_0000 }: EpcOptions) {
    invariant(size > 0 && size % PAGE_SIZE === 0 && base % PAGE_SIZE === 0, 'EPC section of whole pages')
    this.ram = ram
    this.base = base
    this.size = size
    this.pageCount = size / PAGE_SIZE
    this.indexes = new Uint32Array(ram.u8.length / PAGE_SIZE)
  }

  page(index: number): EpcPage {
    return this.pageFor(index, undefined)
  }

  private pageFor(index: number, address: number | undefined): EpcPage {
    invariant(Number.isInteger(index) && index >= 0 && index < this.pageCount, `EPC page ${index}`)
    const known = this.pages[index]
    if (known) return known
    const page = new EpcPage(index, this.base + index * PAGE_SIZE, this.ram, address)
    this.pages[index] = page
    this.indexes[page.frame / PAGE_SIZE] = index + 1
    return page
  }

  /** Is the frame at byte offset `frame` (of a Mapping) EPC memory? */
  pageAt(frame: number): EpcPage | undefined {
    return this.pages[(this.indexes[frame / PAGE_SIZE] ?? 0) - 1]
  }

  /**
   * System software's free list, kept here so that every driver of one EPC shares it. undefined: all pages are taken. `address`: where
   * an enclave will have the page; which page is taken for it is only a matter of speed.
   */
  allocate(address?: number): EpcPage | undefined {
    const atHome = address === undefined ? undefined : this.pageAt(homeOf(address))
    if (atHome && this.take(atHome)) return atHome
    const wantsNew = atHome === undefined && address !== undefined && this.ram.isHomeFree(address)
    if (this.nextUnused < this.pageCount && (wantsNew || this.freed === 0))
      return this.pageFor(this.nextUnused++, address)
    for (let page = this.freeList.pop(); page; page = this.freeList.pop()) if (this.take(page)) return page
    return undefined
  }

  /** false: it is in use. */
  private take(page: EpcPage): boolean {
    if (!page.isFree) return false
    page.isFree = false
    this.freed--
    return true
  }

  /** Gives back a page of `allocate`. The caller has done EREMOVE. */
  free(page: EpcPage): void {
    invariant(!page.VALID, 'EPC page given back while valid')
    if (page.isFree) return
    page.isFree = true
    this.freed++
    this.freeList.push(page)
    if (this.freeList.length > 2 * this.pageCount) this.freeList = [...new Set(this.freeList.filter((p) => p.isFree))]
  }

  /** How many pages `allocate` can still give. */
  get freeCount(): number {
    return this.pageCount - this.nextUnused + this.freed
  }

  /**
   * What the page tables of the host see of EPC memory when the processor is not in the enclave ("Abort page"): all ones, and
   * writes are dropped. Any other frame is not ours: undefined.
   */
  hostMapping(frame: number): Mapping | undefined {
    if (!this.pageAt(frame)) return undefined
    if (this.abortFrame === undefined) {
      this.abortFrame = this.ram.allocateFrame()
      this.ram.u8.fill(0xff, this.abortFrame, this.abortFrame + PAGE_SIZE)
    }
    return { frame: this.abortFrame, writable: false, discardsWrites: true }
  }

  /** Call before writing EPC memory in place, with any place in the page: code translated from it becomes invalid. */
  beforeWrite(frame: number): void {
    const number = frame >>> 12
    if (this.ram.holdsCode[number]) this.ram.onCodeWrite(number)
  }
}
