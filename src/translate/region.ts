import { invariant } from '../base/index.ts'
import { STATE, STEADY_PAGES } from '../cpu/index.ts'
import { Code } from '../wasm/index.ts'
import type { Insn } from '../isa/index.ts'
import { groupAccesses } from './affine.ts'
import { targetsOf, type Block } from './blocks.ts'
import { KnownEnds } from './known-ends.ts'
import { perfectHash } from './perfect-hash.ts'
import {
  exitSets,
  flowOf,
  keyOf,
  NONE,
  registerFlow,
  SPECIAL,
  type BlockRegisters,
  type Edge,
  type RegisterSet,
} from './register-flow.ts'
import {
  MAX_DEPTH,
  RETURN,
  FIRST_EXIT,
  USUAL_MANNER,
  type ModuleParts,
  type Numbers,
  type RegionManner,
} from './region-contract.ts'
import { fetchFlags, reload, storeRegisters, storeRest } from './region-state.ts'
import { emitStringOr, isRepeatedString } from './string-code.ts'
import { steadyChecks, type AnalyzedBlock } from './steady-pages.ts'
import { structure, type Loop, type Structure } from './structure.ts'
import { declareLocals, type KnownFlags, type RegionLocals, type Terminator } from './region-parts.ts'
import { Translator } from './translator.ts'

/** Indirect jumps to more places than this go through a table. */
const MOST_COMPARED = 3

/** Parameter of every region function: how many guest calls it is inside of. */
const DEPTH = 0

/** Translates one region to a function (depth: i32): i32. */
export class RegionCompiler {
  private readonly t: Translator
  private readonly code = new Code(1)
  private readonly blocks: ReadonlyMap<number, Block>
  private readonly shape: Structure
  private readonly entry: number
  private readonly numbers: Numbers
  private readonly atHome: boolean
  private readonly analyzed = new Map<number, AnalyzedBlock>()
  private locals!: RegionLocals
  private parts!: ModuleParts
  private flow!: ReadonlyMap<number, BlockRegisters>
  /** Epilogues: levels of the blocks whose ends they are, by what they store. */
  private readonly exitLevels = new Map<string, number>()
  /** What is to be stored where the region is left now. */
  private dirty = NONE
  /** Levels of open loops, and of open blocks by guest address. */
  private readonly loopLevel = new Map<Loop, number>()
  private readonly blockLevel = new Map<number, number>()
  private readonly ends: KnownEnds
  /** Instructions of the current block finished, and how many of them the fuel already knows. */
  private completed = 0
  private accounted = 0

  /**
   * `avx`: the processor's state of now has what VEX-coded vector instructions need. It belongs to the view that the region's pages
   * are in.
   */
  constructor(
    entry: number,
    blocks: ReadonlyMap<number, Block>,
    numbers: Numbers,
    { combine, atHome, avx = true }: RegionManner & { readonly avx?: boolean } = USUAL_MANNER,
  ) {
    this.t = new Translator(avx)
    this.atHome = atHome
    this.entry = entry
    this.blocks = blocks
    this.numbers = numbers
    this.shape = structure(entry, blocks)
    for (const [address, block] of blocks)
      if (this.shape.order.has(address)) this.analyzed.set(address, this.analyze(block, combine))
    this.ends = new KnownEnds(this.shape, this.analyzed)
  }

  private analyze(block: Block, combine: boolean): AnalyzedBlock {
    this.t.startBlock()
    const facts = block.insns.map((i) => this.t.analyze(i))
    groupAccesses(
      facts.flatMap((f) => f.accesses),
      combine,
    )
    const hasOthers = block.insns.some((i) => !this.t.hasText(i) || i.row.flow === 'call')
    return { block, facts, steps: this.t.steps(), hasOthers }
  }

  /** How `to` follows `from` inside the region; undefined: it does not. */
  private edge(from: Block, to: number | undefined): Edge {
    const { order, cut } = this.shape
    if (to === undefined || !from.successors.includes(to) || cut.has(`${from.address}>${to}`)) return undefined
    return (order.get(to) ?? 0) <= (order.get(from.address) ?? 0) ? 'back' : 'forward'
  }

