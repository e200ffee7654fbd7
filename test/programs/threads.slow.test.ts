/** Several threads in one enclave, under many interleavings. ENCLU_TEST_SEEDS=100 for as many; each takes about 1.4 s. */
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { compilerMissing } from '../support/c-program.ts'
import { built } from '../support/enclave-kit.ts'
import { runGuest, type GuestOptions, type GuestOutcome } from '../support/guest.ts'

const missing = await compilerMissing()
const SEEDS = Number(process.env['ENCLU_TEST_SEEDS'] ?? '8')
const ENTRIES = 10_000

const EXPECTED = `${ENTRIES} ${ENTRIES}, together ${2 * ENTRIES}
busy: result 0, function 2, vector 13, error code 0
ERESUME there: result 0, function 3, vector 13
the other TCS: ${ENTRIES + 1}
stayed: 1; free again: ${2 * ENTRIES + 1}
`

describe.skipIf(missing !== undefined)(`threads${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let folder: string
  beforeAll(async () => {
    folder = await built(
      { enclave: { source: 'threads-trusted', threads: 2 } },
      { threads: { source: 'threads' }, dynamic: { source: 'threads', options: [] } },
    )
  }, 120_000)

  const run = (program: string, options: GuestOptions = {}): Promise<GuestOutcome> =>
    runGuest(join(folder, program), { args: [join(folder, 'enclave'), String(ENTRIES)], traced: false, ...options })

  test.each(['threads', 'dynamic'])('%s: each counts its own entries, a busy TCS is #GP(0)', async (program) => {
    const { stdout, stderr, code } = await run(program)
    expect({ stdout, stderr, code }).toEqual({ stdout: EXPECTED, stderr: '', code: 0 })
  })

  test(`the same under ${SEEDS} interleavings, which differ`, async () => {
    const lengths = new Set<number>()
    for (let seed = 0; seed < SEEDS; seed++) {
      const { stdout, code, stats } = await run('threads', { scheduleSeed: BigInt(seed) })
      expect({ seed, stdout, code }).toEqual({ seed, stdout: EXPECTED, code: 0 })
      lengths.add(stats.instructions)
    }
    expect(lengths.size).toBeGreaterThan(SEEDS / 2)
  })

  test('the same seed gives the same run', async () => {
    const [a, b] = [await run('dynamic', { scheduleSeed: 3n }), await run('dynamic', { scheduleSeed: 3n })]
    expect(a.stats).toEqual(b.stats)
  })
})
