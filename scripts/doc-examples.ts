/** The TypeScript examples of the documents and of the doc comments: found, compiled against the built package, run. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { sourceFiles } from './imports.ts'

const DOCUMENTS = ['README.md', 'docs/api.md']
const COMPILER = 'node_modules/typescript-7/bin/tsc'
const LIMIT_MS = 300_000

export interface Example {
  /** File and line of its first line. */
  readonly place: string
  readonly code: string
  /** What its calls of console.log print, by the comments behind them. */
  readonly expected: readonly string[]
}

/** Every block marked `ts`, in the documents and in the doc comments of the sources. */
export function findExamples(): Example[] {
  const sources = sourceFiles('src').filter((file) => !/\.(test|cases|fixture)\.ts$/.test(file))
  return [...DOCUMENTS, ...sources].flatMap((file) => {
    const text = readFileSync(file, 'utf8')
    return Array.from(
      text.matchAll(/^([ ]*\* |)```ts\n([^]*?)^\1```$/gm),
      ({ index, 1: margin = '', 2: body = '' }) => {
        const line = text.slice(0, index).split('\n').length + 1
        const code = body
          .split('\n')
          .map((l) => (l.startsWith(margin) ? l.slice(margin.length) : l.replace(/^ *\*$/, '')))
          .join('\n')
        return { place: `${file}:${line}`, code, expected: expectedOutput(code) }
      },
    )
  })
}

/** The comment at the end of a line with console.log, and the lines after it that are nothing but a comment. */
function expectedOutput(code: string): string[] {
  const expected: string[] = []
  let goesOn = false
  for (const line of code.split('\n')) {
    const [, printed] = /\bconsole\.log\(.*\).* \/\/ (.*)$/.exec(line) ?? []
    const [, more] = /^ *\/\/ (.*)$/.exec(line) ?? []
    if (printed !== undefined) expected.push(printed)
    else if (goesOn && more !== undefined) expected.push(more)
    goesOn = printed !== undefined || (goesOn && more !== undefined)
  }
  return expected
}

export interface Outcome {
  readonly printed: readonly string[]
  readonly error?: string
}

/** Only console.log counts: what a guest prints is not what the example prints. */
const RUNNER = `import { writeFileSync } from 'node:fs'
import { format } from 'node:util'
const [, , results, count] = process.argv
const outcomes = []
for (let i = 0; i < count; i++) {
  const outcome = { printed: [] }
  outcomes.push(outcome)
  console.log = (...values) => outcome.printed.push(...format(...values).split('\\n'))
  await import(\`./example\${i}.js\`).catch((e) => (outcome.error = String(e?.stack ?? e)))
}
writeFileSync(results, JSON.stringify(outcomes))
`

/** A project of somebody who has installed the package. */
export class ExampleProject {
  private readonly folder = mkdtempSync(join(tmpdir(), 'enclu-examples-'))
  private readonly examples: readonly Example[]

  constructor(examples: readonly Example[]) {
    this.examples = examples
    mkdirSync(join(this.folder, 'node_modules'))
    symlinkSync(resolve('.'), join(this.folder, 'node_modules/enclu'))
    symlinkSync(resolve('node_modules/@types'), join(this.folder, 'node_modules/@types'))
    const compilerOptions = {
      target: 'ES2022',
      lib: ['ES2023', 'ESNext.Disposable', 'DOM'],
      types: ['node'],
      module: 'NodeNext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: true,
    }
    this.write('package.json', JSON.stringify({ type: 'module' }))
    this.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts'] }))
    this.write('runner.mjs', RUNNER)
    examples.forEach(({ code }, i) => this.write(`example${i}.ts`, `${code}\nexport {}\n`))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }

  /** What the compiler has to say, with places in the documents. */
  async compile(): Promise<string[]> {
    const { output } = await run([COMPILER, '-p', this.folder])
    return output
      .split('\n')
      .filter((line) => line.includes('error TS'))
      .map((line) =>
        line.replace(/^.*example(\d+)\.ts\((\d+),\d+\)/, (_all, i: string, l: string) => {
          const [file, first] = (this.examples[Number(i)]?.place ?? '').split(':')
          return `${file}:${Number(first) + Number(l) - 1}`
        }),
      )
  }

  /** Runs all, one after the other in one process. What each printed, and the error that ended it. */
  async run(): Promise<Outcome[]> {
    const results = join(this.folder, 'results.json')
    const { code, output } = await run([join(this.folder, 'runner.mjs'), results, String(this.examples.length)])
    if (code !== 0) throw new Error(`the examples ended with ${code}:\n${output}`)
    return JSON.parse(readFileSync(results, 'utf8')) as Outcome[]
  }

  private write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text)
  }
}

const run = (args: readonly string[]): Promise<{ code: number | string; output: string }> =>
  new Promise((done) => {
    const options = { env: { ...process.env, NO_COLOR: '1' }, timeout: LIMIT_MS }
    execFile(process.execPath, args, options, (error, stdout, stderr) =>
      done({ code: error ? (error.code ?? error.signal ?? 1) : 0, output: stdout + stderr }),
    )
  })
