import { expect, test } from 'vitest'
import type { Insn } from '../isa/index.ts'
import type { Block } from './blocks.ts'
import { KnownEnds } from './known-ends.ts'
import { FIRST_XMM, type InsnFacts, type Known, type KnownFlags } from './region-parts.ts'
import type { AnalyzedBlock } from './steady-pages.ts'
import { structure } from './structure.ts'

/** The low doubles of these XMM registers are known to be sound. */
const known = (registers: readonly number[], flags?: KnownFlags): Known => ({
  flags,
  soundLanes: new Map(registers.map((n) => [FIRST_XMM + n, new Set(['64:0'])])),
})
const SUB: KnownFlags = { recipe: 'SUB', w: 32, inputs: 2 }

interface Shape {
  /** By block: its successors. */
  readonly edges: Readonly<Record<number, readonly number[]>>
  /** By block: XMM registers that it writes. */
  readonly writes?: Readonly<Record<number, readonly number[]>>
  /** Blocks with code that is not the region's. */
  readonly others?: readonly number[]
}

function endsOf({ edges, writes = {}, others = [] }: Shape): KnownEnds {
  const blocks = Object.entries(edges).map(([a, successors]): [number, Block] => {
    const address = Number(a)
    return [address, { address, insns: new Array<Insn>(1), successors: [...successors] }]
  })
  const analyzed = blocks.map(([address, block]): [number, AnalyzedBlock] => {
    const vectors = (writes[address] ?? []).reduce((bits, n) => bits | (1 << n), 0)
    const facts = [{ writes: { general: 0, vectors } }] as unknown as InsnFacts[]
    return [address, { block, facts, steps: [], hasOthers: others.includes(address) }]
  })
  return new KnownEnds(structure(1, new Map(blocks)), new Map(analyzed))
}

test('nothing is known where the region begins', () => {
  expect(endsOf({ edges: { 1: [] } }).at(1)).toEqual(known([]))
})

test('a block behind one other knows what that one knows', () => {
  const ends = endsOf({ edges: { 1: [2], 2: [] } })
  ends.set(1, known([3], SUB))
  expect(ends.at(2)).toEqual(known([3], SUB))
  ends.forget(1)
  expect(ends.at(2)).toEqual(known([]))
})

test('where two ways meet, what both know is known', () => {
  const ends = endsOf({ edges: { 1: [2, 3], 2: [4], 3: [4], 4: [] } })
  ends.set(2, known([1, 2], SUB))
  ends.set(3, known([2, 3], { recipe: 'SUB', w: 64, inputs: 2 }))
  expect(ends.at(4)).toEqual(known([2]))
})

test('a round of a loop begins with what no round changes, but for the flags', () => {
  const shape = { edges: { 1: [2], 2: [3], 3: [2, 4], 4: [] }, writes: { 3: [5] } }
  const ends = endsOf(shape)
  ends.set(1, known([4, 5], SUB))
  expect(ends.at(2)).toEqual(known([4]))
  const called = endsOf({ ...shape, others: [3] })
  called.set(1, known([4, 5]))
  expect(called.at(2)).toEqual(known([]))
})

test('the rounds behind the first one begin with what that has found, and behind the loop what all have found is known', () => {
  const edges = { 1: [2], 2: [2, 3], 3: [] }
  const ends = endsOf({ edges, writes: { 2: [0] } })
  const loop = { body: new Set([2]), isInnermost: true, isPeeled: true, behind: [3] }
  ends.set(1, known([1]))
  const begins: Known[] = []
  ends.twice(2, loop, (isFirst) => {
    begins.push(ends.at(2))
    ends.set(2, isFirst ? known([0, 1, 2]) : known([1, 2, 3]))
  })
  expect(begins).toEqual([known([1]), known([1, 2])])
  expect(ends.at(3)).toEqual(known([1, 2]))
})
