import { invariant } from '../base/index.ts'
import { fault } from './fault.ts'
import { JUMP, PAGE_SIZE, VIEW } from './layout.ts'
import type { Ram } from './ram.ts'

export type Access = 'R' | 'W' | 'X'

/** Where a page of the guest is. */
export interface Mapping {
  /** Byte offset of the frame in linear memory. */
  readonly frame: number
  /** Writes are allowed and need no further work (no copy-on-write pending): a write entry may be cached. */
  readonly writable: boolean
  /** Nothing is written: the abort page (SGX: accesses to the EPC from outside an enclave). */
  readonly discardsWrites?: boolean
}

/** Who knows the page tables: the kernel's address space, and SGX's checks on top of it inside an enclave. */
export interface PageSource {
  /**
   * Translates the page that holds `address` (canonical, user half) for one access, doing what the kernel's page-fault handler
   * would do (demand paging, copy-on-write). Throws a Fault (#PF with its error code) when the access is not allowed.
   */
  resolve(address: number, access: Access): Mapping
}

/**
 * Entries for whose pages, or for the ones behind them, a check would take zero: it names the pages with the indices 0 and, as AWAY is left
 * aside, 0x80000.
 */
const NOWHERE_AT: readonly number[] = [0, 0x7_ffff, 0x8_0000, 0xf_ffff]

/** In the jump cache: no instruction has this address. */
const NO_RIP = 0xffff_ffff_ffff_ffffn

/** First address that user code cannot have. */
export const USER_END = 0x8000_0000_0000

/**
 * What one execution context sees of memory: an address space from outside an enclave, or from inside one. Its tables are caches of
 * `source`, read by translated code; whoever changes a page table calls `invalidate`.
 */
export class View {
  readonly ram: Ram
  readonly source: PageSource
  /** Byte offset of the tables (STATE.VIEW while this view is current). */
  readonly at: number
  /** Changes whenever code that was found through this view may have moved or gone. */
  generation = 0
  /** Table entries filled so far: tells a miss from a check that failed for another reason. */
  fills = 0
  /** Accesses so far to pages that were known and are not at home. */
  away = 0
  /** Frames that have a write entry, with the page that has it. */
  private readonly writers = new Map<number, Set<number>>()
  /** Pages that instructions were fetched from, and others that `generation` depends on. */
  private readonly codePages = new Set<number>()
  /** The page of the last one, with its frame, until `generation` changes. */
  private fetchedPage = -1
  private fetchedFrame = 0
  /** 4 KiB pieces of the jump cache that hold an entry. */
  private readonly jumpPieces = new Set<number>()
  /** 4 KiB pieces of the tables that hold an entry, so that clearing does not touch 16 MiB. */
  private readonly touched = new Set<number>()

  constructor(ram: Ram, source: PageSource) {
    this.ram = ram
    this.source = source
    this.at = ram.allocateView()
    ram.views.add(this)
    this.putNowhere()
    this.invalidateJumps()
  }

  /** Byte offset in linear memory of `address`, for reading up to the end of its page. Faults as a read would. */
  readable(address: number): number {
    if (this.has(address, VIEW.READ)) return this.place(address)
    const m = this.source.resolve(address, 'R')
    this.fill(address, VIEW.READ, m.frame)
    if (m.writable && !this.ram.holdsCode[m.frame / PAGE_SIZE]) this.fillWrite(address, m.frame)
    return m.frame + (address % PAGE_SIZE)
  }

  /** Byte offset for writing up to the end of the page, or -1 if writes vanish. Code in the frame is invalidated. */
  writable(address: number): number {
    if (this.has(address, VIEW.WRITE)) return this.place(address)
    const m = this.source.resolve(address, 'W')
    if (m.discardsWrites) return -1
    const frameNumber = m.frame / PAGE_SIZE
    if (this.ram.holdsCode[frameNumber]) this.ram.onCodeWrite(frameNumber)
    this.fill(address, VIEW.READ, m.frame)
    if (m.writable) this.fillWrite(address, m.frame)
    return m.frame + (address % PAGE_SIZE)
  }

