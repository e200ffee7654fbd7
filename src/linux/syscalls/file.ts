import {
  AT,
  CLOSE_RANGE,
  EBADF,
  EFAULT,
  EINVAL,
  EMFILE,
  ERRNO,
  ESPIPE,
  F,
  FD_CLOEXEC,
  F_UNLCK,
  LOCK,
  O,
  PIPE_CAPACITY,
  S,
  TTY,
  flock as flockStruct,
} from '../../spec/linux/index.ts'
import { syscall, type Answer, type SyscallContext } from '../syscall.ts'
import type { Task } from '../task/task.ts'
import type { FileDescription } from '../vfs/file.ts'
import { MemoryFile } from '../vfs/memory-file.ts'
import { answerFionread } from '../vfs/requests.ts'
import { baseOf } from './places.ts'

/** Opening and closing, and what can be asked of an open file. */

function openAt(c: SyscallContext, dirfd: number, path: number, flags: number, mode: number): Answer {
  const { task, kernel } = c
  // O_PATH looks at three other flags only (open(2)).
  const used = flags & O.PATH ? flags & (O.PATH | O.CLOEXEC | O.DIRECTORY | O.NOFOLLOW) : flags
  if ((used & O.TMPFILE) === O.TMPFILE) return -ERRNO.EOPNOTSUPP
  if ((used & O.ACCMODE) === O.ACCMODE) return -EINVAL
  if (used & O.CREAT && used & O.DIRECTORY) return -EINVAL
  const text = task.memory.path(path)
  if (typeof text === 'number') return text
  if (!task.fds.hasRoom) return -EMFILE
  const base = text === '' ? '/' : baseOf(task, dirfd, text)
  if (typeof base === 'number') return base
  const file = kernel.vfs.open(task, base, text, used, mode & 0o7777 & ~task.fs.umask)
  if (typeof file === 'number') return file
  // As on every 64-bit kernel.
  if (!(used & O.PATH)) file.flags |= O.LARGEFILE
  return task.fds.install(file, (flags & O.CLOEXEC) !== 0)
}

const OPEN_AT = { dirfd: 'fd', path: 'path', flags: 'flags', mode: 'flags' } as const
const NO_TMPFILE = 'O_TMPFILE answers -EOPNOTSUPP; fifos, sockets and devices of the host cannot be opened.'

export const open = syscall(
  2,
  'open',
  { path: 'path', flags: 'flags', mode: 'flags' },
  {
    support: 'partial',
    note: NO_TMPFILE,
    spec: 'open(2)',
    run: (c, { path, flags, mode }) => openAt(c, AT.FDCWD, path, flags, mode),
  },
)

export const openat = syscall(257, 'openat', OPEN_AT, {
  support: 'partial',
  note: NO_TMPFILE,
  spec: 'open(2)',
  run: (c, { dirfd, path, flags, mode }) => openAt(c, dirfd, path, flags, mode),
})

export const creat = syscall(
  85,
  'creat',
  { path: 'path', mode: 'flags' },
  {
    support: 'full',
    spec: 'open(2)',
    run: (c, { path, mode }) => openAt(c, AT.FDCWD, path, O.CREAT | O.WRONLY | O.TRUNC, mode),
  },
)

export const close = syscall(
  3,
  'close',
  { fd: 'fd' },
  {
    support: 'full',
    spec: 'close(2)',
    run: ({ task }, { fd }) => task.fds.close(fd),
  },
)

export const close_range = syscall(
  436,
  'close_range',
  { first: 'size', last: 'size', flags: 'flags' },
  {
    support: 'full',
    spec: 'close_range(2)',
    run({ task }, { first, last, flags }) {
      if (flags & ~(CLOSE_RANGE.UNSHARE | CLOSE_RANGE.CLOEXEC)) return -EINVAL
      if (first > last) return -EINVAL
      if (flags & CLOSE_RANGE.UNSHARE) {
        const own = task.fds.copy()
        task.fds.release()
        task.fds = own
      }
      for (const fd of task.fds.open()) {
        if (fd < first || fd > last) continue
        if (flags & CLOSE_RANGE.CLOEXEC) task.fds.setCloexec(fd, true)
        else task.fds.close(fd)
      }
      return 0
    },
  },
)

export const dup = syscall(
  32,
  'dup',
  { fd: 'fd' },
  {
    support: 'full',
    spec: 'dup(2)',
    run: ({ task }, { fd }) => task.fds.dup(fd),
  },
)

