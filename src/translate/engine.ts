import { Fault, STATE, TRANSITIONS, VIEW, type CpuState, type Exit, type Ram, type View } from '../cpu/index.ts'
import { decode, type Evaluator, type Insn } from '../isa/index.ts'
import { discoverBlocks, type Block } from './blocks.ts'
import { CodeCache, type Region, type RunBlock } from './code-cache.ts'
import { CommonCode } from './common-code.ts'
import { createDispatcher, jumpSlot, SLOT, type Dispatcher } from './dispatcher.ts'
import { Keeper } from './keeper.ts'
import { IndirectJumps } from './indirect-jumps.ts'
import { noStats, type EngineOptions, type KeptTranslations } from './engine-options.ts'
import { KeptCode, type KeptModule } from './kept-code.ts'
import { RETURN, USUAL_MANNER, type RegionManner } from './region-contract.ts'
import { NativeModules } from './native-code.ts'
import { RegionModules, type InstalledModule, type Place } from './region-modules.ts'
import { LEAVE, ThreadedCode } from './threaded.ts'
import { isEnclu, Transitions, type EncluPort } from './transitions.ts'

/** Runs of a block before it is translated. With 1,500 the first run of python3 took a fifth longer, and later ones as long. */
const HOT = 4000
/** Runs of a block before handlers are made for it. */
const COLD = 1
/** Blocks with this share of the runs go along. */
const WARM_SHARE = 4
/** Instructions in one module, about: making a module has a fixed cost, and a big one waits long for its first run. */
const GROUP_INSNS = 1500
/** Vain exits at one place after which a region is made again in another manner. */
const VAIN_LIMIT = 24

