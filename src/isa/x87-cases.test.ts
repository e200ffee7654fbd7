/** The hand-written cases of the x87 families: by the evaluator, and by the processor of this machine. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Oracle, oracleUnavailable } from '../../test/native/oracle.ts'
import { isSkip } from '../../test/support/cache.ts'
import { fromHex } from '../base/index.ts'
import { decodeAll, evaluatorEngine } from './evaluator-engine.fixture.ts'
import { FAMILIES } from './table.ts'
import { insnText } from './text.ts'
import { judge, stateOf, type X87Case } from './x87-case.fixture.ts'
import { X87_CASES } from './x87.cases.ts'

const engine = evaluatorEngine()
const decoded = (c: X87Case) => decodeAll(fromHex(c.code.replaceAll(' ', '')), 0, 0x2345_6000)

for (const [family, cases] of Object.entries(X87_CASES)) {
  describe(family, () => {
    test.each(cases.map((c) => [`${c.asm}: ${c.why}`, c] as const))('%s', (_, c) => {
      const i = decoded(c)
      expect(i && insnText(i)).toBe(c.asm)
      const state = stateOf(c)
      const { wanted, seen } = judge(c, state, engine.run(state))
      expect(seen).toEqual(wanted)
    })

    test('every mnemonic has a case', () => {
      const covered = new Set(cases.map((c) => decoded(c)?.row.mnemonic))
      const missing = (FAMILIES[family] ?? []).map((r) => r.mnemonic).filter((m) => !covered.has(m))
      expect(missing).toEqual([])
    })
  })
}

test('every family has cases', () => {
  expect(Object.keys(X87_CASES).toSorted()).toEqual(
    Object.keys(FAMILIES)
      .filter((f) => f.startsWith('x87'))
      .toSorted(),
  )
})

const reason = await oracleUnavailable()
describe.skipIf(reason !== undefined)(
  `the processor agrees${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    let oracle: Oracle
    beforeAll(async () => {
      const o = await Oracle.open()
      if (isSkip(o)) throw new Error(o.skip)
      oracle = o
    })
    afterAll(() => oracle?.close())

    for (const [family, cases] of Object.entries(X87_CASES)) {
      test(family, async () => {
        const states = cases.map(stateOf)
        const results = await oracle.run(states)
        cases.forEach((c, k) => {
          const [state, result] = [states[k], results[k]]
          if (!state || !result) throw new Error('no answer')
          const { wanted, seen } = judge(c, state, result)
          expect(seen, `${c.asm}: ${c.why}`).toEqual(wanted)
        })
      })
    }
  },
)
