/** Reads which files import which: for the test of the rooms. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

export interface Import {
  /** As written: './x.ts', '../base/index.ts', 'node:fs', 'commander'. */
  readonly specifier: string
  /** Gone after compilation. */
  readonly typeOnly: boolean
}

const slashes = (path: string): string => path.replaceAll('\\', '/')

/** Every TypeScript file below `folder`. */
export const sourceFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => slashes(join(folder, name)))
    .sort()

/** `import … from`, `export … from` and bare imports, as the formatter writes them: at the start of a line. */
const STATIC = /^(?:import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?\s+from\s+)?'([^']+)'/gm
/** `import('…')`, as an expression or as a type. */
const DYNAMIC = /\bimport\(\s*'([^']+)'\s*\)/g

export function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  return [
    ...Array.from(text.matchAll(STATIC), ([, type, name = '']) => ({ specifier: name, typeOnly: type !== undefined })),
    // Loaded later, so a circle through it is none.
    ...Array.from(text.matchAll(DYNAMIC), ([, name = '']) => ({ specifier: name, typeOnly: true })),
  ]
}

/** The file that a relative import names, from the root of the checkout. */
export const resolveImport = (file: string, specifier: string): string =>
  slashes(normalize(join(dirname(file), specifier)))

/** Files that import each other in a circle, each circle once; imports of types do not count. */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const walk = (file: string): void => {
    const at = path.indexOf(file)
    if (at >= 0) found.push(path.slice(at))
    if (at >= 0 || done.has(file)) return
    path.push(file)
    for (const next of graph.get(file) ?? []) walk(next)
    path.pop()
    done.add(file)
  }
  for (const file of graph.keys()) walk(file)
  return found
}
