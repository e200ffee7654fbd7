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
      for (const path of readdirSync(folder).map((name) => join(folder, name)))
        if (Date.now() - statSync(path).mtimeMs > LONG_MS) rmSync(path, { force: true })
    } catch {
      // As the class says.
    }
  }
}