  /** The function's code. `parts` must be complete: the regions of the module may call each other. */
  compile(parts: ModuleParts): Code {
    this.parts = parts
    const { code } = this
    const locals = (this.locals = declareLocals(code, this.t.touched))
    const flows = new Map(
      [...this.analyzed].map(([address, { block, facts }]) => [
        address,
        flowOf(block, facts, this.t, (to) => this.edge(block, to)),
      ]),
    )
    this.flow = registerFlow([...this.shape.order.keys()], flows)
    this.reload(this.liveAt(this.entry))
    const common = code.open('block')
    const exits = exitSets(flows, this.flow)
    for (const [key] of exits) this.exitLevels.set(key, code.open('block'))
    const levelNow = (): number => this.exitLevel()
    this.t.enterRegion({
      code,
      locals,
      get exitLevel() {
        return levelNow()
      },
      callFlags: parts.flags,
      atHome: this.atHome,
      fetchFlags: () => fetchFlags(code, locals),
      exitFor: (i) => this.numbers.exit(i, this.completed - this.accounted) + FIRST_EXIT,
    })
    this.tree(this.entry)
    code.op('unreachable')
    for (const [, set] of exits.reverse()) {
      code.close()
      storeRegisters(code, set)
      code.br(common)
    }
    code.close()
    this.storeRest(undefined)
    code.i32(0).get(locals.rip).memory('i64.store', STATE.RIP)
    code.get(locals.exit)
    code.op('global.get').u32(parts.places).i32(0)
    code.get(locals.exit).i32(FIRST_EXIT).op('i32.ge_u').op('select').op('i32.add')
    return code
  }

  // State: from memory into locals and back.

  private exitLevel(): number {
    const level = this.exitLevels.get(keyOf(this.dirty))
    invariant(level !== undefined, 'an exit that the analysis saw')
    return level
  }
  private liveAt(address: number): RegisterSet {
    return this.flow.get(address)?.live[0] ?? NONE
  }

  private reload(set: RegisterSet): void {
    reload(this.code, this.locals, set, this.t.touched.flags)
  }
  private storeRest(flags: KnownFlags): void {
    storeRest(this.code, this.locals, this.t.touched.flags, flags)
  }
  private spill(): void {
    storeRegisters(this.code, this.dirty)
    this.storeRest(this.t.flags)
  }

  // Control flow.

  /** The block and all that it dominates and that has no other place. */
  private tree(address: number, loops: readonly Loop[] = this.shape.loops.get(address) ?? []): void {
    const [loop, ...inner] = loops
    if (!loop) return this.before(this.shape.merges.get(address) ?? [], () => this.block(address))
    this.before(loop.behind, () => {
      this.forgetPages(loop)
      const write = (kind: 'block' | 'loop'): void => {
        this.loopLevel.set(loop, this.code.open(kind))
        this.tree(address, inner)
        if (kind === 'loop') this.code.op('unreachable')
        this.code.close()
      }
      if (loop.isPeeled) this.ends.twice(address, loop, (isFirst) => write(isFirst ? 'block' : 'loop'))
      else write('loop')
    })
  }

  /** Before a loop whose checks remember pages. */
  private forgetPages(loop: Loop): void {
    const { code } = this
    let page: number = STEADY_PAGES
    if (!this.atHome) return
    for (const [group, up] of steadyChecks(loop, this.analyzed)) {
      code.i32(0).i64(0n).memory('i64.store', page)
      group.steady = { up, page }
      page += 8
    }
  }

  /** `first` inside one wasm block for each of `places`, so that it can branch there; after each end comes that place's code. */
  private before(places: readonly number[], first: () => void): void {
    for (const p of [...places].reverse()) this.blockLevel.set(p, this.code.open('block'))
    first()
    for (const p of places) {
      this.code.close()
      this.tree(p)
    }
  }

