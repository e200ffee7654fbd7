import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why something that needs the outside world (a compiler, a mirror) cannot be had here. */
export interface Skip {
  readonly skip: string
}

export const isSkip = (x: unknown): x is Skip => typeof x === 'object' && x !== null && 'skip' in x

/**
 * A folder under the system's temporary folder, filled once by `build` for each distinct `key` (sources, options, versions).
 * `build` fills a private folder that is renamed when it is complete, so that an interrupted or concurrent build is never seen.
 */
export async function cached(name: string, key: string, build: (folder: string) => Promise<void>): Promise<string> {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16)
  const folder = join(tmpdir(), 'enclu-cache', `${name}-${hash}`)
  if (existsSync(folder)) return folder
  const draft = `${folder}.${process.pid}.${Date.now()}`
  await mkdir(draft, { recursive: true })
  try {
    await build(draft)
    await rename(draft, folder).catch((e: unknown) => {
      // Another process was faster; its result is as good as ours.
      if (!existsSync(folder)) throw e
    })
    return folder
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}
