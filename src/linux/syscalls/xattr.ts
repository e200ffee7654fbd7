import { AT, EBADF, ENODATA, ERRNO } from '../../spec/linux/index.ts'
import { syscall } from '../syscall.ts'
import type { FileDescription } from '../vfs/file.ts'
import type { Node } from '../vfs/node.ts'
import { nodeAt } from './places.ts'

/** xattr(7): the file systems of the guest have none. */
const NO_XATTR = 'No file has extended attributes.'
const byPath = { path: 'path', name: 'path', value: 'addr', size: 'size' } as const
const byFd = { fd: 'fd', name: 'path', value: 'addr', size: 'size' } as const
const ifFound = (found: Node | FileDescription | number, answer: number): number =>
  typeof found === 'number' ? found : answer

export const getxattr = syscall(191, 'getxattr', byPath, {
  support: 'partial',
  note: NO_XATTR,
  spec: 'getxattr(2)',
  run: (c, { path }) => ifFound(nodeAt(c, AT.FDCWD, path, true), -ENODATA),
})
export const lgetxattr = syscall(192, 'lgetxattr', byPath, {
  support: 'partial',
  note: NO_XATTR,
  spec: 'getxattr(2)',
  run: (c, { path }) => ifFound(nodeAt(c, AT.FDCWD, path, false), -ENODATA),
})
export const fgetxattr = syscall(193, 'fgetxattr', byFd, {
  support: 'partial',
  note: NO_XATTR,
  spec: 'getxattr(2)',
  run: (c, { fd }) => ifFound(c.task.fds.file(fd) ?? -EBADF, -ENODATA),
})
export const setxattr = syscall(188, 'setxattr', byPath, {
  support: 'partial',
  note: NO_XATTR,
  spec: 'setxattr(2)',
  run: (c, { path }) => ifFound(nodeAt(c, AT.FDCWD, path, true), -ERRNO.EOPNOTSUPP),
})
export const lsetxattr = syscall(189, 'lsetxattr', byPath, {
  support: 'partial',
  note: NO_XATTR,
  spec: 'setxattr(2)',
  run: (c, { path }) => ifFound(nodeAt(c, AT.FDCWD, path, false), -ERRNO.EOPNOTSUPP),
})
export const fsetxattr = syscall(190, 'fsetxattr', byFd, {
  support: 'partial',
  note: NO_XATTR,
  spec: 'setxattr(2)',
  run: (c, { fd }) => ifFound(c.task.fds.file(fd) ?? -EBADF, -ERRNO.EOPNOTSUPP),
})
export const listxattr = syscall(
  194,
  'listxattr',
  { path: 'path', list: 'addr', size: 'size' },
  {
    support: 'partial',
    note: NO_XATTR,
    spec: 'listxattr(2)',
    run: (c, { path }) => ifFound(nodeAt(c, AT.FDCWD, path, true), 0),
  },
)
export const llistxattr = syscall(
  195,
  'llistxattr',
  { path: 'path', list: 'addr', size: 'size' },
  {
    support: 'partial',
    note: NO_XATTR,
    spec: 'listxattr(2)',
    run: (c, { path }) => ifFound(nodeAt(c, AT.FDCWD, path, false), 0),
  },
)
export const flistxattr = syscall(
  196,
  'flistxattr',
  { fd: 'fd', list: 'addr', size: 'size' },
  {
    support: 'partial',
    note: NO_XATTR,
    spec: 'listxattr(2)',
    run: (c, { fd }) => ifFound(c.task.fds.file(fd) ?? -EBADF, 0),
  },
)

export const removexattr = syscall(
  197,
  'removexattr',
  { path: 'path', name: 'path' },
  {
    support: 'partial',
    note: NO_XATTR,
    spec: 'removexattr(2)',
    run: (c, { path }) => ifFound(nodeAt(c, AT.FDCWD, path, true), -ENODATA),
  },
)
export const lremovexattr = syscall(
  198,
  'lremovexattr',
  { path: 'path', name: 'path' },
  {
    support: 'partial',
    note: NO_XATTR,
    spec: 'removexattr(2)',
    run: (c, { path }) => ifFound(nodeAt(c, AT.FDCWD, path, false), -ENODATA),
  },
)
export const fremovexattr = syscall(
  199,
  'fremovexattr',
  { fd: 'fd', name: 'path' },
  {
    support: 'partial',
    note: NO_XATTR,
    spec: 'removexattr(2)',
    run: (c, { fd }) => ifFound(c.task.fds.file(fd) ?? -EBADF, -ENODATA),
  },
)