  private block(address: number): void {
    const a = this.analyzed.get(address)
    invariant(a, 'a block that was analyzed')
    const { block, facts } = a
    const flow = this.flow.get(address)
    invariant(flow, 'a block that was analyzed')
    this.t.enterBlock(this.ends.at(address))
    this.completed = this.accounted = 0
    // The block of a peeled loop is written twice, and each time its checks are.
    for (const f of facts) for (const { group } of f.accesses) if (group) group.host = -1
    let terminator: Terminator | undefined
    block.insns.forEach((i, k) => {
      const f = facts[k]
      const [before, after] = [flow.dirty[k], flow.live[k + 1]]
      invariant(f && before && after, 'one record for each instruction')
      this.dirty = before
      if (this.t.hasText(i)) terminator = this.t.translate(i, f, (after.general & SPECIAL.FLAGS) !== 0)
      else if (i.row.mnemonic === 'ENCLU' && i.address !== this.entry) this.leaveAt(i)
      else this.slowInsn(i, after)
      this.completed++
    })
    this.dirty = flow.dirty.at(-1) ?? NONE
    this.ends.set(address, this.t.whatIsKnown())
    this.account()
    this.leaveBlock(block, terminator)
  }

  private account(): void {
    const { code, locals } = this
    const n = this.completed - this.accounted
    if (n > 0) code.get(locals.fuel).i32(n).op('i32.sub').set(locals.fuel)
    this.accounted = this.completed
  }

  private leaveBlock(block: Block, t: Terminator | undefined): void {
    const last = block.insns.at(-1)
    invariant(last, 'a block has instructions')
    const { taken, next } = targetsOf(last)
    const flow = last.row.flow
    if (flow === 'exit' || (flow !== undefined && !t)) return this.exitTo(block, next)
    if (flow === 'call') return this.call(block, last, t)
    if (flow === undefined || !t) return this.go(block, next)
    if (typeof t.target !== 'number') {
      const targets = flow === 'jump' ? [...block.successors].sort((a, b) => a - b) : []
      return this.search(block, targets, flow === 'jump' ? last : undefined)
    }
    // A branch to the next instruction decides nothing; its block must not be written twice.
    if (!t.condition || taken === next) return this.go(block, taken)
    this.t.emit(t.condition)
    this.code.open('if')
    this.go(block, taken)
    this.code.close()
    this.go(block, next)
  }

  /** Goes to a known address: inside the region if it is there. */
  private go(from: Block, to: number | undefined): void {
    const { code, shape } = this
    const edge = this.edge(from, to)
    if (to === undefined || edge === undefined) return this.exitTo(from, to)
    if (edge === 'back') {
      code.get(this.locals.fuel).i32(0).op('i32.lt_s').open('if')
      code.i64(BigInt(to)).set(this.locals.rip).i32(RETURN.BUDGET).set(this.locals.exit).br(this.exitLevel())
      code.close()
      const loop = shape.loops.get(to)?.findLast((l) => l.body.has(from.address))
      code.br((loop && this.loopLevel.get(loop)) ?? 0)
    } else if (shape.isPlaced.has(to)) code.br(this.blockLevel.get(to) ?? 0)
    else {
      const { dirty } = this
      const { flags } = this.t
      this.tree(to)
      this.dirty = dirty
      this.t.flags = flags
    }
  }

  /** To the block of the region whose address RIP is, if it is one; else out, leaving a note of an indirect `jump`. */
  private search(from: Block, targets: readonly number[], jump: Insn | undefined): void {
    const { code, locals } = this
    const hash = targets.length > MOST_COMPARED ? perfectHash(targets) : undefined
    const elsewhere = code.open('block')
    if (hash) {
      const levels = new Map(targets.map((t) => [t, code.open('block')]))
      code.get(locals.rip).op('i32.wrap_i64').i32(hash.factor).op('i32.mul').i32(hash.shift).op('i32.shr_u')
      code.op('br_table').u32(hash.slots.length)
      for (const t of hash.slots) code.u32(code.level - (t === undefined ? elsewhere : (levels.get(t) ?? elsewhere)))
      code.u32(code.level - elsewhere)
    }
    for (const t of [...targets].reverse()) {
      if (hash) code.close()
      code.get(locals.rip).i64(BigInt(t))
      if (hash) code.op('i64.ne').brIf(elsewhere)
      else code.op('i64.eq').open('if')
      this.go(from, t)
      if (!hash) code.close()
    }
    code.close()
    this.leaveFrom(jump)
  }
  private leaveFrom(jump: Insn | undefined): void {
    const { code, locals } = this
    if (jump) {
      code.i32(0)
      code.op('global.get').u32(this.parts.places)
      code
        .i32(this.numbers.jump(jump) + 1)
        .op('i32.add')
        .memory('i32.store', STATE.LAST_JUMP)
      code.i32(0).get(locals.rip).op('i32.wrap_i64').memory('i32.store', STATE.LAST_TARGET)
    }
    this.leave()
  }

