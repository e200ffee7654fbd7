/** Which registers a region must load, and which it must store where it is left: the rest need not pass through memory. */

import { targetsOf, type Block } from './blocks.ts'
import type { InsnFacts } from './region-parts.ts'
import type { Insn } from '../isa/index.ts'

/** Registers as bits: the general-purpose ones by number, then those of SPECIAL; the XMM registers, then what is above them. */
export interface RegisterSet {
  readonly general: number
  readonly vectors: number
}

/** In `general`, behind the sixteen registers. The six arithmetic flags count as one. */
export const SPECIAL = { FLAGS: 1 << 16, FS: 1 << 17, GS: 1 << 18, FP_FAST: 1 << 19 } as const

export const NONE: RegisterSet = { general: 0, vectors: 0 }
const FLAGS: RegisterSet = { general: SPECIAL.FLAGS, vectors: 0 }
const ALL: RegisterSet = { general: -1, vectors: -1 }

export const union = (a: RegisterSet, b: RegisterSet): RegisterSet => ({
  general: a.general | b.general,
  vectors: a.vectors | b.vectors,
})
const without = (a: RegisterSet, b: RegisterSet): RegisterSet => ({
  general: a.general & ~b.general,
  vectors: a.vectors & ~b.vectors,
})
const same = (a: RegisterSet, b: RegisterSet): boolean => a.general === b.general && a.vectors === b.vectors
export const keyOf = (s: RegisterSet): string => `${s.general}/${s.vectors}`

/** Numbers of the bits that are set in the 16 from bit `first` on. */
export function* numbersOf(bits: number, first = 0): Generator<number> {
  for (let n = 0; n < 16; n++) if ((bits >>> (first + n)) & 1) yield n
}

/** What an instruction does with registers, the flags included. */
export interface InsnFlow {
  /** Also those that it writes in part. */
  readonly reads: RegisterSet
  readonly writes: RegisterSet
  /** The region may be left before it. */
  readonly mayExit: boolean
  /** The evaluator does it: all registers are in memory before and after. */
  readonly handsOver: boolean
}

export interface BlockFlow {
  readonly insns: readonly InsnFlow[]
  /** Blocks of the region that follow. */
  readonly successors: readonly number[]
  /** Ends with a guest call: all registers are in memory before and after. */
  readonly calls: boolean
  /** The region may be left behind the last instruction. */
  readonly leaves: boolean
  /** One of the blocks that follow begins a loop that this one is in: the region may be left where the fuel is used up. */
  readonly leadsBack: boolean
}

/** How one block follows another inside the region; undefined: it does not. */
export type Edge = 'forward' | 'back' | undefined

/** What registerFlow wants to know of a block. `edge`: from it to an address. */
export function flowOf(
  block: Block,
  facts: readonly InsnFacts[],
  translator: { hasText(i: Insn): boolean },
  edge: (to: number | undefined) => Edge,
): BlockFlow {
  const insns = block.insns.map((i, k) => {
    const f = facts[k]
    const flags = (bit: boolean | undefined): RegisterSet => (bit ? FLAGS : NONE)
    return {
      reads: union(f?.reads ?? NONE, flags(f?.readsFlags)),
      writes: union(f?.writes ?? NONE, flags(f?.setsFlags)),
      mayExit: f?.mayExit ?? true,
      handsOver: !translator.hasText(i),
    }
  })
  const last = block.insns.at(-1)
  const { taken, next } = last ? targetsOf(last) : {}
  const flow = last?.row.flow
  const goesOn =
    flow === undefined
      ? edge(next) !== undefined
      : insns.at(-1)?.handsOver === false &&
        edge(taken) !== undefined &&
        (flow !== 'branch' || edge(next) !== undefined)
  // Fuel may be used up at the end of a round.
  const leadsBack = block.successors.some((s) => edge(s) === 'back')
  return {
    insns,
    successors: block.successors.filter((s) => edge(s) !== undefined),
    calls: flow === 'call',
    leaves: !goesOn || leadsBack,
    leadsBack,
  }
}