  /** Byte offset for fetching instructions up to the end of the page. Only the last page is cached: the code cache is the cache. */
  executable(address: number): number {
    const page = Math.floor(address / PAGE_SIZE)
    if (page !== this.fetchedPage) {
      this.fetchedFrame = this.source.resolve(address, 'X').frame
      this.codePages.add(page)
      this.fetchedPage = page
    }
    return this.fetchedFrame + address - page * PAGE_SIZE
  }

  /** From now on, `generation` changes when the mapping of the page at this address does. */
  watch(address: number): void {
    this.codePages.add(Math.floor(address / PAGE_SIZE))
  }

  /** Copies `into.length` bytes out of guest memory. Faults as reads would, at the first byte that cannot be read. */
  readInto(address: number, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      checkCanonical(address + done)
      const at = this.readable(address + done)
      const n = Math.min(into.length - done, PAGE_SIZE - (at % PAGE_SIZE))
      into.set(this.ram.u8.subarray(at, at + n), done)
      done += n
    }
  }

  read(address: number, size: number): Uint8Array {
    const out = new Uint8Array(size)
    this.readInto(address, out)
    return out
  }

  /** Writes all of `data` or faults before the first byte. */
  write(address: number, data: Uint8Array): void {
    for (let a = address; a < address + data.length; a = a - (a % PAGE_SIZE) + PAGE_SIZE) {
      checkCanonical(a)
      this.writable(a)
    }
    for (let done = 0; done < data.length;) {
      const at = this.writable(address + done)
      const n = Math.min(data.length - done, PAGE_SIZE - ((address + done) % PAGE_SIZE))
      if (at >= 0) this.ram.u8.set(data.subarray(done, done + n), at)
      done += n
    }
  }

  /** The mapping of `count` pages from `address` changed: forget it, and every jump if one may have gone there. */
  invalidate(address: number, count: number): void {
    if (count > 0x10_0000) return this.invalidateAll()
    let hadCode = false
    for (let k = 0; k < count; k++) {
      const a = address + k * PAGE_SIZE
      this.clear(a, VIEW.READ)
      this.clear(a, VIEW.WRITE)
      if (this.codePages.delete(Math.floor(a / PAGE_SIZE))) hadCode = true
    }
    if (hadCode) this.invalidateJumps()
  }

  invalidateAll(): void {
    for (const piece of this.touched) {
      this.ram.clear(this.at + piece * PAGE_SIZE, PAGE_SIZE)
    }
    this.putNowhere()
    this.touched.clear()
    this.writers.clear()
    this.codePages.clear()
    this.invalidateJumps()
  }

  /** Forgets write entries only: after fork, when private pages become copy-on-write. */
  invalidateWrites(): void {
    for (const pages of this.writers.values()) for (const page of pages) this.clear(page * PAGE_SIZE, VIEW.WRITE)
    this.writers.clear()
  }

  /** Writes to `frame` must be seen from now on: it holds code. */
  dropWriters(frame: number): void {
    for (const page of this.writers.get(frame) ?? []) this.clear(page * PAGE_SIZE, VIEW.WRITE)
    this.writers.delete(frame)
  }

  /** Entry `slot` of the jump cache is for what is at `address` from now on. */
  enterJump(slot: number, address: number, place: number, detail: number): void {
    const { u32 } = this.ram
    const at = this.jumpEntry(slot)
    u32[(at + JUMP.RIP) / 4] = address
    u32[(at + JUMP.RIP) / 4 + 1] = Math.floor(address / 2 ** 32)
    u32[(at + JUMP.SLOT) / 4] = place
    u32[(at + JUMP.DETAIL) / 4] = detail
    this.jumpPieces.add(Math.floor((slot * JUMP.SIZE) / PAGE_SIZE))
  }

  /** Nothing has entry `slot` of the jump cache. */
  isFreeJump(slot: number): boolean {
    const at = (this.jumpEntry(slot) + JUMP.RIP) / 4
    const [low, high] = [this.ram.u32[at], this.ram.u32[at + 1]]
    return high === 0xffff_ffff || (high === 0 && low === 0)
  }

  /** Entry `slot` of the jump cache shall not name `address` any more. */
  forgetJump(address: number, slot: number): void {
    const entry = (this.jumpEntry(slot) + JUMP.RIP) / 8
    if (this.ram.u64[entry] === BigInt(address)) this.ram.u64[entry] = slot === 0 ? NO_RIP : 0n
  }

  invalidateJumps(): void {
    this.generation++
    this.fetchedPage = -1
    const at = this.jumpEntry(0)
    for (const piece of this.jumpPieces) this.ram.clear(at + piece * PAGE_SIZE, PAGE_SIZE)
    this.jumpPieces.clear()
    this.ram.u64[(at + JUMP.RIP) / 8] = NO_RIP
  }

  private jumpEntry(slot: number): number {
    return this.at + VIEW.JUMP_CACHE + slot * JUMP.SIZE
  }

  /** Gives the tables back; the view must not be used again. */
  release(): void {
    this.invalidateAll()
    this.ram.views.delete(this)
    this.ram.releaseView(this.at)
  }

  /** Index in u32 of the entry of the page that holds `address`. */
  private entry(address: number, table: number): number {
    return (this.at + table) / 4 + 2 * ((address >>> 0) >>> 12)
  }

  private has(address: number, table: number): boolean {
    const i = this.entry(address, table)
    const { u32 } = this.ram
    const differs = ((u32[i] ?? 0) ^ (address | 0xfff)) & ~VIEW.AWAY
    return differs === 0 && u32[i + 1] === Math.floor(address / 0x1_0000_0000)
  }

  /** Where `address` is in linear memory, if there is an entry for it. */
  private place(address: number): number {
    const place = this.ram.u32[(this.at + VIEW.PLACES) / 4 + ((address >>> 0) >>> 12)] ?? 0
    if (place !== 0) this.away++
    return (address ^ place) >>> 0
  }

  private fill(address: number, table: number, frame: number): void {
    const { u32 } = this.ram
    const place = ((address & ~0xfff) ^ frame) >>> 0
    const at = (this.at + VIEW.PLACES) / 4 + ((address >>> 0) >>> 12)
    // The two tables share the place: what the other one has of another page ends here.
    const other = table === VIEW.READ ? VIEW.WRITE : VIEW.READ
    if (u32[at] !== place || !this.has(address, other)) this.clear(address, other)
    if (u32[at] !== place) u32[at] = place
    const i = this.entry(address, table)
    u32[i] = (address | 0xfff) ^ (place === 0 ? 0 : VIEW.AWAY)
    u32[i + 1] = Math.floor(address / 0x1_0000_0000)
    this.fills++
    this.touched.add(Math.floor((i * 4 - this.at) / PAGE_SIZE))
  }

  private fillWrite(address: number, frame: number): void {
    this.fill(address, VIEW.WRITE, frame)
    const number = frame / PAGE_SIZE
    let pages = this.writers.get(number)
    if (!pages) this.writers.set(number, (pages = new Set()))
    pages.add(Math.floor(address / PAGE_SIZE))
  }

  private clear(address: number, table: number): void {
    const i = this.entry(address, table)
    const nothing = NOWHERE_AT.includes((address >>> 0) >>> 12) ? VIEW.NOWHERE : 0
    // Where nothing is, the memory of the table stays untouched.
    if (this.ram.u32[i] === nothing) return
    this.ram.u32[i] = nothing
    this.ram.u32[i + 1] = 0
  }

  private putNowhere(): void {
    for (const table of [VIEW.READ, VIEW.WRITE])
      for (const index of NOWHERE_AT) this.ram.u32[(this.at + table) / 4 + 2 * index] = VIEW.NOWHERE
  }
}

/** Data accesses outside the user half: non-canonical or the kernel's. */
export function checkCanonical(address: number): void {
  invariant(Number.isSafeInteger(address), 'address beyond 2^53')
  if (address < 0 || address >= USER_END) fault.GP(0)
}
