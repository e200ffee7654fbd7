import { EncluError, hex, invariant, toHex } from '../base/index.ts'
import { Fault, JUMP, PAGE_SIZE, STATE, VIEW, type CpuState, type Exit, type Ram, type View } from '../cpu/index.ts'
import { ModuleWriter } from '../wasm/index.ts'
import { decode, UnknownInstruction, type Evaluator, type Insn } from '../isa/index.ts'
import { discoverBlocks, type Block } from './blocks.ts'
import { CodeCache, type Region, type RunBlock } from './code-cache.ts'
import { createDispatcher, jumpSlot, type Dispatcher } from './dispatcher.ts'
import { FIRST_EXIT, RegionCompiler, RETURN, USUAL_MANNER, type RegionManner } from './region.ts'
import { LEAVE, ThreadedCode } from './threaded.ts'

/** One place where a region may hand an instruction to the evaluator. */
interface RegionExit {
  readonly insn: Insn
  /** Instructions of the block finished before it that the fuel does not know of. */
  readonly completed: number
  readonly address: number
  /** Times it was taken although no table entry was missing. */
  vain: number
}

export interface EngineStats {
  /** Executed by the evaluator; the rest of the retired instructions ran translated. */
  evaluated: number
  regions: number
  translatedInsns: number
  /** Checks of translated code that sent an instruction to the evaluator. */
  handovers: number
}

export interface EngineOptions {
  /** false: everything by the evaluator. */
  readonly translate?: boolean
  /** Runs of a block before it is translated. */
  readonly hot?: number
  /** What `saveHandlers` of an engine of this version gave. */
  readonly handlers?: Uint8Array
}

const HOT = 3000
/** Runs of a block before handlers are made for it. */
const COLD = 1
/** Blocks with this share of the runs go along. */
const WARM_SHARE = 4
/** Instructions in one module, about: making a module has a fixed cost, and a big one waits long for its first run. */
const GROUP_INSNS = 1500
/** Targets of one indirect jump that a region looks for. */
const MOST_TARGETS = 24
/** How often a region is made again for a new target: interpreters with a jump behind every operation would never be done. */
const MOST_REMAKES = 1
/** Vain exits at one place after which a region is made again in another manner. */
const VAIN_LIMIT = 24

/** Runs guest code: cold in the evaluator, warm as threaded code, hot in regions; all are exact, so where they alternate cannot be seen. */
export class Engine {
  readonly stats: EngineStats = { evaluated: 0, regions: 0, translatedInsns: 0, handovers: 0 }
  private readonly ram: Ram
  private readonly state: CpuState
  private readonly evaluator: Evaluator
  private readonly cache: CodeCache
  private readonly table = new WebAssembly.Table({ initial: 256, element: 'anyfunc' })
  private nextSlot = 0
  private readonly dispatcher: Dispatcher
  private readonly threaded: ThreadedCode
  private readonly exits: RegionExit[] = []
  /** Regions that are not made in the usual manner. */
  private readonly manners = new Map<number, RegionManner>()
  /** Where indirect jumps have gone, by address: jump tables become branches inside a region. */
  private readonly jumpTargets = new Map<number, Set<number>>()
  /** Indirect jumps of translated code, by LAST_JUMP - 1. */
  private readonly jumps: { readonly address: number; readonly region: number }[] = []
  private readonly remade = new Map<number, number>()
  /** Regions with an indirect jump that has gone to the key, which they do not hold. */
  private readonly incomplete = new Map<number, Set<number>>()
  private readonly translate: boolean
  private readonly hot: number
  private exit: Exit | undefined
  /** What the engine's own code threw below translated frames. */
  private error: { readonly thrown: unknown } | undefined

  constructor(state: CpuState, evaluator: Evaluator, options: EngineOptions = {}) {
    this.ram = state.ram
    this.state = state
    this.evaluator = evaluator
    this.cache = new CodeCache(this.ram, evaluator.env.decode ?? decode)
    this.translate = options.translate ?? true
    this.hot = options.hot ?? HOT
    this.dispatcher = createDispatcher(this.ram, this.table, { miss: () => this.miss(), step: (e) => this.step(e) })
    this.threaded = new ThreadedCode(this.ram, this.table, this.nextSlot++, {
      limit: () => this.miss(),
      evaluate: (i, completed) => this.stepThreaded(i, completed),
      note: (jump) => this.noteTarget(jump.address, this.state.rip),
      flags: this.dispatcher.flags,
    })
    if (options.handlers) this.threaded.restore(options.handlers)
    this.setView(evaluator.view)
  }

