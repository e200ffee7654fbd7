import type { Task } from '../task/task.ts'
import type { Answer, Wait } from '../syscall.ts'
import type { Backing } from '../mm/backing.ts'
import type { Node } from './node.ts'

/** What stat(2) tells, in Linux's own terms. */
export interface Stat {
  readonly dev: bigint
  readonly ino: bigint
  /** S_IFMT bits and permissions. */
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly rdev: bigint
  readonly size: number
  readonly mtimeNs: bigint
}

/**
 * An open file description: what dup and fork share. One class for each kind of file (host file, directory, pipe end, terminal,
 * device). Handlers answer with a count or a negative errno; a Wait where the call must block.
 */
export interface FileDescription {
  /** The path it was opened by, or a name such as 'pipe:[3]'. */
  readonly path: string
  /** O_* status flags, changed by F_SETFL. */
  flags: number
  /** At most `into.length` bytes at the file position (or at `at`, without moving it). */
  read(into: Uint8Array, at?: number): number | Wait
  write(data: Uint8Array, at?: number): number | Wait
  seek(offset: number, whence: number): number
  stat(): Stat
  /** -ENOTTY where the file knows no such request. */
  ioctl(task: Task, request: number, argument: number): Answer
  /** What an mmap of this file shows; a negative errno where it cannot be mapped. */
  map(task: Task, shared: boolean, protection: number): Backing | number
  /** Ready for reading / writing now, for poll. */
  readonly readable: boolean
  readonly writable: boolean
  /** Further POLL bits: the other end is gone. */
  readonly hangup?: number
  /** Where it lies in the file system; undefined for pipes and other nameless files. */
  readonly node?: Node | undefined
  /** Only files with a position have the next two. */
  truncate?(size: number): number
  sync?(dataOnly: boolean): number
  /** The last descriptor was closed. */
  close(): void
}
