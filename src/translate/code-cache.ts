import { invariant } from '../base/index.ts'
import { Fault, PAGE_SIZE, type Ram, type View } from '../cpu/index.ts'
import { jumpSlot } from './dispatcher.ts'
import type { Decode, Insn } from '../isa/index.ts'

/** Straight-line code as the evaluator runs it, from one address to the next branch. */
export interface RunBlock {
  readonly address: number
  /** Undefined until they are asked for (CodeCache.insnsOf), if it was kept by an earlier run. */
  insns: readonly Insn[] | undefined
  /** Frame numbers it was decoded from. */
  readonly frames: readonly number[]
  /** How often the evaluator ran it. */
  runs: number
  /** Where its records are (threaded.ts); 0 for none. */
  threaded: number
}

/** Blocks of a frame, by their places in linear memory. One that ends in the next frame is listed under both. */
export type FrameBlocks = ReadonlyMap<number, RunBlock>

/** A translated region and what must hold for it to be used. */
export interface Region {
  readonly address: number
  /** Its place in the function table. */
  readonly slot: number
  /** Guest pages and the frames they were translated from: of all regions of one module, which call each other directly, the same array. */
  readonly pages: readonly { readonly page: number; readonly frame: number }[]
}

/** What was looked for in a view since its generation is what it is: blocks by address, and pages of which all blocks were asked for. */
interface Seen {
  readonly generation: number
  readonly blocks: Map<number, RunBlock>
  readonly pages: Set<number>
}

const LONGEST_BLOCK = 48
const LONGEST_INSN = 15

/**
 * Decoded and translated code. What is kept belongs to frames, so that processes that share code share it; what a view may use
 * belongs to the view, until its generation changes.
 */
export class CodeCache {
  private readonly ram: Ram
  private readonly decode: Decode
  /** By frame, then by place in linear memory: a frame's code is forgotten at once. */
  private readonly frames = new Map<
    number,
    { readonly insns: Map<number, Insn>; readonly blocks: Map<number, RunBlock> }
  >()
  private readonly byView = new WeakMap<View, Seen>()
  private readonly regions = new Map<number, Region[]>()
  private readonly regionsOfFrame = new Map<number, Set<Region>>()
  /** Set when code was written to or regions were dropped: whoever runs code must look again. */
  changed = false
  /** The bytes of a frame with these blocks are about to change, or it is given back. */
  onForget: (frame: number, blocks: FrameBlocks) => void = () => {}

  constructor(ram: Ram, decode: Decode) {
    this.ram = ram
    this.decode = decode
    ram.onCodeWrite = (frame) => this.forget(frame)
  }

  /** The block at `address`. Throws the Fault of fetching it if its first instruction cannot be had. */
  blockAt(view: View, address: number): RunBlock {
    let b = this.knownBlock(view, address)
    if (!b) {
      b = this.decodeBlock(view, address)
      this.seenBy(view).blocks.set(address, b)
    }
    return b
  }

  private seenBy(view: View): Seen {
    let own = this.byView.get(view)
    if (own?.generation !== view.generation)
      this.byView.set(view, (own = { generation: view.generation, blocks: new Map(), pages: new Set() }))
    return own
  }

  /**
   * Blocks with records that begin and end in the page of `address`, whoever ran them: another process that has the frame there, or this view
   * before it lost its jump cache. Nothing when it is asked again.
   */
  *blocksBeside(view: View, address: number): Iterable<RunBlock> {
    const page = Math.floor(address / PAGE_SIZE)
    const { pages } = this.seenBy(view)
    if (pages.has(page)) return
    pages.add(page)
    const at = tryFetch(view, address)
    for (const b of (at !== undefined && this.frames.get(Math.floor(at / PAGE_SIZE))?.blocks.values()) || [])
      if (b.threaded > 0 && b.frames.length === 1 && Math.floor(b.address / PAGE_SIZE) === page) yield b
  }

