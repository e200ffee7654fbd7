/** Runs files of tests with one source file replaced. A process of its own: what is broken may never end. Talks over IPC. */
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { runInThisContext } from 'node:vm'
import { context, type BuildContext, type Plugin } from 'esbuild'
import type { Tests } from '../test/mutants/mutant.ts'
import { collector } from './mutants-collector.ts'

/** A regular expression does not travel, so its source does. */
export interface Request {
  readonly file: string
  readonly text: string
  readonly tests: readonly { readonly file: string; readonly name?: string }[]
}
/** Names of the tests that failed, at most one of each file asked. */
export interface Answer {
  readonly failed: readonly string[]
  /** What comes out is not TypeScript. */
  readonly invalid?: string
}

export const requestOf = (file: string, text: string, tests: readonly Tests[]): Request => ({
  file,
  text,
  tests: tests.map(({ file: of, name }) => ({ file: of, ...(name && { name: name.source }) })),
})

let replaced: { readonly path: string; readonly text: string } | undefined
const replacement: Plugin = {
  name: 'replacement',
  setup(build) {
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) =>
      path === replaced?.path ? { contents: replaced.text, loader: 'ts' } : undefined,
    )
  },
}

const bundles = new Map<string, BuildContext>()
async function bundle(file: string): Promise<string> {
  const known =
    bundles.get(file) ??
    (await context({
      entryPoints: [file],
      bundle: true,
      write: false,
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      logLevel: 'silent',
      plugins: [replacement],
    }))
  bundles.set(file, known)
  const { outputFiles } = await known.rebuild()
  return outputFiles?.[0]?.text ?? ''
}

/** The first test of the file that fails; undefined: all that were asked for pass. */
async function firstFailure(file: string, name?: string): Promise<string | undefined> {
  const { module, tests } = collector()
  const real = createRequire(resolve(file))
  const require = (id: string): unknown => (id === 'vitest' ? module : real(id))
  const code = await bundle(file)
  try {
    const load = runInThisContext(`(require, module, exports) => {${code}\n}`, { filename: file }) as (
      ...args: unknown[]
    ) => void
    load(require, { exports: {} }, {})
  } catch (error) {
    return `${file} does not load: ${String(error)}`
  }
  const wanted = tests.filter((test) => name === undefined || new RegExp(name).test(test.name))
  if (wanted.length === 0) return `${file} has no test ${name ?? ''}`
  for (const { name: full, run } of wanted) {
    try {
      await run()
    } catch {
      return full
    }
  }
  return undefined
}

async function serve({ file, text, tests }: Request): Promise<Answer> {
  replaced = { path: resolve(file), text }
  for (const { file: of, name } of tests) {
    const failed = await firstFailure(of, name)
    if (failed !== undefined) return { failed: [failed] }
  }
  return { failed: [] }
}

if (process.send) {
  const invalid = (error: unknown): Answer => ({ failed: [], invalid: String(error) })
  process.on('message', (request: Request) => {
    void serve(request)
      .catch(invalid)
      .then((answer) => process.send?.(answer))
  })
  process.on('disconnect', () => process.exit())
}
