import { EBADF, EINVAL, EISDIR, ENOTDIR, O, S, SEEK, linux_dirent64 } from '../../spec/linux/index.ts'
import type { Task } from '../task/task.ts'
import type { Stat } from './file.ts'
import type { Node } from './node.ts'
import { OpenFile } from './open-file.ts'

/** An open directory; also what O_PATH gives for any file: a place without contents. */
export class DirectoryFile extends OpenFile {
  readonly node: Node
  /** Index of the next entry; 0 and 1 are '.' and '..'. */
  private position = 0
  private names: readonly string[] | undefined

  constructor(node: Node, path: string, flags: number) {
    super(path, flags)
    this.node = node
  }

  override read(): number {
    return this.flags & O.PATH ? -EBADF : -EISDIR
  }

  override write(): number {
    return -EBADF
  }

  override seek(offset: number, whence: number): number {
    const target = whence === SEEK.SET ? offset : whence === SEEK.CUR ? this.position + offset : -1
    if (target < 0) return -EINVAL
    this.position = target
    // rewinddir(3) looks at the directory again.
    if (target === 0) this.names = undefined
    return target
  }

  stat(): Stat {
    return this.node.stat()
  }

  /** getdents64(2): as many whole entries as fit in `size` bytes; empty at the end. */
  entries(task: Task, size: number): Uint8Array | number {
    if (this.node.kind !== 'directory' || !this.node.list) return -ENOTDIR
    const listed = this.names ?? this.node.list(task)
    if (typeof listed === 'number') return listed
    this.names = listed
    const out = new Uint8Array(Math.min(size, 0x10_0000))
    let used = 0
    for (; this.position < listed.length + 2; this.position++) {
      const name = ['.', '..'][this.position] ?? listed[this.position - 2] ?? ''
      const entry = this.entry(task, name)
      if (used + entry.length > out.length) break
      out.set(entry, used)
      used += entry.length
    }
    return used === 0 && this.position < listed.length + 2 ? -EINVAL : out.subarray(0, used)
  }

  private entry(task: Task, name: string): Uint8Array {
    const text = new TextEncoder().encode(name)
    const node = name === '.' || name === '..' ? this.node : this.node.lookup?.(task, name)
    const stat = typeof node === 'object' ? node.stat() : undefined
    const length = Math.ceil((linux_dirent64.size + text.length + 1) / 8) * 8
    const bytes = new Uint8Array(length)
    const view = linux_dirent64.view(bytes)
    view.d_ino = stat?.ino ?? 1n
    view.d_off = BigInt(this.position + 1)
    view.d_reclen = length
    view.d_type = Uint8Array.of(((stat?.mode ?? 0) & S.IFMT) >> 12)
    bytes.set(text, linux_dirent64.size)
    return bytes
  }
}
