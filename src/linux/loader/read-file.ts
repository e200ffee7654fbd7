import * as linux from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import { isWait } from '../syscall.ts'
import type { Task } from '../task/task.ts'
import { releaseFile, retainFile } from '../vfs/fd-table.ts'
import type { FileDescription } from '../vfs/file.ts'

/** A file that is about to be executed: open, with all its bytes. */
export interface ProgramFile {
  readonly file: FileDescription
  readonly bytes: Uint8Array
}

const ANY_EXECUTE = 0o111

/** Opens a program as execve(2) does, a plain file that may be executed, for as long as `use` runs. A negative errno if it cannot. */
export function withProgram<T>(kernel: Kernel, task: Task, path: string, use: (program: ProgramFile) => T): T | number {
  const file = kernel.vfs.open(task, task.fs.cwd, path, linux.O.RDONLY)
  if (typeof file === 'number') return file
  retainFile(file)
  try {
    const bytes = readAll(file)
    return typeof bytes === 'number' ? bytes : use({ file, bytes })
  } finally {
    releaseFile(file)
  }
}

function readAll(file: FileDescription): Uint8Array | number {
  const { mode, size } = file.stat()
  if ((mode & linux.S.IFMT) !== linux.S.IFREG || (mode & ANY_EXECUTE) === 0) return -linux.EACCES
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size;) {
    const n = file.read(bytes.subarray(at), at)
    if (isWait(n) || n <= 0) return -linux.EIO
    at += n
  }
  return bytes
}
