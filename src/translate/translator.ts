import { invariant } from '../base/index.ts'
import { STATE } from '../cpu/index.ts'
import { FCW, FCW_DEFINED, FCW_FIXED, FSW, RFLAGS, type ArithmeticFlag } from '../spec/x86/index.ts'
import {
  CONDITION_NAMES,
  conditionText,
  fopOf,
  recipeOf,
  type Cpu,
  type FlagRecipe,
  type Insn,
  type IntWidth,
  type JumpKind,
} from '../isa/index.ts'
import type { OpName } from '../wasm/index.ts'
import { Origins } from './affine.ts'
import { MemoryTranslator, OPAQUE } from './memory-translator.ts'
import { constant, local, node, Temporaries, type Node } from './node.ts'
import { NONE } from './register-flow.ts'
import {
  FIRST_GPR,
  FIRST_XMM,
  type InsnFacts,
  type Known,
  type KnownFlags,
  type RegionContext,
  type Terminator,
} from './region-parts.ts'

/**
 * Reader 2 of instruction texts: writes wasm for one instruction after another. Register writes are collected and done together at
 * the end of the instruction, so that every exit before sees the state from before it.
 */
export class Translator extends MemoryTranslator implements Cpu<Node> {
  flags: KnownFlags
  private flagWrite:
    { recipe: FlagRecipe; w: IntWidth; inputs: readonly Node[]; condition: Node | undefined } | undefined
  private terminator: Terminator | undefined
  private readonly avx: boolean

  /** `avx`: as of RegionCompiler. */
  constructor(avx: boolean) {
    super()
    this.avx = avx
  }

  /** There is a text to write wasm from; else the evaluator executes the instruction. */
  hasText(i: Insn): boolean {
    return i.row.op !== undefined && !i.row.isSlow?.(i) && (i.vex === 0 || this.avx)
  }

  // The analysis.

  startBlock(): void {
    this.origins = new Origins()
  }

  /** Of each general-purpose register, after the last instruction of a block was analyzed: see AnalyzedBlock. */
  steps(): (bigint | undefined)[] {
    return Array.from({ length: 16 }, (_, n) => this.origins.step(n))
  }

  analyze(insn: Insn): InsnFacts {
    this.region = undefined
    const facts: InsnFacts = {
      accesses: [],
      readsFlags: false,
      setsFlags: false,
      mayExit: false,
      reads: NONE,
      writes: NONE,
    }
    this.begin(insn, facts)
    if (!this.hasText(insn)) {
      facts.readsFlags = true
      facts.mayExit = true
      for (let n = 0; n < 16; n++) this.origins.assign(n, undefined)
      return facts
    }
    insn.row.op?.(this, insn)
    facts.reads = this.read
    facts.writes = this.written()
    // All from before the instruction, then all at once: XCHG writes two.
    const written = [...this.writes].filter(([n]) => n < FIRST_XMM)
    const values = written.map(([, value]) => this.origins.of(value, (l) => this.registerOf(l)))
    written.forEach(([n], k) => this.origins.assign(n - FIRST_GPR, values[k]))
    return facts
  }

  private begin(insn: Insn, facts: InsnFacts): void {
    this.beginAccesses(insn, facts)
    this.writes.clear()
    this.read = NONE
    this.flagWrite = undefined
    this.terminator = undefined
  }

  // The emission.

  enterRegion(region: RegionContext): void {
    this.region = region
    this.temporaries = new Temporaries(region.code)
    this.hosts = new Temporaries(region.code)
  }

  /** `known`: what holds on every way into the block. */
  enterBlock(known?: Known): void {
    this.hosts?.reset()
    this.soundLanes.clear()
    for (const [l, lanes] of known?.soundLanes ?? []) this.soundLanes.set(l, lanes)
    this.flags = known?.flags
  }
  /** What holds after the last instruction. */
  whatIsKnown(): Known {
    return { flags: this.flags, soundLanes: new Map(this.soundLanes) }
  }

  /** The evaluator did an instruction: nothing is known of what it wrote. */
  forgetLanes(): void {
    this.soundLanes.clear()
    this.flags = undefined
  }