export const dup2 = syscall(
  33,
  'dup2',
  { oldfd: 'fd', newfd: 'fd' },
  {
    support: 'full',
    spec: 'dup(2)',
    run: ({ task }, { oldfd, newfd }) => task.fds.dupOnto(oldfd, newfd),
  },
)

export const dup3 = syscall(
  292,
  'dup3',
  { oldfd: 'fd', newfd: 'fd', flags: 'flags' },
  {
    support: 'full',
    spec: 'dup(2)',
    run({ task }, { oldfd, newfd, flags }) {
      if (flags & ~O.CLOEXEC || oldfd === newfd) return -EINVAL
      return task.fds.dupOnto(oldfd, newfd, (flags & O.CLOEXEC) !== 0)
    },
  },
)

const SETTABLE = O.APPEND | O.NONBLOCK | O.ASYNC | O.DIRECT | O.NOATIME

/** fcntl(2) on an O_PATH descriptor: these commands only. */
const PATH_COMMANDS: readonly number[] = [F.DUPFD, F.DUPFD_CLOEXEC, F.GETFD, F.SETFD, F.GETFL]

export const fcntl = syscall(
  72,
  'fcntl',
  { fd: 'fd', cmd: 'int', arg: 'addr' },
  {
    support: 'partial',
    note: 'Locks always succeed; no leases, owners or notification.',
    spec: 'fcntl(2)',
    run({ task }, { fd, cmd, arg }) {
      const file = task.fds.file(fd)
      if (!file || (file.flags & O.PATH && !PATH_COMMANDS.includes(cmd))) return -EBADF
      switch (cmd) {
        case F.DUPFD:
        case F.DUPFD_CLOEXEC:
          return task.fds.dup(fd, arg > 0x7fff_ffff ? -1 : arg, cmd === F.DUPFD_CLOEXEC)
        case F.GETFD:
          return task.fds.cloexec(fd) ? FD_CLOEXEC : 0
        case F.SETFD:
          return task.fds.setCloexec(fd, (arg & FD_CLOEXEC) !== 0)
        case F.GETFL:
          return file.flags
        case F.SETFL:
          file.flags = (file.flags & ~SETTABLE) | (arg & SETTABLE)
          return 0
        default:
          return fcntlOther(task, file, cmd, arg)
      }
    },
  },
)

function fcntlOther(task: Task, file: FileDescription, cmd: number, arg: number): Answer {
  switch (cmd) {
    case F.GETLK:
    case F.OFD_GETLK: {
      const lock = task.memory.struct(flockStruct, arg)
      if (!lock) return -EFAULT
      return task.memory.setStruct(flockStruct, arg, { ...asValues(lock), l_type: F_UNLCK }) ? 0 : -EFAULT
    }
    case F.SETLK:
    case F.SETLKW:
    case F.OFD_SETLK:
    case F.OFD_SETLKW:
      return task.memory.struct(flockStruct, arg) ? 0 : -EFAULT
    case F.GETPIPE_SZ:
    case F.SETPIPE_SZ:
      return (file.stat().mode & S.IFMT) === S.IFIFO ? PIPE_CAPACITY : -EBADF
    case F.ADD_SEALS:
      return file instanceof MemoryFile ? file.addSeals(arg) : -EINVAL
    case F.GET_SEALS:
      return file instanceof MemoryFile ? file.seals : -EINVAL
    default:
      return -EINVAL
  }
}

const asValues = (lock: { l_whence: number; l_start: bigint; l_len: bigint; l_pid: number }): object => ({
  l_whence: lock.l_whence,
  l_start: lock.l_start,
  l_len: lock.l_len,
  l_pid: lock.l_pid,
})

export const ioctl = syscall(
  16,
  'ioctl',
  { fd: 'fd', request: 'ioctl', arg: 'addr' },
  {
    support: 'partial',
    note: 'Requests of terminals and SGX devices, FIONREAD, FIONBIO, FIOCLEX.',
    spec: 'ioctl(2)',
    run({ task }, { fd, request, arg }) {
      const file = task.fds.file(fd)
      if (!file || file.flags & O.PATH) return -EBADF
      switch (request) {
        case TTY.FIOCLEX:
        case TTY.FIONCLEX:
          return task.fds.setCloexec(fd, request === TTY.FIOCLEX)
        case TTY.FIONBIO: {
          const on = task.memory.u32(arg)
          if (on === undefined) return -EFAULT
          file.flags = on ? file.flags | O.NONBLOCK : file.flags & ~O.NONBLOCK
          return 0
        }
        case TTY.FIONREAD: {
          const stat = file.stat()
          if ((stat.mode & S.IFMT) !== S.IFREG) return file.ioctl(task, request, arg)
          return answerFionread(task, request, arg, Math.max(0, stat.size - file.seek(0, 1)))
        }
        default:
          return file.ioctl(task, request, arg)
      }
    },
  },
)

