import { invariant } from '../base/index.ts'
import { STATE } from '../cpu/index.ts'
import { Code } from '../wasm/index.ts'
import type { Insn } from '../isa/index.ts'
import { groupAccesses } from './affine.ts'
import { targetsOf, type Block } from './blocks.ts'
import { structure, type Structure } from './structure.ts'
import {
  declareLocals,
  FIRST_GPR,
  FIRST_XMM,
  FIRST_YMM_HIGH,
  type InsnFacts,
  type Known,
  type RegionLocals,
  type Terminator,
} from './region-parts.ts'
import { Translator } from './translator.ts'

/** What a region function or the dispatcher returns. From FIRST_EXIT on: the exit of one instruction, for the evaluator. */
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
  /** For each instruction: whether anyone sees the flags it sets. */
  readonly flagsLive: readonly boolean[]
}

/** What a region expects of the memory that it works on. */
export interface RegionManner {
  /** One check for several accesses of a block: off where their spans kept crossing pages. */
  readonly combine: boolean
  /** Pages are at home: off where they were not. */
  readonly atHome: boolean
}

export const USUAL_MANNER: RegionManner = { combine: true, atHome: true }

/** Where a region tells the engine about the places it can be left from. */
export interface Numbers {
  /** Stands for "execute this instruction exactly"; `completed` instructions before it are not yet taken from the fuel. */
  exit(insn: Insn, completed: number): number
  /** What LAST_JUMP is to be when this indirect jump leaves. */
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
  /** Regions of the same module, by guest address. */
  readonly regions: ReadonlyMap<number, number>
}

