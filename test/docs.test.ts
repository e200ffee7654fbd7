/** The documents agree with the sources. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { GENERATED, withGenerated } from '../scripts/generated.ts'
import { sourceFiles } from '../scripts/imports.ts'

const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'docs/quirks.md',
  'docs/references.md',
  'docs/the-call.md',
  'docs/glossary.md',
  'docs/support/instructions.md',
  'docs/support/leaves.md',
  'docs/api.md',
  'docs/api-report.md',
]

describe('generated parts', () => {
  test.each(GENERATED)('$file, $name: fresh (else: npm run gen)', async ({ file, name, text }) => {
    const document = readFileSync(file, 'utf8')
    expect(withGenerated(document, name, await text())).toBe(document)
  })
})

describe('links', () => {
  test.each(DOCUMENTS)('%s: every relative link names a file', (document) => {
    const targets = Array.from(
      readFileSync(document, 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g),
      ([, to = '']) => to,
    )
    expect(targets.filter((to) => !existsSync(join(dirname(document), to)))).toEqual([])
  })
})

describe('citations', () => {
  test('use keys of docs/references.md', () => {
    const keys = new Set(
      Array.from(readFileSync('docs/references.md', 'utf8').matchAll(/^\| ([\w-]+) +\|/gm), ([, key]) => key),
    )
    const unknown = sourceFiles('src').flatMap((file) =>
      Array.from(readFileSync(file, 'utf8').matchAll(/\[([A-Z][\w-]*) "/g), ([, key = '']) => key)
        .filter((key) => !keys.has(key))
        .map((key) => `${file}: ${key}`),
    )
    expect(unknown).toEqual([])
  })
})
