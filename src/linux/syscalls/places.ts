import { AT, EBADF, ENOENT, ENOTDIR } from '../../spec/linux/index.ts'
import type { SyscallContext } from '../syscall.ts'
import type { Task } from '../task/task.ts'
import type { FileDescription, Stat } from '../vfs/file.ts'
import type { Node } from '../vfs/node.ts'
import type { Place } from '../vfs/walk.ts'

/** How the …at calls name files: a path in user memory, relative to a descriptor or to the working directory. */

/** Where relative paths start; a negative errno for a descriptor that will not do. Absolute paths need none. */
export function baseOf(task: Task, dirfd: number, path: string): string | number {
  if (path.startsWith('/')) return '/'
  if (dirfd === AT.FDCWD) return task.fs.cwd
  const file = task.fds.file(dirfd)
  if (!file) return -EBADF
  return file.node?.kind === 'directory' ? file.path : -ENOTDIR
}

/** Reads the path at user address `path` and walks it; the last component may be missing. */
export function placeAt(c: SyscallContext, dirfd: number, path: number, follow: boolean): Place | number {
  const text = c.task.memory.path(path)
  if (typeof text === 'number') return text
  const base = text === '' ? '/' : baseOf(c.task, dirfd, text)
  return typeof base === 'number' ? base : c.kernel.vfs.walk(c.task, base, text, follow)
}

/** As placeAt for what must exist. */
export function nodeAt(c: SyscallContext, dirfd: number, path: number, follow: boolean): Node | number {
  const place = placeAt(c, dirfd, path, follow)
  return typeof place === 'number' ? place : (place.node ?? -ENOENT)
}

/** What AT_EMPTY_PATH adds: '' is the file behind `dirfd` itself, or the working directory. */
export function targetAt(
  c: SyscallContext,
  { dirfd, path, follow, emptyPath }: { dirfd: number; path: number; follow: boolean; emptyPath: boolean },
): FileDescription | Node | number {
  const text = emptyPath && path === 0 ? '' : c.task.memory.path(path)
  if (typeof text === 'number') return text
  if (text === '' && emptyPath) {
    if (dirfd !== AT.FDCWD) return c.task.fds.file(dirfd) ?? -EBADF
    const here = c.kernel.vfs.find(c.task, '/', c.task.fs.cwd)
    return typeof here === 'number' ? here : here.node
  }
  return nodeAt(c, dirfd, path, follow)
}

export function statAt(
  c: SyscallContext,
  dirfd: number,
  path: number,
  follow: boolean,
  emptyPath = false,
): Stat | number {
  const target = targetAt(c, { dirfd, path, follow, emptyPath })
  return typeof target === 'number' ? target : target.stat()
}

/** The place of an open file, or the place itself. */
export const nodeOf = (target: FileDescription | Node): Node | undefined => ('kind' in target ? target : target.node)
