import { ACCESS, EACCES, EISDIR, ENOENT, O, S, makedev } from '../../spec/linux/index.ts'
import type { Task } from '../task/task.ts'
import { DirectoryFile } from './directory-file.ts'
import type { FileDescription, Stat } from './file.ts'
import type { Node, Space } from './node.ts'
import { OpenFile, seekTo } from './open-file.ts'

/** Files that the kernel makes up: /dev, /proc, /sys. They belong to root, whom no guest is; inode numbers count from 2. */
let lastIno = 1n

/** Which made-up file system a node belongs to, as statfs(2) and st_dev tell it. */
export interface VirtualFileSystem {
  readonly dev: bigint
  readonly magic: number
}

const BLOCK = 4096

export abstract class VirtualNode implements Node {
  abstract readonly kind: Node['kind']
  protected readonly fs: VirtualFileSystem
  protected readonly mode: number
  protected readonly ino = ++lastIno
  constructor(fs: VirtualFileSystem, mode: number) {
    this.fs = fs
    this.mode = mode
  }
  abstract open(task: Task, flags: number, path: string): FileDescription | number
  stat(): Stat {
    const { mode, ino } = this
    const nlink = this.kind === 'directory' ? 2 : 1
    return { dev: this.fs.dev, ino, mode, nlink, uid: 0, gid: 0, rdev: 0n, size: 0, mtimeNs: 0n }
  }
  access(_task: Task, mask: number): number {
    return (this.mode & mask) === mask ? 0 : -EACCES
  }
  space(): Space {
    return { type: this.fs.magic, blockSize: BLOCK, blocks: 0, free: 0, files: 0 }
  }
}

/** Entries are fixed, or asked for each time. */
export class VirtualDirectory extends VirtualNode {
  readonly kind = 'directory'
  private readonly entries: ReadonlyMap<string, Node>
  private readonly more: ((task: Task, name: string) => Node | undefined) | undefined
  private readonly moreNames: ((task: Task) => readonly string[]) | undefined

  constructor(
    fs: VirtualFileSystem,
    entries: Readonly<Record<string, Node>>,
    more?: { lookup: (task: Task, name: string) => Node | undefined; list: (task: Task) => readonly string[] },
  ) {
    super(fs, S.IFDIR | 0o555)
    this.entries = new Map(Object.entries(entries))
    this.more = more?.lookup
    this.moreNames = more?.list
  }

  lookup(task: Task, name: string): Node | number {
    return this.entries.get(name) ?? this.more?.(task, name) ?? -ENOENT
  }

  list(task: Task): readonly string[] {
    return [...this.entries.keys(), ...(this.moreNames?.(task) ?? [])].sort()
  }

  open(_task: Task, flags: number, path: string): FileDescription | number {
    return (flags & O.ACCMODE) === O.RDONLY ? new DirectoryFile(this, path, flags) : -EISDIR
  }
}

/** A file whose text is made when it is opened (proc(5)). */
export class VirtualFile extends VirtualNode {
  readonly kind = 'file'
  private readonly text: (task: Task) => string | Uint8Array
  constructor(fs: VirtualFileSystem, text: (task: Task) => string | Uint8Array, mode = 0o444) {
    super(fs, S.IFREG | mode)
    this.text = text
  }
  open(task: Task, flags: number, path: string): FileDescription | number {
    if ((flags & O.ACCMODE) !== O.RDONLY) return -EACCES
    const text = this.text(task)
    return new TextFile(this, typeof text === 'string' ? new TextEncoder().encode(text) : text, path, flags)
  }
}

class TextFile extends OpenFile {
  readonly node: Node
  private readonly data: Uint8Array
  private position = 0
  constructor(node: Node, data: Uint8Array, path: string, flags: number) {
    super(path, flags)
    this.node = node
    this.data = data
  }
  override read(into: Uint8Array, at?: number): number {
    const part = this.data.subarray(at ?? this.position).subarray(0, into.length)
    into.set(part)
    if (at === undefined) this.position += part.length
    return part.length
  }
  override seek(offset: number, whence: number): number {
    const target = seekTo(this.position, this.data.length, offset, whence)
    if (target >= 0) this.position = target
    return target
  }
  stat(): Stat {
    return this.node.stat()
  }
}

/** `follow` makes it a magic link: it leads to what it names even where that has no path. */
export class VirtualLink extends VirtualNode {
  readonly kind = 'symlink'
  readonly readLink: (task: Task) => string | number
  declare readonly follow?: (task: Task) => Node | number
  constructor(fs: VirtualFileSystem, target: (task: Task) => string | number, follow?: (task: Task) => Node | number) {
    super(fs, S.IFLNK | 0o777)
    this.readLink = target
    if (follow) this.follow = follow
  }
  open(_task: Task, flags: number, path: string): FileDescription {
    return new DirectoryFile(this, path, flags)
  }
}

/** What is behind a device number. */
export interface Device {
  readonly major: number
  readonly minor: number
  /** Permissions; the guest counts as a member of the device's group, so 0660 lets it in. */
  readonly mode: number
  open(task: Task, node: DeviceNode, flags: number): FileDescription | number
}

export class DeviceNode extends VirtualNode {
  readonly kind = 'character'
  readonly device: Device
  readonly name: string
  constructor(fs: VirtualFileSystem, name: string, device: Device) {
    super(fs, S.IFCHR | device.mode)
    this.name = name
    this.device = device
  }
  override stat(): Stat {
    return { ...super.stat(), rdev: makedev(this.device.major, this.device.minor) }
  }
  override access(_task: Task, mask: number): number {
    return mask & ACCESS.X_OK ? -EACCES : 0
  }
  open(task: Task, flags: number, _path: string): FileDescription | number {
    return flags & O.PATH ? new DirectoryFile(this, this.name, flags) : this.device.open(task, this, flags)
  }
}
