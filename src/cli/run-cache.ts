import { dirname } from 'node:path'
import type { KeptTranslations } from '../api/index.ts'
import { toHex } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { KeptFile, type Launcher } from './kept-file.ts'

/** What runs of one version keep for each other in the user's cache folder. */
export class RunCache {
  /** Where all of it is. What is read from there is trusted as enclu itself is. */
  readonly folder: string
  private readonly launcher: Launcher
  private readonly handlers: KeptFile
  private readonly program: KeptFile

  /** `program` tells apart what cannot use the same code. */
  constructor(launcher: Launcher, program: readonly string[]) {
    this.launcher = launcher
    this.folder = dirname(launcher.prefix)
    this.handlers = new KeptFile(`${launcher.prefix}.handlers`)
    // Not the hash of Node: its crypto module takes milliseconds to load.
    const name = toHex(sha256(new TextEncoder().encode(program.join('\0')))).slice(0, 16)
    this.program = new KeptFile(`${launcher.prefix}-${name}.program`)
  }

  read(): KeptTranslations {
    const [handlers, program] = [this.handlers.read(), this.program.read()]
    return { ...(handlers && { handlers }), ...(program && { program }) }
  }

  write({ handlers, program }: KeptTranslations): void {
    if (program) this.program.write(program)
    if (!handlers) return
    this.handlers.write(handlers)
    this.launcher.keepCode()
  }
}
