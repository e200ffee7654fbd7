/** What a processor answered once, replayed in both readers: `npm run vectors:record` made rows.json.gz. */
import { expect, test } from 'vitest'
import { evaluatorEngine } from '../../src/isa/evaluator-engine.fixture.ts'
import { FAMILIES } from '../../src/isa/index.ts'
import { isAskable } from '../../src/isa/row-cases.fixture.ts'
import { nameOf } from '../../src/isa/text.ts'
import { x87Mask } from '../../src/isa/x87-random.fixture.ts'
import { compiledEngine } from '../../src/translate/compiled-engine.fixture.ts'
import { differences, failureText } from '../native/compare.ts'
import { readVectors, resultOf, stateOf } from './vectors.ts'

const vectors = readVectors()
const evaluator = evaluatorEngine()
const compiled = compiledEngine()
const FLOATING = /^(x87|mmx)/

test.each(Object.entries(FAMILIES))('%s', (family, rows) => {
  const failures = rows.flatMap((row) =>
    (vectors[nameOf(row)] ?? []).flatMap((v, k) =>
      // Translating takes most of the time: once for each row.
      (row.op && k === 0 ? [evaluator, compiled] : [evaluator]).flatMap((engine) => {
        const found = differences(resultOf(v), engine.run(stateOf(v)), FLOATING.test(family) ? x87Mask(row) : {})
        return found.length > 0 ? [`${nameOf(row)}\n${failureText(stateOf(v), engine.name, found)}`] : []
      }),
    ),
  )
  expect(failures.slice(0, 4).join('\n'), `${failures.length} failures`).toBe('')
})

test('nearly every row that a processor can be asked about was', () => {
  const rows = Object.values(FAMILIES).flat().filter(isAskable)
  const missing = rows.filter((r) => !vectors[nameOf(r)])
  expect(missing.length / rows.length).toBeLessThan(0.02)
})

test('no row was recorded that is not there', () => {
  const names = new Set(Object.values(FAMILIES).flat().map(nameOf))
  expect(Object.keys(vectors).filter((n) => !names.has(n))).toEqual([])
})
