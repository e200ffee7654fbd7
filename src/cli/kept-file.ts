import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

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
    } catch {
      // As the class says.
    }
  }
}
