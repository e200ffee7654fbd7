/**
 * Guest code of earlier runs: records of threaded code and modules of regions, each with the pages that they were made of. They are
 * used where a page holds the same bytes at the same address again, and nowhere else.
 */
import { PAGE_SIZE, type Ram } from '../cpu/index.ts'
import { nativeFrom, optimizedIn, sizeOf, type Native, type NativeSize } from './native-code.ts'
import { bytesOf, numbersOf, pack, unpack } from './packed.ts'
import type { RegionManner } from './region-contract.ts'
import type { RegionModule } from './region-modules.ts'

/** What a page of code held when something was made of it. */
export interface PageContent {
  readonly page: number
  readonly bytes: Uint8Array
  /** Its blocks, as ThreadedCode.adopt takes them. */
  blocks: Uint8Array
  blockCount: number
}

export interface KeptModule extends RegionModule {
  /** What all of its regions were translated from. */
  readonly contents: readonly PageContent[]
  readonly avx: boolean
  /** As it was compiled in an earlier run. */
  native?: Native | undefined
}

/** What a page may have held: programs at the same addresses, one after the other. Code that changes all the time is not worth more. */
const MOST_CONTENTS = 8
/**
 * It is written again when one in so many of its blocks, or of its optimized functions, is new, or any module is: in one profile of
 * python3 ten regions took 0.29 s to translate, and all 26 MB 0.14 s to write.
 */
const WORTH_WRITING = 50

/** In front of the bytes that follow the contents. */
interface Contents {
  /** Of threaded code's handlers, by their numbers in records. */
  readonly keys: readonly string[]
  /** Where indirect jumps have gone: the jump's address, then theirs. */
  readonly targets: readonly (readonly number[])[]
  /** Entries of regions, and how often each was made again for a new target. */
  readonly remade: readonly (readonly [region: number, times: number])[]
  readonly manners: readonly (readonly [region: number, manner: RegionManner])[]
  /** Page, count of blocks, length of the blocks' records. */
  readonly pages: readonly (readonly [page: number, blocks: number, length: number])[]
  readonly modules: readonly {
    readonly wasm: number
    readonly addresses: readonly number[]
    /** Length in bytes. */
    readonly places: number
    /** Indexes in `pages`. */
    readonly contents: readonly number[]
    readonly avx: boolean
    readonly native: NativeSize
  }[]
}

export class KeptCode {
  readonly targets = new Map<number, Set<number>>()
  readonly remade = new Map<number, number>()
  /** Of regions that are not made in the usual one. */
  readonly manners = new Map<number, RegionManner>()
  private readonly keys: string[] = []
  private readonly keyNumbers = new Map<string, number>()
  private readonly ofPage = new Map<number, PageContent[]>()
  /** What the frames hold now, as far as it is known. */
  private readonly ofFrame = new Map<number, PageContent>()
  /** By the entries of their regions. */
  private readonly modules = new Map<number, readonly KeptModule[]>()
  private blocksAtStart = 0
  private newModules = 0
  private optimizedAtStart = 0

  /** `bytes`: what `write` gave. What cannot be read is as good as nothing. */
  constructor(bytes?: Uint8Array) {
    if (bytes) this.read(bytes)
  }

  /** The keys of records that are kept, by their numbers. */
  get handlerKeys(): readonly string[] {
    return this.keys
  }

  readonly keyNumber = (key: string): number => {
    let n = this.keyNumbers.get(key)
    if (n === undefined) this.keyNumbers.set(key, (n = this.keys.push(key) - 1))
    return n
  }

  /** What the frame with code holds, from when it was first asked for until `forget`. Undefined if it was asked for as another page. */
  contentOf(ram: Ram, page: number, frame: number): PageContent | undefined {
    const known = this.ofFrame.get(frame)
    if (known) return known.page === page ? known : undefined
    const now = ram.u8.subarray(frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE)
    const all = this.ofPage.get(page) ?? []
    let content = all.find((c) => isSame(c.bytes, now))
    if (!content) {
      content = { page, bytes: now.slice(), blocks: new Uint8Array(0), blockCount: 0 }
      this.ofPage.set(page, [content, ...all].slice(0, MOST_CONTENTS))
    }
    this.ofFrame.set(frame, content)
    return content
  }

  /** What a page has held in every run. */
  onlyContent(page: number): PageContent | undefined {
    const [content, another] = this.ofPage.get(page) ?? []
    return another ? undefined : content
  }

