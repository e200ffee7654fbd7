/** Which parts of which documents are generated. */
import { exitCodesTable, optionsTable } from './cli-tables.ts'
import { quirksText } from './quirks.ts'
import { roomsPicture } from './rooms-picture.ts'

export const GENERATED: readonly { readonly file: string; readonly name: string; readonly text: () => string }[] = [
  { file: 'README.md', name: 'options', text: optionsTable },
  { file: 'README.md', name: 'exit codes', text: exitCodesTable },
  { file: 'ARCHITECTURE.md', name: 'rooms', text: roomsPicture },
  { file: 'docs/quirks.md', name: 'quirks', text: quirksText },
]

/** `document` with `text` between the two marks of `name`. */
export function withGenerated(document: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name}: written by npm run gen -->`, `<!-- end of ${name} -->`]
  const [from, to] = [document.indexOf(start), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the marks of ${name} are missing`)
  return `${document.slice(0, from + start.length)}\n\n${text}\n\n${document.slice(to)}`
}
