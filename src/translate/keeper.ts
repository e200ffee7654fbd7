import { concatBytes } from '../base/index.ts'
import { PAGE_SIZE, type Ram, type View } from '../cpu/index.ts'
import type { CodeCache, FrameBlocks, Region, RunBlock } from './code-cache.ts'
import type { KeptCode, KeptModule, PageContent } from './kept-code.ts'
import type { ThreadedCode } from './threaded.ts'

/** Takes over what earlier runs have kept of a program's code, and keeps what later ones can use. */
export class Keeper {
  private readonly ram: Ram
  private readonly cache: CodeCache
  private readonly threaded: ThreadedCode
  readonly kept: KeptCode
  /** Frames whose kept blocks are in use. */
  private readonly adopted = new Set<number>()
  /** By the numbers of keys in what is kept; undefined if a handler is not there. */
  private readonly handlers: readonly number[] | undefined

  constructor(ram: Ram, cache: CodeCache, threaded: ThreadedCode, kept: KeptCode) {
    this.ram = ram
    this.cache = cache
    this.threaded = threaded
    this.kept = kept
    const handlers = kept.handlerKeys.map((key) => threaded.handlerOf(key))
    if (handlers.every((n) => n !== undefined)) this.handlers = handlers
    cache.onForget = (frame, blocks) => {
      this.keepBlocks(frame, blocks)
      this.adopted.delete(frame)
      kept.forget(frame)
    }
  }

  /**
   * Takes over the blocks of the page at `address`, which is to be fetched: throws its Fault. After `limit` runs they are hot. `each`
   * hears where the records of a block are.
   */
  adoptPage(view: View, address: number, limit: number, each: (address: number, at: number) => void): void {
    const page = Math.floor(address / PAGE_SIZE)
    const frame = this.cache.codeFrame(view, page)
    if (this.adopted.has(frame)) return
    this.adopted.add(frame)
    const content = this.kept.contentOf(this.ram, page, frame)
    if (!content || !this.handlers || content.blockCount === 0) return
    this.threaded.adopt(content.blocks, this.handlers, limit, (offset, crosses, at) => {
      const next = crosses ? this.nextFrame(view, page) : frame
      if (next === undefined) return undefined
      const start = page * PAGE_SIZE + offset
      each(start, at)
      const block = {
        address: start,
        insns: undefined,
        frames: crosses ? [frame, next] : [frame],
        runs: 0,
        threaded: at,
      }
      return this.cache.adoptBlock(block, offset)
    })
  }

  /** The frame behind a block that ends in it, if that holds what it always has. */
  private nextFrame(view: View, page: number): number | undefined {
    const only = this.kept.onlyContent(page + 1)
    const frame = only && this.cache.tryCodeFrame(view, page + 1)
    return frame !== undefined && this.kept.contentOf(this.ram, page + 1, frame) === only ? frame : undefined
  }

  /** The module that has the region at `address`, and its pages, if they hold what it was made of. */
  moduleAt(view: View, address: number): { readonly module: KeptModule; readonly pages: Region['pages'] } | undefined {
    for (const module of this.kept.modulesWith(address)) {
      const pages = this.pagesOf(view, module)
      if (pages) return { module, pages }
    }
    return undefined
  }

  private pagesOf(view: View, module: KeptModule): Region['pages'] | undefined {
    const pages: { page: number; frame: number }[] = []
    for (const content of module.contents) {
      const frame = this.cache.tryCodeFrame(view, content.page)
      if (frame === undefined || this.kept.contentOf(this.ram, content.page, frame) !== content) return undefined
      pages.push({ page: content.page, frame })
    }
    return pages
  }

  /** A module that was made of code in `pages`. Undefined if it cannot be kept. */
  add(made: Omit<KeptModule, 'contents'>, pages: Region['pages']): KeptModule | undefined {
    const contents: PageContent[] = []
    for (const { page, frame } of pages) {
      const content = this.kept.contentOf(this.ram, page, frame)
      if (!content) return undefined
      contents.push(content)
    }
    const module = { ...made, contents }
    this.kept.add(module)
    return module
  }

  /** For another run; undefined if that would be hardly more than this one was given. */
  write(): Uint8Array<ArrayBuffer> | undefined {
    for (const [frame, blocks] of this.cache.blocksByFrame()) this.keepBlocks(frame, blocks)
    return this.kept.write()
  }

  private keepBlocks(frame: number, blocks: FrameBlocks): void {
    const content = this.kept.knownContent(frame)
    if (!content || blocks.size <= content.blockCount) return
    const own = [...blocks.values()].filter((b) => b.threaded > 0 && this.isWhole(b, frame, content.page))
    if (own.length <= content.blockCount) return
    content.blocks = concatBytes(...own.map((b) => this.threaded.copyOf(b, this.kept.keyNumber)))
    content.blockCount = own.length
  }

  /** All that the block was made of is known as the content of its pages. */
  private isWhole({ address, frames: [first, next] }: RunBlock, frame: number, page: number): boolean {
    if (first !== frame || Math.floor(address / PAGE_SIZE) !== page) return false
    return next === undefined || this.kept.contentOf(this.ram, page + 1, next) !== undefined
  }
}