  /** Writes the instruction. `flagsLive`: what it does to the flags can be seen by someone. */
  translate(insn: Insn, facts: InsnFacts, flagsLive: boolean): Terminator | undefined {
    this.temporaries?.reset()
    this.begin(insn, facts)
    insn.row.op?.(this, insn)
    this.commit(flagsLive)
    return this.terminator
  }

  private commit(flagsLive: boolean): void {
    const { region } = this
    invariant(region, 'emission outside a region')
    const { code, locals } = region
    const sets: number[] = []
    const push = (target: number, n: Node): void => {
      this.emit(n)
      sets.push(target)
    }
    // A jump's inputs are from before the writes.
    const t = this.terminator
    if (t?.condition && (this.writes.size > 0 || this.flagWrite)) {
      this.terminator = { ...t, condition: this.held(t.condition) }
    }
    if (t && typeof t.target !== 'number') push(locals.rip, t.target)
    for (const [n, value] of this.writes) push(n, value)
    const lanes = [...this.writes]
      .filter(([n]) => n >= FIRST_XMM)
      .map(([n, value]) => [n, this.lanesOf(value)] as const)
    for (const [n, sound] of lanes) this.soundLanes.set(n, sound)
    const f = this.flagWrite
    if (f && flagsLive) {
      if (f.condition && !this.flags) region.fetchFlags?.()
      const slots = [locals.fa, locals.fb, locals.fc]
      const inputs = f.inputs.map((n, k) => (k < 3 ? this.zext(f.w, 64, n) : n))
      inputs.forEach((n, k) =>
        push(slots[k] ?? -1, f.condition ? this.select(64, f.condition, n, local('i64', slots[k] ?? -1)) : n),
      )
      const fop = constant('i32', fopOf(f.recipe, f.w))
      push(locals.fop, f.condition ? this.select(32, f.condition, fop, local('i32', locals.fop)) : fop)
    }
    for (const target of sets.reverse()) code.set(target)
    if (f) this.flags = f.condition || !flagsLive ? undefined : { recipe: f.recipe, w: f.w, inputs: f.inputs.length }
  }

  // Flags.

  private flagInputs(): { recipe: FlagRecipe; w: IntWidth; a: Node; b: Node; c: Node } {
    this.facts.readsFlags = true
    this.touched.flags = true
    if (!this.region) {
      const unknown = local('i32', OPAQUE)
      return { recipe: 'PACKED', w: 32, a: unknown, b: unknown, c: unknown }
    }
    const { code, locals } = this.region
    if (!this.flags) {
      this.region.fetchFlags?.()
      // Computing the flags and leaving them packed changes nothing that anyone can see.
      code.get(locals.fop).get(locals.fa).get(locals.fb).get(locals.fc)
      this.region.callFlags(code).op('i64.extend_i32_u').set(locals.fa)
      code.i32(fopOf('PACKED', 32)).set(locals.fop)
      this.flags = { recipe: 'PACKED', w: 32, inputs: 1 }
    }
    const { recipe, w } = this.flags
    const input = (l: number): Node => this.trunc(64, w, local('i64', l))
    return { recipe, w, a: input(locals.fa), b: input(locals.fb), c: input(locals.fc) }
  }
  flag(f: ArithmeticFlag): Node {
    const { recipe, w, a, b, c } = this.flagInputs()
    return recipeOf(recipe)[f](this, w, a, b, c)
  }
  condition(cc: number): Node {
    const { recipe, w, a, b, c } = this.flagInputs()
    const name = CONDITION_NAMES[cc >> 1]
    const short =
      name && name in (recipeOf(recipe).conditions ?? {}) ? recipeOf(recipe).conditions?.[name as 'B'] : undefined
    if (!short) return conditionText<Node>(this, cc, (f) => recipeOf(recipe)[f](this, w, a, b, c))
    const n = short(this, w, a, b, c)
    return cc & 1 ? this.xor(8, n, this.lit(8, 1)) : n
  }
  setFlags(recipe: FlagRecipe, w: IntWidth, a: Node, b?: Node, c?: Node): void {
    this.facts.setsFlags = true
    this.setFlagsWhen(undefined, recipe, w, [a, b, c])
  }
  setFlagsIf(condition: Node, recipe: FlagRecipe, w: IntWidth, a: Node, b?: Node, c?: Node): void {
    if (condition.op === 'const') {
      if (condition.value) this.setFlags(recipe, w, a, b, c)
      return
    }
    this.facts.readsFlags = true
    this.setFlagsWhen(condition, recipe, w, [a, b, c])
  }
  private setFlagsWhen(
    condition: Node | undefined,
    recipe: FlagRecipe,
    w: IntWidth,
    inputs: readonly (Node | undefined)[],
  ): void {
    this.touched.flags = true
    const given = inputs.map((n) => n ?? this.lit(w, 0))
    // Unused inputs keep what the locals hold: nobody reads them.
    while (given.length > 1 && inputs[given.length - 1] === undefined) given.pop()
    for (const n of given) n.uses++
    this.flagWrite = { recipe, w, inputs: given, condition }
  }

