/** The program `enclu` as its users run it, built from the sources as they are now. */
import { createHash } from 'node:crypto'
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { command, mustRun, type CommandOptions, type Outcome } from './command.ts'

const ROOT = join(import.meta.dirname, '../..')

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256').update(ROOT)
  const entries = await readdir(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
  const files = entries.filter((e) => e.isFile() && e.name.endsWith('.ts')).map((e) => join(e.parentPath, e.name))
  for (const file of files.sort()) if (!/\.(test|cases|fixture)\.ts$/.test(file)) hash.update(file).update(await readFile(file))
  return hash.digest('hex')
}

let built: Promise<string> | undefined

/** Path of main.js. */
async function build(): Promise<string> {
  const folder = await cached('enclu', await sourceHash(), async (draft) => {
    await symlink(join(ROOT, 'node_modules'), join(draft, 'node_modules'))
    await writeFile(join(draft, 'package.json'), await readFile(join(ROOT, 'package.json')))
    const tsc = join(ROOT, 'node_modules/typescript-7/bin/tsc')
    const options = ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(draft, 'dist'), '--sourceMap', 'false']
    await mustRun(process.execPath, [tsc, ...options], { timeoutMs: 120_000 })
  })
  return join(folder, 'dist/cli/main.js')
}

/** Command line that runs enclu, to put arguments behind. */
export async function encluCommand(): Promise<readonly [program: string, main: string]> {
  return [process.execPath, await (built ??= build())]
}

/** `enclu ...args`. */
export async function enclu(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const [node, main] = await encluCommand()
  return command(node, [main, ...args], options)
}
