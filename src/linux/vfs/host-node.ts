import { isHostError, type HostError, type HostStat } from '../../port/index.ts'
import { ACCESS, EACCES, EISDIR, ENXIO, EXDEV, FS_MAGIC, O } from '../../spec/linux/index.ts'
import { errnoOfHost } from '../errno.ts'
import type { Task } from '../task/task.ts'
import { DirectoryFile } from './directory-file.ts'
import type { FileDescription, Stat } from './file.ts'
import { HostFileDescription } from './host-file.ts'
import { statOfHost, type HostFiles } from './host-files.ts'
import type { Node, Space } from './node.ts'
import { join } from './path.ts'

const errnoOf = (answer: HostError | undefined): number => (answer ? errnoOfHost(answer.error) : 0)

/** A file of the host. `path` is canonical: the walk has followed every link and checked that the sandbox shows it. */
export class HostNode implements Node {
  readonly kind: Node['kind']
  readonly path: string
  private readonly files: HostFiles
  private readonly seen: HostStat

  constructor(files: HostFiles, path: string, seen: HostStat) {
    this.files = files
    this.path = path
    this.seen = seen
    this.kind = seen.kind === 'file' || seen.kind === 'directory' || seen.kind === 'symlink' ? seen.kind : 'other'
  }

  /** -ENOENT and others as the host says. */
  static at(files: HostFiles, path: string): HostNode | number {
    const stat = files.host.files.stat(path, false)
    return isHostError(stat) ? errnoOfHost(stat.error) : new HostNode(files, path, stat)
  }

  stat(): Stat {
    return statOfHost(this.files, this.seen)
  }

  lookup(_task: Task, name: string): Node | number {
    return HostNode.at(this.files, join(this.path, name))
  }

  list(): readonly string[] | number {
    if (!this.files.sandbox.allows('read', this.path)) return this.files.sandbox.refuse('read', this.path)
    const names = this.files.host.files.list(this.path)
    // Sorted, so that a run does not depend on how the host's file system was filled.
    return isHostError(names) ? errnoOfHost(names.error) : [...names].sort()
  }

  readLink(): string | number {
    const target = this.files.host.files.readLink(this.path)
    return isHostError(target) ? errnoOfHost(target.error) : target
  }

  open(_task: Task, flags: number, path: string): FileDescription | number {
    const access = flags & O.ACCMODE
    if (flags & O.PATH) return new DirectoryFile(this, path, flags)
    if (this.kind === 'directory') {
      if (access !== O.RDONLY) return -EISDIR
      const refused = this.refusal('read', this.path)
      return refused < 0 ? refused : new DirectoryFile(this, path, flags)
    }
    // Devices and fifos of the host would block or reach outside: only plain files are opened.
    if (this.kind !== 'file') return -ENXIO
    return this.openAt(this.path, flags, 0)
  }

  create(_task: Task, name: string, flags: number, permissions: number): FileDescription | number {
    return this.openAt(join(this.path, name), flags | O.CREAT, permissions)
  }

  makeDirectory(_task: Task, name: string, permissions: number): number {
    const path = join(this.path, name)
    return this.refusal('write', path) || errnoOf(this.files.host.files.makeDirectory(path, permissions))
  }

  remove(_task: Task, name: string, directory: boolean): number {
    const path = join(this.path, name)
    return this.refusal('write', path) || errnoOf(this.files.host.files.remove(path, directory))
  }

  rename(_task: Task, name: string, to: Node, newName: string): number {
    if (!(to instanceof HostNode)) return -EXDEV
    const from = join(this.path, name)
    const target = join(to.path, newName)
    return (
      this.refusal('write', from) ||
      this.refusal('write', target) ||
      errnoOf(this.files.host.files.rename(from, target))
    )
  }

  symlink(_task: Task, name: string, target: string): number {
    const path = join(this.path, name)
    return this.refusal('write', path) || errnoOf(this.files.host.files.symlink(target, path))
  }

  link(_task: Task, name: string, existing: Node): number {
    if (!(existing instanceof HostNode)) return -EXDEV
    const path = join(this.path, name)
    // A second name must not carry a file from where it may only be read to where it may be written.
    return (
      this.refusal('write', existing.path) ||
      this.refusal('write', path) ||
      errnoOf(this.files.host.files.link(existing.path, path))
    )
  }

  access(_task: Task, mask: number): number {
    const want = {
      read: (mask & ACCESS.R_OK) !== 0,
      write: (mask & ACCESS.W_OK) !== 0,
      execute: (mask & ACCESS.X_OK) !== 0,
    }
    // A question is not an attempt: no notice.
    const { sandbox, host } = this.files
    if ((want.read || want.execute) && !sandbox.allows('read', this.path)) return -EACCES
    if (want.write && !sandbox.allows('write', this.path)) return -EACCES
    return errnoOf(host.files.access(this.path, want))
  }

  setMode(_task: Task, mode: number): number {
    return this.refusal('write', this.path) || errnoOf(this.files.host.files.setMode(this.path, mode))
  }

  setTimes(_task: Task, atimeNs: bigint | undefined, mtimeNs: bigint | undefined): number {
    const old = this.seen.mtimeNs
    return (
      this.refusal('write', this.path) ||
      errnoOf(this.files.host.files.setTimes(this.path, atimeNs ?? old, mtimeNs ?? old))
    )
  }

  space(): Space | number {
    const space = this.files.host.files.space(this.path)
    return isHostError(space) ? errnoOfHost(space.error) : { type: FS_MAGIC.EXT4, ...space }
  }

  private refusal(kind: 'read' | 'write', path: string): number {
    return this.files.sandbox.allows(kind, path) ? 0 : this.files.sandbox.refuse(kind, path)
  }

  private openAt(path: string, flags: number, permissions: number): FileDescription | number {
    const { sandbox, host } = this.files
    const access = flags & O.ACCMODE
    const [read, write] = [access !== O.WRONLY, access !== O.RDONLY]
    const changes = write || (flags & (O.CREAT | O.TRUNC)) !== 0
    const refused = (read && this.refusal('read', path)) || (changes && this.refusal('write', path))
    if (refused) return refused
    const file = host.files.open(path, {
      read,
      write,
      create: (flags & O.CREAT) !== 0,
      exclusive: (flags & O.EXCL) !== 0,
      truncate: (flags & O.TRUNC) !== 0,
      permissions,
    })
    if (isHostError(file)) return errnoOfHost(file.error)
    // Someone outside may have put a link in the way after the walk: what was opened must be what was checked.
    const real = host.files.realPath(path)
    const escaped =
      isHostError(real) || (read && !sandbox.allows('read', real)) || (changes && !sandbox.allows('write', real))
    if (!escaped) return new HostFileDescription(this.files, file, path, flags, () => HostNode.at(this.files, path))
    file.close()
    return -EACCES
  }
}
