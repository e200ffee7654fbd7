import { invariant } from '../base/index.ts'
import { JUMP, PAGE_SIZE, STATE, VIEW, type Ram } from '../cpu/index.ts'
import type { Insn } from '../isa/index.ts'
import { Code, ModuleWriter } from '../wasm/index.ts'
import type { RunBlock } from './code-cache.ts'
import type { CommonCode, HandlerModule } from './common-code.ts'
import { writeJumpEntry } from './dispatcher.ts'
import { compileHandler, FLAGS_FUNCTION, RECORD, Shapes, SLOT_UNIT, type ShapedInsn } from './handlers.ts'
import type { Native } from './native-code.ts'
import { RETURN } from './region-contract.ts'
import { isRepeatedString } from './string-code.ts'

/**
 * Before the records of a block: what `runBlock` needs of it. NOTE: where its indirect jump went the last time (the low half), 1 before
 * that, 0 if it has none.
 */
const BLOCK = { RUNS: 0, LIMIT: 4, COUNT: 8, NOTE: 12, NEXT: 16, RECORDS: 24 } as const
/** The same fields of a block that is kept between runs: where it is in its page, and whether it ends in the next one. */
const KEPT = { OFFSET: BLOCK.RUNS, CROSSES: BLOCK.LIMIT } as const
/** In HANDLER: the evaluator does this instruction. */
const BY_EVALUATOR = 0
/** Kept in place of a handler: none can be made. */
const UNFIT = new Uint8Array(0)

/** What threaded code calls back for; each returns a RETURN code. */
export interface ThreadedCallbacks {
  /** The instruction at an address that the current view runs. */
  insnAt(address: number): Insn
  /** This block has run as often as its limit says. */
  limit(): number
  /** The evaluator is to do this instruction, `completed` instructions after the block's begin. CONTINUE: go on behind it in the block. Or LEAVE. */
  evaluate(insn: Insn, completed: number): number
  /** The indirect jump at this address has gone to STATE.RIP, and elsewhere the time before. */
  note(jump: number): void
  /** The flags of RFLAGS, as of Dispatcher. */
  flags: WebAssembly.ExportValue
}

/** Returned by `evaluate`: leave the block and go on at STATE.RIP. */
export const LEAVE = -1

/**
 * Code that is neither cold nor hot: a record for each instruction, whose handler does it. Handlers are made from the instructions'
 * texts by the translator, one for all instructions that differ only in registers and numbers, so that little has to be made.
 */
export class ThreadedCode {
  /** The place of `run(depth)` in the dispatcher's table. */
  readonly slot: number
  private readonly ram: Ram
  private readonly callbacks: ThreadedCallbacks
  private readonly shapes = new Shapes()
  /** By key: number in the table of handlers. */
  private readonly handlers = new Map<string, number>()
  /** By number. */
  private readonly keys: string[] = ['']
  /** Made by this run, in many modules. */
  private readonly made = new Map<string, Uint8Array>()
  /** Of earlier runs. */
  private readonly restored: { readonly kept: HandlerModule; readonly installed: InstalledHandlers | undefined }[] = []
  private readonly common: CommonCode
  /** What handlers would have been good for, too. */
  private readonly missed = new Map<string, Insn>()
  private readonly table = new WebAssembly.Table({ initial: 1024, element: 'anyfunc' })
  private nextHandler = BY_EVALUATOR + 1
  private readonly arenaSize: number
  /** Where the records are; space for a view's tables is what there is to be had. */
  private arena = 0
  private next = 0
  private placed: RunBlock[] = []

  /** `arenaSize`: bytes for records, at most a view's size. */
  constructor(
    ram: Ram,
    table: WebAssembly.Table,
    slot: number,
    callbacks: ThreadedCallbacks,
    common: CommonCode,
    arenaSize: number = VIEW.SIZE,
  ) {
    this.ram = ram
    this.arenaSize = arenaSize
    this.slot = slot
    this.callbacks = callbacks
    this.common = common
    const write = (): Uint8Array<ArrayBuffer> => {
      const m = new ModuleWriter()
      m.importMemory('m', ram.limits)
      m.importTable('t')
      const limit = m.importFunction('limit', m.type([], ['i32']))
      const evaluate = m.importFunction('evaluate', m.type(['i32', 'i32'], ['i32']))
      const note = m.importFunction('note', m.type(['i32'], []))
      const unary = m.type(['i32'], ['i32'])
      m.addFunction(unary, runBlock(unary, { limit, evaluate, note }), 'run')
      return m.write()
    }
    const { run } = common.instantiate('threaded', write, {
      m: ram.memory,
      t: this.table,
      limit: () => callbacks.limit(),
      evaluate: (at: number, completed: number) => callbacks.evaluate(callbacks.insnAt(this.addressOf(at)), completed),
      note: (at: number) => callbacks.note(this.addressOf(at)),
    })
    table.set(slot, run)
    for (const kept of common.handlers) this.restore(kept)
  }