  /** The block at `address` if it is decoded or kept. */
  knownBlock(view: View, address: number): RunBlock | undefined {
    const own = this.seenBy(view).blocks
    let b = own.get(address)
    if (!b && (b = this.findBlock(view, address))) own.set(address, b)
    return b
  }

  private findBlock(view: View, address: number): RunBlock | undefined {
    const at = tryFetch(view, address)
    if (at === undefined) return undefined
    const b = this.frames.get(Math.floor(at / PAGE_SIZE))?.blocks.get(at)
    if (b?.address !== address) return undefined
    const last = b.frames[1]
    if (last === undefined) return b
    const next = tryFetch(view, address - (address % PAGE_SIZE) + PAGE_SIZE)
    return next === last * PAGE_SIZE ? b : undefined
  }

  insnsOf(view: View, b: RunBlock): readonly Insn[] {
    return (b.insns ??= this.decodeInsns(view, b.address))
  }

  private decodeInsns(view: View, address: number): Insn[] {
    const insns: Insn[] = [this.insnAt(view, address)]
    for (let i = insns[0]; i && i.row.flow === undefined && insns.length < LONGEST_BLOCK;) {
      const next = i.address + i.length
      if (Math.floor(next / PAGE_SIZE) !== Math.floor(address / PAGE_SIZE)) break
      i = this.tryInsn(view, next)
      if (i) insns.push(i)
    }
    return insns
  }

  private decodeBlock(view: View, address: number): RunBlock {
    const start = view.executable(address)
    const insns = this.decodeInsns(view, address)
    const last = insns.at(-1)
    const end = last ? last.address + last.length - 1 : address
    const frames = [
      start,
      ...(Math.floor(end / PAGE_SIZE) !== Math.floor(address / PAGE_SIZE) ? [view.executable(end)] : []),
    ].map((x) => Math.floor(x / PAGE_SIZE))
    const b: RunBlock = { address, insns, frames, runs: 0, threaded: 0 }
    for (const f of frames) this.codeOf(f * PAGE_SIZE).blocks.set(start, b)
    return b
  }

  /** The instruction at `address`, or undefined where there is none. */
  tryInsn(view: View, address: number): Insn | undefined {
    try {
      return this.insnAt(view, address)
    } catch (e) {
      // Only when it is executed does it matter why.
      if (e instanceof Fault) return undefined
      throw e
    }
  }

  /** The instruction at `address`. Throws as blockAt does. */
  insnAt(view: View, address: number): Insn {
    const at = view.executable(address)
    const { insns } = this.codeOf(at)
    const cached = insns.get(at)
    if (cached?.address === address) return cached
    const whole = this.decode(this.ram.u8, at, address, at - (at % PAGE_SIZE) + PAGE_SIZE)
    if (whole) {
      insns.set(at, whole)
      return whole
    }
    const here = PAGE_SIZE - (at % PAGE_SIZE)
    const next = view.executable(address + here)
    this.codeOf(next)
    const bytes = new Uint8Array(here + LONGEST_INSN)
    bytes.set(this.ram.u8.subarray(at, at + here))
    bytes.set(this.ram.u8.subarray(next, next + LONGEST_INSN), here)
    const crossing = this.decode(bytes, 0, address)
    invariant(crossing, 'fifteen bytes hold an instruction or are none')
    return crossing
  }

  /** The number of the frame that has a page's code: whoever writes to it is noticed from now on. Throws the Fault of fetching it. */
  codeFrame(view: View, page: number): number {
    const at = view.executable(page * PAGE_SIZE)
    this.codeOf(at)
    return at / PAGE_SIZE
  }

  /** The same, or undefined where nothing can be fetched. */
  tryCodeFrame(view: View, page: number): number | undefined {
    return tryFetch(view, page * PAGE_SIZE) === undefined ? undefined : this.codeFrame(view, page)
  }

