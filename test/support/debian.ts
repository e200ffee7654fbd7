import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, type Skip } from './cache.ts'
import { command, mustRun, works } from './command.ts'

/** The mirror or a tool is missing: a reason to skip, unlike a build that fails. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

/** Turns Unavailable into a skip; any other error is a real failure and stays one. */
export async function orSkip<T>(work: () => Promise<T>): Promise<T | Skip> {
  try {
    return await work()
  } catch (e) {
    if (e instanceof Unavailable) return { skip: e.message }
    throw e
  }
}

export async function needTools(...tools: readonly string[]): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Unavailable('needs Linux on x86-64')
  for (const tool of tools) if (!(await works(tool))) throw new Unavailable(`needs ${tool}`)
}

/** Downloads the package into `folder` (no installation, no root needed while the package lists are fresh); returns the .deb. */
export async function downloadPackage(name: string, folder: string): Promise<string> {
  await needTools('apt-get', 'dpkg-deb')
  const options = ['-q', '-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20']
  const download = () => command('apt-get', [...options, 'download', name], { cwd: folder, timeoutMs: 600_000 })
  let r = await download()
  if (r.code !== 0 && process.getuid?.() === 0) {
    // The lists may be older than the mirror.
    await command('apt-get', [...options, 'update'], { timeoutMs: 180_000 })
    r = await download()
  }
  const deb = (await readdir(folder)).find((f) => f.startsWith(`${name}_`) && f.endsWith('.deb'))
  if (r.code === 0 && deb !== undefined) return join(folder, deb)
  const why = r.stderr.split('\n').find((l) => l.startsWith('E:')) ?? 'no answer in time'
  throw new Unavailable(`apt-get download ${name} failed (${why.trim()})`)
}

/** The files of a Debian package, unpacked and cached. */
export const unpackedPackage = (name: string): Promise<string> =>
  cached(`deb-${name}`, name, async (draft) => {
    const deb = await downloadPackage(name, draft)
    await mustRun('dpkg-deb', ['-x', deb, draft], { timeoutMs: 120_000 })
    await mustRun('rm', [deb])
  })
