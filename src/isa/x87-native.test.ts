/**
 * Every x87 and MMX row against the processor of this machine: registers, tags, control and status word, memory, faults and their order.
 * `ENCLU_CASES` sets how many states each row gets, `ENCLU_ROW` restricts to mnemonics, `ENCLU_SEED` changes them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareEngine, type Case } from '../../test/native/compare.ts'
import { Oracle, oracleUnavailable } from '../../test/native/oracle.ts'
import { Random, randomState, testSeed } from '../../test/native/random-state.ts'
import { isSkip } from '../../test/support/cache.ts'
import { decodeAll, evaluatorEngine } from './evaluator-engine.fixture.ts'
import { randomEncoding } from './random-insn.fixture.ts'
import { FAMILIES } from './table.ts'
import { RDI } from '../spec/x86/index.ts'
import { fillOperands, randomX87, x87Mask } from './x87-random.fixture.ts'
import type { Row } from './insn.ts'

const reason = await oracleUnavailable()
const cases = Number(process.env['ENCLU_CASES'] ?? 60)
const only = process.env['ENCLU_ROW']?.split(',')

function* casesOf(rows: readonly Row[], random: Random): Generator<Case> {
  for (const row of rows) {
    const kind = row.mnemonic.startsWith('FB') ? 'decimal' : row.mnemonic.startsWith('FI') ? 'integer' : 'float'
    const bits = row.operands.endsWith('w')
      ? 16
      : row.operands.endsWith('d')
        ? 32
        : row.operands.endsWith('q')
          ? 64
          : 80
    const isMmx = !row.mnemonic.startsWith('F')
    for (let k = 0; k < cases; k++) {
      const { code } = randomEncoding(random, row, decodeAll)
      const pointers = row.mnemonic === 'MASKMOVQ' ? [RDI] : []
      const state = randomState(random, code, { protect: 0.03, wild: 0.02, addresses: pointers })
      state.x87 = randomX87(random)
      state.fsBase = state.gsBase = 0n
      if (random.chance(isMmx ? 0.2 : 0.8)) fillOperands(random, state, kind, bits)
      yield { state, mask: x87Mask(row) }
    }
  }
}

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

    for (const [family, rows] of Object.entries(FAMILIES)) {
      if (!/^(x87|mmx)/.test(family)) continue
      for (const row of rows) {
        if (only && !only.includes(row.mnemonic)) continue
        test(`${row.mnemonic} ${row.operands} ${row.opcode}`, { timeout: 3_600_000 }, async () => {
          const seed = testSeed()
          if (!engine) return
          const r = await compareEngine(oracle, engine, casesOf([row], new Random(seed)), { limit: 2 })
          expect(r.failed, `ENCLU_SEED=${seed} ${r.failed} of ${r.compared}\n${r.failures.join('\n')}`).toBe(0)
        })
      }
    }
  },
)