  /** A block that is already placed, at `offset` in its first frame. */
  adoptBlock(b: RunBlock, offset: number): RunBlock {
    const start = (b.frames[0] ?? 0) * PAGE_SIZE + offset
    for (const f of b.frames) this.codeOf(f * PAGE_SIZE).blocks.set(start, b)
    return b
  }

  *blocksByFrame(): Iterable<[frame: number, blocks: FrameBlocks]> {
    for (const [frame, { blocks }] of this.frames) yield [frame, blocks]
  }

  /** What is known of the code in a frame, which is marked as code from now on. */
  private codeOf(at: number): { readonly insns: Map<number, Insn>; readonly blocks: Map<number, RunBlock> } {
    const frame = Math.floor(at / PAGE_SIZE)
    let code = this.frames.get(frame)
    if (!code) this.frames.set(frame, (code = { insns: new Map(), blocks: new Map() }))
    if (!this.ram.holdsCode[frame]) {
      this.ram.holdsCode[frame] = 1
      for (const v of this.ram.views) v.dropWriters(frame)
    }
    return code
  }

  /** The pages that these instructions are in, and the frames that this view has there. */
  pagesOf(view: View, insns: readonly Insn[]): Region['pages'] {
    const pages = new Set<number>()
    for (const i of insns) {
      pages.add(Math.floor(i.address / PAGE_SIZE))
      pages.add(Math.floor((i.address + i.length - 1) / PAGE_SIZE))
    }
    return [...pages].map((page) => ({ page, frame: Math.floor(view.executable(page * PAGE_SIZE) / PAGE_SIZE) }))
  }

  /** A region at `address` whose pages are what this view has there. */
  regionAt(view: View, address: number): Region | undefined {
    return this.regions
      .get(address)
      ?.find((r) => r.pages.every(({ page, frame }) => tryFetch(view, page * PAGE_SIZE) === frame * PAGE_SIZE))
  }

  /** There is a region at `address`, in some view. */
  hasRegion(address: number): boolean {
    return this.regions.has(address)
  }

  addRegion(r: Region): void {
    const same = this.regions.get(r.address)
    if (same) same.push(r)
    else this.regions.set(r.address, [r])
    for (const { frame } of r.pages) {
      let set = this.regionsOfFrame.get(frame)
      if (!set) this.regionsOfFrame.set(frame, (set = new Set()))
      set.add(r)
    }
  }

  /** Takes it out of use, with all others of its module: they would go on calling it. */
  dropModule({ pages }: Region): void {
    for (const r of this.regionsOfFrame.get(pages[0]?.frame ?? -1) ?? []) if (r.pages === pages) this.dropRegion(r)
  }

  /** Blocks, and other regions, stay. */
  private dropRegion(r: Region): void {
    this.changed = true
    const left = this.regions.get(r.address)?.filter((x) => x !== r) ?? []
    if (left.length > 0) this.regions.set(r.address, left)
    else this.regions.delete(r.address)
    for (const { frame } of r.pages) this.regionsOfFrame.get(frame)?.delete(r)
    for (const v of this.ram.views) v.forgetJump(r.address, jumpSlot(r.address))
  }

  /** The bytes of a frame are about to change, or it is given back. */
  private forget(frame: number): void {
    const blocks: FrameBlocks = this.frames.get(frame)?.blocks ?? new Map<number, RunBlock>()
    this.onForget(frame, blocks)
    this.ram.holdsCode[frame] = 0
    for (const r of this.regionsOfFrame.get(frame) ?? []) this.dropRegion(r)
    for (const [at, { frames }] of blocks) {
      const other = frames[0] === frame ? frames[1] : frames[0]
      if (other !== undefined) this.frames.get(other)?.blocks.delete(at)
    }
    this.frames.delete(frame)
    this.changed = true
    for (const v of this.ram.views) v.invalidateJumps()
  }
}

function tryFetch(view: View, address: number): number | undefined {
  try {
    return view.executable(address)
  } catch (e) {
    if (e instanceof Fault) return undefined
    throw e
  }
}