/** One entry before each instruction and one at the end. */
export interface BlockRegisters {
  /** Registers that may differ from what is in memory. Each of them is valid in its local, whatever way led here. */
  readonly dirty: readonly RegisterSet[]
  /** Registers whose locals are looked at later, if only to be stored. */
  readonly live: readonly RegisterSet[]
}

/** `order`: reverse post-order, so that few rounds are needed. */
export function registerFlow(
  order: readonly number[],
  blocks: ReadonlyMap<number, BlockFlow>,
): Map<number, BlockRegisters> {
  const dirty = dirtySets(order, blocks)
  const liveAtEnd = liveSets(order, blocks, dirty)
  return new Map(
    [...blocks].map(([address, block]) => {
      const before = dirty.get(address) ?? []
      return [address, { dirty: before, live: liveWithin(block, before, liveAtEnd.get(address) ?? NONE) }]
    }),
  )
}

/** What is stored where a region is left early, each set once, by its key. */
export function exitSets(
  blocks: ReadonlyMap<number, BlockFlow>,
  registers: ReadonlyMap<number, BlockRegisters>,
): [string, RegisterSet][] {
  const sets = new Map<string, RegisterSet>()
  const add = (s: RegisterSet | undefined): void => void (s && sets.set(keyOf(s), s))
  for (const [address, { insns, calls, leadsBack }] of blocks) {
    const dirty = registers.get(address)?.dirty ?? []
    insns.forEach((i, k) => i.mayExit && !i.handsOver && add(dirty[k]))
    if (calls || leadsBack) add(dirty.at(-1))
    if (calls && leadsBack) add(NONE)
  }
  return [...sets]
}

function dirtySets(order: readonly number[], blocks: ReadonlyMap<number, BlockFlow>): Map<number, RegisterSet[]> {
  const atStart = new Map<number, RegisterSet>()
  const result = new Map<number, RegisterSet[]>()
  for (let changed = true; changed;) {
    changed = false
    for (const address of order) {
      const block = blocks.get(address)
      if (!block) continue
      let now = atStart.get(address) ?? NONE
      const sets = [now]
      for (const i of block.insns) sets.push((now = i.handsOver ? NONE : union(now, i.writes)))
      result.set(address, sets)
      if (block.calls) now = NONE
      for (const s of block.successors) {
        const old = atStart.get(s) ?? NONE
        const merged = union(old, now)
        if (same(old, merged)) continue
        atStart.set(s, merged)
        changed = true
      }
    }
  }
  return result
}

/** By block, at its end. */
function liveSets(
  order: readonly number[],
  blocks: ReadonlyMap<number, BlockFlow>,
  dirty: ReadonlyMap<number, readonly RegisterSet[]>,
): Map<number, RegisterSet> {
  const atStart = new Map<number, RegisterSet>()
  const atEnd = new Map<number, RegisterSet>()
  const backwards = [...order].reverse()
  for (let changed = true; changed;) {
    changed = false
    for (const address of backwards) {
      const block = blocks.get(address)
      const before = dirty.get(address) ?? []
      if (!block) continue
      const stored = union(before.at(-1) ?? NONE, FLAGS)
      let end = block.calls || block.leaves ? stored : NONE
      if (!block.calls) for (const s of block.successors) end = union(end, atStart.get(s) ?? NONE)
      const [start = NONE] = liveWithin(block, before, end)
      atEnd.set(address, end)
      if (same(start, atStart.get(address) ?? NONE)) continue
      atStart.set(address, start)
      changed = true
    }
  }
  return atEnd
}

function liveWithin(block: BlockFlow, dirty: readonly RegisterSet[], end: RegisterSet): RegisterSet[] {
  const live = [end]
  for (let k = block.insns.length - 1; k >= 0; k--) {
    const i = block.insns[k]
    if (!i) continue
    const written = i.handsOver ? ALL : i.writes
    let now = union(without(live[0] ?? NONE, written), i.reads)
    if (i.mayExit || i.handsOver) now = union(now, union(dirty[k] ?? NONE, FLAGS))
    live.unshift(now)
  }
  return live
}
