import { means, ratios, type Row } from './report.ts'

/** How many times native each workload takes, as bars on a logarithmic scale: qemu-x86_64 and enclu. */

const RUNNERS = [
  { title: 'qemu-x86_64', ratio: 'qemu/native', colour: '#9aa5b1' },
  { title: 'enclu', ratio: 'enclu/native', colour: '#2f6fb0' },
] as const

const [WIDTH, LEFT, BAR, GAP, TOP] = [860, 250, 11, 10, 64]
const [LEAST, MOST] = [0.5, 64]

const x = (ratio: number): number => {
  const share = Math.log(Math.min(Math.max(ratio, LEAST), MOST) / LEAST) / Math.log(MOST / LEAST)
  return Math.round((LEFT + share * (WIDTH - LEFT - 60)) * 10) / 10
}

interface Line {
  readonly title: string
  readonly of: ReturnType<typeof ratios>
}

function drawLine({ title, of }: Line, row: number): string[] {
  const y = TOP + row * (2 * BAR + GAP)
  const label = `<text x="${LEFT - 10}" y="${y + BAR + 4}" text-anchor="end">${title}</text>`
  const bars = RUNNERS.flatMap(({ ratio, colour }, i) => {
    const value = of[ratio]
    if (!Number.isFinite(value)) return []
    const [from, to] = [x(LEAST), x(value)]
    return [
      `<rect x="${from}" y="${y + i * BAR}" width="${Math.round((to - from) * 10) / 10}" height="${BAR - 1}" fill="${colour}"/>`,
      `<text x="${to + 5}" y="${y + i * BAR + BAR - 2}" font-size="10">${value.toFixed(2)}</text>`,
    ]
  })
  return [label, ...bars]
}

export function chart(rows: readonly Row[]): string {
  const lines: Line[] = [
    ...rows.map((row) => ({ title: `${row.name}: ${row.what}`, of: ratios(row) })),
    { title: 'kernels, geometric mean', of: means(rows.filter((r) => r.kind === 'kernel')) },
  ]
  const height = TOP + lines.length * (2 * BAR + GAP) + 10
  const legend = RUNNERS.flatMap(({ title, colour }, i) => [
    `<rect x="${20 + 140 * i}" y="36" width="12" height="12" fill="${colour}"/>`,
    `<text x="${38 + 140 * i}" y="47">${title}</text>`,
  ])
  const one = x(1)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    '<title>CPU time, times native</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    '<text x="20" y="22" font-size="15">CPU time, times native (logarithmic; less is better)</text>',
    ...legend,
    `<line x1="${one}" y1="${TOP - 6}" x2="${one}" y2="${height - 6}" stroke="#444444" stroke-dasharray="2 3"/>`,
    `<text x="${one}" y="${TOP - 10}" text-anchor="middle" font-size="10">native</text>`,
    ...lines.flatMap(drawLine),
    '</svg>',
    '',
  ].join('\n')
}