  /**
   * Where the records of this block are, made now if they are not there. After `limit` runs `callbacks.limit` is asked.
   * Undefined if handlers for it would have to be made, and `make` is not set.
   */
  place(block: RunBlock, insns: readonly Insn[], limit: number, make: boolean): number | undefined {
    const shapes = this.shapesOf(insns, make)
    if (!shapes) return undefined
    const at = this.allocate(BLOCK.RECORDS + insns.length * RECORD.SIZE)
    const { u32, u64 } = this.ram
    const last = insns.at(-1)
    u32[(at + BLOCK.RUNS) / 4] = 0
    u32[(at + BLOCK.LIMIT) / 4] = limit
    u32[(at + BLOCK.COUNT) / 4] = insns.length
    u32[(at + BLOCK.NOTE) / 4] = last?.row.flow === 'jump' && last.operands[0]?.kind !== 'rel' ? 1 : 0
    u64[(at + BLOCK.NEXT) / 8] = BigInt(last ? last.address + last.length : 0)
    insns.forEach((insn, k) => this.write(at + BLOCK.RECORDS + k * RECORD.SIZE, insn, shapes[k]))
    this.placed.push(block)
    return (block.threaded = at)
  }

  /**
   * The records of this block as `adopt` takes them. `keyNumber` gives each key a number that is kept with them.
   */
  copyOf(block: RunBlock, keyNumber: (key: string) => number): Uint8Array {
    const at = block.threaded
    const count = this.ram.u32[(at + BLOCK.COUNT) / 4] ?? 0
    const copy = this.ram.u8.slice(at, at + BLOCK.RECORDS + count * RECORD.SIZE)
    const [u16, u32] = [new Uint16Array(copy.buffer), new Uint32Array(copy.buffer)]
    u32[KEPT.OFFSET / 4] = block.address % PAGE_SIZE
    u32[KEPT.CROSSES / 4] = block.frames.length - 1
    if (u32[BLOCK.NOTE / 4]) u32[BLOCK.NOTE / 4] = 1
    for (let r = BLOCK.RECORDS / 2; r < u16.length; r += RECORD.SIZE / 2)
      u16[r] = keyNumber(this.keys[u16[r] ?? 0] ?? '')
    return copy
  }

  /** The number of the handler with this key; undefined if there is none. */
  handlerOf(key: string): number | undefined {
    return key === '' ? BY_EVALUATOR : this.handlers.get(key)
  }

  /** Places blocks of an earlier run. `handlers` gives for each number of a key the handler's. `each` makes a block of what is at `at`, or none. */
  adopt(
    chunk: Uint8Array,
    handlers: readonly number[],
    limit: number,
    each: (offset: number, crosses: boolean, at: number) => RunBlock | undefined,
  ): void {
    const start = this.allocate(chunk.length)
    const { u8, u16, u32 } = this.ram
    u8.set(chunk, start)
    for (let at = start; at < start + chunk.length;) {
      const block = each(u32[(at + KEPT.OFFSET) / 4] ?? 0, u32[(at + KEPT.CROSSES) / 4] === 1, at)
      if (block) this.placed.push(block)
      u32[(at + BLOCK.RUNS) / 4] = 0
      u32[(at + BLOCK.LIMIT) / 4] = limit
      const end = at + BLOCK.RECORDS + (u32[(at + BLOCK.COUNT) / 4] ?? 0) * RECORD.SIZE
      for (at += BLOCK.RECORDS; at < end; at += RECORD.SIZE) u16[at / 2] = handlers[u16[at / 2] ?? 0] ?? BY_EVALUATOR
    }
  }

  private allocate(size: number): number {
    if (this.arena === 0) this.arena = this.next = this.ram.allocateView()
    if (this.next + size > this.arena + this.arenaSize) this.forgetAll()
    this.next += size
    return this.next - size
  }

