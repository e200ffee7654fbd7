/** The hand-written cases of the integer families: by the evaluator, and by the processor of this machine. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Oracle, oracleUnavailable } from '../../test/native/oracle.ts'
import { isSkip } from '../../test/support/cache.ts'
import { CASES } from './all.cases.ts'
import { codesOf, judge, runCase, stateOf } from './case.fixture.ts'
import { decodeAll, evaluatorEngine } from './evaluator-engine.fixture.ts'
import { FAMILIES } from './table.ts'
import { insnText } from './text.ts'

const decoded = (code: Uint8Array) => decodeAll(code, 0, 0x2345_6000)
const engine = evaluatorEngine()

for (const [family, cases] of Object.entries(CASES)) {
  describe(family, () => {
    test.each(cases.map((c) => [`${c.asm}: ${c.why}`, c] as const))('%s', (_, c) => {
      for (const code of codesOf(c)) {
        const i = decoded(code)
        expect(i?.length).toBe(code.length)
        expect(i && insnText(i)).toBe(c.asm)
      }
      expect(runCase(engine, c)).toEqual([])
    })

    test('every row has a case', () => {
      const covered = new Set(cases.flatMap((c) => codesOf(c).map((code) => decoded(code)?.row)))
      const missing = (FAMILIES[family] ?? [])
        .filter((r) => !covered.has(r))
        .map((r) => `${r.mnemonic} ${r.opcode} ${r.operands}`)
      expect(missing).toEqual([])
    })
  })
}

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

    for (const [family, cases] of Object.entries(CASES)) {
      test(family, async () => {
        const asked = cases
          .filter((c) => c.notNative === undefined)
          .flatMap((c) => codesOf(c).map((code) => ({ c, state: stateOf(c, code) })))
        const results = await oracle.run(asked.map(({ state }) => state))
        const wrong = asked.flatMap(({ c, state }, k) => {
          const result = results[k]
          return result ? judge(c, state, result).map((w) => `${c.asm} (${c.why}): ${w}`) : ['no answer']
        })
        expect(wrong).toEqual([])
      })
    }
  },
)
