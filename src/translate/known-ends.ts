/** What the blocks of a region know of their begin: all that every way there knows. */
import { FIRST_XMM, type Known, type KnownFlags } from './region-parts.ts'
import type { AnalyzedBlock } from './steady-pages.ts'
import type { Loop, Structure } from './structure.ts'

const NOTHING: Known = { flags: undefined, soundLanes: new Map() }

/** Known of blocks at their ends, in the order in which a region is written: each way to a block, but those back, is there before it. */
export class KnownEnds {
  private readonly shape: Structure
  private readonly analyzed: ReadonlyMap<number, AnalyzedBlock>
  private readonly ends = new Map<number, Known>()
  /** By header: the loop whose first round has been written, apart. */
  private readonly begun = new Map<number, Loop>()

  constructor(shape: Structure, analyzed: ReadonlyMap<number, AnalyzedBlock>) {
    this.shape = shape
    this.analyzed = analyzed
  }

  set(address: number, known: Known): void {
    this.ends.set(address, known)
  }
  forget(address: number): void {
    this.ends.delete(address)
  }

  at(address: number): Known {
    const { order, predecessors, loops } = this.shape
    const all = predecessors.get(address) ?? []
    const begun = this.begun.get(address)
    const before = all.filter((p) => (begun ? begun.body.has(p) : (order.get(p) ?? 0) < (order.get(address) ?? 0)))
    const known = before.map((p) => this.ends.get(p) ?? NOTHING)
    // Nothing is known where the region is entered, which nothing in it leads to.
    const common = known.length > 0 ? known.reduce(both) : NOTHING
    const loop = begun ?? loops.get(address)?.[0]
    return loop ? this.unchanged(common, loop) : common
  }

  /** Writes the loop's blocks with `write` twice, the first round apart. Behind the loop only what both know is known. */
  twice(header: number, loop: Loop, write: (isFirst: boolean) => void): void {
    write(true)
    const first = new Map([...loop.body].map((a) => [a, this.ends.get(a) ?? NOTHING]))
    this.begun.set(header, loop)
    write(false)
    this.begun.delete(header)
    for (const [a, known] of first) this.ends.set(a, both(known, this.ends.get(a) ?? NOTHING))
  }

  /** What the loop does not change, so that each round begins with it. */
  private unchanged({ soundLanes }: Known, { body }: Loop): Known {
    const blocks = [...body].map((a) => this.analyzed.get(a))
    if (blocks.some((b) => b?.hasOthers !== false)) return NOTHING
    const written = blocks.reduce((bits, b) => b?.facts.reduce((x, f) => x | f.writes.vectors, bits) ?? bits, 0)
    const isSame = (l: number): boolean => ((written >>> (l - FIRST_XMM)) & 1) === 0
    return { flags: undefined, soundLanes: new Map([...soundLanes].filter(([l]) => isSame(l))) }
  }
}

function both(a: Known, b: Known): Known {
  const soundLanes = new Map<number, ReadonlySet<string>>()
  for (const [l, lanes] of a.soundLanes) {
    const others = b.soundLanes.get(l)
    if (others) soundLanes.set(l, new Set([...lanes].filter((x) => others.has(x))))
  }
  return { flags: isSameRecipe(a.flags, b.flags) ? a.flags : undefined, soundLanes }
}

const isSameRecipe = (a: KnownFlags, b: KnownFlags): boolean =>
  a?.recipe === b?.recipe && a?.w === b?.w && a?.inputs === b?.inputs
