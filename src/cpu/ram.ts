import { EncluError, invariant } from '../base/index.ts'
import type { View } from './view.ts'
import { FRAMES_START, PAGE_SIZE, VIEW } from './layout.ts'

/** Untouched pages of the linear memory cost nothing, so everything is reserved at once: growing later would move the buffer. */
const MAX_PAGES_64K = 65536

/** Views go below this: what Linux loads at two thirds of the address space has its low 32 bits above, the rest of a process too. */
const VIEWS_END = 0x5500_0000
/** Frames without a preference go from here up, between the heap of such a program and what mmap places from above. */
const ANYWHERE_START = 0x8000_0000
/** References of a frame that is never given out. */
const RESERVED = 0xffff
/** What is known of a frame: it was given out before; it is in the list of free ones; it was given out for its address. */
const [USED, LISTED, WANTED] = [1, 2, 4]

/**
 * The one linear memory: the state block, the page frames of every guest and the page tables of every view. A guest page is at
 * **home** in the frame that the low 32 bits of its address name; translated code is fastest with pages that are.
 */
export class Ram {
  readonly memory: WebAssembly.Memory
  /**
   * Modules import the memory with these. It is shared, although one thread uses it, where there are shared ones (in browsers, on pages
   * isolated from other origins): V8 takes 4 GiB that are not for garbage to be, and collects all of the heap twice in a short run.
   */
  readonly limits: { readonly pages: number; readonly shared: boolean }
  readonly u8: Uint8Array
  readonly u16: Uint16Array
  readonly u32: Uint32Array
  readonly i32: Int32Array
  readonly u64: BigUint64Array
  readonly dv: DataView
  /** 1 for a frame that holds decoded or translated code: writes to it must go through View.write. Indexed by frame number. */
  readonly holdsCode: Uint8Array
  /** Every view that is alive. */
  readonly views = new Set<View>()
  /** Called before a frame with holdsCode set is written. Set by the translator. */
  onCodeWrite: (frame: number) => void = () => {}
  private readonly references: Uint16Array
  /** USED, LISTED and WANTED of each frame. */
  private readonly marks: Uint8Array
  private readonly freeViews: number[] = []
  /** Frames given back that nobody had asked for by address: homes are kept for who comes back. Some may have been taken since. */
  private readonly free: number[] = []
  /** Where to look for the next frame when `free` is empty. */
  private next: number
  private inUse = 0

  /** `size` in bytes, a multiple of 64 KiB, at most 4 GiB. */
  constructor(size = MAX_PAGES_64K * 0x1_0000) {
    this.limits = { pages: size / 0x1_0000, shared: 'SharedArrayBuffer' in globalThis }
    const { pages, shared } = this.limits
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
    const buffer = this.memory.buffer
    this.u8 = new Uint8Array(buffer)
    this.u16 = new Uint16Array(buffer)
    this.u32 = new Uint32Array(buffer)
    this.i32 = new Int32Array(buffer)
    this.u64 = new BigUint64Array(buffer)
    this.dv = new DataView(buffer)
    this.references = new Uint16Array(size / PAGE_SIZE)
    this.marks = new Uint8Array(size / PAGE_SIZE)
    this.holdsCode = new Uint8Array(size / PAGE_SIZE)
    this.references.fill(RESERVED, 0, FRAMES_START / PAGE_SIZE)
    this.next = (size > ANYWHERE_START ? ANYWHERE_START : FRAMES_START) / PAGE_SIZE
  }

  /** A zeroed frame with one reference, at home if that is free and `address` (of a page) is given. Returns its byte offset. */
  allocateFrame(address?: number): number {
    const home = address === undefined ? -1 : homeOf(address) / PAGE_SIZE
    const wanted = this.references[home] === 0
    const frame = wanted ? home : this.anyFrame()
    const marks = this.marks[frame] ?? 0
    if (marks & USED) this.clear(frame * PAGE_SIZE, PAGE_SIZE)
    this.marks[frame] = (marks & LISTED) | USED | (wanted ? WANTED : 0)
    this.references[frame] = 1
    this.inUse++
    return frame * PAGE_SIZE
  }

  private anyFrame(): number {
    for (let f = this.free.pop(); f !== undefined; f = this.free.pop()) {
      this.marks[f] = (this.marks[f] ?? 0) & ~LISTED
      if (this.references[f] === 0) return f
    }
    const count = this.references.length
    for (let k = 0; k < count; k++) {
      const f = this.next
      this.next = f + 1 < count ? f + 1 : FRAMES_START / PAGE_SIZE
      if (this.references[f] === 0) return f
    }
    throw new EncluError('ERR_NO_MEMORY', 'The guest used all the memory that the emulated machine has.')
  }

  /** Zeroes `length` bytes from the offset `at`, both multiples of 8: by words, as V8 fills bytes of a shared memory one by one. */
  clear(at: number, length: number): void {
    this.u64.fill(0n, at / 8, (at + length) / 8)
  }

  /** The home of the page that holds `address` is free. */
  isHomeFree(address: number): boolean {
    return this.references[homeOf(address) / PAGE_SIZE] === 0
  }

  /** One more page table, process or cache holds the frame at byte offset `at`. */
  retainFrame(at: number): void {
    const frame = at / PAGE_SIZE
    const count = this.references[frame] ?? 0
    invariant(count > 0 && count < RESERVED - 1, `retain of a frame with ${count} references`)
    this.references[frame] = count + 1
  }

  releaseFrame(at: number): void {
    const frame = at / PAGE_SIZE
    const count = this.references[frame] ?? 0
    invariant(count > 0 && count < RESERVED, 'release of a free frame')
    this.references[frame] = count - 1
    if (count > 1) return
    if (this.holdsCode[frame]) this.onCodeWrite(frame)
    this.inUse--
    const marks = this.marks[frame] ?? 0
    if (marks & (LISTED | WANTED)) return
    this.marks[frame] = marks | LISTED
    this.free.push(frame)
  }

  /** How many holders the frame at byte offset `at` has: 1 means that a private copy may be written in place. */
  referencesTo(at: number): number {
    return this.references[at / PAGE_SIZE] ?? 0
  }

  /** Frames now in use, for leak checks and --stats. */
  framesInUse(): number {
    return this.inUse
  }

  /** Space for a view's tables: zero, or what a view leaves behind that has nothing in them. */
  allocateView(): number {
    const recycled = this.freeViews.pop()
    if (recycled !== undefined) return recycled
    const count = VIEW.SIZE / PAGE_SIZE
    const start = this.freeRun(count, VIEWS_END / PAGE_SIZE) ?? this.freeRun(count, this.references.length)
    if (start === undefined) {
      throw new EncluError('ERR_NO_MEMORY', 'The guest has more address spaces than the emulated machine can hold.')
    }
    for (let f = start; f < start + count; f++) {
      if (this.marks[f]) this.clear(f * PAGE_SIZE, PAGE_SIZE)
      this.references[f] = RESERVED
    }
    return start * PAGE_SIZE
  }

  /** The caller has made every entry invalid again. */
  releaseView(at: number): void {
    this.freeViews.push(at)
  }

  /** The first of `count` free frames in a row, as far up as they go below `end`. */
  private freeRun(count: number, end: number): number | undefined {
    let run = 0
    for (let f = Math.min(end, this.references.length) - 1; f >= 0; f--) {
      run = this.references[f] === 0 ? run + 1 : 0
      if (run === count) return f
    }
    return undefined
  }
}

/** Byte offset of the frame that is the home of the page that holds `address`. */
export const homeOf = (address: number): number => ((address >>> 0) & ~0xfff) >>> 0
