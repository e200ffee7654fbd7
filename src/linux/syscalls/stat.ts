import {
  ACCESS,
  AT,
  EACCES,
  EBADF,
  EFAULT,
  EINVAL,
  STATX_BASIC_STATS,
  majorOf,
  minorOf,
  stat as statStruct,
  statfs as statfsStruct,
  statx as statxStruct,
  NAME_MAX,
} from '../../spec/linux/index.ts'
import { syscall, type SyscallContext } from '../syscall.ts'
import type { FileDescription, Stat } from '../vfs/file.ts'
import type { Node } from '../vfs/node.ts'
import { nodeAt, nodeOf, statAt, targetAt } from './places.ts'

/** What files say of themselves. */

const BLOCK = 4096
const SECTOR = 512
/** As a file system with blocks of 4 KiB and no holes would use. */
const sectorsOf = (s: Stat): bigint => BigInt(Math.ceil(s.size / BLOCK) * (BLOCK / SECTOR))
const GIGA = 1_000_000_000n

/** Deviation: the host's times of access and change of status are shown as the time of modification. */
function storeStat(c: SyscallContext, address: number, s: Stat | number): number {
  if (typeof s === 'number') return s
  const [seconds, nanoseconds] = [s.mtimeNs / GIGA, s.mtimeNs % GIGA]
  const stored = c.task.memory.setStruct(statStruct, address, {
    st_dev: s.dev,
    st_ino: s.ino,
    st_nlink: BigInt(s.nlink),
    st_mode: s.mode,
    st_uid: s.uid,
    st_gid: s.gid,
    st_rdev: s.rdev,
    st_size: BigInt(s.size),
    st_blksize: BigInt(BLOCK),
    st_blocks: sectorsOf(s),
    st_atime: seconds,
    st_atime_nsec: nanoseconds,
    st_mtime: seconds,
    st_mtime_nsec: nanoseconds,
    st_ctime: seconds,
    st_ctime_nsec: nanoseconds,
  })
  return stored ? 0 : -EFAULT
}

const ONE_TIME = 'Access and change times are shown as the modification time.'

export const stat = syscall(
  4,
  'stat',
  { path: 'path', buf: 'addr' },
  {
    support: 'partial',
    note: ONE_TIME,
    spec: 'stat(2)',
    run: (c, { path, buf }) => storeStat(c, buf, statAt(c, AT.FDCWD, path, true)),
  },
)

export const lstat = syscall(
  6,
  'lstat',
  { path: 'path', buf: 'addr' },
  {
    support: 'partial',
    note: ONE_TIME,
    spec: 'stat(2)',
    run: (c, { path, buf }) => storeStat(c, buf, statAt(c, AT.FDCWD, path, false)),
  },
)

export const fstat = syscall(
  5,
  'fstat',
  { fd: 'fd', buf: 'addr' },
  {
    support: 'partial',
    note: ONE_TIME,
    spec: 'stat(2)',
    run: (c, { fd, buf }) => storeStat(c, buf, c.task.fds.file(fd)?.stat() ?? -EBADF),
  },
)

export const newfstatat = syscall(
  262,
  'newfstatat',
  { dirfd: 'fd', path: 'path', buf: 'addr', flags: 'flags' },
  {
    support: 'partial',
    note: ONE_TIME,
    spec: 'stat(2)',
    run(c, { dirfd, path, buf, flags }) {
      if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT | AT.EMPTY_PATH)) return -EINVAL
      const found = statAt(c, dirfd, path, !(flags & AT.SYMLINK_NOFOLLOW), (flags & AT.EMPTY_PATH) !== 0)
      return storeStat(c, buf, found)
    },
  },
)