/** Guest calls nested inside translated code: deeper ones unwind, because the host's stack is finite. */
export const MAX_DEPTH = 300

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
  private exitLevel = 0
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
    const flagsLive: boolean[] = []
    let live = true
    for (let k = facts.length - 1; k >= 0; k--) {
      const f = facts[k]
      invariant(f, 'one record for each instruction')
      flagsLive[k] = live
      live = f.readsFlags || f.mayExit || (live && !f.setsFlags)
    }
    return { block, facts, flagsLive }
  }

  /** The function's code. `parts` must be complete: the regions of the module may call each other. */
  compile(parts: ModuleParts): Code {
    this.parts = parts
    const { code } = this
    this.locals = declareLocals(code, this.t.touched)
    this.reload()
    this.exitLevel = code.open('block')
    this.t.enterRegion({
      code,
      locals: this.locals,
      exitLevel: this.exitLevel,
      materialize: parts.flags,
      atHome: this.atHome,
      exitFor: (i) => this.numbers.exit(i, this.completed - this.accounted),
    })
    this.tree(this.entry)
    code.op('unreachable').close()
    this.spill()
    code.i32(0).get(this.locals.rip).memory('i64.store', STATE.RIP)
    code.get(this.locals.exit)
    return code
  }

  // State: from memory into locals and back.

  private reload(): void {
    const { code, locals, t } = this
    for (const n of t.touched.gpr)
      code
        .i32(0)
        .memory('i64.load', STATE.GPR + 8 * n)
        .set(FIRST_GPR + n)
    for (const n of t.touched.xmm)
      code
        .i32(0)
        .simdMemory('v128.load', STATE.XMM + 16 * n)
        .set(FIRST_XMM + n)
    for (const n of t.touched.ymmHigh)
      code
        .i32(0)
        .simdMemory('v128.load', STATE.YMM_HIGH + 16 * n)
        .set(FIRST_YMM_HIGH + n)
    code.i32(0).memory('i32.load', STATE.VIEW).set(locals.view)
    code.i32(0).memory('i32.load', STATE.FUEL).set(locals.fuel)
    if (t.touched.flags) {
      code.i32(0).memory('i32.load', STATE.FOP).set(locals.fop)
      code.i32(0).memory('i64.load', STATE.FA).set(locals.fa)
      code.i32(0).memory('i64.load', STATE.FB).set(locals.fb)
      code.i32(0).memory('i64.load', STATE.FC).set(locals.fc)
    }
    if (t.touched.fpFast) code.i32(0).memory('i32.load', STATE.FP_FAST).set(locals.fpFast)
    if (t.touched.fs) code.i32(0).memory('i64.load', STATE.FS_BASE).set(locals.fs)
    if (t.touched.gs) code.i32(0).memory('i64.load', STATE.GS_BASE).set(locals.gs)
  }

  private spill(): void {
    const { code, locals, t } = this
    for (const n of t.touched.gprWritten)
      code
        .i32(0)
        .get(FIRST_GPR + n)
        .memory('i64.store', STATE.GPR + 8 * n)
    for (const n of t.touched.xmmWritten)
      code
        .i32(0)
        .get(FIRST_XMM + n)
        .simdMemory('v128.store', STATE.XMM + 16 * n)
    for (const n of t.touched.ymmHighWritten)
      code
        .i32(0)
        .get(FIRST_YMM_HIGH + n)
        .simdMemory('v128.store', STATE.YMM_HIGH + 16 * n)
    code.i32(0).get(locals.fuel).memory('i32.store', STATE.FUEL)
    if (!t.touched.flags) return
    code.i32(0).get(locals.fop).memory('i32.store', STATE.FOP)
    code.i32(0).get(locals.fa).memory('i64.store', STATE.FA)
    code.i32(0).get(locals.fb).memory('i64.store', STATE.FB)
    code.i32(0).get(locals.fc).memory('i64.store', STATE.FC)
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
    const { block, facts, flagsLive } = a
    const from = this.shape.onlyPredecessor.get(address)
    this.t.enterBlock(from === undefined ? undefined : this.knownAtEnd.get(from))
    this.completed = this.accounted = 0
    let terminator: Terminator | undefined
    block.insns.forEach((i, k) => {
      const f = facts[k]
      invariant(f, 'one record for each instruction')
      if (this.t.hasText(i)) terminator = this.t.translate(i, f, flagsLive[k] ?? true)
      else this.slowInsn(i)
      this.completed++
    })
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
    if (!t.condition) return this.go(block, taken)
    this.t.emit(t.condition)
    this.code.open('if')
    this.go(block, taken)
    this.code.close()
    this.go(block, next)
  }

  /** Goes to a known address: inside the region if it is there. */
  private go(from: Block, to: number | undefined): void {
    const { code, shape } = this
    if (to === undefined || !from.successors.includes(to) || shape.cut.has(`${from.address}>${to}`))
      return this.exitTo(from, to)
    const back = (shape.order.get(to) ?? 0) <= (shape.order.get(from.address) ?? 0)
    if (back) {
      code.get(this.locals.fuel).i32(0).op('i32.lt_s').open('if')
      code.i64(BigInt(to)).set(this.locals.rip).i32(RETURN.BUDGET).set(this.locals.exit).br(this.exitLevel)
      code.close()
      code.br(this.loopLevel.get(to) ?? 0)
    } else if (shape.isMerge.has(to)) code.br(this.blockLevel.get(to) ?? 0)
    else this.tree(to)
  }

  /** To the block of the region whose address RIP is, if it is one; else out, leaving a note of an indirect `jump`. */
  private search(from: Block, targets: readonly number[], jump: Insn | undefined): void {
    const { code, locals } = this
    const half = targets.length >> 1
    const middle = targets[half]
    if (middle === undefined) return this.leaveFrom(jump)
    const single = targets.length === 1
    code
      .get(locals.rip)
      .i64(BigInt(middle))
      .op(single ? 'i64.eq' : 'i64.lt_u')
      .open('if')
    if (single) this.go(from, middle)
    else this.search(from, targets.slice(0, half), jump)
    code.close()
    if (single) this.leaveFrom(jump)
    else this.search(from, targets.slice(half), jump)
  }
  private leaveFrom(jump: Insn | undefined): void {
    const { code, locals } = this
    if (jump) {
      code.i32(0).i32(this.numbers.jump(jump)).memory('i32.store', STATE.LAST_JUMP)
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
    this.code.i32(RETURN.CONTINUE).set(this.locals.exit).br(this.exitLevel)
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
    code.get(locals.fuel).i32(0).op('i32.lt_s').get(DEPTH).i32(MAX_DEPTH).op('i32.ge_s').op('i32.or').open('if')
    code.i32(RETURN.UNWIND).set(locals.exit).br(this.exitLevel)
    code.close()
    this.spill()
    if (callee === undefined) {
      code.i32(0).get(locals.rip).memory('i64.store', STATE.RIP)
      code.i64(BigInt(next)).i32(RETURN.CONTINUE)
    } else {
      code.get(DEPTH).i32(1).op('i32.add').call(callee).tee(locals.exit)
      code.i32(0).memory('i64.load', STATE.RIP).i64(BigInt(next)).op('i64.ne').op('i32.or').open('if')
      code.i64(BigInt(next)).get(locals.exit)
    }
    code.get(DEPTH).i32(1).op('i32.add').call(parts.enter).tee(locals.exit).open('if')
    code.get(locals.exit).op('return').close()
    if (callee !== undefined) code.close()
    this.reload()
    this.knownAtEnd.delete(from.address)
    this.go(from, next)
  }

  /** An instruction that only the evaluator knows: hand over and come back. */
  private slowInsn(i: Insn): void {
    const number = this.numbers.exit(i, 0)
    this.account()
    this.spill()
    this.code.i32(number).call(this.parts.slow)
    this.returnIfSet()
    this.t.forgetLanes()
    // The evaluator took this instruction's fuel.
    this.accounted++
  }

  /** The state is in memory: a result other than CONTINUE is passed on as it is. */
  private returnIfSet(): void {
    const { code, locals } = this
    code.tee(locals.exit).open('if')
    code.get(locals.exit).op('return').close()
    this.reload()
  }
}
