/** Takes the place of `vitest` in a file of tests that is run over and over: same tests, same `expect`, no process for each run. */
import { format } from 'node:util'
import { expect } from 'vitest'

export interface CollectedTest {
  /** Names of the groups and the test, as vitest joins them. */
  readonly name: string
  readonly run: () => Promise<void>
}
type Body = (...args: never[]) => unknown
interface Scope {
  readonly names: readonly string[]
  readonly beforeEach: (() => unknown)[]
}

/** What a file of tests imports. Only what these files use is there; anything else fails loudly. */
export interface Collector {
  readonly module: object
  readonly tests: readonly CollectedTest[]
}

/** '%s' and the like from a list of values, '$name' from an object. */
const title = (text: string, row: readonly unknown[]): string =>
  format(text, ...row.slice(0, text.match(/%[sdifjoO]/g)?.length ?? 0)).replaceAll(
    /\$(\w+)/g,
    (whole, name: string) => {
      const [first] = row
      const value = typeof first === 'object' && first !== null ? (first as Record<string, unknown>)[name] : undefined
      return value === undefined ? whole : format('%s', value)
    },
  )

/** `declare(name, body)` with vitest's variants. */
function withVariants(declare: (name: string, body: Body, row: readonly unknown[]) => void): object {
  const plain = (name: string, body: Body): void => declare(name, body, [])
  const each =
    (rows: readonly unknown[]) =>
    (name: string, body: Body): void => {
      for (const row of rows) {
        const values: unknown[] = Array.isArray(row) ? row : [row]
        declare(title(name, values), body, values)
      }
    }
  const skipIf = (skip: unknown): object => (skip ? withVariants(() => {}) : withVariants(declare))
  return Object.assign(plain, { each, skipIf })
}

export function collector(): Collector {
  const tests: CollectedTest[] = []
  let scopes: readonly Scope[] = [{ names: [], beforeEach: [] }]
  const names = (): readonly string[] => scopes.flatMap((scope) => scope.names)
  const test = withVariants((name, body, row) => {
    const around = scopes
    tests.push({
      name: [...names(), name].join(' > '),
      run: async () => {
        for (const { beforeEach } of around) for (const hook of beforeEach) await hook()
        await body(...(row as never[]))
      },
    })
  })
  const describe = withVariants((name, body, row) => {
    const outer = scopes
    scopes = [...scopes, { names: [name], beforeEach: [] }]
    body(...(row as never[]))
    scopes = outer
  })
  const beforeEach = (hook: () => unknown): unknown => scopes.at(-1)?.beforeEach.push(hook)
  return { module: { describe, test, it: test, expect, beforeEach }, tests }
}