  /** Guest code runs in this view from now on. */
  setView(view: View): void {
    this.evaluator.view = view
    this.ram.u32[STATE.VIEW / 4] = view.at
    this.ram.u32[STATE.JUMP_CACHE / 4] = view.at + VIEW.JUMP_CACHE
  }

  /** Runs from STATE.RIP until an exit. At most about `fuel` instructions: the count left is in STATE.FUEL. */
  run(fuel: number): Exit {
    this.ram.i32[STATE.FUEL / 4] = fuel
    this.exit = undefined
    const code = this.dispatcher.run()
    const error = this.takeError()
    if (error) throw error.thrown
    return code === RETURN.BUDGET ? { kind: 'budget' } : (this.exit ?? { kind: 'budget' })
  }

  /** What later engines need not make; undefined if that is no more than this one was given. */
  saveHandlers(): Uint8Array<ArrayBuffer> | undefined {
    return this.threaded.save()
  }

  private takeError(): { readonly thrown: unknown } | undefined {
    const { error } = this
    this.error = undefined
    return error
  }

  /** No translated code at RIP is in the jump cache. */
  private miss(): number {
    return this.guarded(() => {
      const address = this.state.rip
      const { view } = this.evaluator
      this.noteLastJump(address)
      const region = this.cache.regionAt(view, address)
      if (region) return this.offer(region)
      const block = this.cache.blockAt(view, address)
      if (!this.translate) return this.evaluate(block)
      const runs = this.runsOf(block)
      if (runs >= this.hot) {
        this.dropIncomplete(address)
        const made = this.compile(block)
        if (made) return this.offer(made)
      } else {
        const at = this.threaded.place(block, this.hot, runs >= COLD)
        if (at !== undefined) return this.enterIntoCache(address, this.threaded.slot, at)
      }
      block.runs++
      return this.evaluate(block)
    })
  }

  private evaluate(block: RunBlock): number {
    for (const i of block.insns) {
      const code = this.stepInsn(i)
      if (code !== RETURN.CONTINUE) return code
      if (this.state.rip !== i.address + i.length) break
    }
    const last = block.insns.at(-1)
    if (last?.row.flow === 'jump' && last.operands[0]?.kind !== 'rel') this.noteTarget(last.address, this.state.rip)
    return RETURN.CONTINUE
  }

  private noteTarget(jump: number, target: number): void {
    let targets = this.jumpTargets.get(jump)
    if (!targets) this.jumpTargets.set(jump, (targets = new Set()))
    if (targets.size < MOST_TARGETS) targets.add(target)
  }

  /** Translated code came here by an indirect jump that knows no such target: it shall, once this is worth translating. */
  private noteLastJump(target: number): void {
    const { u32 } = this.ram
    const jump = this.jumps[(u32[STATE.LAST_JUMP / 4] ?? 0) - 1]
    u32[STATE.LAST_JUMP / 4] = 0
    if (!jump || u32[STATE.LAST_TARGET / 4] !== target >>> 0) return
    this.noteTarget(jump.address, target)
    const regions = this.incomplete.get(target) ?? new Set()
    this.incomplete.set(target, regions.add(jump.region))
  }
  private dropIncomplete(target: number): void {
    for (const address of this.incomplete.get(target) ?? []) {
      const times = this.remade.get(address) ?? 0
      const r =
        address === target || times >= MOST_REMAKES ? undefined : this.cache.regionAt(this.evaluator.view, address)
      if (!r) continue
      this.remade.set(address, times + 1)
      this.cache.dropRegion(r)
    }
    this.incomplete.delete(target)
  }

  private readonly runsOf = (b: RunBlock | undefined): number => (b ? this.threaded.runsOf(b) : 0)

