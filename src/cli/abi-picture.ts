import { PATHS, type AbiReport, type PathName } from '../api/index.ts'

/** `enclu abi --format svg`: the round trips as bars, one colour for each stretch of the way. */

const STRETCHES = [
  { title: 'wrapper before', colour: '#c9c9c9' },
  { title: 'call to ENCLU', colour: '#2f6fb0' },
  { title: 'EEXIT to return', colour: '#e0892f' },
  { title: 'wrapper after', colour: '#a3a3a3' },
] as const

const [WIDTH, LEFT, BAR, GAP, TOP] = [860, 300, 18, 10, 64]

interface Bar {
  readonly label: string
  readonly parts: readonly number[]
}

function barsOf({ images, linux }: AbiReport): Bar[] {
  const bars = images.flatMap(({ name, paths, callers }): Bar[] =>
    callers
      .filter(({ style, possible }) => possible && style !== 'all')
      // A wrapper that only jumps is what a direct call is.
      .filter(({ style, after }) => style === 'direct' || after > 0)
      .map(({ style, before, after }) => ({
        label: style === 'direct' ? `${name}, called from C` : `${name}, least wrapper`,
        parts: [before, paths.callToEnclu ?? 0, paths.exitToReturn ?? 0, after],
      })),
  )
  return [...bars, { label: 'Linux 5.11 and later', parts: [0, linux.callToEnclu ?? 0, linux.exitToReturn ?? 0, 0] }]
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

function text(x: number, y: number, content: string, more = ''): string {
  return `<text x="${x}" y="${y}" ${more}>${escape(content)}</text>`
}

function drawBar({ label, parts }: Bar, row: number, scale: number): string[] {
  const y = TOP + row * (BAR + GAP)
  const lines = [text(LEFT - 10, y + BAR - 4, label, 'text-anchor="end"')]
  let x = LEFT
  parts.forEach((count, i) => {
    const width = Math.round(count * scale * 10) / 10
    if (count > 0)
      lines.push(`<rect x="${x}" y="${y}" width="${width}" height="${BAR}" fill="${STRETCHES[i]?.colour}"/>`)
    x = Math.round((x + width) * 10) / 10
  })
  const total = parts.reduce((a, b) => a + b, 0)
  return [...lines, text(x + 6, y + BAR - 4, String(total), 'font-weight="bold"')]
}

export function abiPicture(report: AbiReport): string {
  const bars = barsOf(report)
  const most = Math.max(...bars.map(({ parts }) => parts.reduce((a, b) => a + b, 0)))
  const scale = (WIDTH - LEFT - 60) / most
  const height = TOP + bars.length * (BAR + GAP) + 10
  const name: PathName = 'roundTrip'
  const legend = STRETCHES.flatMap(({ title, colour }, i) => {
    const x = 20 + 170 * i
    return [`<rect x="${x}" y="36" width="12" height="12" fill="${colour}"/>`, text(x + 18, 47, title)]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<title>Instructions of one enclave call: ${escape(PATHS[name].title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(20, 22, 'Instructions of one enclave call, no handler, ENCLU and the enclave not counted', 'font-size="15"'),
    ...legend,
    ...bars.flatMap((bar, row) => drawBar(bar, row, scale)),
    '</svg>',
    '',
  ].join('\n')
}