export const statx = syscall(
  332,
  'statx',
  { dirfd: 'fd', path: 'path', flags: 'flags', mask: 'flags', buf: 'addr' },
  {
    support: 'partial',
    note: `${ONE_TIME} No birth time.`,
    spec: 'statx(2)',
    run(c, { dirfd, path, flags, mask, buf }) {
      const known = AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT | AT.EMPTY_PATH | AT.STATX_SYNC_TYPE
      if (flags & ~known || (flags & AT.STATX_SYNC_TYPE) === AT.STATX_SYNC_TYPE || mask & 0x8000_0000) return -EINVAL
      const s = statAt(c, dirfd, path, !(flags & AT.SYMLINK_NOFOLLOW), (flags & AT.EMPTY_PATH) !== 0)
      if (typeof s === 'number') return s
      const [seconds, nanoseconds] = [s.mtimeNs / GIGA, Number(s.mtimeNs % GIGA)]
      const stored = c.task.memory.setStruct(statxStruct, buf, {
        stx_mask: STATX_BASIC_STATS,
        stx_blksize: BLOCK,
        stx_nlink: s.nlink,
        stx_uid: s.uid,
        stx_gid: s.gid,
        stx_mode: s.mode,
        stx_ino: s.ino,
        stx_size: BigInt(s.size),
        stx_blocks: sectorsOf(s),
        stx_atime_sec: seconds,
        stx_atime_nsec: nanoseconds,
        stx_ctime_sec: seconds,
        stx_ctime_nsec: nanoseconds,
        stx_mtime_sec: seconds,
        stx_mtime_nsec: nanoseconds,
        stx_rdev_major: majorOf(s.rdev),
        stx_rdev_minor: minorOf(s.rdev),
        stx_dev_major: majorOf(s.dev),
        stx_dev_minor: minorOf(s.dev),
      })
      return stored ? 0 : -EFAULT
    },
  },
)

function accessAt(c: SyscallContext, dirfd: number, path: number, mode: number, flags: number): number {
  if (mode & ~(ACCESS.R_OK | ACCESS.W_OK | ACCESS.X_OK)) return -EINVAL
  if (flags & ~(AT.EACCESS | AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) return -EINVAL
  const target = targetAt(c, {
    dirfd,
    path,
    follow: !(flags & AT.SYMLINK_NOFOLLOW),
    emptyPath: (flags & AT.EMPTY_PATH) !== 0,
  })
  if (typeof target === 'number') return target
  if (mode === ACCESS.F_OK) return 0
  const node = nodeOf(target)
  return node?.access?.(c.task, mode) ?? ((target.stat().mode & mode) === mode ? 0 : -EACCES)
}

export const access = syscall(
  21,
  'access',
  { path: 'path', mode: 'int' },
  {
    support: 'full',
    spec: 'access(2)',
    run: (c, { path, mode }) => accessAt(c, AT.FDCWD, path, mode, 0),
  },
)

export const faccessat = syscall(
  269,
  'faccessat',
  { dirfd: 'fd', path: 'path', mode: 'int' },
  {
    support: 'full',
    spec: 'access(2)',
    run: (c, { dirfd, path, mode }) => accessAt(c, dirfd, path, mode, 0),
  },
)

export const faccessat2 = syscall(
  439,
  'faccessat2',
  { dirfd: 'fd', path: 'path', mode: 'int', flags: 'flags' },
  {
    support: 'full',
    spec: 'access(2)',
    run: (c, { dirfd, path, mode, flags }) => accessAt(c, dirfd, path, mode, flags),
  },
)

function storeStatfs(c: SyscallContext, address: number, target: FileDescription | Node | number): number {
  if (typeof target === 'number') return target
  const space = nodeOf(target)?.space?.(c.task) ?? { type: 0x5049_5045, blockSize: BLOCK, blocks: 0, free: 0, files: 0 }
  if (typeof space === 'number') return space
  const stored = c.task.memory.setStruct(statfsStruct, address, {
    f_type: BigInt(space.type),
    f_bsize: BigInt(space.blockSize),
    f_frsize: BigInt(space.blockSize),
    f_blocks: BigInt(space.blocks),
    f_bfree: BigInt(space.free),
    f_bavail: BigInt(space.free),
    f_files: BigInt(space.files),
    f_namelen: BigInt(NAME_MAX),
  })
  return stored ? 0 : -EFAULT
}

export const statfs = syscall(
  137,
  'statfs',
  { path: 'path', buf: 'addr' },
  {
    support: 'partial',
    note: 'Every file system of the host is shown as ext4.',
    spec: 'statfs(2)',
    run: (c, { path, buf }) => storeStatfs(c, buf, nodeAt(c, AT.FDCWD, path, true)),
  },
)

export const fstatfs = syscall(
  138,
  'fstatfs',
  { fd: 'fd', buf: 'addr' },
  {
    support: 'partial',
    note: 'Every file system of the host is shown as ext4.',
    spec: 'statfs(2)',
    run: (c, { fd, buf }) => storeStatfs(c, buf, c.task.fds.file(fd) ?? -EBADF),
  },
)
