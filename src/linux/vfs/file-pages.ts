import { PAGE_SIZE, type Access, type Ram } from '../../cpu/index.ts'
import { EACCES, O, PROT_WRITE } from '../../spec/linux/index.ts'
import type { Backing, BackingFault, BackingPage } from '../mm/backing.ts'
import { releaseFile, retainFile } from './fd-table.ts'
import type { FileDescription } from './file.ts'

/** How pages come from and go to the file. */
export interface PageStore {
  /** Fills `into` from byte `at`; fewer bytes at the end of the file, 0 behind it. */
  readAt(into: Uint8Array, at: number): number
  writeAt(data: Uint8Array, at: number): number
  size(): number
}

/**
 * The pages of one file that some mapping shows: one frame for each, whoever maps it. Pages written through a shared mapping go to
 * the file when the last mapping ends, on msync and fsync; read and write see them before.
 */
export class FilePages {
  private readonly ram: Ram
  private readonly frames = new Map<number, number>()
  private readonly dirty = new Set<number>()
  private mappings = 0

  constructor(ram: Ram) {
    this.ram = ram
  }

  /** `home`: the address that the page may live for, see Ram. */
  frame(store: PageStore, index: number, write: boolean, home?: number): number | BackingFault {
    let frame = this.frames.get(index)
    if (frame === undefined) {
      const at = index * PAGE_SIZE
      const page = new Uint8Array(PAGE_SIZE)
      // mmap(2): SIGBUS for a page that lies wholly behind the end of the file.
      if (store.readAt(page, at) <= 0) return 'SIGBUS'
      frame = this.ram.allocateFrame(home)
      this.ram.u8.set(page, frame)
      this.frames.set(index, frame)
    }
    if (write) this.dirty.add(index)
    return frame
  }

  /** Lays what shared mappings wrote over data that was read from byte `at` of the file. */
  overlay(data: Uint8Array, at: number): void {
    for (const index of this.dirty) this.common(index, data, at, (frame, part) => part.set(frame))
  }

  /** `data` was written to the file at byte `at`: mappings show it. */
  written(data: Uint8Array, at: number): void {
    for (const index of this.frames.keys()) this.common(index, data, at, (frame, part) => frame.set(part))
  }

  /** What lies behind the new end of the file is zero. */
  truncated(size: number): void {
    for (const [index, frame] of this.frames) {
      const keep = Math.max(0, Math.min(PAGE_SIZE, size - index * PAGE_SIZE))
      if (keep === PAGE_SIZE) continue
      this.changing(frame)
      this.ram.u8.fill(0, frame + keep, frame + PAGE_SIZE)
    }
  }

  flush(store: PageStore): void {
    const size = store.size()
    for (const index of this.dirty) {
      const frame = this.frames.get(index)
      const count = Math.min(PAGE_SIZE, size - index * PAGE_SIZE)
      if (frame !== undefined && count > 0) store.writeAt(this.ram.u8.slice(frame, frame + count), index * PAGE_SIZE)
    }
  }

  get isMapped(): boolean {
    return this.mappings > 0
  }

  retain(): void {
    this.mappings++
  }

  /** True when that was the last mapping. */
  release(): boolean {
    if (--this.mappings > 0) return false
    for (const frame of this.frames.values()) this.ram.releaseFrame(frame)
    this.frames.clear()
    this.dirty.clear()
    return true
  }

  /** Calls `use` with the bytes that page `index` and `data` (at byte `at`) have in common. */
  private common(
    index: number,
    data: Uint8Array,
    at: number,
    use: (frame: Uint8Array, part: Uint8Array) => void,
  ): void {
    const frame = this.frames.get(index)
    const start = Math.max(at, index * PAGE_SIZE)
    const end = Math.min(at + data.length, (index + 1) * PAGE_SIZE)
    if (frame === undefined || start >= end) return
    this.changing(frame)
    const inPage = frame + (start % PAGE_SIZE)
    use(this.ram.u8.subarray(inPage, inPage + end - start), data.subarray(start - at, end - at))
  }

  private changing(frame: number): void {
    if (this.ram.holdsCode[frame / PAGE_SIZE]) this.ram.onCodeWrite(frame / PAGE_SIZE)
  }
}

/** A mapping of a file. The address space makes private copies itself, so a private mapping only ever reads here. */
export class FileBacking implements Backing {
  readonly name: string
  readonly shared: boolean
  private readonly file: FileDescription
  private readonly pages: FilePages
  private readonly store: PageStore
  private readonly onLast: () => void
  private mappings = 1

  /** Counts the mapping that it is made for. `onLast` is called when no mapping of the file is left. */
  constructor(
    file: FileDescription,
    pages: FilePages,
    store: PageStore,
    shared: boolean,
    onLast: () => void = () => {},
  ) {
    this.name = file.path
    this.shared = shared
    this.file = file
    this.pages = pages
    this.store = store
    this.onLast = onLast
    retainFile(file)
    pages.retain()
  }

  page(address: number, offset: number, access: Access, protection: number): BackingPage | BackingFault {
    const write = this.shared && access === 'W'
    // Where a private copy is to be expected, the home is left to that.
    const home = this.shared || !(protection & PROT_WRITE) ? address : undefined
    const frame = this.pages.frame(this.store, Math.floor(offset / PAGE_SIZE), write, home)
    return typeof frame === 'number' ? { frame, writable: write } : frame
  }

  /** mmap(2), mprotect(2), EACCES: shared and writable only if the file is open for both. */
  mayMap(_start: number, _end: number, protection: number): number {
    return this.shared && protection & PROT_WRITE && (this.file.flags & O.ACCMODE) !== O.RDWR ? -EACCES : 0
  }

  /** msync(2). */
  sync(): void {
    this.pages.flush(this.store)
  }

  retain(): void {
    this.mappings++
  }

  release(): void {
    if (--this.mappings > 0) return
    // Flushed through a shared mapping's own file: the last mapping's may not be open for writing.
    if (this.shared) this.pages.flush(this.store)
    if (this.pages.release()) this.onLast()
    releaseFile(this.file)
  }
}
