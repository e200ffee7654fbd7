import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { cached } from './cache.ts'
import { mustRun, works } from './command.ts'

/** Why no C program can be built and run natively here; undefined when it can. */
export async function compilerMissing(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'needs Linux on x86-64'
  return (await works('gcc')) ? undefined : 'needs gcc'
}

/** A statically linked program, built once for each version of its source. Returns its path. */
export async function compiled(source: string, options: readonly string[] = ['-O2', '-static']): Promise<string> {
  const name = basename(source, '.c')
  const key = [await readFile(source, 'utf8'), ...options].join('\n')
  const folder = await cached(`c-${name}`, key, async (draft) => {
    await mustRun('gcc', [
      ...options,
      '-Wall',
      '-Wextra',
      '-Werror',
      '-o',
      join(draft, name),
      source,
      '-lm',
      '-lpthread',
    ])
  })
  return join(folder, name)
}
