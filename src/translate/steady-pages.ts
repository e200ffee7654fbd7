import type { CheckGroup } from './affine.ts'
import type { Block } from './blocks.ts'
import type { InsnFacts } from './region-parts.ts'
import type { Loop } from './structure.ts'

/**
 * Loops whose checks remember the page that they found last. Nothing but the loop's own instructions runs while it does, so what was
 * allowed once stays so; and an address that goes only one way is in that page as long as the byte that goes ahead is.
 */

export interface AnalyzedBlock {
  readonly block: Block
  readonly facts: readonly InsnFacts[]
  /** How far each general-purpose register is at the end from what it was at the begin; undefined: not known. */
  readonly steps: readonly (bigint | undefined)[]
  /** Other code may run in it: calls, and instructions that only the evaluator knows. */
  readonly hasOthers: boolean
}

/** Each time a loop is entered its pages are forgotten, with a store for each: at most so many. */
const MOST_PAGES = 8

/**
 * Bytes of the longest step, and what an address may be the sum of. Addresses wrap around: one that adds up to half the address space in the
 * time that a loop has would come back from the other side.
 */
const LONGEST_STEP = 1n << 20n
const TERM = String.raw`(?:r\d+|\(r\d+<<[1-3]\))`
const SHORT_SUM = new RegExp(`^(?:${TERM}(?:\\+${TERM})*)?$`)

/** Which way a register goes, round after round. */
type Way = 'up' | 'down' | 'still' | undefined

function wayOf(register: number, blocks: readonly AnalyzedBlock[]): Way {
  let way: Way = 'still'
  for (const { steps } of blocks) {
    const step = steps[register]
    if (step === undefined || step > LONGEST_STEP || step < -LONGEST_STEP) return undefined
    const here: Way = step > 0n ? 'up' : step < 0n ? 'down' : 'still'
    if (way === 'still') way = here
    else if (here !== 'still' && here !== way) return undefined
  }
  return way
}

/** Checks of the loop that may remember their page, each with whether its addresses go up (or stay); empty: none. */
export function steadyChecks(loop: Loop, analyzed: ReadonlyMap<number, AnalyzedBlock>): Map<CheckGroup, boolean> {
  const checks = new Map<CheckGroup, boolean>()
  const blocks = [...loop.body].map((a) => analyzed.get(a)).filter((b) => b !== undefined)
  if (!loop.isInnermost || blocks.some((b) => b.hasOthers)) return checks
  const ways = Array.from({ length: 16 }, (_, n) => wayOf(n, blocks))
  for (const { facts } of blocks)
    for (const { accesses } of facts)
      for (const { group } of accesses) {
        if (!group || !SHORT_SUM.test(group.root)) continue
        const own = [...group.root.matchAll(/r(\d+)/g)].map(([, n]) => ways[Number(n)])
        if (!own.includes(undefined) && !(own.includes('up') && own.includes('down')))
          checks.set(group, !own.includes('down'))
      }
  return checks.size <= MOST_PAGES ? checks : new Map<CheckGroup, boolean>()
}