  /** `contentOf`, where it has been asked for. */
  knownContent(frame: number): PageContent | undefined {
    return this.ofFrame.get(frame)
  }

  /** The frame will hold something else. */
  forget(frame: number): void {
    this.ofFrame.delete(frame)
  }

  /** Whether any module has a region at this address, for whatever contents. */
  hasRegion(address: number): boolean {
    return this.modules.has(address)
  }

  /** The modules with a region at this address, each for other contents. */
  modulesWith(region: number): readonly KeptModule[] {
    return this.modules.get(region) ?? []
  }

  add(module: KeptModule): void {
    this.newModules++
    for (const a of module.addresses) this.index(a, module)
  }
  private index(region: number, module: KeptModule): void {
    this.modules.set(region, [module, ...this.modulesWith(region)].slice(0, MOST_CONTENTS))
  }

  /** The region is to be made anew, with all others of its modules. */
  drop(region: number): void {
    for (const module of this.modulesWith(region))
      for (const a of module.addresses) {
        const left = this.modulesWith(a).filter((m) => m !== module)
        if (left.length > 0) this.modules.set(a, left)
        else this.modules.delete(a)
      }
  }

  /** For another run; undefined if that would be hardly more than this one was given. */
  write(): Uint8Array<ArrayBuffer> | undefined {
    const pages = [...this.ofPage.values()].flat()
    const blocks = pages.reduce((sum, p) => sum + p.blockCount, 0)
    const isWorth = (more: number, all: number): boolean => more * WORTH_WRITING > all
    const index = new Map(pages.map((p, k) => [p, k]))
    const modules = [...new Set([...this.modules.values()].flat())].filter((m) => m.contents.every((c) => index.has(c)))
    const optimized = optimizedIn(modules)
    if (
      !isWorth(blocks - this.blocksAtStart, blocks) &&
      this.newModules === 0 &&
      !isWorth(optimized - this.optimizedAtStart, optimized)
    )
      return undefined
    const contents: Contents = {
      keys: this.keys,
      targets: [...this.targets].map(([jump, to]) => [jump, ...to]),
      remade: [...this.remade],
      manners: [...this.manners],
      pages: pages.map((p) => [p.page, p.blockCount, p.blocks.length]),
      modules: modules.map((m) => ({
        wasm: m.wasm.length,
        addresses: m.addresses,
        places: m.places.byteLength,
        contents: m.contents.map((c) => index.get(c) ?? 0),
        avx: m.avx,
        native: sizeOf(m.native),
      })),
    }
    return pack(MAGIC, contents, [
      ...pages.flatMap((p) => [p.bytes, p.blocks]),
      ...modules.map((m) => bytesOf(m.places)),
      ...modules.flatMap((m) => (m.native ? [m.wasm, m.native.bytes] : [m.wasm])),
    ])
  }

  private read(given: Uint8Array): void {
    const packed = unpack<Contents>(MAGIC, given)
    if (!packed) return
    const { contents, take } = packed
    contents.keys.forEach(this.keyNumber)
    for (const [jump = 0, ...to] of contents.targets) this.targets.set(jump, new Set(to))
    for (const [region, times] of contents.remade) this.remade.set(region, times)
    for (const [region, manner] of contents.manners) this.manners.set(region, manner)
    const pages = contents.pages.map(([page, blockCount, size]): PageContent => {
      const content = { page, bytes: take(PAGE_SIZE), blocks: take(size), blockCount }
      this.blocksAtStart += blockCount
      this.ofPage.set(page, [...(this.ofPage.get(page) ?? []), content])
      return content
    })
    const places = contents.modules.map((m) => numbersOf(take(m.places)))
    contents.modules.forEach((m, k) => {
      const wasm = take(m.wasm)
      const contents = m.contents.flatMap((n) => pages[n] ?? [])
      const native = nativeFrom(m.native, take)
      this.optimizedAtStart += native?.optimized ?? 0
      const { addresses, avx } = m
      const module = { addresses, avx, wasm, places: places[k] ?? new Float64Array(0), contents, native }
      for (const a of m.addresses) this.index(a, module)
    })
  }
}

const MAGIC = 'enclu guest code'

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  const wordsOf = (x: Uint8Array): Uint32Array => new Uint32Array(x.buffer, x.byteOffset, PAGE_SIZE / 4)
  const [x, y] = [wordsOf(a), wordsOf(b)]
  for (let k = 0; k < x.length; k++) if (x[k] !== y[k]) return false
  return true
}
