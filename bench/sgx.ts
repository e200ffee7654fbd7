/**
 * What SGX itself costs here, in CPU time of this process:
 *
 *   npm run bench:sgx -- [--runs 3] [--format table|json]
 *
 * - calls of an empty enclave through the vDSO, by a C program;
 * - EADD and EEXTEND of enclaves of 16 MiB as the driver calls them, without all else that it does, against SHA-256 of as many bytes as
 *   are measured, by node:crypto, in turns;
 * - building enclaves of 16 MiB: the driver's requests from CREATE to INIT with EADD and EEXTEND of each page, mmap, and EREMOVE in the
 *   end; against SHA-256 of as many bytes, half of them before and half after. The program has its pages ready before;
 * - pages written out (EWB) and loaded (ELDU) by an enclave of 3 MiB, twice, in an EPC of 1 MiB.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { built } from '../test/support/enclave-kit.ts'
import { isSkip } from '../test/support/cache.ts'
import { needTools, orSkip } from '../test/support/debian.ts'
import { runGuest, type GuestOptions, type GuestOutcome } from '../test/support/guest.ts'
import { hashSeconds, leavesAgainstHash, measuredBytes } from './leaves.ts'
import { cpuOf, median } from './measure.ts'

const CALLS = 2_000_000
const PAGES = 4096
const ENCLAVES = 64
const MIB = 2 ** 20

interface Result {
  readonly what: string
  readonly rate: number
  readonly unit: string
}

async function run(program: string, options: GuestOptions): Promise<GuestOutcome> {
  const outcome = await runGuest(program, { ...options, traced: false })
  if (outcome.code !== 0) throw new Error(`${program} ${options.args?.join(' ')}: ${outcome.code}\n${outcome.stderr}`)
  return outcome
}

/** CPU seconds that `count` needs beyond what a count of 0 needs. */
async function beyondStart(program: string, args: (count: number) => string[], count: number): Promise<number> {
  const start = await cpuOf(() => run(program, { args: args(0) }))
  const whole = await cpuOf(() => run(program, { args: args(count) }))
  return whole.seconds - start.seconds
}

/** CPU seconds of SHA-256 of half of what all enclaves measure. */
async function hashHalf(bytes: Uint8Array): Promise<number> {
  let sum = 0
  for (let n = 0; n < ENCLAVES / 2; n++) sum += await hashSeconds(bytes)
  return sum
}

async function measureOnce(folder: string): Promise<Result[]> {
  const bench = join(folder, 'bench')
  const calls = await beyondStart(bench, (n) => ['enter', join(folder, 'empty'), `${n}`], CALLS)
  const alone = await leavesAgainstHash(ENCLAVES, PAGES)
  const bytes = measuredBytes(PAGES)
  const hashBefore = await hashHalf(bytes)
  const build = await beyondStart(bench, (n) => ['build', join(folder, 'large'), `${n}`], ENCLAVES)
  const hash = hashBefore + (await hashHalf(bytes))
  const paging = (epcSize: number): Promise<{ readonly seconds: number; readonly value: GuestOutcome }> =>
    cpuOf(() => run(join(folder, 'paging'), { args: [join(folder, 'paged')], epcSize }))
  const roomy = await paging(64 * MIB)
  const tight = await paging(MIB)
  const { writtenOut, loaded } = tight.value.stats.paging
  return [
    { what: 'enclave calls through the vDSO', rate: CALLS / calls / 1e6, unit: 'million a second' },
    { what: 'EADD and EEXTEND', rate: PAGES / alone.leaves, unit: 'pages a second' },
    { what: 'SHA-256 of the same bytes, node:crypto', rate: PAGES / alone.hash, unit: 'pages a second' },
    { what: 'the one over the other', rate: alone.hash / alone.leaves, unit: '' },
    { what: 'building enclaves, from CREATE to EREMOVE', rate: (ENCLAVES * PAGES) / build, unit: 'pages a second' },
    { what: 'SHA-256 of the same bytes, node:crypto', rate: (ENCLAVES * PAGES) / hash, unit: 'pages a second' },
    { what: 'the one over the other', rate: hash / build, unit: '' },
    {
      what: 'pages written out or loaded',
      rate: (writtenOut + loaded) / (tight.seconds - roomy.seconds),
      unit: 'a second',
    },
  ]
}

const text = ({ what, rate, unit }: Result): string =>
  `${what.padEnd(42)} ${(rate < 100 ? rate.toFixed(2) : Math.round(rate).toLocaleString('en')).padStart(12)} ${unit}`

/** Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { runs: { type: 'string', default: '3' }, format: { type: 'string', default: 'table' } },
  })
  const missing = await orSkip(() => needTools('gcc'))
  if (isSkip(missing)) {
    console.error(`the guests of the bench are C programs: ${missing.skip}`)
    return 1
  }
  const folder = await built(
    {
      empty: { source: 'empty', bare: true },
      large: { source: 'large-trusted', defines: [`PAGES=${PAGES}`] },
      paged: { source: 'paging-trusted' },
    },
    { bench: { source: 'bench' }, paging: { source: 'paging' } },
  )
  const rounds: Result[][] = []
  for (let k = 0; k < Number(values.runs); k++) rounds.push(await measureOnce(folder))
  const results = (rounds[0] ?? []).map((first, k) => ({
    ...first,
    rate: median(rounds.map((r) => r[k]?.rate ?? NaN)),
  }))
  console.log(values.format === 'json' ? JSON.stringify(results, null, 2) : results.map(text).join('\n'))
  return 0
}
