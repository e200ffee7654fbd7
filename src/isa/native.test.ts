/**
 * Every integer row against the processor of this machine: random encodings of the row, random states, results and faults equal
 * to the last bit. `ENCLU_CASES` sets how many states each row gets, `ENCLU_ROW` restricts to mnemonics, `ENCLU_SEED` changes them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareEngine, type Case } from '../../test/native/compare.ts'
import { DATA_BASE, Oracle, oracleUnavailable, WINDOW_OFFSET, type NativeState } from '../../test/native/oracle.ts'
import { Random, randomState, testSeed } from '../../test/native/random-state.ts'
import { isSkip } from '../../test/support/cache.ts'
import { decodeAll, evaluatorEngine } from './evaluator-engine.fixture.ts'
import { isIntelHost, randomEncoding, undefinedFlagBits } from './random-insn.fixture.ts'
import { FAMILIES } from './table.ts'
import { RCX, RFLAGS, RSP } from '../spec/x86/index.ts'
import type { Row } from './insn.ts'

const reason = await oracleUnavailable()
/** Not asked: what leaves the oracle's process, or differs from run to run, or belongs to a kernel configured otherwise. */
// prettier-ignore
const NOT_ASKED = [
  'SYSCALL', 'SYSENTER', 'ENCLU', 'ENCLS', 'CPUID', 'RDTSC', 'RDTSCP', 'RDRAND', 'RDSEED', 'XGETBV', 'INT', 'INT1',
  // Linux emulates these for the sake of UMIP.
  'SLDT', 'STR', 'SGDT', 'SIDT', 'SMSW',
]
/** Loads of segment registers depend on the kernel's descriptors; direct offsets cannot be aimed. */
const isUnaimable = (r: Row): boolean => /^8E|^0F A[19]$|^A[0-3]$/.test(r.opcode)

const cases = Number(process.env['ENCLU_CASES'] ?? 60)
const only = process.env['ENCLU_ROW']?.split(',')
const isAsked = (r: Row): boolean =>
  !NOT_ASKED.includes(r.mnemonic) && !isUnaimable(r) && (!only || only.includes(r.mnemonic))

function stateFor(random: Random, family: string, row: Row): NativeState {
  const { code } = randomEncoding(random, row, decodeAll)
  const isString = family === 'string'
  const state = randomState(random, code, isString ? { count: 40, addresses: [6, 7] } : {})
  // Counts and bit offsets in CL should often be small.
  if (!isString && random.chance(0.4))
    state.gpr[RCX] = random.pick([0n, 1n, 2n, BigInt(random.below(72)), BigInt(random.below(256))])
  state.rflags = Number(state.rflags) & ~RFLAGS.NT
  state.fsBase = BigInt(random.below(40))
  state.gsBase = BigInt(random.below(40))
  if (row.opcode === '9D') {
    // Popping TF would trap behind the next instruction, which is the oracle's.
    const at = 16 * random.below(15)
    state.gpr[RSP] = BigInt(DATA_BASE + WINDOW_OFFSET + at)
    state.mem[at + 1] = (state.mem[at + 1] ?? 0) & ~(RFLAGS.TF >> 8)
  }
  return state
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
      const asked = rows.filter(isAsked)
      if (/^(sse|x87)/.test(family) || asked.length === 0) continue
      test(
        family,
        async () => {
          const seed = testSeed()
          const random = new Random(seed)
          function* all(): Generator<Case> {
            for (const row of asked) {
              for (let k = 0; k < cases; k++) {
                const state = stateFor(random, family, row)
                yield { state, mask: { undefinedFlags: isIntelHost ? 0 : undefinedFlagBits(row, decodeAll, state) } }
              }
            }
          }
          if (!engine) return
          const r = await compareEngine(oracle, engine, all(), { limit: 4 })
          expect(r.failed, `ENCLU_SEED=${seed} ${r.failed} of ${r.compared}\n${r.failures.join('\n')}`).toBe(0)
        },
        600_000,
      )
    }
  },
)
