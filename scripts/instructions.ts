/** docs/support/instructions.md: every row of every family, and how it is proven. */
import { FAMILIES, type Row } from '../src/isa/index.ts'
import { isAskable } from '../src/isa/row-cases.fixture.ts'
import { nameOf } from '../src/isa/text.ts'
import { INSTRUCTION_LEVELS } from '../src/machine/instruction-levels.ts'
import { recordedRows } from '../test/vectors/vectors.ts'

const LEVELS = Object.entries(INSTRUCTION_LEVELS)

/** The first level that has it; none for what only other processors have. */
function levelOf(row: Row): string {
  const needed = row.feature?.split('+') ?? []
  const level = LEVELS.find(([, { features }]) => needed.every((f) => features.has(f)))
  return level?.[0].replace('x86-64-', '') ?? '-'
}

const code = (text: string): string => (text === '' ? '' : `\`${text}\``)

function proof(row: Row, recorded: ReadonlySet<string>): string {
  const ways = [...(isAskable(row) ? ['oracle'] : []), ...(recorded.has(nameOf(row)) ? ['vectors'] : [])]
  return ways.length > 0 ? ways.join(', ') : 'cases'
}

export function instructionsTable(): string {
  const recorded = recordedRows()
  return Object.entries(FAMILIES)
    .map(([family, rows]) =>
      [
        `### ${family}`,
        '',
        '| instruction | opcode | operands | feature | level | readers | proof |',
        '| --- | --- | --- | --- | --- | --- | --- |',
        ...rows.map(
          (r) =>
            `| ${[r.mnemonic, code(r.opcode), code(r.operands), r.feature ?? '', levelOf(r), r.op ? 'both' : 'evaluator', proof(r, recorded)].join(' | ')} |`,
        ),
      ].join('\n'),
    )
    .join('\n\n')
}

/** How many rows there are of each kind. */
export function instructionsSummary(): string {
  const rows = Object.values(FAMILIES).flat()
  const both = rows.filter((r) => r.op !== undefined).length
  const asked = rows.filter(isAskable).length
  return `${rows.length.toLocaleString('en-US')} rows in ${Object.keys(FAMILIES).length} families: ${both} have a text for both readers, ${rows.length - both} are the evaluator's alone; ${asked} are asked of a real processor.`
}
