/**
 * Both readers of every instruction text give the same: the evaluator, and translated code. No processor is asked; what the
 * evaluator does is compared with one elsewhere. `ENCLU_CASES` sets how many encodings each row gets, `ENCLU_ROW` restricts to
 * mnemonics, `ENCLU_SEED` changes the states.
 */
import { expect } from 'vitest'
import { differences, failureText } from '../../test/native/compare.ts'
import { Random, randomState, testSeed } from '../../test/native/random-state.ts'
import { decodeAll, evaluatorEngine } from '../isa/evaluator-engine.fixture.ts'
import type { Row } from '../isa/index.ts'
import { randomEncoding } from '../isa/random-insn.fixture.ts'
import { compiledEngine } from './compiled-engine.fixture.ts'
import { threadedEngine } from './threaded-engine.fixture.ts'

const ENCODINGS = Number(process.env['ENCLU_CASES'] ?? 3)
const STATES = 12
const only = process.env['ENCLU_ROW']?.split(',')
const PE = 0x20

/** Absolute 64-bit addresses cannot be aimed at the test's pages. */
export const askedOf = (rows: readonly Row[]): Row[] =>
  rows.filter((r) => r.op && !/\bO[bv]\b/.test(r.operands) && (!only || only.includes(r.mnemonic)))

export function compareReaders(asked: readonly Row[]): void {
  const evaluator = evaluatorEngine()
  const engines = [compiledEngine(), compiledEngine(true), threadedEngine()] as const
  const seed = testSeed()
  const random = new Random(seed)
  const failures: string[] = []
  for (const row of asked) {
    for (let k = 0; k < ENCODINGS; k++) {
      const { code } = randomEncoding(random, row, decodeAll)
      for (let n = 0; n < STATES; n++) {
        const state = randomState(random, code, { ymm: true })
        if (random.chance(0.3)) state.gpr[1] = BigInt(random.below(80))
        // Translated arithmetic runs only while MXCSR is as it is most of the time.
        if (random.chance(0.7)) state.mxcsr = 0x1f80 | PE | random.below(0x40)
        const compiled = engines[k % 3] ?? engines[0]
        const found = differences(evaluator.run(state), compiled.run(state))
        if (found.length > 0)
          failures.push(`${row.mnemonic} ${row.opcode} ${row.operands}\n${failureText(state, compiled.name, found)}`)
      }
    }
  }
  expect(failures.slice(0, 4).join('\n'), `ENCLU_SEED=${seed}: ${failures.length} failures`).toBe('')
  for (const { counts } of asked.length * ENCODINGS > 1 ? engines : [engines[0]])
    expect(counts.translated, `${counts.translated} translated, ${counts.handedOver} handed over`).toBeGreaterThan(0)
}
