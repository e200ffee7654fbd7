import { isHostError, type HostFile } from '../../port/index.ts'
import { EACCES, EINVAL, O, PROT_WRITE } from '../../spec/linux/index.ts'
import { errnoOfHost } from '../errno.ts'
import type { Backing } from '../mm/backing.ts'
import type { Task } from '../task/task.ts'
import type { Stat } from './file.ts'
import { FileBacking, FilePages, type PageStore } from './file-pages.ts'
import { statOfHost, type HostFiles } from './host-files.ts'
import type { Node } from './node.ts'
import { OpenFile, seekTo } from './open-file.ts'

/** An open plain file of the host. */
export class HostFileDescription extends OpenFile implements PageStore {
  private readonly files: HostFiles
  private readonly file: HostFile
  private readonly key: string
  private readonly locate: () => Node | number
  private position = 0

  /** `locate` finds the file's place again. */
  constructor(files: HostFiles, file: HostFile, path: string, flags: number, locate: () => Node | number) {
    super(path, flags)
    this.files = files
    this.file = file
    this.locate = locate
    const { dev, ino } = file.stat()
    this.key = `${dev}:${ino}`
  }

  get node(): Node | undefined {
    const node = this.locate()
    return typeof node === 'number' ? undefined : node
  }

  override read(into: Uint8Array, at?: number): number {
    const n = this.readAt(into, at ?? this.position)
    if (n > 0 && at === undefined) this.position += n
    return n
  }

  override write(data: Uint8Array, at?: number): number {
    // pwrite(2): O_APPEND wins over the offset.
    const start = this.flags & O.APPEND ? this.size() : (at ?? this.position)
    const n = this.writeAt(data, start)
    if (n > 0 && at === undefined) this.position = start + n
    return n
  }

  readAt(into: Uint8Array, at: number): number {
    const n = this.file.read(into, at)
    if (isHostError(n)) return errnoOfHost(n.error)
    this.mapped?.overlay(into.subarray(0, n), at)
    return n
  }

  writeAt(data: Uint8Array, at: number): number {
    const n = this.file.write(data, at)
    if (isHostError(n)) return errnoOfHost(n.error)
    this.mapped?.written(data.subarray(0, n), at)
    return n
  }

  size(): number {
    return this.file.stat().size
  }

  override seek(offset: number, whence: number): number {
    const target = seekTo(this.position, this.size(), offset, whence)
    if (target >= 0) this.position = target
    return target
  }

  override stat(): Stat {
    return statOfHost(this.files, this.file.stat())
  }

  truncate(size: number): number {
    if ((this.flags & O.ACCMODE) === O.RDONLY) return -EINVAL
    const failed = this.file.truncate(size)
    if (failed) return errnoOfHost(failed.error)
    this.mapped?.truncated(size)
    return 0
  }

  sync(dataOnly: boolean): number {
    if ((this.flags & O.ACCMODE) !== O.RDONLY) this.mapped?.flush(this)
    const failed = this.file.sync(dataOnly)
    return failed ? errnoOfHost(failed.error) : 0
  }

  override map(_task: Task, shared: boolean, protection: number): Backing | number {
    const access = this.flags & O.ACCMODE
    // mmap(2), EACCES: never of a file that cannot be read; shared and writable only of one that can be written.
    if (access === O.WRONLY || (shared && protection & PROT_WRITE && access !== O.RDWR)) return -EACCES
    const pages = this.mapped ?? new FilePages(this.files.ram)
    this.files.pages.set(this.key, pages)
    return new FileBacking(this, pages, this, shared, () => this.files.pages.delete(this.key))
  }

  override close(): void {
    this.file.close()
  }

  private get mapped(): FilePages | undefined {
    return this.files.pages.get(this.key)
  }
}
