import { invariant } from '../base/index.ts'
import { STATE, VIEW, type Ram } from '../cpu/index.ts'
import { RECIPE_NAMES, RECIPES, type FlagRecipe, type IntWidth } from '../isa/index.ts'
import { ARITHMETIC_FLAGS, ARITHMETIC_MASK, ARITHMETIC_PLACES } from '../spec/x86/index.ts'
import { Code, ModuleWriter } from '../wasm/index.ts'
import type { CommonCode } from './common-code.ts'
import { CompileOps } from './compile-ops.ts'
import { constant, emit, local, node, Temporaries, type Node } from './node.ts'
import { FIRST_EXIT, RETURN } from './region-contract.ts'

/** What the dispatcher calls back for; each returns a RETURN code. */
export interface DispatcherCallbacks {
  /** No translated code is known at STATE.RIP: find or make some, or evaluate. */
  miss(): number
  /** A check failed in a region: execute the instruction of this exit exactly. */
  step(exit: number): number
  /** In the middle of a region that waits for it: one instruction, which has no translation. */
  slow(exit: number): number
}

/** Places in the dispatcher's table that do not change. */
export const SLOT = { THREADED: 0, TRANSITIONS: 1, FIRST_REGION: 2 } as const
/**
 * What regions call, by place in a table of its own: V8 compiles a wrapper for each function that a module imports, and copies each
 * table.
 */
export const SHARED = { ENTER: 0, SLOW: 1, FLAGS: 2 } as const
/** Types of these functions. */
export const SIGNATURE = {
  ENTER: [['i64', 'i32', 'i32'], ['i32']],
  SLOW: [['i32'], ['i32']],
  FLAGS: [['i32', 'i64', 'i64', 'i64'], ['i32']],
} as const

export interface Dispatcher {
  /** Runs until something other than CONTINUE comes out. */
  run(): number
  /** (expected, code, depth) inside a guest call: serves `code`, then runs until STATE.RIP is `expected`; 0 when it is. */
  enter: (expected: bigint, code: number, depth: number) => number
  /** The table of SHARED. */
  shared: WebAssembly.Table
  /** The six flags in their RFLAGS places. */
  flags: (fop: number, a: bigint, b: bigint, c: bigint) => number
}

/** Where the jump cache keeps `address`: index of its entry. The generated code computes the same. */
export function jumpSlot(address: number): number {
  const low = address >>> 0
  return (low ^ (low >>> 11)) & (VIEW.JUMP_CACHE_ENTRIES - 1)
}

/** Puts on the stack where the entry is of the address whose low half is in local `low`. */
export function writeJumpEntry(code: Code, low: number): Code {
  code.get(low).get(low).i32(11).op('i32.shr_u').op('i32.xor')
  code
    .i32(VIEW.JUMP_CACHE_ENTRIES - 1)
    .op('i32.and')
    .i32(4)
    .op('i32.shl')
  return code.i32(0).memory('i32.load', STATE.JUMP_CACHE).op('i32.add')
}

/** Builds the one module that stays for the whole run: finds regions by address and calls them. */
export function createDispatcher(
  ram: Ram,
  table: WebAssembly.Table,
  callbacks: DispatcherCallbacks,
  common: CommonCode,
): Dispatcher {
  const exports = common.instantiate('dispatcher', () => dispatcherModule(ram), {
    m: ram.memory,
    t: table,
    miss: () => callbacks.miss(),
    step: (exit: number) => callbacks.step(exit),
    slow: (exit: number) => callbacks.slow(exit),
  })
  const { run, enter, slow, flags } = exports
  const shared = new WebAssembly.Table({ initial: 3, element: 'anyfunc' })
  shared.set(SHARED.ENTER, enter)
  shared.set(SHARED.SLOW, slow)
  shared.set(SHARED.FLAGS, flags)
  return { run, enter, flags, shared } as unknown as Dispatcher
}

