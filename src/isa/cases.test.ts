/** The hand-written cases: by the evaluator, and by the processor of this machine. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostHas } from '../../test/native/host-features.ts'
import { Oracle, oracleUnavailable } from '../../test/native/oracle.ts'
import { isSkip } from '../../test/support/cache.ts'
import { CASES, CASES_FOR_ROWS } from './all.cases.ts'
import type { RunnableCase } from './case.fixture.ts'
import { decodeAll, evaluatorEngine } from './evaluator-engine.fixture.ts'
import type { Insn, Row } from './insn.ts'
import { FAMILIES } from './table.ts'
import { insnText } from './text.ts'
import { hasOwnFaults, isComputedOtherwise, isEncodedOtherwise, isOfIntel } from './vendor.fixture.ts'

function decoded({ state: { code } }: RunnableCase): Insn {
  const i = decodeAll(code, 0, 0x2345_6000)
  if (i?.length !== code.length) throw new Error('not one instruction')
  return i
}
const engine = evaluatorEngine()
/** Whether this host's processor has the instruction and does with it as Intel's do. */
function isAnsweredAlike(c: RunnableCase): boolean {
  const insn = decoded(c)
  const { row } = insn
  return (
    hostHas(row.feature) &&
    !isOfIntel(row) &&
    !(hasOwnFaults(row, insn) && engine.run(c.state).fault) &&
    !isEncodedOtherwise(row, insn, c.state.code) &&
    !isComputedOtherwise(row, insn, c.state)
  )
}
/** Mnemonics with a case: the text of a VEX form is theirs. */
const legacy = new Set(Object.values(CASES).flatMap((cases) => cases.map((c) => decoded(c).row.mnemonic)))

for (const [family, cases] of Object.entries(CASES)) {
  describe(family, () => {
    test.each(cases.map((c) => [`${c.asm}: ${c.why}`, c] as const))('%s', (_, c) => {
      expect(insnText(decoded(c))).toBe(c.asm)
      expect(c.judge(engine.run(c.state))).toEqual([])
    })

    const byRow = CASES_FOR_ROWS.has(family)
    test(`every ${byRow ? 'row' : 'mnemonic'} has a case`, () => {
      const name = (r: Row): string => (byRow ? `${r.mnemonic} ${r.opcode} ${r.operands}` : r.mnemonic)
      const covered = new Set(cases.map((c) => name(decoded(c).row)))
      const isCovered = (n: string): boolean => covered.has(n) || legacy.has(n.replace(/^V/, ''))
      expect((FAMILIES[family] ?? []).map(name).filter((n) => !isCovered(n))).toEqual([])
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
        const asked = cases.filter((c) => !c.notNative && isAnsweredAlike(c))
        const results = await oracle.run(asked.map((c) => c.state))
        const wrong = asked.flatMap((c, k) => {
          const result = results[k]
          return result ? c.judge(result).map((w) => `${c.asm} (${c.why}): ${w}`) : ['no answer']
        })
        expect(wrong).toEqual([])
      })
    }
  },
)
