import type { Node } from './node.ts'

/** An address as a symbolic root plus a constant: two accesses with the same root may share one check. */
export interface Affine {
  readonly root: string
  readonly offset: bigint
}

/** Where the values of the sixteen general-purpose registers come from, within one block. */
export class Origins {
  private readonly registers: Affine[]
  private fresh = 0

  constructor() {
    this.registers = Array.from({ length: 16 }, (_, n) => ({ root: `r${n}`, offset: 0n }))
  }

  /** Register n was written: by a value that is an address expression (64 bits), or by something else. */
  assign(n: number, value: Affine | undefined): void {
    this.registers[n] = value && value.root.length < 60 ? value : this.unknown()
  }

  /** `registerOf` tells which register a local holds: 0..15, 'FS' or 'GS', or undefined. */
  of(n: Node, registerOf: (local: number) => number | 'FS' | 'GS' | undefined): Affine {
    if (n.type !== 'i64') return this.unknown()
    if (n.op === 'const') return { root: '', offset: BigInt.asIntN(64, n.value as bigint) }
    if (n.op === 'local') {
      const r = registerOf(n.value as number)
      if (r === undefined) return this.unknown()
      return typeof r === 'number' ? (this.registers[r] ?? this.unknown()) : { root: r, offset: 0n }
    }
    const [a, b] = n.args
    if (n.op === 'i64.add' && a && b) {
      const x = this.of(a, registerOf)
      const y = this.of(b, registerOf)
      const root = x.root === '' ? y.root : y.root === '' ? x.root : [x.root, y.root].sort().join('+')
      return { root, offset: BigInt.asIntN(64, x.offset + y.offset) }
    }
    if (n.op === 'i64.sub' && a && b?.op === 'const') {
      const x = this.of(a, registerOf)
      return { root: x.root, offset: BigInt.asIntN(64, x.offset - (b.value as bigint)) }
    }
    if (n.op === 'i64.shl' && a && b?.op === 'const') {
      const x = this.of(a, registerOf)
      return { root: `(${x.root}<<${b.value})`, offset: BigInt.asIntN(64, x.offset << (b.value as bigint)) }
    }
    return this.unknown()
  }

  /** How far register n is from what it was at the block's begin; undefined: not known. */
  step(n: number): bigint | undefined {
    const value = this.registers[n]
    return value?.root === `r${n}` ? value.offset : undefined
  }

  private unknown(): Affine {
    return { root: `#${this.fresh++}`, offset: 0n }
  }
}

/** One access of a block, as the analysis saw it. */
export interface BlockAccess {
  readonly address: Affine
  readonly size: number
  readonly write: boolean
  group: CheckGroup | undefined
}

/** Accesses of one block that one check covers: same root, all within `[low, high)` of it. */
export interface CheckGroup {
  /** What `low` and `high` are relative to. */
  readonly root: string
  low: bigint
  high: bigint
  write: boolean
  /** i32 local with the place in linear memory of `low`, once the check was emitted. */
  host: number
  /** In a loop that remembers the page: see steady-pages.ts. */
  steady: SteadyCheck | undefined
}

/** A check whose addresses go one way as long as a loop runs. */
export interface SteadyCheck {
  /** They never go down, else never up. */
  readonly up: boolean
  /** Where in linear memory the address of the last byte of the page that was found last is; 0 where none was. */
  readonly page: number
}

/** A wider span would cross pages too often: crossing sends the block to the evaluator. */
const WIDEST = 256n

export function groupAccesses(accesses: readonly BlockAccess[], combine: boolean): void {
  const open = new Map<string, CheckGroup[]>()
  for (const a of accesses) {
    const low = a.address.offset
    const high = low + BigInt(a.size)
    const groups = open.get(a.address.root) ?? []
    open.set(a.address.root, groups)
    // Same bytes always share: a read-modify-write has one check even where combining is off.
    const fits = (g: CheckGroup): boolean =>
      combine
        ? (high > g.high ? high : g.high) - (low < g.low ? low : g.low) <= WIDEST
        : g.low === low && g.high === high
    let g = groups.find(fits)
    if (!g) groups.push((g = { root: a.address.root, low, high, write: false, host: -1, steady: undefined }))
    if (low < g.low) g.low = low
    if (high > g.high) g.high = high
    g.write ||= a.write
    a.group = g
  }
}
