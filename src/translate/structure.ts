import type { Block } from './blocks.ts'

/** The blocks of one loop: all that lead back to its header without leaving it. */
export interface Loop {
  readonly body: ReadonlySet<number>
  /** No other loop is in it. */
  readonly isInnermost: boolean
  /**
   * The first round is written apart, before the loop. Then what a round sets before it looks at it (registers that are constants, the
   * inputs of the flags) is the same at the loop's begin from wherever that is reached, and need not be kept up in every round for the
   * places where the region may be left.
   */
  readonly isPeeled: boolean
  /** Blocks that are written behind the loop, by their order: they are not in it, but their immediate dominators are. */
  readonly behind: readonly number[]
}

/** Instructions of the largest loop that is peeled: code grows by as much. */
const MOST_PEELED = 40

/** Control flow of a region in the shape wasm can express. */
export interface Structure {
  /** Reverse post-order position of each block. */
  readonly order: ReadonlyMap<number, number>
  /** Merges that are written behind the block which is their immediate dominator, by their order. */
  readonly merges: ReadonlyMap<number, readonly number[]>
  /** By header, the outer loop first: a header can have several, each within the one before. */
  readonly loops: ReadonlyMap<number, readonly Loop[]>
  /** Blocks that have a place of their own; the others are written where the only forward edge into them is. */
  readonly isPlaced: ReadonlySet<number>
  /** The blocks that lead to each. */
  readonly predecessors: ReadonlyMap<number, readonly number[]>
  /** Edges "from>to" that would make the region irreducible: they leave it through the dispatcher. */
  readonly cut: ReadonlySet<string>
}

/**
 * Orders the blocks along their dominator tree (Ramsey, "Beyond Relooper"): a loop for each target of a back edge, a block for each
 * merge. Edges into the middle of a loop are cut.
 */
export function structure(entry: number, blocks: ReadonlyMap<number, Block>): Structure {
  const cut = new Set<string>()
  for (;;) {
    const successors = (a: number): number[] => (blocks.get(a)?.successors ?? []).filter((s) => !cut.has(`${a}>${s}`))
    const order = reversePostOrder(entry, successors)
    const predecessors = new Map<number, number[]>([...order.keys()].map((a) => [a, []]))
    for (const a of order.keys()) for (const s of successors(a)) predecessors.get(s)?.push(a)
    const idom = dominators(entry, order, predecessors)
    const irreducible = [...order.keys()].flatMap((a) =>
      successors(a)
        .filter((s) => at(order, s) <= at(order, a) && !dominates(idom, entry, s, a))
        .map((s) => `${a}>${s}`),
    )
    if (irreducible.length === 0) return finish(entry, blocks, { order, predecessors, idom, cut })
    for (const e of irreducible) cut.add(e)
  }
}

const at = (order: ReadonlyMap<number, number>, a: number): number => order.get(a) ?? -1

function reversePostOrder(entry: number, successors: (a: number) => number[]): Map<number, number> {
  const post: number[] = []
  const seen = new Set([entry])
  const stack: { block: number; rest: number[] }[] = [{ block: entry, rest: successors(entry) }]
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const s = top.rest.shift()
    if (s === undefined) {
      post.push(top.block)
      stack.pop()
    } else if (!seen.has(s)) {
      seen.add(s)
      stack.push({ block: s, rest: successors(s) })
    }
  }
  return new Map(post.reverse().map((a, k) => [a, k]))
}

/** Cooper, Harvey and Kennedy's iteration. */
function dominators(
  entry: number,
  order: ReadonlyMap<number, number>,
  predecessors: ReadonlyMap<number, readonly number[]>,
): Map<number, number> {
  const idom = new Map([[entry, entry]])
  const meet = (x: number, y: number): number => {
    while (x !== y) {
      while (at(order, x) > at(order, y)) x = idom.get(x) ?? entry
      while (at(order, y) > at(order, x)) y = idom.get(y) ?? entry
    }
    return x
  }
  for (let changed = true; changed;) {
    changed = false
    for (const a of order.keys()) {
      if (a === entry) continue
      const known = (predecessors.get(a) ?? []).filter((p) => idom.has(p))
      const best = known.slice(1).reduce(meet, known[0] ?? entry)
      if (idom.get(a) !== best) {
        idom.set(a, best)
        changed = true
      }
    }
  }
  return idom
}

