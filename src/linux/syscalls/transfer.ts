import {
  EBADF,
  EFAULT,
  EINVAL,
  EPIPE,
  ESPIPE,
  IOV_MAX,
  MAX_RW_COUNT,
  O,
  SEEK,
  SIGPIPE,
  SI_USER,
  iovec,
} from '../../spec/linux/index.ts'
import type { UserMemory } from '../mm/user-memory.ts'
import type { Answer, SyscallContext, Wait } from '../syscall.ts'
import type { Task } from '../task/task.ts'
import type { FileDescription } from '../vfs/file.ts'
import { sendToTask } from '../signal/send.ts'

/** Moving bytes between files and user memory: what read, write and their relatives have in common. */

const CHUNK = 0x4_0000

interface Piece {
  readonly address: number
  readonly length: number
}

/** Pieces of user memory, read and written as one. */
export class UserBuffer {
  readonly length: number
  private readonly memory: UserMemory
  private readonly pieces: readonly Piece[]

  constructor(memory: UserMemory, pieces: readonly Piece[]) {
    this.memory = memory
    this.pieces = pieces
    this.length = Math.min(
      MAX_RW_COUNT,
      pieces.reduce((sum, piece) => sum + piece.length, 0),
    )
  }

  /** Bytes from `offset` on, at most `length`; fewer where memory ends. */
  read(offset: number, length: number): Uint8Array {
    const out = new Uint8Array(length)
    return out.subarray(
      0,
      this.each(offset, length, (address, from, to) => this.memory.copyIn(address, out.subarray(from, to))),
    )
  }

  /** How many bytes of `data` could be stored at `offset`. */
  write(offset: number, data: Uint8Array): number {
    return this.each(offset, data.length, (address, from, to) => this.memory.copyOut(address, data.subarray(from, to)))
  }

  private each(offset: number, length: number, copy: (address: number, from: number, to: number) => number): number {
    let done = 0
    let skip = offset
    for (const piece of this.pieces) {
      const count = Math.min(piece.length - skip, length - done)
      if (count > 0) {
        const copied = copy(piece.address + skip, done, done + count)
        done += copied
        if (copied < count) break
      }
      skip = Math.max(0, skip - piece.length)
      if (done === length) break
    }
    return done
  }
}

export const bufferAt = (task: Task, address: number, length: number): UserBuffer =>
  new UserBuffer(task.memory, [{ address, length: Math.min(length, MAX_RW_COUNT) }])

/** The array of iovec that readv(2) takes, or what readv answers if it cannot be one. */
export function piecesAt(task: Task, address: number, count: number): readonly Piece[] | number {
  if (count < 0 || count > IOV_MAX) return -EINVAL
  const bytes = task.memory.read(address, count * iovec.size)
  if (!bytes) return -EFAULT
  const pieces = Array.from({ length: count }, (_, i) => {
    const { iov_base, iov_len } = iovec.view(bytes, i * iovec.size)
    return { address: Number(iov_base), length: Number(iov_len) }
  })
  // readv(2), EINVAL: the lengths as ssize_t are not negative.
  return pieces.some(({ length }) => length >= 2 ** 63) ? -EINVAL : pieces
}

export function vectorAt(task: Task, address: number, count: number): UserBuffer | number {
  const pieces = piecesAt(task, address, count)
  return typeof pieces === 'number' ? pieces : new UserBuffer(task.memory, pieces)
}

/** The file behind `fd` if it is open for reading or writing. */
export function openFor(task: Task, fd: number, kind: 'read' | 'write'): FileDescription | number {
  const file = task.fds.file(fd)
  const wrong = kind === 'read' ? O.WRONLY : O.RDONLY
  return !file || file.flags & O.PATH || (file.flags & O.ACCMODE) === wrong ? -EBADF : file
}

export const isSeekable = (file: FileDescription): boolean => file.seek(0, SEEK.CUR) !== -ESPIPE

/** read(2) into `buffer`; `at` reads there without moving the file position. */
export function readFile(file: FileDescription, buffer: UserBuffer, at?: number): Answer {
  let done = 0
  do {
    const into = new Uint8Array(Math.min(CHUNK, buffer.length - done))
    const n = at === undefined ? file.read(into) : file.read(into, at + done)
    if (typeof n === 'object') return done > 0 ? done : n
    if (n < 0) return done > 0 ? done : n
    const stored = buffer.write(done, into.subarray(0, n))
    done += stored
    if (stored < n) return done > 0 ? done : -EFAULT
    if (n < into.length) break
  } while (done < buffer.length)
  return done
}

/** pipe(7): who writes to a pipe without readers gets SIGPIPE beside EPIPE. */
export function brokenPipe({ kernel, task }: SyscallContext): void {
  sendToTask(kernel, task, { signo: SIGPIPE, code: SI_USER, pid: task.tgid, uid: task.process.credentials.uid })
}

/** A write that waits with part of its bytes gone. */
interface WriteWait extends Wait {
  readonly written: number
}

/** write(2) from `buffer`: a blocking file takes all of it, however often that waits. */
export function writeFile(c: SyscallContext, file: FileDescription, buffer: UserBuffer, at?: number): Answer {
  let done = c.resumed && 'written' in c.resumed ? (c.resumed as WriteWait).written : 0
  while (done < buffer.length) {
    const data = buffer.read(done, Math.min(CHUNK, buffer.length - done))
    if (data.length === 0) return done > 0 ? done : -EFAULT
    const n = at === undefined ? file.write(data) : file.write(data, at + done)
    if (typeof n === 'object') return waitWith(n, done)
    if (n === -EPIPE) brokenPipe(c)
    if (n < 0) return done > 0 ? done : n
    done += n
    if (n === 0) break
  }
  return done
}

function waitWith(wait: Wait, written: number): WriteWait {
  return written > 0 ? { ...wait, written, interrupted: written } : { ...wait, written }
}
