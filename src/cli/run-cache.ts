import { createHash } from 'node:crypto'
import type { KeptTranslations } from '../api/index.ts'
import { KeptFile, type Launcher } from './kept-file.ts'

/** What runs of one version keep for each other in the user's cache folder. */
export class RunCache {
  private readonly launcher: Launcher
  private readonly handlers: KeptFile
  private readonly program: KeptFile

  /** `program` tells apart what cannot use the same code. */
  constructor(launcher: Launcher, program: readonly string[]) {
    this.launcher = launcher
    this.handlers = new KeptFile(`${launcher.prefix}.handlers`)
    const name = createHash('sha256').update(program.join('\0')).digest('hex').slice(0, 16)
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
