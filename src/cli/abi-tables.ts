import {
  PATHS,
  STYLES,
  type AbiReport,
  type CallerReport,
  type ImageReport,
  type PathName,
  type Style,
} from '../api/index.ts'

/** What `enclu abi` found, as tables of text: for the terminal and for the documentation. */

export interface Table {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

const NONE = '-'
const cell = (n: number | undefined): string => (n === undefined ? NONE : String(n))
const pathNames = Object.keys(PATHS) as readonly PathName[]
const styleNames = Object.keys(STYLES) as readonly Style[]

/** Instructions of the vDSO on each path; the last column is what is known of Linux. */
function countsTable({ images, linux }: AbiReport): Table {
  return {
    title: 'Instructions of the vDSO (ENCLU, the enclave and the handler not counted)',
    head: ['path', ...images.map(({ name }) => name), 'Linux'],
    rows: [
      ...pathNames.map((path) => [PATHS[path].title, ...images.map((i) => cell(i.paths[path])), cell(linux[path])]),
      ['bytes of code', ...images.map(({ bytes }) => String(bytes)), NONE],
      ['a C function pointer will do', ...images.map(({ fromC }) => (fromC ? 'yes' : 'no')), 'yes'],
    ],
  }
}

const callerOf = (image: ImageReport, style: Style): CallerReport | undefined =>
  image.callers.find((c) => c.style === style)

function callersTable({ images }: AbiReport): Table {
  const row = (style: Style, what: 'roundTrip' | 'roundTripHandler'): string[] =>
    images.map((image) => {
      const c = callerOf(image, style)
      if (!c?.possible) return NONE
      return c.before + c.after === 0
        ? String(c[what])
        : `${c[what]} (${c.before} + ${c[what] - c.before - c.after} + ${c.after})`
    })
  return {
    title: 'Instructions there and back, with those of a wrapper before and after',
    head: ['caller', ...images.map(({ name }) => name)],
    rows: styleNames.flatMap((style) => [
      [STYLES[style], ...row(style, 'roundTrip')],
      ['the same, with a handler', ...row(style, 'roundTripHandler')],
    ]),
  }
}

const RANGE = 'R12, R13, R14, R15'
const lostText = (lost: readonly string[]): string =>
  lost.length === 0 ? 'kept' : lost.join(', ').replace(RANGE, 'R12-R15')

/** Who keeps the callee-saved registers: what the caller does not get back. */
function keptTable({ images }: AbiReport): Table {
  const cases = images[0]?.kept ?? []
  return {
    title: 'Callee-saved registers that the caller loses',
    head: ['caller', 'the enclave', 'left by', ...images.map(({ name }) => name)],
    rows: cases.map(({ style, enclave, exit }) => [
      style,
      `${enclave} them`,
      exit,
      ...images.map(({ kept }) =>
        lostText(kept.find((k) => k.style === style && k.enclave === enclave && k.exit === exit)?.lost ?? []),
      ),
    ]),
  }
}

const claimsTable = ({ claims }: AbiReport): Table => ({
  title: 'What was said in March 2020, and what is measured',
  head: ['mail', 'claim', 'measured', 'so it is'],
  rows: claims.map(({ date, claim, measured, verdict }) => [date, claim, measured, verdict]),
})

export const ABI_TABLES = { counts: countsTable, callers: callersTable, kept: keptTable, claims: claimsTable } as const

/** Columns padded, two spaces between. */
function columns({ head, rows }: Table): string[] {
  const widths = head.map((_, k) => Math.max(...[head, ...rows].map((row) => row[k]?.length ?? 0)))
  return [head, ...rows].map((row) =>
    row
      .map((text, k) => text.padEnd(widths[k] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** The report for a terminal. */
export function abiText(report: AbiReport): string[] {
  const tables = [ABI_TABLES.counts, ABI_TABLES.callers, ABI_TABLES.kept].map((table) => table(report))
  const about = report.images.map(({ name, summary }) => `${name.padEnd(10)}${summary}`)
  const claims = report.claims.flatMap(({ date, claim, measured, verdict }) => [
    '',
    `${date}  ${claim}`,
    `       ${verdict}: ${measured}`,
  ])
  return [
    ...about,
    ...tables.flatMap((table) => ['', table.title, '', ...columns(table)]),
    '',
    'Linux: its own code of the mainline shape, recorded; --vdso-image measures a real one.',
    '',
    ABI_TABLES.claims(report).title,
    ...claims,
  ]
}
