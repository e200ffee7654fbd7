import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What launch.ts gives the program. */
export interface Launcher {
  /** How the names of files begin that runs of this version keep for each other. */
  readonly prefix: string
  /** This run has used code that earlier ones have not: V8's code shall be kept anew. */
  keepCode(): void
}

/** Files of versions that nobody has run for so long are removed. */
const LONG_MS = 30 * 24 * 3600 * 1000
/** What the folder may hold: some dozens of programs. */
const MOST_BYTES = 256 * 2 ** 20

/** A file in the user's cache folder, for this user alone. What cannot be kept is made in each run. */
export class KeptFile {
  private readonly path: string
  constructor(path: string) {
    this.path = path
  }

  read(): Buffer | undefined {
    try {
      return readFileSync(this.path)
    } catch {
      return undefined
    }
  }

  write(content: Uint8Array): void {
    try {
      const folder = dirname(this.path)
      // Two levels and no more: mkdir with `recursive` never returns where a file system refuses folders with ENOENT, as /proc does.
      for (const path of [dirname(folder), folder]) if (!existsSync(path)) mkdirSync(path, { mode: 0o700 })
      const draft = `${this.path}.${process.pid}`
      writeFileSync(draft, content, { mode: 0o600 })
      renameSync(draft, this.path)
      removeOld(folder)
    } catch {
      // As the class says.
    }
  }
}

/** The latest files stay as long as there is room for them. */
function removeOld(folder: string): void {
  const files = readdirSync(folder).map((name) => {
    const path = join(folder, name)
    const { mtimeMs, size } = statSync(path)
    return { path, mtimeMs, size }
  })
  let total = 0
  for (const { path, mtimeMs, size } of files.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
    total += size
    if (Date.now() - mtimeMs > LONG_MS || total > MOST_BYTES) rmSync(path, { force: true })
  }
}