  setDirection(down: boolean): void {
    if (!this.region) return
    const { code } = this.region
    code.i32(0).i32(0).memory('i32.load', STATE.RFLAGS_REST)
    if (down) code.i32(RFLAGS.DF).op('i32.or')
    else code.i32(~RFLAGS.DF).op('i32.and')
    code.memory('i32.store', STATE.RFLAGS_REST)
  }

  stringStep(size: number): Node {
    const rest = this.fromState('i32', 'i32.load', STATE.RFLAGS_REST)
    this.exitIf(this.and(32, rest, this.lit(32, RFLAGS.DF)))
    return this.lit(64, size)
  }

  mxcsr(): Node {
    return this.fromState('i32', 'i32.load', STATE.MXCSR)
  }
  /** Most often it is what was there before; what else it may mean the evaluator knows. */
  setMxcsr(value: Node): void {
    this.exitIf(this.ne(32, value, this.mxcsr()))
  }
  x87Control(): Node {
    return this.normalized(this.fromState('i32', 'i32.load16_u', STATE.X87))
  }
  waitX87(): void {
    this.exitIf(this.pending(this.x87Control()))
  }
  setX87Control(value: Node): void {
    const control = this.normalized(value)
    // The summary bits change.
    this.exitIf(this.pending(control))
    if (!this.region) return
    this.region.code.i32(0)
    this.emit(control)
    this.region.code.memory('i32.store16', STATE.X87)
  }
  /** Not zero where an x87 exception is pending if this is the control word. ES alone may be what the program has restored. */
  private pending(control: Node): Node {
    const status = this.fromState('i32', 'i32.load16_u', STATE.X87 + 2)
    const unmasked = this.and(32, this.xor(32, control, this.lit(32, FCW.MASKS)), this.lit(32, FCW.MASKS))
    return this.and(32, status, this.or(32, unmasked, this.lit(32, FSW.ES)))
  }
  /** A control word without the bits that are not there, and with the one that always is. */
  private normalized(control: Node): Node {
    return this.or(16, this.and(16, control, this.lit(16, FCW_DEFINED)), this.lit(16, FCW_FIXED))
  }
  /** What regions never change passes through no local. */
  private fromState(type: 'i32', load: OpName, at: number): Node {
    const { region, temporaries } = this
    if (!region || !temporaries) return local(type, OPAQUE)
    const into = temporaries.take(type)
    region.code.i32(0).memory(load, at).set(into)
    return local(type, into)
  }

  // Control flow.

  jump(kind: JumpKind, target: Node, first?: () => void): void {
    // A target outside the user half faults at the branch or at the fetch: the evaluator knows which. It begins the instruction
    // anew, so nothing may be stored yet.
    this.exitIf(node('i32', 'i64.ne', [node('i64', 'i64.shr_u', [target, this.lit(64, 47)]), this.lit(64, 0)]))
    first?.()
    target.uses++
    this.terminator = { kind, target, condition: undefined }
  }
  branch(kind: JumpKind, target: number, condition?: Node): void {
    this.terminator = { kind, target, condition }
  }
}
