import { PAGE_SIZE, type Ram } from '../../cpu/index.ts'
import { EACCES, EBUSY, EFBIG, EINVAL, EPERM, O, PROT_WRITE, S } from '../../spec/linux/index.ts'
import type { Backing } from '../mm/backing.ts'
import type { Task } from '../task/task.ts'
import type { Stat } from './file.ts'
import { FileBacking, FilePages, type PageStore } from './file-pages.ts'
import { OpenFile, seekTo } from './open-file.ts'

const MAX_SIZE = 2 ** 31

/** The bytes of a file that lives in memory only (memfd_create(2)). Mapped pages are FilePages over them, as for any file. */
export class MemoryBytes implements PageStore {
  readonly ino: bigint
  readonly mode: number
  readonly pages: FilePages
  private data: Uint8Array = new Uint8Array(0)
  private length = 0

  constructor(ram: Ram, ino: bigint, mode: number) {
    this.pages = new FilePages(ram)
    this.ino = ino
    this.mode = mode
  }

  readAt(into: Uint8Array, at: number): number {
    const part = this.data.subarray(Math.min(at, this.length), Math.min(at + into.length, this.length))
    into.set(part)
    this.pages.overlay(into.subarray(0, part.length), at)
    return part.length
  }

  writeAt(data: Uint8Array, at: number): number {
    if (at + data.length > MAX_SIZE) return -EFBIG
    this.reserve(at + data.length)
    this.data.set(data, at)
    this.length = Math.max(this.length, at + data.length)
    this.pages.written(data, at)
    return data.length
  }

  size(): number {
    return this.length
  }

  resize(size: number): number {
    if (size > MAX_SIZE) return -EFBIG
    this.reserve(size)
    this.data.fill(0, Math.min(size, this.length), this.length)
    this.pages.truncated(size)
    this.length = size
    return 0
  }

  private reserve(size: number): void {
    if (size <= this.data.length) return
    const grown = new Uint8Array(Math.max(size, 2 * this.data.length, PAGE_SIZE))
    grown.set(this.data)
    this.data = grown
  }
}

// fcntl(2), F_ADD_SEALS.
export const SEAL = { SEAL: 1, SHRINK: 2, GROW: 4, WRITE: 8, FUTURE_WRITE: 16 } as const

/** An open memory file. */
export class MemoryFile extends OpenFile {
  seals: number
  private readonly bytes: MemoryBytes
  private position = 0

  constructor(bytes: MemoryBytes, path: string, flags: number, seals: number = SEAL.SEAL) {
    super(path, flags)
    this.bytes = bytes
    this.seals = seals
  }

  override read(into: Uint8Array, at?: number): number {
    const n = this.bytes.readAt(into, at ?? this.position)
    if (at === undefined) this.position += n
    return n
  }

  override write(data: Uint8Array, at?: number): number {
    const start = this.flags & O.APPEND ? this.bytes.size() : (at ?? this.position)
    const grows = start + data.length > this.bytes.size()
    if (this.seals & (SEAL.WRITE | SEAL.FUTURE_WRITE) || (grows && this.seals & SEAL.GROW)) return -EPERM
    const n = this.bytes.writeAt(data, start)
    if (n > 0 && at === undefined) this.position = start + n
    return n
  }

  override seek(offset: number, whence: number): number {
    const target = seekTo(this.position, this.bytes.size(), offset, whence)
    if (target >= 0) this.position = target
    return target
  }

  truncate(size: number): number {
    const now = this.bytes.size()
    if ((size < now && this.seals & SEAL.SHRINK) || (size > now && this.seals & SEAL.GROW)) return -EPERM
    return this.bytes.resize(size)
  }

  sync(): number {
    return 0
  }

  /** F_ADD_SEALS. */
  addSeals(seals: number): number {
    if (seals & ~(SEAL.SEAL | SEAL.SHRINK | SEAL.GROW | SEAL.WRITE | SEAL.FUTURE_WRITE)) return -EINVAL
    if (this.seals & SEAL.SEAL) return -EPERM
    if (seals & SEAL.WRITE && this.bytes.pages.isMapped) return -EBUSY
    this.seals |= seals
    return 0
  }

  stat(): Stat {
    const { ino, mode } = this.bytes
    const size = this.bytes.size()
    return { dev: 1n, ino, mode: S.IFREG | mode, nlink: 0, uid: 0, gid: 0, rdev: 0n, size, mtimeNs: 0n }
  }

  override map(_task: Task, shared: boolean, protection: number): Backing | number {
    if (shared && protection & PROT_WRITE) {
      if (this.seals & (SEAL.WRITE | SEAL.FUTURE_WRITE)) return -EPERM
      if ((this.flags & O.ACCMODE) !== O.RDWR) return -EACCES
    }
    return new FileBacking(this, this.bytes.pages, this.bytes, shared)
  }
}