function dispatcherModule(ram: Ram): Uint8Array<ArrayBuffer> {
  const m = new ModuleWriter()
  const none = m.type([], ['i32'])
  m.importMemory('m', ram.limits)
  m.importTable('t')
  const miss = m.importFunction('miss', none)
  const region = m.type(['i32'], ['i32'])
  const step = m.importFunction('step', region)
  const slow = m.importFunction('slow', region)
  m.addFunction(none, dispatchLoop(false, region, miss, step), 'run')
  m.addFunction(m.type(...SIGNATURE.ENTER), dispatchLoop(true, region, miss, step), 'enter')
  m.addFunction(m.type(...SIGNATURE.SLOW), new Code(1).get(0).call(slow), 'slow')
  m.addFunction(m.type(...SIGNATURE.FLAGS), materializer(), 'flags')
  return m.write()
}

/** Parameters of the nested loop. */
const [EXPECTED, FIRST_CODE, NESTED_DEPTH] = [0, 1, 2]

function dispatchLoop(nested: boolean, region: number, miss: number, step: number): Code {
  const code = new Code(nested ? 3 : 0)
  const [rip, entry, result] = [code.local('i64'), code.local('i32'), code.local('i32')]
  if (nested) code.get(FIRST_CODE).set(result)
  const loop = code.open('loop')
  code.get(result).i32(FIRST_EXIT).op('i32.ge_u').open('if')
  code.get(result).call(step).set(result).close()
  code.get(result).open('if')
  if (!nested) code.get(result).i32(RETURN.UNWIND).op('i32.ne').open('if')
  code.get(result).op('return').close()
  if (!nested) code.close()
  code.i32(0).memory('i64.load', STATE.RIP).set(rip)
  if (nested) {
    code.get(rip).get(EXPECTED).op('i64.eq').open('if')
    code.i32(RETURN.CONTINUE).op('return').close()
  }
  code.i32(0).memory('i32.load', STATE.FUEL).i32(0).op('i32.lt_s').open('if')
  code.i32(RETURN.BUDGET).op('return').close()
  code.get(rip).op('i32.wrap_i64').set(entry)
  writeJumpEntry(code, entry).tee(entry)
  code.memory('i64.load', 0).get(rip).op('i64.ne').open('if', 'i32')
  code.call(miss)
  code.otherwise()
  if (nested) code.get(NESTED_DEPTH)
  else code.i32(0)
  code.get(entry).memory('i32.load', 8).op('call_indirect').u32(region).byte(0)
  code.close()
  code.set(result).br(loop)
  code.close().op('unreachable')
  return code
}

class PureOps extends CompileOps {
  protected exitIf(): void {}
  protected exitIfBoth(): void {}
  protected held(n: Node): Node {
    return n
  }
  protected wideQuotient(): Node {
    return invariant(false, 'flags follow from no division') as never
  }
  protected requireFastFp(): void {}
}

/** materialize(fop, a, b, c): the recipes' own texts, one case for each recipe and width. */
function materializer(): Code {
  const code = new Code(4)
  const o = new PureOps()
  const cases: { recipe: FlagRecipe; w: IntWidth }[] = RECIPE_NAMES.flatMap((recipe) =>
    ([8, 16, 32, 64] as const).map((w) => ({ recipe, w })),
  )
  const outer = code.open('block')
  const levels = cases.map(() => code.open('block')).reverse()
  code.get(0).op('br_table').u32(cases.length)
  for (const l of levels) code.u32(code.level - l)
  code.u32(code.level - outer)
  for (const { recipe, w } of cases) {
    code.close()
    const temporaries = new Temporaries(code)
    const input = (n: number): Node => o.trunc(64, w, local('i64', n))
    let packed: Node = constant('i32', 0)
    if (recipe === 'PACKED')
      packed = node('i32', 'i32.and', [o.trunc(64, 32, local('i64', 1)), constant('i32', ARITHMETIC_MASK)])
    else {
      for (const f of ARITHMETIC_FLAGS) {
        const bit = RECIPES[recipe][f](o, w, input(1), input(2), input(3))
        packed = o.or(32, packed, node('i32', 'i32.shl', [bit, constant('i32', ARITHMETIC_PLACES[f])]))
      }
    }
    emit(code, temporaries, packed)
    code.op('return')
  }
  code.close()
  code.op('unreachable')
  return code
}
