import { describe, expect, test } from 'vitest'
import type { Insn } from '../isa/index.ts'
import type { Block } from './blocks.ts'
import { structure, type Structure } from './structure.ts'

/** Blocks by number, each with its successors and one instruction, or with as many as `sizes` says. */
function shapeOf(
  edges: Readonly<Record<number, readonly number[]>>,
  sizes: Readonly<Record<number, number>> = {},
): Structure {
  const blocks = Object.entries(edges).map(([address, successors]): [number, Block] => {
    const insns = new Array<Insn>(sizes[Number(address)] ?? 1)
    return [Number(address), { address: Number(address), insns, successors: [...successors] }]
  })
  return structure(1, new Map(blocks))
}
const loopsOf = (s: Structure, header: number): unknown =>
  s.loops.get(header)?.map(({ body, behind }) => ({ body: [...body].sort(), behind }))

describe('the structure of a region', () => {
  test('what follows a loop is behind it', () => {
    const s = shapeOf({ 1: [2], 2: [3, 4], 3: [2, 5], 4: [], 5: [] })
    expect(loopsOf(s, 2)).toEqual([{ body: [2, 3], behind: expect.arrayContaining([4, 5]) as number[] }])
    expect(s.isPlaced).toEqual(new Set([4, 5]))
  })
  test('what two loops lead out to is behind the outer one', () => {
    const s = shapeOf({ 1: [2], 2: [3], 3: [3, 4, 5], 4: [2], 5: [] })
    expect(loopsOf(s, 2)).toEqual([{ body: [2, 3, 4], behind: [5] }])
    expect(loopsOf(s, 3)).toEqual([{ body: [3], behind: [4] }])
  })
  test('a loop within another of the same header is one of its own', () => {
    const s = shapeOf({ 1: [1, 2], 2: [1, 3], 3: [] })
    expect(loopsOf(s, 1)).toEqual([
      { body: [1, 2], behind: [3] },
      { body: [1], behind: [2] },
    ])
    expect(s.loops.get(1)?.map((l) => l.isPeeled)).toEqual([false, true])
  })
  test('two ways back to one header are one loop', () => {
    const s = shapeOf({ 1: [2, 3], 2: [1], 3: [1, 4], 4: [] })
    expect(loopsOf(s, 1)).toEqual([{ body: [1, 2, 3], behind: [4] }])
  })
  test('a merge in a loop stays in it', () => {
    const s = shapeOf({ 1: [2, 3], 2: [4], 3: [4], 4: [1, 5], 5: [] })
    expect(s.merges).toEqual(new Map([[1, [4]]]))
    expect(loopsOf(s, 1)).toEqual([{ body: [1, 2, 3, 4], behind: [5] }])
  })
  test('large loops are not written twice', () => {
    const sizes = (n: number): boolean | undefined =>
      shapeOf({ 1: [1, 2], 2: [] }, { 1: n }).loops.get(1)?.[0]?.isPeeled
    expect([sizes(40), sizes(41)]).toEqual([true, false])
  })
})
