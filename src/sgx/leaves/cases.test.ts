import { describe, expect, it } from 'vitest'
import { toHex } from '../../base/index.ts'
import { ENCLU_LEAVES } from '../../spec/sgx/index.ts'
import type { Fixture } from '../fixture.cases.ts'
import type { EpcPage } from '../index.ts'
import { epcState, refusedWith, resultOf, type LeafTable } from './table.cases.ts'
import { TABLES } from './tables.cases.ts'

const usedPages = ({ sgx: { epc } }: Fixture): EpcPage[] =>
  Array.from({ length: epc.pageCount - epc.freeCount }, (_, i) => epc.page(i))
/** What an enclave may do with the page: a letter for each right, '+' for a TCS that can be entered. */
function rightsOf({ VALID, BLOCKED, PENDING, MODIFIED, PT, R, W, X }: EpcPage): string {
  if (!VALID || BLOCKED || PENDING || MODIFIED) return ''
  if (PT === 'PT_TCS') return '+'
  return PT === 'PT_REG' ? `${R ? 'R' : ''}${W ? 'W' : ''}${X ? 'X' : ''}` : ''
}

/** Runs of cases with the same outcome: all that one check refuses. Successes stand between the checks. */
function groupsOf({ cases }: LeafTable): number[][] {
  const groups: number[][] = []
  for (const [i, { expect: outcome }] of cases.entries()) {
    if (outcome === 'ok') continue
    const last = groups.at(-1)
    if (last && cases[last[0] ?? 0]?.expect === outcome) last.push(i)
    else groups.push([i])
  }
  return groups
}

/** Two cases that a single scene can break, of two groups. */
function pairOf({ cases }: LeafTable, first: readonly number[], next: readonly number[]): [number, number] | undefined {
  for (const a of first) {
    for (const b of next) {
      const [one, other] = [cases[a], cases[b]]
      if (!one?.alone && !other?.alone && !(one?.build?.sgx && other?.build?.sgx)) return [a, b]
    }
  }
  return undefined
}

describe.each(TABLES.map((table) => [table.leaf, table] as const))('%s', (leaf, table) => {
  const ofEnclu = leaf in ENCLU_LEAVES
  it.each(table.cases.map((c, i) => [c.why, c.expect, i] as const))('%s: %s', (_why, expected, i) => {
    const { f, run } = table.trial(i)
    const [epc, registers] = [epcState(f), f.state.save()]
    expect(run()).toBe(expected)
    if (expected === 'ok' || table.cases[i]?.works) return
    // Who is refused has changed nothing, but for the result.
    expect(epcState(f)).toEqual(epc)
    if (expected.startsWith('#')) expect(f.state.save()).toEqual(registers)
    else if (ofEnclu) expect(resultOf(f)).toEqual(refusedWith(Number(expected.split(' ')[1])))
  })

  const first = table.cases.findIndex((c) => c.expect === 'ok')
  it('what it writes into a page of code, the translator hears of', () => {
    const { f, run } = table.trial(first)
    const pages = usedPages(f)
    const before = pages.map(({ bytes }) => toHex(bytes))
    const neverCode = pages.map(({ VALID, PT }) => VALID && PT !== 'PT_REG')
    const told = new Set<number>()
    for (const { frame } of pages) f.ram.holdsCode[frame / 4096] = 1
    f.ram.onCodeWrite = (frame) => told.add(frame)
    run()
    const written = pages.filter(({ bytes }, i) => !neverCode[i] && toHex(bytes) !== before[i])
    expect(written.filter(({ frame }) => !told.has(frame / 4096))).toEqual([])
  })
  it('what it forbids, caches of translations and entries hear of', () => {
    const { f, run } = table.trial(first)
    const pages = usedPages(f)
    const before = pages.map(rightsOf)
    const told = new Set<EpcPage>()
    f.sgx.onEpcmChange = (page) => told.add(page)
    const { epcmEpoch } = f.sgx
    run()
    const fewer = pages.filter((page, i) => [...(before[i] ?? '')].some((right) => !rightsOf(page).includes(right)))
    expect(fewer.filter((page) => !told.has(page))).toEqual([])
    if (fewer.length > 0) expect(f.sgx.epcmEpoch).toBeGreaterThan(epcmEpoch)
  })

  const groups = groupsOf(table)
  const neighbours = groups.flatMap((group, i) => {
    const pair = pairOf(table, group, groups[i + 1] ?? [])
    return pair ? [pair] : []
  })
  it.each(neighbours.map(([a, b]) => [table.cases[a]?.why, table.cases[b]?.why, a, b] as const))(
    'order: %s comes before %s',
    (_first, _next, a, b) => expect(table.trial(a, b).run()).toBe(table.cases[a]?.expect),
  )
})
