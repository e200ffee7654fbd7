import {
  AT,
  EBADF,
  EBUSY,
  EEXIST,
  EFAULT,
  EINVAL,
  EISDIR,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
  ERANGE,
  EXDEV,
  EACCES,
  RENAME,
  S,
} from '../../spec/linux/index.ts'
import { syscall, type SyscallContext } from '../syscall.ts'
import { DirectoryFile } from '../vfs/directory-file.ts'
import type { Node } from '../vfs/node.ts'
import type { Place } from '../vfs/walk.ts'
import { placeAt } from './places.ts'

/** Directories: listing, moving about, creating and removing names. */

export const getdents64 = syscall(
  217,
  'getdents64',
  { fd: 'fd', dirp: 'addr', count: 'size' },
  {
    support: 'full',
    spec: 'getdents(2)',
    run({ task }, { fd, dirp, count }) {
      const file = task.fds.file(fd)
      if (!file) return -EBADF
      if (!(file instanceof DirectoryFile)) return -ENOTDIR
      const entries = file.entries(task, Math.min(count, 0x7fff_ffff))
      if (typeof entries === 'number') return entries
      return task.memory.write(dirp, entries) ? entries.length : -EFAULT
    },
  },
)

export const getcwd = syscall(
  79,
  'getcwd',
  { buf: 'addr', size: 'size' },
  {
    support: 'full',
    spec: 'getcwd(2)',
    run({ task }, { buf, size }) {
      const text = new TextEncoder().encode(`${task.fs.cwd}\0`)
      if (text.length > size) return -ERANGE
      return task.memory.write(buf, text) ? text.length : -EFAULT
    },
  },
)

export const chdir = syscall(
  80,
  'chdir',
  { path: 'path' },
  {
    support: 'full',
    spec: 'chdir(2)',
    run(c, { path }) {
      const place = placeAt(c, AT.FDCWD, path, true)
      if (typeof place === 'number') return place
      if (!place.node) return -ENOENT
      if (place.node.kind !== 'directory') return -ENOTDIR
      c.task.fs.cwd = place.path
      return 0
    },
  },
)

export const fchdir = syscall(
  81,
  'fchdir',
  { fd: 'fd' },
  {
    support: 'full',
    spec: 'chdir(2)',
    run({ task }, { fd }) {
      const file = task.fds.file(fd)
      if (!file) return -EBADF
      if (file.node?.kind !== 'directory') return -ENOTDIR
      task.fs.cwd = file.path
      return 0
    },
  },
)

export const umask = syscall(
  95,
  'umask',
  { mask: 'flags' },
  {
    support: 'full',
    spec: 'umask(2)',
    run({ task }, { mask }) {
      const old = task.fs.umask
      task.fs.umask = mask & 0o777
      return old
    },
  },
)

/** A place where something is about to be made: -EEXIST, -ENOENT for 'new/' where only a file could come. */
function newPlace(c: SyscallContext, dirfd: number, path: number, directory: boolean): Place | number {
  const place = placeAt(c, dirfd, path, false)
  if (typeof place === 'number') return place
  if (place.node) return -EEXIST
  return place.directory && !directory ? -ENOENT : place
}

function makeDirectory(c: SyscallContext, dirfd: number, path: number, mode: number): number {
  const place = newPlace(c, dirfd, path, true)
  if (typeof place === 'number') return place
  return place.parent.makeDirectory?.(c.task, place.name, mode & 0o1777 & ~c.task.fs.umask) ?? -EACCES
}

export const mkdir = syscall(
  83,
  'mkdir',
  { path: 'path', mode: 'flags' },
  {
    support: 'full',
    spec: 'mkdir(2)',
    run: (c, { path, mode }) => makeDirectory(c, AT.FDCWD, path, mode),
  },
)

export const mkdirat = syscall(
  258,
  'mkdirat',
  { dirfd: 'fd', path: 'path', mode: 'flags' },
  {
    support: 'full',
    spec: 'mkdir(2)',
    run: (c, { dirfd, path, mode }) => makeDirectory(c, dirfd, path, mode),
  },
)

/** mknod(2): plain files only; the guest may make no devices, and fifos would be the host's. */
function makeNode(c: SyscallContext, dirfd: number, path: number, mode: number): number {
  const kind = mode & S.IFMT
  const place = newPlace(c, dirfd, path, false)
  if (typeof place === 'number') return place
  if (kind !== 0 && kind !== S.IFREG) return -EPERM
  const file = place.parent.create?.(c.task, place.name, 0o301, mode & 0o7777 & ~c.task.fs.umask) ?? -EACCES
  if (typeof file === 'number') return file
  file.close()
  return 0
}

export const mknod = syscall(
  133,
  'mknod',
  { path: 'path', mode: 'flags', dev: 'flags' },
  {
    support: 'partial',
    note: 'Plain files only.',
    spec: 'mknod(2)',
    run: (c, { path, mode }) => makeNode(c, AT.FDCWD, path, mode),
  },
)

