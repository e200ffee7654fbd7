/** Which parts of which documents are generated. */
import { abiCallers, abiClaims, abiCounts, abiKept, abiSvg } from './abi-docs.ts'
import { apiNodeReference, apiReference, apiSignatures } from './api-report.ts'
import { exitCodesTable, optionsTable } from './cli-tables.ts'
import { instructionsSummary, instructionsTable } from './instructions.ts'
import { leavesText } from './leaves.ts'
import { quirksText } from './quirks.ts'
import { roomsPicture } from './rooms-picture.ts'

export interface GeneratedPart {
  readonly file: string
  readonly name: string
  readonly text: () => string | Promise<string>
}

export const GENERATED: readonly GeneratedPart[] = [
  { file: 'README.md', name: 'options', text: optionsTable },
  { file: 'README.md', name: 'exit codes', text: exitCodesTable },
  { file: 'ARCHITECTURE.md', name: 'rooms', text: roomsPicture },
  { file: 'docs/quirks.md', name: 'quirks', text: quirksText },
  { file: 'docs/support/instructions.md', name: 'summary', text: instructionsSummary },
  { file: 'docs/support/instructions.md', name: 'instructions', text: instructionsTable },
  { file: 'docs/support/leaves.md', name: 'leaves', text: leavesText },
  { file: 'docs/the-call.md', name: 'counts', text: abiCounts },
  { file: 'docs/the-call.md', name: 'callers', text: abiCallers },
  { file: 'docs/the-call.md', name: 'kept', text: abiKept },
  { file: 'docs/the-call.md', name: 'claims', text: abiClaims },
  { file: 'docs/api.md', name: 'api', text: apiReference },
  { file: 'docs/api.md', name: 'api of node', text: apiNodeReference },
  { file: 'docs/api-report.md', name: 'signatures', text: apiSignatures },
  { file: 'docs/the-call.svg', name: 'picture', text: abiSvg },
]

/** `document` with `text` between the two marks of `name`. */
export function withGenerated(document: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name}: written by npm run gen -->`, `<!-- end of ${name} -->`]
  const [from, to] = [document.indexOf(start), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the marks of ${name} are missing`)
  return `${document.slice(0, from + start.length)}\n\n${text}\n\n${document.slice(to)}`
}
