import { invariant } from '../../base/index.ts'
import { EBADF, EINVAL, EMFILE } from '../../spec/linux/index.ts'
import type { FileDescription } from './file.ts'

/** How many descriptors and mappings show a description; it is closed with the last. */
const references = new WeakMap<FileDescription, number>()

export function retainFile(file: FileDescription): void {
  references.set(file, (references.get(file) ?? 0) + 1)
}

export function releaseFile(file: FileDescription): void {
  const count = references.get(file) ?? 0
  invariant(count > 0, `release of a closed file: ${file.path}`)
  references.set(file, count - 1)
  if (count === 1) file.close()
}

interface Slot {
  readonly file: FileDescription
  cloexec: boolean
}

/** The descriptors of a process: small numbers for open file descriptions. fork copies it, CLONE_FILES shares it. */
export class FdTable {
  /** RLIMIT_NOFILE: one more than the largest descriptor. */
  limit = 1024
  private slots: (Slot | undefined)[] = []
  private users = 1

  file(fd: number): FileDescription | undefined {
    return this.slots[fd]?.file
  }

  /** One more descriptor could be had. */
  get hasRoom(): boolean {
    return this.lowest(0) < this.limit
  }

  /** The lowest free descriptor from `from` on, or -EMFILE; holds a reference to `file`, which the caller may have made. */
  add(file: FileDescription, cloexec = false, from = 0): number {
    const fd = this.lowest(from)
    if (fd >= this.limit) return -EMFILE
    this.put(fd, file, cloexec)
    return fd
  }

  /** As add, for a description just made: closes it when there is no room. */
  install(file: FileDescription, cloexec = false): number {
    retainFile(file)
    const fd = this.add(file, cloexec)
    releaseFile(file)
    return fd
  }

  /** fcntl(2), F_DUPFD. */
  dup(fd: number, from = 0, cloexec = false): number {
    const file = this.file(fd)
    if (!file) return -EBADF
    if (from < 0 || from >= this.limit) return -EINVAL
    return this.add(file, cloexec, from)
  }

  /** dup3(2), without its own checks: `to` shows what `fd` shows, whatever it showed before. */
  dupOnto(fd: number, to: number, cloexec = false): number {
    const file = this.file(fd)
    if (!file || to < 0 || to >= this.limit) return -EBADF
    if (fd === to) return to
    // Retained first: closing `to` must not end a description that both show.
    retainFile(file)
    this.close(to)
    this.put(to, file, cloexec)
    releaseFile(file)
    return to
  }

  close(fd: number): number {
    const slot = this.slots[fd]
    if (!slot) return -EBADF
    this.slots[fd] = undefined
    releaseFile(slot.file)
    return 0
  }

  cloexec(fd: number): boolean | undefined {
    return this.slots[fd]?.cloexec
  }

  setCloexec(fd: number, cloexec: boolean): number {
    const slot = this.slots[fd]
    if (!slot) return -EBADF
    slot.cloexec = cloexec
    return 0
  }

  /** Open descriptors, ascending. */
  open(): number[] {
    return this.slots.flatMap((slot, fd) => (slot ? [fd] : []))
  }

  /** execve(2). */
  closeOnExec(): void {
    this.slots.forEach((slot, fd) => {
      if (slot?.cloexec) this.close(fd)
    })
  }

  /** fork(2): same descriptions, own numbers. */
  copy(): FdTable {
    const table = new FdTable()
    table.limit = this.limit
    this.slots.forEach((slot, fd) => {
      if (slot) table.put(fd, slot.file, slot.cloexec)
    })
    return table
  }

  /** clone(2), CLONE_FILES: one more task uses this very table. */
  share(): this {
    this.users++
    return this
  }

  /** A task that used it ended; the last one closes everything. */
  release(): void {
    invariant(this.users > 0, 'release of an unused descriptor table')
    if (--this.users === 0) for (const fd of this.open()) this.close(fd)
  }

  private lowest(from: number): number {
    let fd = from
    while (this.slots[fd]) fd++
    return fd
  }

  private put(fd: number, file: FileDescription, cloexec: boolean): void {
    retainFile(file)
    this.slots[fd] = { file, cloexec }
  }
}