function dominates(idom: ReadonlyMap<number, number>, entry: number, a: number, b: number): boolean {
  for (let x = b; ; x = idom.get(x) ?? entry) {
    if (x === a) return true
    if (x === entry) return false
  }
}

interface Graph {
  readonly order: ReadonlyMap<number, number>
  readonly predecessors: ReadonlyMap<number, readonly number[]>
  readonly idom: ReadonlyMap<number, number>
  readonly cut: ReadonlySet<string>
}

function finish(
  entry: number,
  blocks: ReadonlyMap<number, Block>,
  { order, predecessors, idom, cut }: Graph,
): Structure {
  const bodies = new Map<number, ReadonlySet<number>[]>()
  const merges = new Map<number, number[]>()
  const isPlaced = new Set<number>()
  for (const a of order.keys()) {
    const all = predecessors.get(a) ?? []
    const back = all.filter((p) => at(order, p) >= at(order, a))
    if (back.length > 0) bodies.set(a, nested(back.map((p) => loopBody(a, p, predecessors))))
    if (all.length - back.length > 1) isPlaced.add(a)
  }
  const behind = new Map<ReadonlySet<number>, number[]>()
  const all = [...bodies.values()].flat().sort((x, y) => y.size - x.size)
  for (const a of order.keys()) {
    const parent = a === entry ? undefined : idom.get(a)
    if (parent === undefined) continue
    const left = all.find((b) => b.has(parent) && !b.has(a))
    if (left) {
      isPlaced.add(a)
      behind.set(left, [...(behind.get(left) ?? []), a])
    } else if (isPlaced.has(a)) merges.set(parent, [...(merges.get(parent) ?? []), a])
  }
  const loops = new Map(
    [...bodies].map(([a, own]) => [
      a,
      own.map((body) => {
        const isInnermost = !all.some((b) => b.size < body.size && isWithin(b, body))
        const isPeeled = isInnermost && insnsOf(body, blocks) <= MOST_PEELED
        return { body, isInnermost, isPeeled, behind: behind.get(body) ?? [] }
      }),
    ]),
  )
  return { order, merges, loops, isPlaced, predecessors, cut }
}

const isWithin = (inner: ReadonlySet<number>, outer: ReadonlySet<number>): boolean =>
  [...inner].every((a) => outer.has(a))
const insnsOf = (body: ReadonlySet<number>, blocks: ReadonlyMap<number, Block>): number =>
  [...body].reduce((n, a) => n + (blocks.get(a)?.insns.length ?? 0), 0)

/** The blocks that lead to `end` without passing `header`, and `header`. */
function loopBody(
  header: number,
  end: number,
  predecessors: ReadonlyMap<number, readonly number[]>,
): ReadonlySet<number> {
  const body = new Set([header])
  const work = [end]
  for (let a = work.pop(); a !== undefined; a = work.pop()) {
    if (body.has(a)) continue
    body.add(a)
    work.push(...(predecessors.get(a) ?? []))
  }
  return body
}

/**
 * Loops of one header, the outer first. One within another is a loop of its own: a region often begins in the middle of a nest, and what
 * only the outer loop changes need not pass through the inner one. Others are one loop with several ways back.
 */
function nested(bodies: readonly ReadonlySet<number>[]): ReadonlySet<number>[] {
  const chain: ReadonlySet<number>[] = []
  for (const body of [...bodies].sort((x, y) => x.size - y.size)) {
    const [outermost] = chain
    const isAround = !outermost || (body.size > outermost.size && isWithin(outermost, body))
    if (isAround) chain.unshift(body)
    else chain[0] = new Set([...outermost, ...body])
  }
  return chain
}
