import { AT, EBADF, EFAULT, EINVAL, ERRNO, EPERM, UTIME, timespec, timeval } from '../../spec/linux/index.ts'
import { syscall, type SyscallContext } from '../syscall.ts'
import type { FileDescription } from '../vfs/file.ts'
import type { Node } from '../vfs/node.ts'
import { nodeAt, nodeOf, targetAt } from './places.ts'

/** Changing what files say of themselves: permissions, owners, times. */

const GIGA = 1_000_000_000n

const changeMode = (c: SyscallContext, node: Node | undefined, mode: number): number =>
  node?.setMode?.(c.task, mode & 0o7777) ?? -EPERM

function chmodAt(c: SyscallContext, dirfd: number, path: number, mode: number, follow = true): number {
  const node = nodeAt(c, dirfd, path, follow)
  if (typeof node === 'number') return node
  return node.kind === 'symlink' ? -ERRNO.EOPNOTSUPP : changeMode(c, node, mode)
}

export const chmod = syscall(
  90,
  'chmod',
  { path: 'path', mode: 'flags' },
  {
    support: 'full',
    spec: 'chmod(2)',
    run: (c, { path, mode }) => chmodAt(c, AT.FDCWD, path, mode),
  },
)

export const fchmod = syscall(
  91,
  'fchmod',
  { fd: 'fd', mode: 'flags' },
  {
    support: 'full',
    spec: 'chmod(2)',
    run(c, { fd, mode }) {
      const file = c.task.fds.file(fd)
      return file ? changeMode(c, file.node, mode) : -EBADF
    },
  },
)

export const fchmodat = syscall(
  268,
  'fchmodat',
  { dirfd: 'fd', path: 'path', mode: 'flags' },
  {
    support: 'full',
    spec: 'chmod(2)',
    run: (c, { dirfd, path, mode }) => chmodAt(c, dirfd, path, mode),
  },
)

export const fchmodat2 = syscall(
  452,
  'fchmodat2',
  { dirfd: 'fd', path: 'path', mode: 'flags', flags: 'flags' },
  {
    support: 'full',
    spec: 'chmod(2)',
    run(c, { dirfd, path, mode, flags }) {
      if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) return -EINVAL
      return chmodAt(c, dirfd, path, mode, !(flags & AT.SYMLINK_NOFOLLOW))
    },
  },
)

/** The guest is an ordinary user: it may "change" owners to what they are. */
function changeOwner(target: FileDescription | Node | number, owner: number, group: number): number {
  if (typeof target === 'number') return target
  const s = target.stat()
  return (owner === -1 || owner === s.uid) && (group === -1 || group === s.gid) ? 0 : -EPERM
}

const OWNER_NOTE = 'Never changes anything: -EPERM unless the owner is already so.'

export const chown = syscall(
  92,
  'chown',
  { path: 'path', owner: 'int', group: 'int' },
  {
    support: 'partial',
    note: OWNER_NOTE,
    spec: 'chown(2)',
    run: (c, { path, owner, group }) => changeOwner(nodeAt(c, AT.FDCWD, path, true), owner, group),
  },
)

export const fchown = syscall(
  93,
  'fchown',
  { fd: 'fd', owner: 'int', group: 'int' },
  {
    support: 'partial',
    note: OWNER_NOTE,
    spec: 'chown(2)',
    run: (c, { fd, owner, group }) => changeOwner(c.task.fds.file(fd) ?? -EBADF, owner, group),
  },
)

export const lchown = syscall(
  94,
  'lchown',
  { path: 'path', owner: 'int', group: 'int' },
  {
    support: 'partial',
    note: OWNER_NOTE,
    spec: 'chown(2)',
    run: (c, { path, owner, group }) => changeOwner(nodeAt(c, AT.FDCWD, path, false), owner, group),
  },
)

export const fchownat = syscall(
  260,
  'fchownat',
  { dirfd: 'fd', path: 'path', owner: 'int', group: 'int', flags: 'flags' },
  {
    support: 'partial',
    note: OWNER_NOTE,
    spec: 'chown(2)',
    run(c, { dirfd, path, owner, group, flags }) {
      if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) return -EINVAL
      const follow = !(flags & AT.SYMLINK_NOFOLLOW)
      return changeOwner(targetAt(c, { dirfd, path, follow, emptyPath: (flags & AT.EMPTY_PATH) !== 0 }), owner, group)
    },
  },
)

/** A pair of times in user memory: nanoseconds, undefined for "leave it", or -errno. NULL is now, twice. */
function timesAt(
  c: SyscallContext,
  address: number,
  layout: 'timespec' | 'timeval',
): readonly [bigint | undefined, bigint | undefined] | number {
  const now = c.kernel.realtime()
  if (address === 0) return [now, now]
  const out: (bigint | undefined)[] = []
  for (const at of [address, address + timespec.size]) {
    const t = layout === 'timespec' ? c.task.memory.struct(timespec, at) : c.task.memory.struct(timeval, at)
    if (!t) return -EFAULT
    const [fraction, unit] = 'tv_nsec' in t ? [t.tv_nsec, 1n] : [t.tv_usec, 1000n]
    const special = 'tv_nsec' in t && (fraction === BigInt(UTIME.NOW) || fraction === BigInt(UTIME.OMIT))
    if (!special && fraction * unit >= GIGA) return -EINVAL
    if (special) out.push(fraction === BigInt(UTIME.NOW) ? now : undefined)
    else out.push(BigInt.asIntN(64, t.tv_sec) * GIGA + fraction * unit)
  }
  return [out[0], out[1]]
}

function setTimes(
  c: SyscallContext,
  target: FileDescription | Node | number,
  times: ReturnType<typeof timesAt>,
): number {
  if (typeof times === 'number') return times
  if (typeof target === 'number') return target
  if (times[0] === undefined && times[1] === undefined) return 0
  return nodeOf(target)?.setTimes?.(c.task, times[0], times[1]) ?? -EPERM
}

export const utimensat = syscall(
  280,
  'utimensat',
  { dirfd: 'fd', path: 'path', times: 'addr', flags: 'flags' },
  {
    support: 'full',
    spec: 'utimensat(2)',
    run(c, { dirfd, path, times, flags }) {
      const pair = timesAt(c, times, 'timespec')
      if (typeof pair === 'number') return pair
      if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) return -EINVAL
      const follow = !(flags & AT.SYMLINK_NOFOLLOW)
      // A NULL path is the descriptor itself: that is futimens(3).
      if (path === 0 && dirfd !== AT.FDCWD) return setTimes(c, c.task.fds.file(dirfd) ?? -EBADF, pair)
      return setTimes(c, targetAt(c, { dirfd, path, follow, emptyPath: (flags & AT.EMPTY_PATH) !== 0 }), pair)
    },
  },
)

export const utimes = syscall(
  235,
  'utimes',
  { path: 'path', times: 'addr' },
  {
    support: 'full',
    spec: 'utime(2)',
    run(c, { path, times }) {
      const pair = timesAt(c, times, 'timeval')
      return typeof pair === 'number' ? pair : setTimes(c, nodeAt(c, AT.FDCWD, path, true), pair)
    },
  },
)