  private exitTo(from: Block, to: number | undefined): void {
    const last = from.insns.at(-1)
    this.code.i64(BigInt(to ?? (last ? last.address + last.length : 0))).set(this.locals.rip)
    this.leave()
  }
  private leave(): void {
    const { code, locals } = this
    this.spill()
    code.i32(0).get(locals.rip).memory('i64.store', STATE.RIP)
    code.i32(RETURN.CONTINUE).op('return')
  }

  /** A guest call: goes on here if the callee comes back as calls do. */
  private call(from: Block, insn: Insn, t: Terminator | undefined): void {
    const { code, locals, parts } = this
    const next = insn.address + insn.length
    const target = t?.target
    if (typeof target === 'number') code.i64(BigInt(target)).set(locals.rip)
    const callee = typeof target === 'number' ? parts.regions.get(target) : undefined
    if (!from.successors.includes(next)) return void this.leave()
    // Recursion spends fuel and the host's stack.
    code.get(locals.fuel)
    code
      .i32(MAX_DEPTH - 1)
      .get(DEPTH)
      .op('i32.sub')
      .op('i32.or')
      .i32(0)
      .op('i32.lt_s')
      .open('if')
    code.i32(RETURN.UNWIND).set(locals.exit).br(this.exitLevel())
    code.close()
    this.spill()
    const back = code.open('block')
    if (callee === undefined) {
      code.i32(0).get(locals.rip).memory('i64.store', STATE.RIP)
      code.i64(BigInt(next)).i32(RETURN.CONTINUE)
    } else {
      const elsewhere = code.open('block')
      code.get(DEPTH).i32(1).op('i32.add').call(callee).tee(locals.exit).brIf(elsewhere)
      code.i32(0).memory('i64.load', STATE.RIP).i64(BigInt(next)).op('i64.eq').brIf(back)
      code.close()
      code.i64(BigInt(next)).get(locals.exit)
    }
    code.get(DEPTH).i32(1).op('i32.add')
    parts.enter(code).tee(locals.exit).op('i32.eqz').brIf(back)
    code.get(locals.exit).op('return')
    code.close()
    this.reload(this.edge(from, next) ? this.liveAt(next) : NONE)
    this.dirty = NONE
    this.ends.forget(from.address)
    this.t.forgetLanes()
    this.go(from, next)
  }

  /** Out, to whatever is there for this instruction alone. */
  private leaveAt(i: Insn): void {
    this.account()
    this.code.i64(BigInt(i.address)).set(this.locals.rip)
    this.leave()
  }

  /** An instruction that only the evaluator knows: hand over and come back. */
  private slowInsn(i: Insn, live: RegisterSet): void {
    const { code } = this
    const number = this.numbers.exit(i, 0) + FIRST_EXIT
    this.account()
    this.spill()
    if (isRepeatedString(i)) emitStringOr(code, i, () => this.handOver(number))
    else this.handOver(number)
    this.reload(live)
    this.t.forgetLanes()
    // This instruction's fuel is taken in memory.
    this.accounted++
  }
  /** The state is in memory: a result other than CONTINUE is passed on as it is. */
  private handOver(number: number): void {
    const { code, locals } = this
    code.op('global.get').u32(this.parts.places).i32(number).op('i32.add')
    this.parts.slow(code).tee(locals.exit).open('if')
    code.get(locals.exit).op('return').close()
  }
}
