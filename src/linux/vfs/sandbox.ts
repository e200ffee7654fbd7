import { isHostError, type FilePort } from '../../port/index.ts'
import { EACCES, MAX_LINKS } from '../../spec/linux/index.ts'
import { components, isWithin, join, normalize, parentOf } from './path.ts'

export interface Grants {
  readonly read: readonly string[]
  readonly write: readonly string[]
  /** Neither, whatever the others say; nor can what leads there be replaced. */
  readonly never?: readonly string[]
}

/** What any Linux program needs to start: its libraries, their configuration, the tools it calls. */
export const SYSTEM_FOLDERS = ['/lib', '/lib32', '/lib64', '/libx32', '/usr', '/etc', '/bin', '/sbin'] as const

/**
 * Which files of the host the guest may reach. Asked with canonical paths only (no symbolic links left), so that no link leads out.
 * Outside the grants the guest learns nothing, not even whether a file exists; folders on the way to a grant can be looked
 * through, not listed.
 */
export class Sandbox {
  private readonly granted: Required<Grants>
  /** Every folder and link that was passed on the way to a grant. */
  private readonly passed = new Set<string>(['/'])
  private readonly noticed = new Set<string>()
  private readonly notice: (text: string) => void

  /** `grants` may be relative to `base` and may name files that do not exist yet. */
  constructor(files: FilePort, grants: Grants, base: string, notice: (text: string) => void) {
    this.notice = notice
    const canonical = (path: string): string => canonicalPath(files, normalize(path, base), (p) => this.passed.add(p))
    this.granted = {
      read: grants.read.map(canonical),
      write: grants.write.map(canonical),
      never: (grants.never ?? []).map(canonical),
    }
  }

  allows(kind: 'read' | 'write', path: string): boolean {
    const { never } = this.granted
    const isDenied = never.some((d) => isWithin(path, d) || (kind === 'write' && isWithin(d, path)))
    return !isDenied && this.isGranted(kind, path)
  }

  private isGranted(kind: 'read' | 'write', path: string): boolean {
    return this.granted[kind].some((folder) => isWithin(path, folder))
  }

  /** Its existence and status may be known. */
  shows(path: string): boolean {
    return this.allows('read', path) || this.allows('write', path) || this.passed.has(path)
  }

  /** -EACCES, and once for each path the flag that would have allowed it. */
  refuse(kind: 'read' | 'write', path: string): number {
    const flag = `--allow-${kind}=${path}`
    if (!this.noticed.has(flag)) {
      this.noticed.add(flag)
      const remedy = this.isGranted(kind, path) ? 'enclu keeps its own files there' : `to allow it: ${flag}`
      this.notice(`the program may not ${kind} ${path}; ${remedy}`)
    }
    return -EACCES
  }
}

/** Resolves links as the guest's kernel will, as far as the path exists; `pass` sees every folder and link on the way. */
function canonicalPath(files: FilePort, path: string, pass: (path: string) => void): string {
  const pending = components(path).reverse()
  let at = '/'
  let links = 0
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '..') {
      at = parentOf(at)
      continue
    }
    const next = join(at, name)
    const stat = files.stat(next, false)
    const target =
      !isHostError(stat) && stat.kind === 'symlink' && links++ < MAX_LINKS ? files.readLink(next) : undefined
    pass(next)
    if (typeof target !== 'string') {
      at = next
      continue
    }
    if (target.startsWith('/')) at = '/'
    pending.push(...components(target).reverse())
  }
  return at
}
