import { EINVAL, ENODEV, ENOTTY, ENXIO, ERRNO, ESPIPE, O, SEEK } from '../../spec/linux/index.ts'
import type { Backing } from '../mm/backing.ts'
import type { Answer, Wait } from '../syscall.ts'
import type { Task } from '../task/task.ts'
import type { FileDescription, Stat } from './file.ts'

/** What most files answer: no position, no requests, not mappable, always ready. */
export abstract class OpenFile implements FileDescription {
  readonly path: string
  flags: number
  constructor(path: string, flags: number) {
    this.path = path
    // The flags that only matter to open itself are not kept (fcntl(2), F_GETFL).
    this.flags = flags & ~(O.CREAT | O.EXCL | O.NOCTTY | O.TRUNC | O.CLOEXEC)
  }
  abstract stat(): Stat
  read(_into: Uint8Array, _at?: number): number | Wait {
    return -EINVAL
  }
  write(_data: Uint8Array, _at?: number): number | Wait {
    return -EINVAL
  }
  seek(_offset: number, _whence: number): number {
    return -ESPIPE
  }
  ioctl(_task: Task, _request: number, _argument: number): Answer {
    return -ENOTTY
  }
  map(_task: Task, _shared: boolean, _protection: number): Backing | number {
    return -ENODEV
  }
  get readable(): boolean {
    return true
  }
  get writable(): boolean {
    return true
  }
  close(): void {}

  get nonblocking(): boolean {
    return (this.flags & O.NONBLOCK) !== 0
  }
}

/**
 * lseek(2) for a file of `size` bytes: the new position, or a negative errno. SEEK_DATA and SEEK_HOLE see one hole, at the end.
 */
export function seekTo(position: number, size: number, offset: number, whence: number): number {
  if (whence === SEEK.DATA || whence === SEEK.HOLE) {
    if (offset < 0 || offset >= size) return -ENXIO
    return whence === SEEK.DATA ? offset : size
  }
  const base = whence === SEEK.SET ? 0 : whence === SEEK.CUR ? position : whence === SEEK.END ? size : undefined
  if (base === undefined || base + offset < 0) return -EINVAL
  return Number.isSafeInteger(base + offset) ? base + offset : -ERRNO.EOVERFLOW
}