/** Runs guest code: cold in the evaluator, warm as threaded code, hot in regions; all are exact, so where they alternate cannot be seen. */
export class Engine {
  readonly stats = noStats()
  private readonly ram: Ram
  private readonly state: CpuState
  private readonly evaluator: Evaluator
  private readonly cache: CodeCache
  private readonly table = new WebAssembly.Table({ initial: 256, element: 'anyfunc' })
  private readonly common: CommonCode
  private readonly dispatcher: Dispatcher
  private readonly threaded: ThreadedCode
  private readonly modules: RegionModules
  private readonly keeper: Keeper | undefined
  /** Modules that are kept and in use. */
  private readonly installed = new Map<KeptModule, InstalledModule>()
  /** Regions that are not made in the usual manner. */
  private readonly manners: Map<number, RegionManner>
  private readonly jumps: IndirectJumps
  private readonly translate: boolean
  private readonly hot: number
  private readonly enclu: EncluPort | undefined
  private transitions: Transitions | undefined
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
    this.enclu = options.enclu
    const { handlers, program } = options.kept ?? {}
    const natives = new NativeModules(options.native)
    this.common = new CommonCode(natives, handlers)
    const dispatching = {
      miss: () => this.miss(),
      step: (e: number) => this.step(e),
      slow: (e: number) => this.slow(e),
    }
    this.dispatcher = createDispatcher(this.ram, this.table, dispatching, this.common)
    const threading = {
      insnAt: (address: number) => {
        this.follow()
        return this.cache.insnAt(evaluator.view, address)
      },
      limit: () => this.miss(),
      evaluate: (i: Insn, completed: number) => this.stepThreaded(i, completed),
      note: (jump: number) => this.jumps.note(jump, this.state.rip),
      flags: this.dispatcher.flags,
    }
    this.threaded = new ThreadedCode(this.ram, this.table, SLOT.THREADED, threading, this.common)
    this.modules = new RegionModules(this.ram, this.table, SLOT.FIRST_REGION, this.dispatcher.shared, natives)
    if (options.kept && this.translate)
      this.keeper = new Keeper(this.ram, this.cache, this.threaded, new KeptCode(program))
    const kept = this.keeper?.kept ?? new KeptCode()
    this.jumps = new IndirectJumps(kept)
    this.manners = kept.manners
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
    this.follow()
    const error = this.takeError()
    if (error) throw error.thrown
    return code === RETURN.BUDGET ? { kind: 'budget' } : (this.exit ?? { kind: 'budget' })
  }

  /** What spares later runs work. Of each part only what is more than this engine was given. */
  keep(): KeptTranslations {
    for (const [kept, installed] of this.installed) kept.native = this.modules.nativeOf(installed)
    const [program, handlers] = [this.keeper?.write(), this.common.write(this.threaded.save())]
    return { ...(handlers && { handlers }), ...(program && { program }) }
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
      // Its place in the jump cache was taken by another: all the rest was seen to when it came here first.
      const known = this.cache.knownBlock(view, address)
      if (known && known.threaded > 0 && !this.keeper?.kept.hasRegion(address) && this.runsOf(known) < this.hot) {
        for (const b of this.cache.blocksBeside(view, address)) this.offerThreaded(b.address, b.threaded)
        return this.enterIntoCache(address, this.threaded.slot, known.threaded)
      }
      // What an enclave runs is nobody else's.
      if (this.keeper && !this.state.inEnclave) {
        const restored = this.restore(this.keeper, view, address)
        if (restored) return this.offer(restored)
      }
      if (this.enclu && isEnclu(view, address)) return this.transit(address)
      const block = this.cache.blockAt(view, address)
      if (!this.translate) return this.evaluate(block)
      const runs = this.runsOf(block)
      if (runs >= this.hot) {
        this.dropIncomplete(address)
        const made = this.compile(block)
        if (made) return this.offer(made)
      } else {
        const insns = (): readonly Insn[] => this.cache.insnsOf(view, block)
        const at = block.threaded || this.threaded.place(block, insns(), this.hot, runs >= COLD)
        if (at !== undefined) return this.enterIntoCache(address, this.threaded.slot, at)
      }
      block.runs++
      return this.evaluate(block)
    })
  }

  /** The ENCLU at `address`, and from now on without coming here. */
  private transit(address: number): number {
    const { view } = this.evaluator
    const code = this.stepInsn(this.cache.insnAt(view, address))
    const transition = this.translate && code === RETURN.UNWIND ? this.enclu?.transition(address) : undefined
    if (transition) {
      this.transitions ??= new Transitions(
        this.ram,
        this.table,
        () => this.guarded(() => this.transit(this.state.rip)),
        this.common,
      )
      this.transitions.add(view, address, this.evaluator.view, transition)
      this.enterIntoCache(address, SLOT.TRANSITIONS, 0, view)
    }
    return code
  }

  /** After transitions, of which only linear memory knows. */
  private follow(): void {
    const { u32 } = this.ram
    if (u32[TRANSITIONS.HAPPENED / 4] !== 1) return
    u32[TRANSITIONS.HAPPENED / 4] = 0
    if (this.enclu) this.evaluator.view = this.enclu.follow()
  }

  private evaluate(block: RunBlock): number {
    const insns = this.cache.insnsOf(this.evaluator.view, block)
    for (const i of insns) {
      const code = this.stepInsn(i)
      if (code !== RETURN.CONTINUE) return code
      if (this.state.rip !== i.address + i.length) break
    }
    const last = insns.at(-1)
    if (last?.row.flow === 'jump' && last.operands[0]?.kind !== 'rel') this.jumps.note(last.address, this.state.rip)
    return RETURN.CONTINUE
  }

  /** Translated code may have come here by an indirect jump. */
  private noteLastJump(target: number): void {
    const { u32 } = this.ram
    const jump = this.modules.jump(u32[STATE.LAST_JUMP / 4] ?? 0)
    u32[STATE.LAST_JUMP / 4] = 0
    if (jump && u32[STATE.LAST_TARGET / 4] === target >>> 0) this.jumps.noteLeft(jump, target)
  }

  /** Regions that shall hold the block at `target`, too. */
  private dropIncomplete(target: number): void {
    const at = (region: number): Region | undefined => this.cache.regionAt(this.evaluator.view, region)
    for (const region of this.jumps.toRemake(target, (r) => at(r) !== undefined)) {
      const r = at(region)
      if (r) this.dropRegion(r)
    }
  }

  /** It shall be made anew, and so must be what calls it directly. */
  private dropRegion(r: Region): void {
    this.keeper?.kept.drop(r.address)
    this.cache.dropModule(r)
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
    const entersOrLeaves = i.row.mnemonic === 'ENCLU'
    const view = entersOrLeaves ? this.enclu?.execute() : undefined
    if (view) this.setView(view)
    const exit = view ? undefined : this.evaluator.step(i)
    this.stats.evaluated++
    const { i32 } = this.ram
    // Whoever serves the exit counts ENCLU.
    if (!exit || !entersOrLeaves) i32[STATE.FUEL / 4] = (i32[STATE.FUEL / 4] ?? 0) - 1
    if (exit) {
      this.exit = exit
      return RETURN.EXIT
    }
    // Guest calls around it belong to the view that may be left now.
    if (this.cache.changed || entersOrLeaves) {
      this.cache.changed = false
      return RETURN.UNWIND
    }
    return RETURN.CONTINUE
  }

  /** A check of a region failed before an instruction, which is done here. */
  private step(number: number): number {
    return this.guarded(() => {
      const place = this.modules.exit(number)
      this.stats.handovers++
      this.state.rip = place.address
      const { i32 } = this.ram
      i32[STATE.FUEL / 4] = (i32[STATE.FUEL / 4] ?? 0) - place.completed
      const { view } = this.evaluator
      const { fills, away } = view
      const code = this.stepInsn(this.cache.insnAt(view, place.address))
      if (view.fills === fills && ++place.vain === VAIN_LIMIT) this.remake(place, view.away !== away)
      return code
    })
  }

  /** An instruction that has no translation, in the middle of a region that waits for it. */
  private slow(number: number): number {
    return this.guarded(() => {
      const place = this.modules.exit(number)
      const { address } = place
      this.state.rip = address
      const insn = (place.insn ??= this.cache.insnAt(this.evaluator.view, address))
      let code = this.stepInsn(insn)
      while (code === RETURN.CONTINUE && this.state.rip === address) code = this.stepInsn(insn)
      if (code === RETURN.CONTINUE && this.state.rip !== address + insn.length) return RETURN.UNWIND
      return code
    })
  }

  /** Faults and errors must not cross translated frames: they wait here while those return. */
  private guarded(body: () => number): number {
    try {
      this.follow()
      return body()
    } catch (e) {
      if (e instanceof Fault) this.exit = { kind: 'fault', fault: e }
      else this.error = { thrown: e }
      return RETURN.EXIT
    }
  }

  /** What will be a region is left to a miss. So is what would take the place of something that runs. */
  private offerThreaded(address: number, at: number): void {
    if (this.cache.hasRegion(address) || this.keeper?.kept.hasRegion(address)) return
    if (this.evaluator.view.isFreeJump(jumpSlot(address))) this.enterIntoCache(address, this.threaded.slot, at)
  }
  private offer(r: Region): number {
    return this.enterIntoCache(r.address, r.slot, 0)
  }
  private enterIntoCache(address: number, slot: number, detail: number, view = this.evaluator.view): number {
    view.enterJump(jumpSlot(address), address, slot, detail)
    return RETURN.CONTINUE
  }

  /** Translates the region at `block` and, in the same module, those that it calls directly. */
  private compile(block: RunBlock): Region | undefined {
    const { view } = this.evaluator
    const group = this.collect(block)
    if (group.size === 0) return undefined
    const mannerOf = (address: number): RegionManner => this.manners.get(address) ?? USUAL_MANNER
    const avx = this.state.hasAvxState
    const module = this.modules.translate(group, mannerOf, avx)
    const insns = [...group.values()].flatMap((blocks) => [...blocks.values()].flatMap((b) => b.insns))
    const pages = this.cache.pagesOf(view, insns)
    const installed = this.modules.install(module)
    installed.slots.forEach((slot, k) => this.cache.addRegion({ address: module.addresses[k] ?? 0, slot, pages }))
    const keeper = this.state.inEnclave ? undefined : this.keeper
    const kept = keeper?.add({ ...module, avx }, pages)
    if (kept) this.installed.set(kept, installed)
    return this.cache.regionAt(view, block.address)
  }

  /** Takes over what earlier runs have kept of the page at `address`. Returns the region there, if that is among it. */
  private restore(keeper: Keeper, view: View, address: number): Region | undefined {
    keeper.adoptPage(view, address, this.hot, (start, at) => this.offerThreaded(start, at))
    const found = keeper.moduleAt(view, address)
    if (found?.module.avx !== this.state.hasAvxState) return undefined
    const { module, pages } = found
    let installed = this.installed.get(module)
    if (!installed) this.installed.set(module, (installed = this.modules.install(module, module.native)))
    const { slots, isNative } = installed
    module.addresses.forEach((a, k) => {
      if (!keeper.kept.modulesWith(a).includes(module) || this.cache.regionAt(view, a)) return
      this.cache.addRegion({ address: a, slot: slots[k] ?? 0, pages })
      this.stats.keptRegions++
      if (isNative) this.stats.keptCompiled++
    })
    return this.cache.regionAt(view, address)
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
        jumpTargets: (a) => this.jumps.of(a),
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

  /** Checks of this region keep failing for pages that are `away`, or because their spans cross pages: it shall expect that. */
  private remake({ region }: Place, away: boolean): void {
    const old = this.manners.get(region) ?? USUAL_MANNER
    const manner = away ? { ...old, atHome: false } : { ...old, combine: false }
    if (manner.atHome === old.atHome && manner.combine === old.combine) return
    const r = this.cache.regionAt(this.evaluator.view, region)
    this.manners.set(region, manner)
    if (r) this.dropRegion(r)
  }
}
