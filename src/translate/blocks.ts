import type { Insn } from '../isa/index.ts'

/** Straight-line guest code: the last instruction may branch, no other does, and nothing enters but at the top. */
export interface Block {
  readonly address: number
  readonly insns: readonly Insn[]
  /** Blocks of the region that may follow. Edges out of the region are not listed. */
  readonly successors: number[]
}

/** Where discovery finds code. */
export interface CodeSource {
  /** The instruction at `address`, or undefined where none can be fetched or decoded. */
  insnAt(address: number): Insn | undefined
  /** Whether code at `address` has run often enough to be worth translating along. */
  isWarm(address: number): boolean
  /** Whether a region starts at `address`. */
  isTranslated(address: number): boolean
  /** Where the indirect jump at `address` has gone so far. */
  jumpTargets(address: number): Iterable<number>
}

const MAX_REGION_BLOCKS = 80
/** V8's optimising compiler takes more than twice as long for a byte of a function of twice the size. */
const MAX_REGION_INSNS = 300
/**
 * A region of this size takes in no more code that has a region of its own: big functions would be translated once for each entry.
 * Nor does one of any size by an indirect jump, unless all of it is taken in: each operation of a big interpreter would hold all others
 * that there is room for.
 */
const ENOUGH_INSNS = 40
/** Cold code is taken in only while the region is small. */
const MAX_WITH_GUESSES = 60

/** Where control goes after `i`: known addresses only. */
export function targetsOf(i: Insn): { taken: number | undefined; next: number | undefined } {
  const next = i.address + i.length
  const rel = i.operands.find((o) => o.kind === 'rel')
  switch (i.row.flow) {
    case undefined:
      return { taken: undefined, next }
    case 'branch':
      return { taken: rel?.target, next }
    case 'jump':
      return { taken: rel?.target, next: undefined }
    case 'call':
      return { taken: undefined, next }
    default:
      return { taken: undefined, next: undefined }
  }
}

/** All that may follow `i` inside a region. */
function* following(i: Insn, source: CodeSource): Generator<number> {
  const { taken, next } = targetsOf(i)
  if (taken !== undefined) yield taken
  if (next !== undefined) yield next
  if (i.row.flow === 'jump' && taken === undefined) yield* source.jumpTargets(i.address)
}

/** The region that starts at `entry`: what direct jumps reach, calls stepped over. First all that is warm, then a little that is not. */
export function discoverBlocks(entry: number, source: CodeSource): Map<number, Block> {
  const whole = discover(entry, source, true)
  return whole.isFull ? discover(entry, source, false).blocks : whole.blocks
}

/** `throughJumps`: also what indirect jumps reach and has a region of its own. `isFull`: there was more than a region holds. */
function discover(
  entry: number,
  source: CodeSource,
  throughJumps: boolean,
): { readonly blocks: Map<number, Block>; readonly isFull: boolean } {
  let isFull = false
  const insns = new Map<number, Insn>()
  const leaders = new Set([entry])
  const hot = [entry]
  const cold: number[] = []
  const scan = (from: number): void => {
    for (let at: number | undefined = from; at !== undefined && !insns.has(at);) {
      const i = source.insnAt(at)
      if (!i) return
      isFull ||= insns.size >= MAX_REGION_INSNS
      if (isFull) return
      insns.set(at, i)
      at = targetsOf(i).next
      if (i.row.flow === undefined) continue
      const isIndirect = i.row.flow === 'jump' && i.operands[0]?.kind !== 'rel'
      for (const t of following(i, source)) {
        if (leaders.has(t) || leaders.size >= MAX_REGION_BLOCKS) continue
        const isLarge = insns.size >= ENOUGH_INSNS || (isIndirect && !throughJumps)
        if (isLarge && i.row.flow !== 'call' && source.isTranslated(t)) continue
        // Calls return, even those that have not yet: recursion reaches its first return last.
        const likely = i.row.flow === 'call' || source.isWarm(t)
        if (likely) leaders.add(t)
        ;(likely ? hot : cold).push(t)
      }
      return
    }
  }
  for (;;) {
    const next = hot.shift()
    if (next !== undefined) {
      scan(next)
      continue
    }
    const guess = cold.shift()
    if (guess === undefined || insns.size >= MAX_WITH_GUESSES)
      return { blocks: splitAtLeaders(leaders, insns, source), isFull }
    leaders.add(guess)
    scan(guess)
  }
}

function splitAtLeaders(
  leaders: ReadonlySet<number>,
  insns: ReadonlyMap<number, Insn>,
  source: CodeSource,
): Map<number, Block> {
  const blocks = new Map<number, Block>()
  for (const leader of leaders) {
    const body: Insn[] = []
    const successors: number[] = []
    for (let at: number | undefined = leader; at !== undefined;) {
      const i = insns.get(at)
      if (!i) break
      body.push(i)
      at = i.row.flow === undefined ? targetsOf(i).next : undefined
      if (at !== undefined && !leaders.has(at)) continue
      for (const t of following(i, source)) {
        if (leaders.has(t) && insns.has(t) && !successors.includes(t)) successors.push(t)
      }
      at = undefined
    }
    if (body.length > 0) blocks.set(leader, { address: leader, insns: body, successors })
  }
  return blocks
}