export const mknodat = syscall(
  259,
  'mknodat',
  { dirfd: 'fd', path: 'path', mode: 'flags', dev: 'flags' },
  {
    support: 'partial',
    note: 'Plain files only.',
    spec: 'mknod(2)',
    run: (c, { dirfd, path, mode }) => makeNode(c, dirfd, path, mode),
  },
)

function remove(c: SyscallContext, dirfd: number, path: number, directory: boolean): number {
  const text = c.task.memory.path(path)
  if (typeof text === 'number') return text
  // rmdir(2) names these two cases; unlink has neither.
  if (directory && /(^|\/)\.\/*$/.test(text)) return -EINVAL
  if (directory && /(^|\/)\.\.\/*$/.test(text)) return -ENOTEMPTY
  const place = placeAt(c, dirfd, path, false)
  if (typeof place === 'number') return place
  const { node, parent, name } = place
  if (!node) return -ENOENT
  if (directory ? node.kind !== 'directory' : place.directory) return -ENOTDIR
  if (!directory && node.kind === 'directory') return -EISDIR
  if (name === '') return -EBUSY
  return parent.remove?.(c.task, name, directory) ?? -EACCES
}

export const rmdir = syscall(
  84,
  'rmdir',
  { path: 'path' },
  {
    support: 'full',
    spec: 'rmdir(2)',
    run: (c, { path }) => remove(c, AT.FDCWD, path, true),
  },
)

export const unlink = syscall(
  87,
  'unlink',
  { path: 'path' },
  {
    support: 'full',
    spec: 'unlink(2)',
    run: (c, { path }) => remove(c, AT.FDCWD, path, false),
  },
)

export const unlinkat = syscall(
  263,
  'unlinkat',
  { dirfd: 'fd', path: 'path', flags: 'flags' },
  {
    support: 'full',
    spec: 'unlink(2)',
    run: (c, { dirfd, path, flags }) =>
      flags & ~AT.REMOVEDIR ? -EINVAL : remove(c, dirfd, path, (flags & AT.REMOVEDIR) !== 0),
  },
)

interface Move {
  readonly olddirfd: number
  readonly oldpath: number
  readonly newdirfd: number
  readonly newpath: number
  readonly flags: number
}

function move(c: SyscallContext, { olddirfd, oldpath, newdirfd, newpath, flags }: Move): number {
  if (flags & ~(RENAME.NOREPLACE | RENAME.EXCHANGE | RENAME.WHITEOUT)) return -EINVAL
  // Deviation: exchanging two names is not atomic on every host, so it is refused.
  if (flags & (RENAME.EXCHANGE | RENAME.WHITEOUT)) return -EINVAL
  const from = placeAt(c, olddirfd, oldpath, false)
  if (typeof from === 'number') return from
  const to = placeAt(c, newdirfd, newpath, false)
  if (typeof to === 'number') return to
  if (from.name === '' || to.name === '') return -EBUSY
  if (!from.node) return -ENOENT
  if (to.node && flags & RENAME.NOREPLACE) return -EEXIST
  const refused = replaces(from.node, from.path, to)
  if (refused < 0) return refused
  return from.parent.rename?.(c.task, from.name, to.parent, to.name) ?? -EXDEV
}

/** rename(2): what may take whose place. */
function replaces(node: Node, path: string, to: Place): number {
  const moved = node.kind === 'directory'
  if (!moved && to.directory) return -ENOTDIR
  if (moved && to.path.startsWith(`${path}/`)) return -EINVAL
  if (!to.node) return 0
  if (moved && to.node.kind !== 'directory') return -ENOTDIR
  return !moved && to.node.kind === 'directory' ? -EISDIR : 0
}

export const rename = syscall(
  82,
  'rename',
  { oldpath: 'path', newpath: 'path' },
  {
    support: 'full',
    spec: 'rename(2)',
    run: (c, { oldpath, newpath }) => move(c, { olddirfd: AT.FDCWD, oldpath, newdirfd: AT.FDCWD, newpath, flags: 0 }),
  },
)

const TWO_PATHS = { olddirfd: 'fd', oldpath: 'path', newdirfd: 'fd', newpath: 'path' } as const

export const renameat = syscall(264, 'renameat', TWO_PATHS, {
  support: 'full',
  spec: 'rename(2)',
  run: (c, paths) => move(c, { ...paths, flags: 0 }),
})

export const renameat2 = syscall(
  316,
  'renameat2',
  { ...TWO_PATHS, flags: 'flags' },
  {
    support: 'partial',
    note: 'RENAME_EXCHANGE and RENAME_WHITEOUT answer -EINVAL.',
    spec: 'rename(2)',
    run: (c, paths) => move(c, paths),
  },
)
