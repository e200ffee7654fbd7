import type { Block } from './blocks.ts'

/** Control flow of a region in the shape wasm can express. */
export interface Structure {
  /** Reverse post-order position of each block. */
  readonly order: ReadonlyMap<number, number>
  /** Blocks whose immediate dominator is the key. */
  readonly children: ReadonlyMap<number, readonly number[]>
  readonly isLoop: ReadonlySet<number>
  /** Blocks with more than one forward edge into them. */
  readonly isMerge: ReadonlySet<number>
  /** Forward predecessors, for blocks with exactly one edge in all. */
  readonly onlyPredecessor: ReadonlyMap<number, number>
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
    if (irreducible.length === 0) return finish(entry, order, predecessors, idom, cut)
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

function finish(
  entry: number,
  order: ReadonlyMap<number, number>,
  predecessors: ReadonlyMap<number, readonly number[]>,
  idom: ReadonlyMap<number, number>,
  cut: ReadonlySet<string>,
): Structure {
  const children = new Map<number, number[]>([...order.keys()].map((a) => [a, []]))
  const isLoop = new Set<number>()
  const isMerge = new Set<number>()
  const onlyPredecessor = new Map<number, number>()
  for (const a of order.keys()) {
    if (a !== entry) children.get(idom.get(a) ?? entry)?.push(a)
    const all = predecessors.get(a) ?? []
    const forward = all.filter((p) => at(order, p) < at(order, a))
    if (forward.length < all.length) isLoop.add(a)
    if (forward.length > 1) isMerge.add(a)
    const [only] = all
    if (all.length === 1 && only !== undefined && forward.length === 1 && a !== entry) onlyPredecessor.set(a, only)
  }
  return { order, children, isLoop, isMerge, onlyPredecessor, cut }
}
