import type { Code, OpName, ValueType } from '../wasm/index.ts'
import { invariant } from '../base/index.ts'

/**
 * One value of an instruction being translated: an expression over wasm locals that has no effect, so it may be emitted where it
 * is used, or twice. Integers up to 32 bits are i32 with the unused high bits zero; 64 is i64; 128 is v128.
 */
export interface Node {
  readonly type: ValueType
  readonly op: OpName | 'const' | 'local' | 'simd' | 'shuffle'
  readonly args: readonly Node[]
  /** const: its value (unsigned); local: its index. */
  readonly value: number | bigint
  /** SIMD name, and its lane or its shuffle bytes. */
  readonly name: string
  readonly lanes: readonly number[]
  /** How often another node or an effect refers to it; more than once keeps it in a temporary. */
  uses: number
  /** The local that holds it, once emitted with more than one use; -1 before. */
  temporary: number
  /** Bits of a float that is known to be normal or zero. */
  sound: boolean
}

const NONE: readonly never[] = []

export function node(type: ValueType, op: OpName, args: readonly Node[]): Node {
  for (const a of args) a.uses++
  return { type, op, args, value: 0, name: '', lanes: NONE, uses: 0, temporary: -1, sound: false }
}
export const local = (type: ValueType, index: number): Node => ({
  type,
  op: 'local',
  args: NONE,
  value: index,
  name: '',
  lanes: NONE,
  uses: 0,
  temporary: -1,
  sound: false,
})
export const constant = (type: ValueType, value: number | bigint): Node => ({
  type,
  op: 'const',
  args: NONE,
  value,
  name: '',
  lanes: NONE,
  uses: 0,
  temporary: -1,
  sound: false,
})
export function simdNode(type: ValueType, name: string, args: readonly Node[], lanes: readonly number[] = NONE): Node {
  for (const a of args) a.uses++
  return {
    type,
    op: name === 'i8x16.shuffle' ? 'shuffle' : 'simd',
    args,
    value: 0,
    name,
    lanes,
    uses: 0,
    temporary: -1,
    sound: false,
  }
}

/** Hands out locals that live for one instruction only. */
export class Temporaries {
  private readonly pools = new Map<ValueType, number[]>()
  private readonly used = new Map<ValueType, number>()
  private readonly code: Code
  constructor(code: Code) {
    this.code = code
  }
  take(type: ValueType): number {
    let pool = this.pools.get(type)
    if (!pool) this.pools.set(type, (pool = []))
    const k = this.used.get(type) ?? 0
    this.used.set(type, k + 1)
    return (pool[k] ??= this.code.local(type))
  }
  reset(): void {
    this.used.clear()
  }
}

/** Puts the value of `n` on the stack. Without temporaries nothing is kept for later uses: for code that may be jumped over. */
export function emit(code: Code, temporaries: Temporaries | undefined, n: Node): void {
  if (n.op === 'local') return void code.get(n.value as number)
  if (n.op === 'const') return emitConstant(code, n)
  if (n.temporary >= 0) return void code.get(n.temporary)
  for (const a of n.args) emit(code, temporaries, a)
  if (n.op === 'simd') {
    code.simd(n.name)
    if (n.lanes.length > 0) code.byte(n.lanes[0] ?? 0)
  } else if (n.op === 'shuffle') {
    code.simd(n.name)
    for (const l of n.lanes) code.byte(l)
  } else code.op(n.op)
  if (n.uses > 1 && temporaries) {
    n.temporary = temporaries.take(n.type)
    code.tee(n.temporary)
  }
}

function emitConstant(code: Code, n: Node): void {
  if (n.type === 'i32') code.i32(n.value as number)
  else if (n.type === 'i64') code.i64(n.value as bigint)
  else {
    invariant(n.type === 'v128', 'constants are integers or vectors')
    code.v128(n.value as bigint)
  }
}
