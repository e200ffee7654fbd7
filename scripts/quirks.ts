/** Collects what the sources say about departures from hardware, Linux and the manuals, for docs/quirks.md. */
import { readFileSync } from 'node:fs'
import { sourceFiles } from './imports.ts'

// prettier-ignore
const TAGS = {
  Deviation: 'We differ',
  Undefined: 'The manual leaves it open: what we do',
  Erratum:   'The manual is wrong: what we do',
} as const
type Tag = keyof typeof TAGS

interface Quirk {
  readonly tag: Tag
  readonly file: string
  readonly text: string
}

/** The text of a comment line; undefined for a line without a comment. */
const commentOf = (line: string): string | undefined =>
  /(?:^\s*\/?\*+\/?|(?:^|\s)\/\/|\/\*\*?)\s?(.*?)(?:\s*\*\/.*)?$/.exec(line)?.[1]?.trim()

/** A tag at the start of a sentence. */
const TAGGED = /(?:^|[.;:] )(Deviation|Undefined|Erratum): (.*)$/

function quirksOf(file: string): Quirk[] {
  const found: { tag: Tag; file: string; text: string }[] = []
  let open = false
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const comment = commentOf(line)
    const match = comment === undefined ? null : TAGGED.exec(comment)
    if (match) {
      found.push({ tag: match[1] as Tag, file, text: match[2] ?? '' })
      open = true
    } else if (open && comment) {
      const last = found.at(-1)
      if (last) last.text += ` ${comment}`
    } else {
      open = false
    }
    // What follows the end of a comment is another one.
    if (line.includes('*/')) open = false
  }
  return found
}

/** The generated part of docs/quirks.md. */
export function quirksText(): string {
  const all = sourceFiles('src')
    .filter((file) => !/\.(test|cases|fixture|tmp)\.ts$/.test(file))
    .flatMap(quirksOf)
  return (Object.keys(TAGS) as Tag[])
    .map((tag) => {
      const lines = all
        .filter((q) => q.tag === tag)
        .map((q) => `- [${q.file.slice(4)}](../${q.file}): ${escape(q.text)}`)
      return [`### ${tag}: ${TAGS[tag]}`, '', ...(lines.length > 0 ? lines : ['None.'])].join('\n')
    })
    .join('\n\n')
}

/** For Markdown outside code. */
const escape = (text: string): string => text.replaceAll(/[*<]|\b_\B|\B_\b/g, '\\$&')