  /** One instruction of threaded code by the evaluator. */
  private stepThreaded(i: Insn, completed: number): number {
    return this.guarded(() => {
      const { i32 } = this.ram
      this.state.rip = i.address
      i32[STATE.FUEL / 4] = (i32[STATE.FUEL / 4] ?? 0) - completed
      const code = this.stepInsn(i)
      if (code !== RETURN.CONTINUE) return code
      if (this.state.rip !== i.address + i.length) return LEAVE
      // The block takes the fuel for all of its instructions at its end.
      i32[STATE.FUEL / 4] = (i32[STATE.FUEL / 4] ?? 0) + completed + 1
      return RETURN.CONTINUE
    })
  }

  /** One instruction by the evaluator. */
  private stepInsn(i: Insn): number {
    const exit = this.evaluator.step(i)
    this.stats.evaluated++
    const { i32 } = this.ram
    i32[STATE.FUEL / 4] = (i32[STATE.FUEL / 4] ?? 0) - 1
    if (exit) {
      this.exit = exit
      return RETURN.EXIT
    }
    if (this.cache.changed) {
      this.cache.changed = false
      return RETURN.UNWIND
    }
    return RETURN.CONTINUE
  }

  private exitOf(number: number): RegionExit {
    const e = this.exits[number - FIRST_EXIT]
    invariant(e, `no exit has the number ${number}`)
    return e
  }

  /** A check of a region failed before an instruction, which is done here. */
  private step(number: number): number {
    return this.guarded(() => {
      const e = this.exitOf(number)
      this.stats.handovers++
      this.state.rip = e.insn.address
      const { i32 } = this.ram
      i32[STATE.FUEL / 4] = (i32[STATE.FUEL / 4] ?? 0) - e.completed
      const { view } = this.evaluator
      const { fills, away } = view
      const code = this.stepInsn(e.insn)
      if (view.fills === fills && ++e.vain === VAIN_LIMIT) this.remake(e, view.away !== away)
      return code
    })
  }

  /** An instruction that has no translation, in the middle of a region that waits for it. */
  private slow(number: number): number {
    return this.guarded(() => {
      const e = this.exitOf(number)
      this.state.rip = e.insn.address
      let code = this.stepInsn(e.insn)
      while (code === RETURN.CONTINUE && this.state.rip === e.insn.address) code = this.stepInsn(e.insn)
      if (code === RETURN.CONTINUE && this.state.rip !== e.insn.address + e.insn.length) return RETURN.UNWIND
      return code
    })
  }

  /** Faults and errors must not cross translated frames: they wait here while those return. */
  private guarded(body: () => number): number {
    try {
      return body()
    } catch (e) {
      if (e instanceof Fault) this.exit = { kind: 'fault', fault: e }
      else if (e instanceof UnknownInstruction) this.error = { thrown: unknownInstruction(e) }
      else this.error = { thrown: e }
      return RETURN.EXIT
    }
  }

  private offer(r: Region): number {
    return this.enterIntoCache(r.address, r.slot, 0)
  }
  private enterIntoCache(address: number, slot: number, detail: number): number {
    const at = this.evaluator.view.at + VIEW.JUMP_CACHE + JUMP.SIZE * jumpSlot(address)
    this.ram.u64[(at + JUMP.RIP) / 8] = BigInt(address)
    this.ram.u32[(at + JUMP.SLOT) / 4] = slot
    this.ram.u32[(at + JUMP.DETAIL) / 4] = detail
    this.evaluator.view.hasJumps = true
    return RETURN.CONTINUE
  }

