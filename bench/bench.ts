/**
 * The same static program natively, under qemu-x86_64 and under enclu: CPU time of the whole process, start-up taken off.
 *
 *   npm run bench -- [--only alu,sha] [--runs 3] [--scale 1] [--format table|json] [--enclu dist/cli/main.cjs]
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isSkip } from '../test/support/cache.ts'
import { qemu } from '../test/corpus/qemu.ts'
import { needTools, orSkip } from '../test/support/debian.ts'
import { buildPrograms, KERNELS, type Kernel } from './kernels.ts'
import { geometricMean, measure, type Measured, type Runner } from './measure.ts'

interface Row {
  kernel: string
  results: Record<string, Measured | { error: string }>
  /** Set when two runners disagree about the result. */
  disagreement?: string
}

interface Options {
  only: string[]
  runs: number
  scale: number
  format: 'table' | 'json'
  enclu: string
}

function options(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      runs: { type: 'string', default: '3' },
      scale: { type: 'string', default: '1' },
      format: { type: 'string', default: 'table' },
      enclu: { type: 'string', default: join(import.meta.dirname, '../dist/cli/main.cjs') },
    },
  })
  const only = values.only.split(',').filter((s) => s !== '')
  const unknown = only.filter((name) => !KERNELS.some((k) => k.name === name))
  if (unknown.length > 0) throw new Error(`no such kernel: ${unknown.join(', ')}`)
  const format = values.format === 'json' ? 'json' : 'table'
  return { only, runs: Number(values.runs), scale: Number(values.scale), format, enclu: resolve(values.enclu) }
}

/** Everything that can run here; the reasons for what cannot go to stderr. */
async function findRunners(o: Options): Promise<Runner[]> {
  const runners: Runner[] = [{ name: 'native', prefix: [] }]
  const opponent = await qemu()
  if (isSkip(opponent)) console.error(`no qemu column: ${opponent.skip}`)
  else runners.push({ name: 'qemu', prefix: [opponent] })
  if (existsSync(o.enclu)) runners.push({ name: 'enclu', prefix: [process.execPath, o.enclu, 'run'] })
  else console.error(`no enclu column: ${o.enclu} is not there (npm run build)`)
  return runners
}

function rowOf(kernel: Kernel, measured: ReadonlyMap<string, Measured | Error>): Row {
  const row: Row = { kernel: kernel.name, results: {} }
  for (const [name, m] of measured) row.results[name] = m instanceof Error ? { error: m.message } : m
  const hashes = [...measured].flatMap(([name, m]) => (m instanceof Error ? [] : [`${name} ${m.hash}`]))
  if (new Set(hashes.map((h) => h.split(' ')[1])).size > 1) row.disagreement = hashes.join(', ')
  return row
}

const cpuOf = (row: Row, runner: string): number => {
  const r = row.results[runner]
  return r && 'cpu' in r ? r.cpu : NaN
}

const RATIOS = [
  ['qemu/native', 'qemu', 'native'],
  ['enclu/native', 'enclu', 'native'],
  ['enclu/qemu', 'enclu', 'qemu'],
] as const

const ratio = (row: Row, over: string, under: string): number => cpuOf(row, over) / cpuOf(row, under)

/** Over the kernels that both could run. */
function means(rows: readonly Row[]): Record<string, number> {
  return Object.fromEntries(
    RATIOS.map(([name, over, under]) => [
      name,
      geometricMean(rows.map((r) => ratio(r, over, under)).filter((x) => Number.isFinite(x))),
    ]),
  )
}

const number = (x: number, digits = 2): string => (Number.isFinite(x) ? x.toFixed(digits) : '-')

const HEAD = [
  'kernel',
  'native s',
  ...RATIOS.map(([name]) => name),
  'enclu wall s',
  'start s',
  'spread',
  'what',
] as const

function line(row: Row, what: string): string[] {
  const enclu = row.results['enclu']
  const [wall, start] = enclu && 'cpu' in enclu ? [enclu.wall, enclu.startCpu] : [NaN, NaN]
  const spread = Math.max(...Object.values(row.results).map((r) => ('cpu' in r ? r.spread : 0)))
  const ratios = RATIOS.map(([, over, under]) => number(ratio(row, over, under)))
  const times = [number(wall), number(start), `${Math.round(spread * 100)} %`]
  return [row.kernel, number(cpuOf(row, 'native'), 3), ...ratios, ...times, what]
}

function table(rows: readonly Row[], kernels: readonly Kernel[]): string {
  const lines = rows.map((row, i) => line(row, kernels[i]?.what ?? ''))
  const average = means(rows)
  const mean = ['geomean', '', ...RATIOS.map(([name]) => number(average[name] ?? NaN)), '', '', '', '']
  const all = [[...HEAD], ...lines, mean]
  const last = HEAD.length - 1
  const widths = HEAD.map((_, c) => Math.max(...all.map((l) => (l[c] ?? '').length)))
  const cell = (text: string, c: number): string =>
    c === 0 || c === last ? text.padEnd(widths[c] ?? 0) : text.padStart(widths[c] ?? 0)
  return all.map((l) => l.map(cell).join('  ').trimEnd()).join('\n')
}

/** Returns the exit code: 1 when results disagree or a runner failed, 2 for wrong use. */
export async function main(args: readonly string[]): Promise<number> {
  let o: Options
  try {
    o = options(args)
  } catch (e) {
    console.error(e instanceof Error ? e.message : e)
    return 2
  }
  const missing = await orSkip(() => needTools('gcc'))
  if (isSkip(missing)) {
    console.error(`the bench compares with native runs: ${missing.skip}`)
    return 1
  }
  const programs = await buildPrograms()
  const runners = await findRunners(o)
  const kernels = KERNELS.filter((k) => o.only.length === 0 || o.only.includes(k.name))
  const rows: Row[] = []
  for (const kernel of kernels) {
    if (o.format === 'table') console.error(`${kernel.name} …`)
    const count = Math.max(1, Math.round(kernel.count * o.scale))
    rows.push(rowOf(kernel, await measure(programs, runners, kernel.name, count, o.runs)))
  }
  if (o.format === 'json') console.log(JSON.stringify({ rows, means: means(rows) }, null, 2))
  else console.log(table(rows, kernels))
  const troubles = rows.flatMap((row) => [
    ...(row.disagreement === undefined ? [] : [`${row.kernel}: results differ: ${row.disagreement}`]),
    ...Object.values(row.results).flatMap((r) => ('error' in r ? [r.error] : [])),
  ])
  for (const t of troubles) console.error(t)
  return troubles.length > 0 ? 1 : 0
}
