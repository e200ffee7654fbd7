import { AT, EACCES, EBADF, EEXIST, EFAULT, EINVAL, ENOENT, EPERM, O } from '../../spec/linux/index.ts'
import { syscall, type SyscallContext } from '../syscall.ts'
import type { Node } from '../vfs/node.ts'
import { nodeAt, placeAt } from './places.ts'

/** Symbolic and hard links. */

function readLink(c: SyscallContext, dirfd: number, path: number, buf: number, size: number): number {
  if (size <= 0) return -EINVAL
  const node = linkAt(c, dirfd, path)
  if (typeof node === 'number') return node
  if (node.kind !== 'symlink' || !node.readLink) return -EINVAL
  const text = node.readLink(c.task)
  if (typeof text === 'number') return text
  // readlink(2): cut without a word, and no NUL at the end.
  const bytes = new TextEncoder().encode(text).subarray(0, size)
  return c.task.memory.write(buf, bytes) ? bytes.length : -EFAULT
}

/** readlinkat(2) with an empty path reads the link that an O_PATH | O_NOFOLLOW descriptor shows. */
function linkAt(c: SyscallContext, dirfd: number, path: number): Node | number {
  if (dirfd === AT.FDCWD || c.task.memory.path(path) !== '') return nodeAt(c, dirfd, path, false)
  const file = c.task.fds.file(dirfd)
  if (!file) return -EBADF
  return file.flags & O.PATH && file.node ? file.node : -ENOENT
}

export const readlink = syscall(
  89,
  'readlink',
  { path: 'path', buf: 'addr', bufsiz: 'int' },
  {
    support: 'full',
    spec: 'readlink(2)',
    run: (c, { path, buf, bufsiz }) => readLink(c, AT.FDCWD, path, buf, bufsiz),
  },
)

export const readlinkat = syscall(
  267,
  'readlinkat',
  { dirfd: 'fd', path: 'path', buf: 'addr', bufsiz: 'int' },
  {
    support: 'full',
    spec: 'readlink(2)',
    run: (c, { dirfd, path, buf, bufsiz }) => readLink(c, dirfd, path, buf, bufsiz),
  },
)

function makeSymlink(c: SyscallContext, target: number, dirfd: number, path: number): number {
  const text = c.task.memory.path(target)
  if (typeof text === 'number') return text
  if (text === '') return -ENOENT
  const place = placeAt(c, dirfd, path, false)
  if (typeof place === 'number') return place
  if (place.node) return -EEXIST
  if (place.directory) return -ENOENT
  return place.parent.symlink?.(c.task, place.name, text) ?? -EACCES
}

export const symlink = syscall(
  88,
  'symlink',
  { target: 'path', path: 'path' },
  {
    support: 'full',
    spec: 'symlink(2)',
    run: (c, { target, path }) => makeSymlink(c, target, AT.FDCWD, path),
  },
)

export const symlinkat = syscall(
  266,
  'symlinkat',
  { target: 'path', dirfd: 'fd', path: 'path' },
  {
    support: 'full',
    spec: 'symlink(2)',
    run: (c, { target, dirfd, path }) => makeSymlink(c, target, dirfd, path),
  },
)

interface Link {
  readonly olddirfd: number
  readonly oldpath: number
  readonly newdirfd: number
  readonly newpath: number
  readonly flags: number
}

function makeLink(c: SyscallContext, { olddirfd, oldpath, newdirfd, newpath, flags }: Link): number {
  // AT_EMPTY_PATH needs CAP_DAC_READ_SEARCH, which no guest has.
  if (flags & ~AT.SYMLINK_FOLLOW) return flags & ~(AT.SYMLINK_FOLLOW | AT.EMPTY_PATH) ? -EINVAL : -ENOENT
  const existing = nodeAt(c, olddirfd, oldpath, (flags & AT.SYMLINK_FOLLOW) !== 0)
  if (typeof existing === 'number') return existing
  const place = placeAt(c, newdirfd, newpath, false)
  if (typeof place === 'number') return place
  if (place.node) return -EEXIST
  if (place.directory) return -ENOENT
  if (existing.kind === 'directory') return -EPERM
  return place.parent.link?.(c.task, place.name, existing) ?? -EACCES
}

export const link = syscall(
  86,
  'link',
  { oldpath: 'path', newpath: 'path' },
  {
    support: 'full',
    spec: 'link(2)',
    run: (c, { oldpath, newpath }) =>
      makeLink(c, { olddirfd: AT.FDCWD, oldpath, newdirfd: AT.FDCWD, newpath, flags: 0 }),
  },
)

// prettier-ignore
const LINK_AT = { olddirfd: 'fd', oldpath: 'path', newdirfd: 'fd', newpath: 'path', flags: 'flags' } as const

export const linkat = syscall(265, 'linkat', LINK_AT, {
  support: 'full',
  spec: 'link(2)',
  run: (c, paths) => makeLink(c, paths),
})
