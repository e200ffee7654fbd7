/** The options and the exit codes of `enclu run` for the README, from the rows that the program itself reads. */
import { EXIT_CODES, RUN_OPTIONS } from '../src/cli/index.ts'

/** Cells padded as the formatter pads them, so that the result stays as it is. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, k) => Math.max(...[head, ...rows].map((row) => row[k]?.length ?? 0)))
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${cells.map((cell, k) => cell.padEnd(widths[k] ?? 0, fill)).join(' | ')} |`
  return [
    line(head),
    line(
      head.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row)),
  ].join('\n')
}

export const optionsTable = (): string =>
  table(
    ['option', 'variable', 'what it does'],
    RUN_OPTIONS.map((row) => [`\`${row.flags}\``, `\`${row.env}\``, row.help]),
  )

export const exitCodesTable = (): string => table(['code', 'when'], EXIT_CODES)
