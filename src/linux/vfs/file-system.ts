import type { Ram } from '../../cpu/index.ts'
import { isHostError, type HostPort } from '../../port/index.ts'
import { EACCES, EEXIST, EISDIR, ELOOP, ENOENT, ENOTDIR, O } from '../../spec/linux/index.ts'
import type { Task } from '../task/task.ts'
import { ConsoleFile } from './console-file.ts'
import type { FileDescription } from './file.ts'
import { MemoryBytes } from './memory-file.ts'
import type { HostFiles } from './host-files.ts'
import { HostNode } from './host-node.ts'
import type { Node } from './node.ts'
import { Pipe, PipeReader, PipeWriter } from './pipe.ts'
import type { Sandbox } from './sandbox.ts'
import { walk, type Ground, type Place } from './walk.ts'

export interface FileSystemOptions {
  readonly host: HostPort
  readonly ram: Ram
  readonly sandbox: Sandbox
  /** The guest's user, who owns what the host process owns. */
  readonly uid: number
  readonly gid: number
  /** Made-up trees by their path: '/dev', '/proc', '/sys'. */
  readonly mounts: Readonly<Record<string, Node>>
}

/** All files that the guest can name: the host's, under what the kernel makes up. */
export class FileSystem {
  readonly sandbox: Sandbox
  readonly ram: Ram
  private readonly host: HostPort
  private readonly ground: Ground
  /** Of pipes and memory files. */
  private lastIno = 2n

  constructor({ host, ram, sandbox, uid, gid, mounts }: FileSystemOptions) {
    this.host = host
    this.ram = ram
    this.sandbox = sandbox
    const files: HostFiles = { host, sandbox, ram, pages: new Map(), uid, gid }
    const root = host.files.stat('/', true)
    const nowhere = { kind: 'directory', size: 0, mode: 0o755, ino: 2n, dev: 0n, nlink: 2, uid: 0, gid: 0, mtimeNs: 0n } as const
    this.ground = {
      root: new HostNode(files, '/', isHostError(root) ? nowhere : root),
      mounts: new Map(Object.entries(mounts)),
      sandbox,
    }
  }

  /** Follows a path; a missing last component is no error here. */
  walk(task: Task, base: string, path: string, follow = true): Place | number {
    return walk(this.ground, task, base, path, follow)
  }

  /** As `walk`, but -ENOENT for what does not exist. */
  find(task: Task, base: string, path: string, follow = true): (Place & { readonly node: Node }) | number {
    const place = this.walk(task, base, path, follow)
    if (typeof place === 'number') return place
    const { node } = place
    return node ? { ...place, node } : -ENOENT
  }

  /** open(2), without the descriptor. `permissions` are those of a new file, the mask already applied. */
  open(task: Task, base: string, path: string, flags: number, permissions = 0): FileDescription | number {
    const exclusive = (flags & O.CREAT) !== 0 && (flags & O.EXCL) !== 0
    const place = this.walk(task, base, path, !(flags & O.NOFOLLOW) && !exclusive)
    if (typeof place === 'number') return place
    const { node } = place
    if (!node) return this.create(task, place, flags, permissions)
    if (exclusive) return -EEXIST
    if (flags & O.CREAT && (node.kind === 'directory' || place.directory)) return -EISDIR
    if (node.kind === 'symlink' && !(flags & O.PATH)) return flags & O.DIRECTORY ? -ENOTDIR : -ELOOP
    if (flags & O.DIRECTORY && node.kind !== 'directory') return -ENOTDIR
    // The node exists: it must not be created again should it vanish now.
    return node.open(task, flags & ~O.CREAT, place.path)
  }

  private create(task: Task, place: Place, flags: number, permissions: number): FileDescription | number {
    if (!(flags & O.CREAT) || flags & O.PATH) return -ENOENT
    if (place.directory) return -EISDIR
    if (!place.parent.create) return -EACCES
    return place.parent.create(task, place.name, flags, permissions)
  }

  /** One of the host's standard streams. */
  console(fd: 0 | 1 | 2): FileDescription {
    return new ConsoleFile(this.host.console, fd)
  }

  /** pipe(2): the reading and the writing end. */
  pipe(flags = 0): readonly [FileDescription, FileDescription] {
    const pipe = new Pipe(++this.lastIno)
    return [new PipeReader(pipe, flags & O.NONBLOCK), new PipeWriter(pipe, flags & O.NONBLOCK)]
  }

  memoryBytes(mode: number): MemoryBytes {
    return new MemoryBytes(this.ram, ++this.lastIno, mode)
  }
}

