import { PAGE_SIZE, type Ram } from '../../cpu/index.ts'
import type { Backing, BackingPage } from './backing.ts'

/** Anonymous memory that is shared over fork (MAP_SHARED | MAP_ANONYMOUS). Pages are zero until first touched. */
export class SharedAnonymous implements Backing {
  readonly name = '/dev/zero (deleted)'
  readonly shared = true
  private readonly ram: Ram
  private readonly frames = new Map<number, number>()
  private mappings = 1

  constructor(ram: Ram) {
    this.ram = ram
  }

  page(address: number, offset: number): BackingPage {
    const index = Math.floor(offset / PAGE_SIZE)
    let frame = this.frames.get(index)
    if (frame === undefined) this.frames.set(index, (frame = this.ram.allocateFrame(address)))
    return { frame, writable: true }
  }

  retain(): void {
    this.mappings++
  }

  release(): void {
    if (--this.mappings > 0) return
    for (const frame of this.frames.values()) this.ram.releaseFrame(frame)
    this.frames.clear()
  }
}

/** Bytes that the kernel gives to every process: the vDSO. Copied on write, as breakpoints need it. */
export class ImageBacking implements Backing {
  readonly name: string
  readonly shared = false
  private readonly ram: Ram
  private readonly bytes: Uint8Array
  private readonly frames = new Map<number, number>()
  private mappings = 1

  constructor(ram: Ram, name: string, bytes: Uint8Array) {
    this.ram = ram
    this.name = name
    this.bytes = bytes
  }

  page(address: number, offset: number): BackingPage | 'SIGBUS' {
    if (offset >= this.bytes.length) return 'SIGBUS'
    let frame = this.frames.get(offset)
    if (frame === undefined) {
      this.frames.set(offset, (frame = this.ram.allocateFrame(address)))
      this.ram.u8.set(this.bytes.subarray(offset, offset + PAGE_SIZE), frame)
    }
    return { frame, writable: false }
  }

  retain(): void {
    this.mappings++
  }

  release(): void {
    if (--this.mappings > 0) return
    for (const frame of this.frames.values()) this.ram.releaseFrame(frame)
    this.frames.clear()
  }
}