  /** How often a block has run, here and in the evaluator. */
  runsOf(b: RunBlock): number {
    return b.runs + (b.threaded > 0 ? (this.ram.u32[(b.threaded + BLOCK.RUNS) / 4] ?? 0) : 0)
  }

  /** The arena is full. What is still used is placed again when it runs; the caller's jump caches must not name it. */
  private forgetAll(): void {
    for (const b of this.placed) {
      b.runs = this.runsOf(b)
      b.threaded = 0
    }
    this.placed = []
    this.next = this.arena
    for (const v of this.ram.views) v.invalidateJumps()
  }

  private addressOf(record: number): number {
    const { u8, u32 } = this.ram
    const next = (u32[(record + RECORD.NEXT) / 4] ?? 0) + (u32[(record + RECORD.NEXT) / 4 + 1] ?? 0) * 2 ** 32
    return next - (u8[record + RECORD.LENGTH] ?? 0)
  }

  private write(record: number, insn: Insn, shape: ShapedInsn | undefined): void {
    const { u8, u16, i32, u64 } = this.ram
    u16[(record + RECORD.HANDLER) / 2] = (shape && this.handlers.get(shape.key)) ?? BY_EVALUATOR
    u8[record + RECORD.LENGTH] = insn.length
    u64[(record + RECORD.NEXT) / 8] = BigInt(insn.address + insn.length)
    if (!shape) return
    const { slots, displacement, immediate } = shape.fields
    i32[(record + RECORD.DISPLACEMENT) / 4] = Number(displacement)
    u64[(record + RECORD.IMMEDIATE) / 8] = immediate
    for (let s = 0; s < slots.length; s++) u8[record + RECORD.SLOTS + s] = (slots[s] ?? 0) / SLOT_UNIT
  }

  /** What the records of these instructions hold. Handlers that are missing are made, in one module, or it is undefined. */
  private shapesOf(insns: readonly Insn[], make: boolean): (ShapedInsn | undefined)[] | undefined {
    const shapes = insns.map(this.shapeOf)
    const missing = new Map<string, Insn>()
    for (const s of shapes) if (s && !this.handlers.has(s.key)) missing.set(s.key, s.general())
    if (missing.size === 0) return shapes
    if (!make) {
      for (const [key, insn] of missing) this.missed.set(key, insn)
      return undefined
    }
    // With those that were missed before, as a module costs more than a handler.
    for (const [key, insn] of this.missed) if (!this.handlers.has(key)) missing.set(key, insn)
    this.missed.clear()
    // Rows that turned out to look at their immediates have other keys now.
    return this.make(missing) ? this.shapesOf(insns, make) : shapes
  }

  private readonly shapeOf = (i: Insn): ShapedInsn | undefined =>
    (i.row.op && !i.row.isSlow?.(i)) || isRepeatedString(i) ? this.shapes.of(i) : undefined

  /** Returns whether keys have changed. */
  private make(wanted: ReadonlyMap<string, Insn>): boolean {
    const bodies = new Map<string, Uint8Array>()
    let changed = false
    for (const [key, insn] of wanted) {
      const code = compileHandler(insn)
      if (code === 'inspects') {
        this.shapes.inspects(insn.row)
        changed = true
        bodies.set(this.shapes.inspectingKey(insn.row), UNFIT)
      } else bodies.set(key, code === 'unfit' ? UNFIT : code.body())
    }
    this.install({ bodies })
    for (const [key, body] of bodies) this.made.set(key, body)
    return changed
  }

  private install({ bodies: all, native }: HandlerModule): InstalledHandlers | undefined {
    const bodies = new Map([...all].filter(([, body]) => body.length > 0))
    for (const [key, body] of all) if (body.length === 0) this.handlers.set(key, BY_EVALUATOR)
    if (bodies.size === 0) return undefined
    const m = new ModuleWriter()
    m.importMemory('m', this.ram.limits)
    const flags = m.importFunction('flags', m.type(['i32', 'i64', 'i64', 'i64'], ['i32']))
    invariant(flags === FLAGS_FUNCTION, 'handlers call the first import')
    m.importTable('t')
    const type = m.type(['i32'], ['i32'])
    const first = this.nextHandler
    m.fillTable(
      first,
      [...bodies.values()].map((body) => m.addFunction(type, body)),
    )
    this.nextHandler += bodies.size
    if (this.nextHandler > this.table.length) this.table.grow(Math.max(this.table.length, bodies.size))
    const module = this.common.natives.make(m.write(), native)
    new WebAssembly.Instance(module, { e: { m: this.ram.memory, t: this.table, flags: this.callbacks.flags } })
    let number = first
    for (const key of bodies.keys()) {
      this.handlers.set(key, number)
      this.keys[number++] = key
    }
    return { module, first, end: number }
  }

