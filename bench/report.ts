import { geometricMean, type Measured } from './measure.ts'

/** A workload, and what each runner needed for it. */
export interface Row {
  readonly name: string
  readonly what: string
  readonly kind: 'kernel' | 'program'
  readonly results: Readonly<Record<string, Measured | { readonly error: string }>>
  /** Set when two runners disagree about the result. */
  readonly disagreement?: string
}

const RATIOS = [
  ['qemu/native', 'qemu', 'native'],
  ['enclu/native', 'enclu', 'native'],
  ['enclu/qemu', 'enclu', 'qemu'],
] as const
type RatioName = (typeof RATIOS)[number][0]
type Ratios = Readonly<Record<RatioName, number>>

const measuredOf = (row: Row, runner: string): Measured | undefined => {
  const r = row.results[runner]
  return r && 'cpu' in r ? r : undefined
}
const cpuOf = (row: Row, runner: string): number => measuredOf(row, runner)?.cpu ?? NaN

/** CPU time over CPU time; NaN where one is missing. */
export const ratios = (row: Row): Ratios =>
  Object.fromEntries(RATIOS.map(([name, over, under]) => [name, cpuOf(row, over) / cpuOf(row, under)])) as Ratios

/** Geometric means over the rows that both could run. */
export const means = (rows: readonly Row[]): Ratios =>
  Object.fromEntries(
    RATIOS.map(([name]) => [name, geometricMean(rows.map((r) => ratios(r)[name]).filter((x) => Number.isFinite(x)))]),
  ) as Ratios

/** What a machine of another speed can be held against: ratios to native, by workload. */
export type Baseline = Readonly<Record<string, number>>

export const ratiosOf = (rows: readonly Row[]): Baseline =>
  Object.fromEntries(
    rows.flatMap((row) => {
      const ratio = ratios(row)['enclu/native']
      return Number.isFinite(ratio) ? [[row.name, Math.round(ratio * 1000) / 1000]] : []
    }),
  )

/** How much slower something must have become to be named: runs differ by less than this on a machine that does nothing else. */
const NOTICEABLE = 1.25

export const slower = (rows: readonly Row[], baseline: Baseline): string[] =>
  Object.entries(ratiosOf(rows)).flatMap(([name, now]) => {
    const before = baseline[name]
    if (before === undefined || now <= before * NOTICEABLE) return []
    return [`${name} has become slower: ${number(now)} times native, it was ${number(before)}`]
  })

const number = (x: number, digits = 2): string => (Number.isFinite(x) ? x.toFixed(digits) : '-')

// prettier-ignore
const HEAD = ['', 'native s', ...RATIOS.map(([name]) => name), 'enclu wall s', 'start s', 'spread', 'what'] as const

function line(row: Row): string[] {
  const enclu = measuredOf(row, 'enclu')
  const of = ratios(row)
  const spread = Math.max(...Object.keys(row.results).map((runner) => measuredOf(row, runner)?.spread ?? 0))
  return [
    row.name,
    number(cpuOf(row, 'native'), 3),
    ...RATIOS.map(([name]) => number(of[name])),
    number(enclu?.wall ?? NaN),
    row.kind === 'kernel' ? number(enclu?.startCpu ?? NaN) : '',
    `${Math.round(spread * 100)} %`,
    row.what,
  ]
}

function meanLine(title: string, rows: readonly Row[]): string[][] {
  if (rows.length === 0) return []
  const average = means(rows)
  return [[title, '', ...RATIOS.map(([name]) => number(average[name])), '', '', '', 'geometric mean']]
}

export function table(rows: readonly Row[]): string {
  const [kernels, programs] = [rows.filter((r) => r.kind === 'kernel'), rows.filter((r) => r.kind === 'program')]
  const all = [
    [...HEAD],
    ...kernels.map(line),
    ...meanLine('kernels', kernels),
    ...programs.map(line),
    ...meanLine('programs', programs),
  ]
  const last = HEAD.length - 1
  const widths = HEAD.map((_, c) => Math.max(...all.map((l) => (l[c] ?? '').length)))
  const cell = (text: string, c: number): string =>
    c === 0 || c === last ? text.padEnd(widths[c] ?? 0) : text.padStart(widths[c] ?? 0)
  return all.map((l) => l.map(cell).join('  ').trimEnd()).join('\n')
}