  /** Translates the region at `block` and, in the same module, those that it calls directly. */
  private compile(block: RunBlock): Region | undefined {
    const { view } = this.evaluator
    const group = this.collect(block)
    if (group.size === 0) return undefined
    const m = new ModuleWriter()
    const type = m.type(['i32'], ['i32'])
    m.importMemory('m', this.ram.u8.length / 0x1_0000)
    const enter = m.importFunction('enter', m.type(['i64', 'i32', 'i32'], ['i32']))
    const slow = m.importFunction('slow', m.type(['i32'], ['i32']))
    const flags = m.importFunction('flags', m.type(['i32', 'i64', 'i64', 'i64'], ['i32']))
    const regions = new Map([...group.keys()].map((a, k) => [a, flags + 1 + k]))
    for (const [address, blocks] of group) {
      const numbers = {
        exit: (insn: Insn, completed: number) =>
          this.exits.push({ insn, completed, address, vain: 0 }) - 1 + FIRST_EXIT,
        jump: (insn: Insn) => this.jumps.push({ address: insn.address, region: address }),
      }
      const compiler = new RegionCompiler(address, blocks, numbers, {
        ...(this.manners.get(address) ?? USUAL_MANNER),
        avx: this.evaluator.state.hasAvxState,
      })
      m.addFunction(type, compiler.compile({ enter, slow, flags, regions }), String(address))
    }
    const instance = new WebAssembly.Instance(new WebAssembly.Module(m.write()), {
      e: {
        m: this.ram.memory,
        enter: this.dispatcher.enter,
        slow: (n: number) => this.slow(n),
        flags: this.dispatcher.flags,
      },
    })
    const pages = this.pagesOf(view, group)
    let first: Region | undefined
    for (const address of group.keys()) {
      const slot = this.nextSlot++
      if (slot >= this.table.length) this.table.grow(this.table.length)
      this.table.set(slot, instance.exports[String(address)])
      const region: Region = { address, slot, pages }
      first ??= region
      this.cache.addRegion(region)
    }
    return first
  }

  /** The blocks of each region of a module, the first one first. */
  private collect(block: RunBlock): Map<number, Map<number, Block>> {
    const { view } = this.evaluator
    const group = new Map<number, Map<number, Block>>()
    const work = [block.address]
    let insns = 0
    for (let address = work.shift(); address !== undefined && insns < GROUP_INSNS; address = work.shift()) {
      if (group.has(address) || (address !== block.address && this.cache.regionAt(view, address))) continue
      const blocks = discoverBlocks(address, {
        insnAt: (a) => this.cache.tryInsn(view, a),
        isWarm: (a) => this.runsOf(this.cache.knownBlock(view, a)) >= this.hot / WARM_SHARE,
        isTranslated: (a) => this.cache.regionAt(view, a) !== undefined,
        jumpTargets: (a) => this.jumpTargets.get(a) ?? [],
      })
      const all = [...blocks.values()].flatMap((b) => b.insns)
      if (!all.some((i) => i.row.op)) continue
      group.set(address, blocks)
      insns += all.length
      this.stats.regions++
      this.stats.translatedInsns += all.length
      for (const i of all) {
        const callee = i.row.flow === 'call' ? i.operands.find((o) => o.kind === 'rel')?.target : undefined
        if (callee !== undefined && this.runsOf(this.cache.knownBlock(view, callee)) >= this.hot / 2) work.push(callee)
      }
    }
    return group
  }

  private pagesOf(view: View, group: ReadonlyMap<number, ReadonlyMap<number, Block>>): Region['pages'] {
    const pages = new Set<number>()
    for (const blocks of group.values()) {
      for (const b of blocks.values()) {
        for (const i of b.insns) {
          pages.add(Math.floor(i.address / PAGE_SIZE))
          pages.add(Math.floor((i.address + i.length - 1) / PAGE_SIZE))
        }
      }
    }
    return [...pages].map((page) => ({ page, frame: Math.floor(view.executable(page * PAGE_SIZE) / PAGE_SIZE) }))
  }

  /** Checks of this region keep failing for pages that are `away`, or because their spans cross pages: it shall expect that. */
  private remake(e: RegionExit, away: boolean): void {
    const old = this.manners.get(e.address) ?? USUAL_MANNER
    const manner = away ? { ...old, atHome: false } : { ...old, combine: false }
    if (manner.atHome === old.atHome && manner.combine === old.combine) return
    const r = this.cache.regionAt(this.evaluator.view, e.address)
    this.manners.set(e.address, manner)
    if (r) this.cache.dropRegion(r)
  }
}

/** What the user is told of an instruction that is not there. */
export function unknownInstruction(u: UnknownInstruction): EncluError {
  const text = `The instruction ${u.mnemonic} at ${hex(u.address)} (bytes ${toHex(u.bytes)}) is not implemented yet.`
  return new EncluError('ERR_UNIMPLEMENTED', text, { mnemonic: u.mnemonic, rip: u.address, bytes: toHex(u.bytes) })
}