  /** All handlers, for another run of the same version, and those that this one had no time to make. */
  save(): HandlerModule[] {
    const missing = new Map([...this.missed].filter(([key]) => !this.handlers.has(key)))
    if (missing.size > 0) this.make(missing)
    this.missed.clear()
    const kept = this.restored.map((r) => ({
      bodies: r.kept.bodies,
      native: r.installed && this.nativeOf(r.installed),
    }))
    if (this.made.size === 0) return kept
    if (kept.length < MOST_MODULES) return [...kept, { bodies: this.made }]
    return [{ bodies: new Map([...kept.flatMap((k) => [...k.bodies]), ...this.made]) }]
  }

  private nativeOf({ module, first, end }: InstalledHandlers): Native | undefined {
    const functions = Array.from(
      { length: end - first },
      (_, k) => this.table.get(first + k) as WebAssembly.ExportValue,
    )
    return this.common.natives.of(module, functions)
  }

  private restore(kept: HandlerModule): void {
    for (const key of kept.bodies.keys()) this.shapes.restore(key)
    this.restored.push({ kept, installed: this.install(kept) })
  }
}

/** One module of handlers, and their numbers. */
interface InstalledHandlers {
  readonly module: WebAssembly.Module
  readonly first: number
  readonly end: number
}

/** Of handlers that are kept: each costs a little at the start, and making one of them all loses what was compiled. */
const MOST_MODULES = 6

/** The function (depth: i32): i32 that runs the block which the jump cache has for STATE.RIP. */
function runBlock(
  handler: number,
  calls: { readonly limit: number; readonly evaluate: number; readonly note: number },
): Code {
  const code = new Code(1)
  const [block, record, end, result] = [code.local('i32'), code.local('i32'), code.local('i32'), code.local('i32')]
  const toNext = (): Code => code.i32(0).get(block).memory('i64.load', BLOCK.NEXT).memory('i64.store', STATE.RIP)
  code.i32(0).memory('i32.load', STATE.RIP).set(block)
  writeJumpEntry(code, block).memory('i32.load', JUMP.DETAIL).set(block)
  code.get(block).get(block).memory('i32.load', BLOCK.RUNS).i32(1).op('i32.add').tee(result)
  code.memory('i32.store', BLOCK.RUNS)
  code.get(result).get(block).memory('i32.load', BLOCK.LIMIT).op('i32.ge_u').open('if')
  code.call(calls.limit).op('return').close()
  // Where it goes on unless a branch says otherwise.
  toNext()
  code.get(block).i32(BLOCK.RECORDS).op('i32.add').tee(record)
  code.get(block).memory('i32.load', BLOCK.COUNT).i32(Math.log2(RECORD.SIZE)).op('i32.shl').op('i32.add').set(end)
  const loop = code.open('loop')
  code.get(record).memory('i32.load16_u', RECORD.HANDLER).tee(result).open('if', 'i32')
  code.get(record).get(result).op('call_indirect').u32(handler).byte(0)
  code.otherwise().i32(1).close()
  code.open('if')
  code.get(record)
  code.get(record).get(block).op('i32.sub').i32(BLOCK.RECORDS).op('i32.sub').i32(Math.log2(RECORD.SIZE)).op('i32.shr_u')
  code.call(calls.evaluate).tee(result).open('if')
  code.i32(RETURN.CONTINUE).get(result).get(result).i32(LEAVE).op('i32.eq').op('select').op('return').close()
  toNext()
  code.close()
  code.get(record).i32(RECORD.SIZE).op('i32.add').tee(record).get(end).op('i32.lt_u').brIf(loop).close()
  code.i32(0).i32(0).memory('i32.load', STATE.FUEL)
  code.get(block).memory('i32.load', BLOCK.COUNT).op('i32.sub').memory('i32.store', STATE.FUEL)
  code.get(block).memory('i32.load', BLOCK.NOTE).tee(result).open('if')
  code.i32(0).memory('i32.load', STATE.RIP).tee(record).get(result).op('i32.ne').open('if')
  code.get(block).get(record).memory('i32.store', BLOCK.NOTE)
  code.get(end).i32(RECORD.SIZE).op('i32.sub').call(calls.note).close()
  code.close()
  code.i32(RETURN.CONTINUE)
  return code
}
