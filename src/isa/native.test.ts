/**
 * Every row against the processor of this machine: random encodings of the row, random states; results, flags, MXCSR, memory and faults
 * equal to the last bit. `ENCLU_CASES` sets how many states each row gets, `ENCLU_ROW` restricts to mnemonics, `ENCLU_SEED` changes them.
 * test/slow/native-suite.ts has more of them, and translated code too.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareEngine } from '../../test/native/compare.ts'
import { Oracle, oracleUnavailable } from '../../test/native/oracle.ts'
import { Random, testSeed } from '../../test/native/random-state.ts'
import { isSkip } from '../../test/support/cache.ts'
import { evaluatorEngine } from './evaluator-engine.fixture.ts'
import { ASKED, casesOf } from './row-cases.fixture.ts'

const reason = await oracleUnavailable()
const encodings = Number(process.env['ENCLU_CASES'] ?? 20)
const only = process.env['ENCLU_ROW']?.split(',')

describe.skipIf(reason !== undefined)(
  `evaluator = processor${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    let oracle: Oracle
    const engine = reason === undefined ? evaluatorEngine() : undefined
    beforeAll(async () => {
      const o = await Oracle.open()
      if (isSkip(o)) throw new Error(o.skip)
      oracle = o
    })
    afterAll(() => oracle?.close())

    for (const [family, rows] of ASKED) {
      const asked = rows.filter((r) => !only || only.includes(r.mnemonic))
      if (asked.length === 0) continue
      test(family, { timeout: 3_600_000 }, async () => {
        const seed = testSeed()
        if (!engine) return
        const options = { encodings, states: 1, segments: oracle.hasSegmentBases }
        const r = await compareEngine(oracle, engine, casesOf(family, asked, new Random(seed), options), { limit: 4 })
        expect(r.failed, `ENCLU_SEED=${seed} ${r.failed} of ${r.compared}\n${r.failures.join('\n')}`).toBe(0)
      })
    }
  },
)
