/**
 * `npm run mutants`: breaks the code on purpose, one thing at a time and never on disk, and tells which test noticed. What to break
 * is in test/mutants.
 *
 *   npm run mutants -- [--sweep] [--only TEXT] [--jobs N] [--format text|json] [--list]
 *
 * Without --sweep: the behaviours that the kernel's selftest does not notice when they are broken, and its extra stages. With it also
 * what syntax finds: every check, the order of checks, their parts and bounds, every code, every effect. 1,136 of the 1,500 took ten minutes on two cores.
 *
 * Exit code 0: all were noticed. 1: some were not. 2: the data or the options are wrong, or the tests fail before anything is broken.
 */
import { parseArgs } from 'node:util'
import type { Tests } from '../test/mutants/mutant.ts'
import { collect, Complaint, type Break } from './mutants-collect.ts'
import { Judge } from './mutants-judge.ts'

/** Tests of a file take some seconds. */
const LIMIT_MS = 60_000

interface Verdict {
  readonly id: string
  readonly breaks: string
  readonly noticed: boolean
  /** The tests that failed, in the first file in which one did. */
  readonly by: readonly string[]
}

/** The tests that all mutants ask, each once. */
function allTests(mutants: readonly Break[]): Tests[] {
  const byKey = new Map(mutants.flatMap(({ tests }) => tests).map((t) => [`${t.file} ${t.name?.source ?? ''}`, t]))
  return [...byKey.values()]
}

async function judgeAll(mutants: readonly Break[], judges: readonly Judge[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  const left = mutants.entries()
  const work = async (judge: Judge): Promise<void> => {
    for (const [i, { id, breaks, file, text, tests }] of left) {
      const by = await judge.failures(file, text, tests)
      verdicts[i] = { id, breaks, noticed: by.length > 0, by }
      process.stderr.write(`${i + 1}/${mutants.length} ${id}: ${by[0] ?? 'NOT NOTICED'}\n`)
    }
  }
  await Promise.all(judges.map(work))
  return verdicts
}

function report(verdicts: readonly Verdict[], format: string): number {
  const missed = verdicts.filter(({ noticed }) => !noticed)
  if (format === 'json') {
    console.log(
      JSON.stringify({ version: 1, noticed: verdicts.length - missed.length, of: verdicts.length, mutants: verdicts }),
    )
  } else {
    for (const { id, by } of verdicts)
      console.log(`${by.length > 0 ? `noticed      ${id}\n               ${by[0]}` : `NOT NOTICED  ${id}`}`)
    console.log(`${verdicts.length - missed.length} of ${verdicts.length} noticed.`)
  }
  return missed.length > 0 ? 1 : 0
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      sweep: { type: 'boolean', default: false },
      only: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      format: { type: 'string', default: 'text' },
      list: { type: 'boolean', default: false },
    },
  })
  const { only = '', format, list } = values
  const jobs = Number(values.jobs)
  if (!Number.isInteger(jobs) || jobs < 1)
    throw new Complaint(`--jobs ${values.jobs}: a number of processes is needed.`)
  if (format !== 'text' && format !== 'json') throw new Complaint(`--format ${format}: there are text and json.`)
  const mutants = collect(values.sweep).filter(({ id }) => id.includes(only))
  if (mutants.length === 0) throw new Complaint(`--only ${only}: no mutant has that in its id.`)
  if (list) {
    for (const { id } of mutants) console.log(id)
    return 0
  }
  const judges = Array.from({ length: Math.min(jobs, mutants.length) }, () => new Judge(LIMIT_MS))
  const close = (): void => {
    for (const judge of judges) judge.close()
  }
  const interrupted = (): never => {
    close()
    process.exit(130)
  }
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    for (const test of allTests(mutants)) {
      const failed = await judges[0]?.failures('', '', [test])
      if (failed?.length) throw new Complaint(`Before anything is broken, this fails: ${failed.join(', ')}`)
    }
    return report(await judgeAll(mutants, judges), format)
  } finally {
    close()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof Complaint) && !(error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) throw error
  console.error(`mutants: ${(error as Error).message}`)
  process.exitCode = 2
}
