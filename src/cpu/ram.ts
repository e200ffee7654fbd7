import { EncluError, invariant } from '../base/index.ts'
import type { View } from './view.ts'
import { FRAMES_START, PAGE_SIZE, VIEW } from './layout.ts'

/** Untouched pages of the linear memory cost nothing, so everything is reserved at once: growing later would move the buffer. */
const MAX_PAGES_64K = 65536

/**
 * The one linear memory: the state block, the page frames of every guest and the page tables of every view.
 * Frames are handed out from the bottom, views from the top.
 */
export class Ram {
  readonly memory: WebAssembly.Memory
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
  private readonly free: number[] = []
  private readonly freeViews: number[] = []
  private nextFrame = FRAMES_START / PAGE_SIZE
  private viewsStart: number

  /** `size` in bytes, a multiple of 64 KiB, at most 4 GiB. */
  constructor(size = MAX_PAGES_64K * 0x1_0000) {
    const pages = size / 0x1_0000
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const buffer = this.memory.buffer
    this.u8 = new Uint8Array(buffer)
    this.u16 = new Uint16Array(buffer)
    this.u32 = new Uint32Array(buffer)
    this.i32 = new Int32Array(buffer)
    this.u64 = new BigUint64Array(buffer)
    this.dv = new DataView(buffer)
    this.references = new Uint16Array(size / PAGE_SIZE)
    this.holdsCode = new Uint8Array(size / PAGE_SIZE)
    this.viewsStart = size
  }

  /** A zeroed frame with one reference. Returns its byte offset. */
  allocateFrame(): number {
    const recycled = this.free.pop()
    const frame = recycled ?? this.nextFrame++
    if (frame * PAGE_SIZE + PAGE_SIZE > this.viewsStart) {
      throw new EncluError('ERR_NO_MEMORY', 'The guest used all the memory that the emulated machine has.')
    }
    if (recycled !== undefined) this.u8.fill(0, frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE)
    this.references[frame] = 1
    return frame * PAGE_SIZE
  }

  /** One more page table, process or cache holds the frame at byte offset `at`. */
  retainFrame(at: number): void {
    const frame = at / PAGE_SIZE
    const count = this.references[frame] ?? 0
    invariant(count > 0 && count < 0xffff, `retain of a frame with ${count} references`)
    this.references[frame] = count + 1
  }

  releaseFrame(at: number): void {
    const frame = at / PAGE_SIZE
    const count = this.references[frame] ?? 0
    invariant(count > 0, 'release of a free frame')
    this.references[frame] = count - 1
    if (count > 1) return
    if (this.holdsCode[frame]) this.onCodeWrite(frame)
    this.free.push(frame)
  }

  /** How many holders the frame at byte offset `at` has: 1 means that a private copy may be written in place. */
  referencesTo(at: number): number {
    return this.references[at / PAGE_SIZE] ?? 0
  }

  /** Frames now in use, for leak checks and --stats. */
  framesInUse(): number {
    return this.nextFrame - FRAMES_START / PAGE_SIZE - this.free.length
  }

  /** Space for a view's tables, every entry invalid. */
  allocateView(): number {
    const recycled = this.freeViews.pop()
    if (recycled !== undefined) return recycled
    this.viewsStart -= VIEW.SIZE
    if (this.viewsStart < this.nextFrame * PAGE_SIZE) {
      throw new EncluError('ERR_NO_MEMORY', 'The guest has more address spaces than the emulated machine can hold.')
    }
    return this.viewsStart
  }

  /** The caller has made every entry invalid again. */
  releaseView(at: number): void {
    this.freeViews.push(at)
  }
}
