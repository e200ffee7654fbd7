import { invariant } from '../base/index.ts'
import { STATE } from '../cpu/index.ts'
import { Code } from '../wasm/index.ts'
import type { Insn } from '../isa/index.ts'
import { groupAccesses } from './affine.ts'
import { targetsOf, type Block } from './blocks.ts'
import { perfectHash } from './perfect-hash.ts'
import {
  flowOf,
  keyOf,
  NONE,
  registerFlow,
  SPECIAL,
  type BlockRegisters,
  type Edge,
  type RegisterSet,
} from './register-flow.ts'
import { fetchFlags, reload, storeRegisters, storeRest } from './region-state.ts'
import { structure, type Structure } from './structure.ts'
import {
  declareLocals,
  type InsnFacts,
  type Known,
  type KnownFlags,
  type RegionLocals,
  type Terminator,
} from './region-parts.ts'
import { Translator } from './translator.ts'

/** What a region function or the dispatcher returns. From FIRST_EXIT on: a place of the engine's, whose instruction is for the evaluator. */
export const RETURN = {
  /** Go on at STATE.RIP. */
  CONTINUE: 0,
  /** Fuel is used up. */
  BUDGET: 1,
  /** The engine holds an Exit for the run loop. */
  EXIT: 2,
  /** Give up nested guest calls and go on at STATE.RIP. */
  UNWIND: 3,
} as const
export const FIRST_EXIT = 16

interface AnalyzedBlock {
  readonly block: Block
  readonly facts: readonly InsnFacts[]
}

/** What a region expects of the memory that it works on. */
export interface RegionManner {
  /** One check for several accesses of a block: off where their spans kept crossing pages. */
  readonly combine: boolean
  /** Pages are at home: off where they were not. */
  readonly atHome: boolean
}

export const USUAL_MANNER: RegionManner = { combine: true, atHome: true }

/** Where a region tells the engine about the places it can be left from. Each gets a number, counted in its module. */
export interface Numbers {
  /** For "execute this instruction exactly"; `completed` instructions before it are not yet taken from the fuel. */
  exit(insn: Insn, completed: number): number
  /** For LAST_JUMP when this indirect jump leaves. */
  jump(insn: Insn): number
}

/** The function indices that the regions of one module share. */
export interface ModuleParts {
  /** enter(expected, code, depth): runs what STATE.RIP says until it is `expected` again; `code` is served first. */
  readonly enter: number
  /** slow(exit): one instruction by the evaluator. */
  readonly slow: number
  /** flags(fop, a, b, c): materialize. */
  readonly flags: number
  /** Global: what the module's first place is counted from. */
  readonly places: number
  /** Regions of the same module, by guest address. */
  readonly regions: ReadonlyMap<number, number>
}

