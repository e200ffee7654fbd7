/** The generated parts of docs/api.md and docs/api-report.md. */
import { format, resolveConfig } from 'prettier'
import { readExports, type EntryName, type Exported } from './api-declarations.ts'
import { table } from './cli-tables.ts'

let read: readonly Exported[] | undefined
const all = (): readonly Exported[] => (read ??= readExports())

const firstSentence = (comment: string): string =>
  (/^[^]*?\.(?=\s|$)/.exec(comment)?.[0] ?? comment).replaceAll(/\s+/g, ' ').replace(/\.$/, '').replaceAll('|', '\\|')

const tableOf = (entry: EntryName): string =>
  table(
    ['name', 'kind', 'what it is'],
    all()
      .filter((e) => e.entry === entry)
      .map((e) => [`\`${e.name}\``, e.kind, firstSentence(e.comment)]),
  )

/** Every export with the first sentence of its comment. */
export const apiReference = (): string => tableOf('enclu')
export const apiNodeReference = (): string => tableOf('enclu/node')

/** Every export with its signature: a change of the public surface is a change of this text. */
export async function apiSignatures(): Promise<string> {
  const blocks = all().map(async ({ entry, name, signature }) => {
    const code = await format(signature.replace(/^export (declare )?/, ''), {
      ...(await resolveConfig('docs/api-report.md')),
      parser: 'typescript',
    })
    return `### ${name}\n\nfrom \`${entry}\`\n\n\`\`\`ts\n${code}\`\`\``
  })
  return (await Promise.all(blocks)).join('\n\n')
}

/** Types that signatures name and nobody can import. */
export function unexportedTypes(): string[] {
  const names = new Set(all().map((e) => e.name))
  const missing = all().flatMap((e) => e.uses.filter((use) => !names.has(use)).map((use) => `${e.name}: ${use}`))
  return [...new Set(missing)].sort()
}

export const undocumented = (): string[] => all().flatMap((e) => (e.comment === '' ? [e.name] : []))

/** Names of what exists at run time. */
export const exportedValues = (): string[] => all().flatMap((e) => (e.kind === 'type' ? [] : [e.name]))
