/**
 * The same programs natively, under qemu-x86_64 and under enclu, in one run: CPU time of the whole process. Kernels without
 * their start-up, whole programs with it.
 *
 *   npm run bench -- [--only alu,sha] [--runs 3] [--scale 1] [--format table|json] [--enclu FILE] [--save FILE] [--chart FILE]
 *   npm run bench:compare       the same, against bench/baseline.json: names what has become slower, and ends with 1 then
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isSkip } from '../test/support/cache.ts'
import { qemu } from '../test/corpus/qemu.ts'
import { needTools, orSkip } from '../test/support/debian.ts'
import { chart } from './chart.ts'
import { measure, type Measured, type Runner } from './measure.ts'
import { means, ratiosOf, slower, table, type Baseline, type Row } from './report.ts'
import { buildPrograms, KERNEL_NAMES, kernels, PROGRAM_NAMES, programs, type Workload } from './workloads.ts'

interface Options {
  readonly only: readonly string[]
  readonly runs: number
  readonly scale: number
  readonly format: 'table' | 'json'
  readonly enclu: string
  readonly save: string | undefined
  readonly chart: string | undefined
  readonly compare: string | undefined
}

/** Throws an Error that says what is wrong. */
function options(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      runs: { type: 'string', default: '3' },
      scale: { type: 'string', default: '1' },
      format: { type: 'string', default: 'table' },
      enclu: { type: 'string', default: join(import.meta.dirname, '../dist/cli/main.cjs') },
      save: { type: 'string' },
      chart: { type: 'string' },
      compare: { type: 'string' },
    },
  })
  const all = [...KERNEL_NAMES, ...PROGRAM_NAMES]
  const only = values.only === '' ? all : values.only.split(',')
  const unknown = only.filter((name) => !all.includes(name))
  if (unknown.length > 0) throw new Error(`nothing is called ${unknown.join(', ')}; there are ${all.join(', ')}`)
  const [runs, scale] = [Number(values.runs), Number(values.scale)]
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs must be a whole number above 0, not '${values.runs}'`)
  if (!(scale > 0)) throw new Error(`--scale must be above 0, not '${values.scale}'`)
  const { format, save, compare } = values
  if (format !== 'table' && format !== 'json') throw new Error(`--format must be table or json, not '${format}'`)
  return { only, runs, scale, format, enclu: resolve(values.enclu), save, chart: values.chart, compare }
}

/** Everything that can run here; the reasons for what cannot go to stderr. */
async function findRunners(enclu: string): Promise<Runner[]> {
  const runners: Runner[] = [{ name: 'native', prefix: [] }]
  const opponent = await qemu()
  if (isSkip(opponent)) console.error(`no qemu column: ${opponent.skip}`)
  else runners.push({ name: 'qemu', prefix: [opponent] })
  if (existsSync(enclu)) runners.push({ name: 'enclu', prefix: [process.execPath, enclu, 'run', '--allow-read=/'] })
  else console.error(`no enclu column: ${enclu} is not there (npm run build)`)
  return runners
}

function rowOf({ name, what, startWords }: Workload, measured: ReadonlyMap<string, Measured | Error>): Row {
  const hashes = [...measured].flatMap(([runner, m]) => (m instanceof Error ? [] : [`${runner} ${m.hash}`]))
  return {
    name,
    what,
    kind: startWords ? 'kernel' : 'program',
    results: Object.fromEntries(
      [...measured].map(([runner, m]) => [runner, m instanceof Error ? { error: m.message } : m]),
    ),
    ...(new Set(hashes.map((h) => h.split(' ')[1])).size > 1 && { disagreement: hashes.join(', ') }),
  }
}

function troublesOf(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => [
    ...(row.disagreement === undefined ? [] : [`${row.name}: results differ: ${row.disagreement}`]),
    ...Object.values(row.results).flatMap((r) => ('error' in r ? [r.error] : [])),
  ])
}

function print(rows: readonly Row[], format: Options['format']): void {
  if (format === 'json') console.log(JSON.stringify({ rows, means: means(rows) }, null, 2))
  else console.log(table(rows))
}

/** Returns the exit code: 1 when results disagree, a runner failed or something has become slower; 2 for wrong use. */
export async function main(args: readonly string[]): Promise<number> {
  let o: Options
  let baseline: Baseline | undefined
  try {
    o = options(args)
    if (o.compare !== undefined) baseline = JSON.parse(readFileSync(o.compare, 'utf8')) as Baseline
  } catch (e) {
    console.error(e instanceof Error ? e.message : e)
    return 2
  }
  const missing = await orSkip(() => needTools('gcc'))
  if (isSkip(missing)) {
    console.error(`the bench compares with native runs: ${missing.skip}`)
    return 1
  }
  const tools = await buildPrograms()
  const runners = await findRunners(o.enclu)
  const rows: Row[] = []
  for (const workload of [...kernels(tools, o.only, o.scale), ...(await programs(o.only))]) {
    if (o.format === 'table') console.error(`${workload.name} …`)
    rows.push(rowOf(workload, await measure(tools, runners, workload, o.runs)))
  }
  print(rows, o.format)
  if (o.save !== undefined) writeFileSync(o.save, `${JSON.stringify(ratiosOf(rows), null, 2)}\n`)
  if (o.chart !== undefined) writeFileSync(o.chart, chart(rows))
  const troubles = [...troublesOf(rows), ...(baseline ? slower(rows, baseline) : [])]
  for (const t of troubles) console.error(t)
  return troubles.length > 0 ? 1 : 0
}