/** Guest calls nested inside translated code: deeper ones unwind, because the host's stack is finite. */
export const MAX_DEPTH = 300

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
  /** Levels of open loops and blocks by guest address. */
  private readonly loopLevel = new Map<number, number>()
  private readonly blockLevel = new Map<number, number>()
  private readonly knownAtEnd = new Map<number, Known>()
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
  }

  private analyze(block: Block, combine: boolean): AnalyzedBlock {
    this.t.startBlock()
    const facts = block.insns.map((i) => this.t.analyze(i))
    groupAccesses(
      facts.flatMap((f) => f.accesses),
      combine,
    )
    return { block, facts }
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
    this.flow = registerFlow(
      [...this.shape.order.keys()],
      new Map(
        [...this.analyzed].map(([address, { block, facts }]) => [
          address,
          flowOf(block, facts, this.t, (to) => this.edge(block, to)),
        ]),
      ),
    )
    this.reload(this.liveAt(this.entry))
    const common = code.open('block')
    const exits = this.exitSets()
    for (const [key] of exits) this.exitLevels.set(key, code.open('block'))
    const levelNow = (): number => this.exitLevel()
    this.t.enterRegion({
      code,
      locals,
      get exitLevel() {
        return levelNow()
      },
      materialize: parts.flags,
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

  /** What epilogues must store: each set once. */
  private exitSets(): [string, RegisterSet][] {
    const sets = new Map<string, RegisterSet>()
    const add = (s: RegisterSet | undefined): void => void (s && sets.set(keyOf(s), s))
    for (const [address, { block, facts }] of this.analyzed) {
      const dirty = this.flow.get(address)?.dirty ?? []
      facts.forEach((f, k) => {
        const i = block.insns[k]
        if (f.mayExit && i && this.t.hasText(i)) add(dirty[k])
      })
      const calls = block.insns.at(-1)?.row.flow === 'call'
      const back = block.successors.some((s) => this.edge(block, s) === 'back')
      if (calls || back) add(dirty.at(-1))
      if (calls && back) add(NONE)
    }
    return [...sets]
  }
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

  private tree(address: number): void {
    const { code, shape } = this
    const isLoop = shape.isLoop.has(address)
    if (isLoop) this.loopLevel.set(address, code.open('loop'))
    const merges = (shape.children.get(address) ?? []).filter((c) => shape.isMerge.has(c))
    merges.sort((a, b) => (shape.order.get(b) ?? 0) - (shape.order.get(a) ?? 0))
    this.within(address, merges)
    if (isLoop) code.op('unreachable').close()
  }

  /** The block itself, inside one wasm block for each merge that it dominates; after each end comes that merge's code. */
  private within(address: number, merges: readonly number[]): void {
    const [merge, ...rest] = merges
    if (merge === undefined) return this.block(address)
    this.blockLevel.set(merge, this.code.open('block'))
    this.within(address, rest)
    this.code.close()
    this.tree(merge)
  }

  private block(address: number): void {
    const a = this.analyzed.get(address)
    invariant(a, 'a block that was analyzed')
    const { block, facts } = a
    const flow = this.flow.get(address)
    invariant(flow, 'a block that was analyzed')
    const from = this.shape.onlyPredecessor.get(address)
    this.t.enterBlock(from === undefined ? undefined : this.knownAtEnd.get(from))
    this.completed = this.accounted = 0
    let terminator: Terminator | undefined
    block.insns.forEach((i, k) => {
      const f = facts[k]
      const [before, after] = [flow.dirty[k], flow.live[k + 1]]
      invariant(f && before && after, 'one record for each instruction')
      this.dirty = before
      if (this.t.hasText(i)) terminator = this.t.translate(i, f, (after.general & SPECIAL.FLAGS) !== 0)
      else this.slowInsn(i, after)
      this.completed++
    })
    this.dirty = flow.dirty.at(-1) ?? NONE
    this.knownAtEnd.set(address, this.t.whatIsKnown())
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
      code.br(this.loopLevel.get(to) ?? 0)
    } else if (shape.isMerge.has(to)) code.br(this.blockLevel.get(to) ?? 0)
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
    code.get(DEPTH).i32(1).op('i32.add').call(parts.enter).tee(locals.exit).op('i32.eqz').brIf(back)
    code.get(locals.exit).op('return')
    code.close()
    this.reload(this.edge(from, next) ? this.liveAt(next) : NONE)
    this.dirty = NONE
    this.knownAtEnd.delete(from.address)
    this.t.forgetLanes()
    this.go(from, next)
  }

  /** An instruction that only the evaluator knows: hand over and come back. */
  private slowInsn(i: Insn, live: RegisterSet): void {
    const { code, locals } = this
    const number = this.numbers.exit(i, 0) + FIRST_EXIT
    this.account()
    this.spill()
    // The state is in memory: a result other than CONTINUE is passed on as it is.
    code.op('global.get').u32(this.parts.places).i32(number).op('i32.add')
    code.call(this.parts.slow).tee(locals.exit).open('if')
    code.get(locals.exit).op('return').close()
    this.reload(live)
    this.t.forgetLanes()
    // The evaluator took this instruction's fuel.
    this.accounted++
  }
}
