/** Both readers of every instruction text give the same: see readers.fixture.ts. */
import { describe, expect, test } from 'vitest'
import { CASES } from '../isa/all.cases.ts'
import { FAMILIES } from '../isa/index.ts'
import { compiledEngine } from './compiled-engine.fixture.ts'
import { askedOf, compareReaders } from './readers.fixture.ts'
import { threadedEngine } from './threaded-engine.fixture.ts'

describe('translated code = evaluator', () => {
  for (const [family, rows] of Object.entries(FAMILIES)) {
    const asked = askedOf(rows)
    if (asked.length > 0) test(family, () => compareReaders(asked))
  }
})

describe.each([
  ['translated', compiledEngine],
  ['threaded', threadedEngine],
] as const)('the hand-written cases, %s', (_, make) => {
  for (const [family, cases] of Object.entries(CASES)) {
    test(family, () => {
      const engine = make()
      for (const c of cases) expect(c.judge(engine.run(c.state)), `${c.asm}: ${c.why}`).toEqual([])
    })
  }
})