export const flock = syscall(
  73,
  'flock',
  { fd: 'fd', operation: 'int' },
  {
    support: 'partial',
    note: 'Locks always succeed.',
    spec: 'flock(2)',
    run({ task }, { fd, operation }) {
      const kind = operation & ~LOCK.NB
      if (kind !== LOCK.SH && kind !== LOCK.EX && kind !== LOCK.UN) return -EINVAL
      const file = task.fds.file(fd)
      return file && !(file.flags & O.PATH) ? 0 : -EBADF
    },
  },
)

export const ftruncate = syscall(
  77,
  'ftruncate',
  { fd: 'fd', length: 'off' },
  {
    support: 'full',
    spec: 'truncate(2)',
    run({ task }, { fd, length }) {
      if (length < 0) return -EINVAL
      const file = task.fds.file(fd)
      if (!file || file.flags & O.PATH) return -EBADF
      if (!file.truncate || (file.flags & O.ACCMODE) === O.RDONLY) return -EINVAL
      return file.truncate(length)
    },
  },
)

export const truncate = syscall(
  76,
  'truncate',
  { path: 'path', length: 'off' },
  {
    support: 'full',
    spec: 'truncate(2)',
    run({ task, kernel }, { path, length }) {
      if (length < 0) return -EINVAL
      const text = task.memory.path(path)
      if (typeof text === 'number') return text
      const file = kernel.vfs.open(task, task.fs.cwd, text, O.WRONLY)
      if (typeof file === 'number') return file
      const answer = file.truncate?.(length) ?? -EINVAL
      file.close()
      return answer
    },
  },
)

function syncFile(task: Task, fd: number, dataOnly: boolean): number {
  const file = task.fds.file(fd)
  if (!file || file.flags & O.PATH) return -EBADF
  if (file.node?.kind === 'directory') return 0
  return file.sync?.(dataOnly) ?? -EINVAL
}

export const fsync = syscall(
  74,
  'fsync',
  { fd: 'fd' },
  {
    support: 'full',
    spec: 'fsync(2)',
    run: ({ task }, { fd }) => syncFile(task, fd, false),
  },
)

export const fdatasync = syscall(
  75,
  'fdatasync',
  { fd: 'fd' },
  {
    support: 'full',
    spec: 'fsync(2)',
    run: ({ task }, { fd }) => syncFile(task, fd, true),
  },
)

export const sync = syscall(
  162,
  'sync',
  {},
  {
    support: 'partial',
    note: 'Does nothing; fsync does.',
    spec: 'sync(2)',
    run: () => 0,
  },
)

export const syncfs = syscall(
  306,
  'syncfs',
  { fd: 'fd' },
  {
    support: 'partial',
    note: 'Does nothing; fsync does.',
    spec: 'sync(2)',
    run: ({ task }, { fd }) => (task.fds.file(fd) ? 0 : -EBADF),
  },
)

export const fadvise64 = syscall(
  221,
  'fadvise64',
  { fd: 'fd', offset: 'off', len: 'off', advice: 'int' },
  {
    support: 'full',
    spec: 'posix_fadvise(2)',
    run({ task }, { fd, advice }) {
      const file = task.fds.file(fd)
      if (!file || file.flags & O.PATH) return -EBADF
      if ((file.stat().mode & S.IFMT) === S.IFIFO) return -ESPIPE
      return advice < 0 || advice > 5 ? -EINVAL : 0
    },
  },
)

export const fallocate = syscall(
  285,
  'fallocate',
  { fd: 'fd', mode: 'flags', offset: 'off', len: 'off' },
  {
    support: 'partial',
    note: 'Mode 0 only: makes the file longer.',
    spec: 'fallocate(2)',
    run({ task }, { fd, mode, offset, len }) {
      if (offset < 0 || len <= 0) return -EINVAL
      const file = task.fds.file(fd)
      if (!file || (file.flags & O.ACCMODE) === O.RDONLY) return -EBADF
      if (mode !== 0) return -ERRNO.EOPNOTSUPP
      if (!file.truncate) return (file.stat().mode & S.IFMT) === S.IFIFO ? -ESPIPE : -ERRNO.ENODEV
      return offset + len > file.stat().size ? file.truncate(offset + len) : 0
    },
  },
)
