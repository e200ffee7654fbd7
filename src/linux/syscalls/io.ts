import { EBADF, EFAULT, EINVAL, EISDIR, EPIPE, ESPIPE, MAX_RW_COUNT, O, S, SEEK } from '../../spec/linux/index.ts'
import { syscall, type Answer, type SyscallContext } from '../syscall.ts'
import type { FileDescription } from '../vfs/file.ts'
import {
  brokenPipe,
  bufferAt,
  isSeekable,
  openFor,
  readFile,
  vectorAt,
  writeFile,
  type UserBuffer,
} from './transfer.ts'

/** Reading, writing and moving in files. */

export const read = syscall(
  0,
  'read',
  { fd: 'fd', buf: 'addr', count: 'size' },
  {
    support: 'full',
    spec: 'read(2)',
    run({ task }, { fd, buf, count }) {
      const file = openFor(task, fd, 'read')
      return typeof file === 'number' ? file : readFile(file, bufferAt(task, buf, count))
    },
  },
)

export const write = syscall(
  1,
  'write',
  { fd: 'fd', buf: 'addr', count: 'size' },
  {
    support: 'full',
    spec: 'write(2)',
    run(c, { fd, buf, count }) {
      const file = openFor(c.task, fd, 'write')
      return typeof file === 'number' ? file : writeFile(c, file, bufferAt(c.task, buf, count))
    },
  },
)

/** pread(2) and pwrite(2): a position instead of the file's own. */
function positioned(
  c: SyscallContext,
  fd: number,
  kind: 'read' | 'write',
  at: number,
  buffer: () => UserBuffer | number,
): Answer {
  if (at < 0) return -EINVAL
  const file = openFor(c.task, fd, kind)
  if (typeof file === 'number') return file
  if (!isSeekable(file)) return -ESPIPE
  const where = buffer()
  if (typeof where === 'number') return where
  return kind === 'read' ? readFile(file, where, at) : writeFile(c, file, where, at)
}

export const pread64 = syscall(
  17,
  'pread64',
  { fd: 'fd', buf: 'addr', count: 'size', pos: 'off' },
  {
    support: 'full',
    spec: 'pread(2)',
    run: (c, { fd, buf, count, pos }) => positioned(c, fd, 'read', pos, () => bufferAt(c.task, buf, count)),
  },
)

export const pwrite64 = syscall(
  18,
  'pwrite64',
  { fd: 'fd', buf: 'addr', count: 'size', pos: 'off' },
  {
    support: 'full',
    spec: 'pread(2)',
    run: (c, { fd, buf, count, pos }) => positioned(c, fd, 'write', pos, () => bufferAt(c.task, buf, count)),
  },
)

function vectored(c: SyscallContext, fd: number, kind: 'read' | 'write', vec: number, vlen: number): Answer {
  const file = openFor(c.task, fd, kind)
  if (typeof file === 'number') return file
  const buffer = vectorAt(c.task, vec, vlen)
  if (typeof buffer === 'number') return buffer
  return kind === 'read' ? readFile(file, buffer) : writeFile(c, file, buffer)
}

export const readv = syscall(
  19,
  'readv',
  { fd: 'fd', vec: 'addr', vlen: 'int' },
  {
    support: 'full',
    spec: 'readv(2)',
    run: (c, { fd, vec, vlen }) => vectored(c, fd, 'read', vec, vlen),
  },
)

export const writev = syscall(
  20,
  'writev',
  { fd: 'fd', vec: 'addr', vlen: 'int' },
  {
    support: 'full',
    spec: 'readv(2)',
    run: (c, { fd, vec, vlen }) => vectored(c, fd, 'write', vec, vlen),
  },
)

// The offset comes in two halves; on x86-64 the low one holds all of it.
const AT_OFFSET = { fd: 'fd', vec: 'addr', vlen: 'int', pos: 'off', pos_h: 'u64' } as const

export const preadv = syscall(295, 'preadv', AT_OFFSET, {
  support: 'full',
  spec: 'readv(2)',
  run: (c, { fd, vec, vlen, pos }) => positioned(c, fd, 'read', pos, () => vectorAt(c.task, vec, vlen)),
})

export const pwritev = syscall(296, 'pwritev', AT_OFFSET, {
  support: 'full',
  spec: 'readv(2)',
  run: (c, { fd, vec, vlen, pos }) => positioned(c, fd, 'write', pos, () => vectorAt(c.task, vec, vlen)),
})

/** With position -1 the file's own is used (readv(2)). */
export const preadv2 = syscall(
  327,
  'preadv2',
  { ...AT_OFFSET, flags: 'flags' },
  {
    support: 'partial',
    note: 'RWF_ flags are taken as hints.',
    spec: 'readv(2)',
    run: (c, { fd, vec, vlen, pos }) =>
      pos === -1
        ? vectored(c, fd, 'read', vec, vlen)
        : positioned(c, fd, 'read', pos, () => vectorAt(c.task, vec, vlen)),
  },
)

export const pwritev2 = syscall(
  328,
  'pwritev2',
  { ...AT_OFFSET, flags: 'flags' },
  {
    support: 'partial',
    note: 'RWF_ flags are taken as hints.',
    spec: 'readv(2)',
    run: (c, { fd, vec, vlen, pos }) =>
      pos === -1
        ? vectored(c, fd, 'write', vec, vlen)
        : positioned(c, fd, 'write', pos, () => vectorAt(c.task, vec, vlen)),
  },
)

export const lseek = syscall(
  8,
  'lseek',
  { fd: 'fd', offset: 'off', whence: 'int' },
  {
    support: 'partial',
    note: 'SEEK_DATA and SEEK_HOLE see no holes.',
    spec: 'lseek(2)',
    run({ task }, { fd, offset, whence }) {
      const file = task.fds.file(fd)
      if (!file || file.flags & O.PATH) return -EBADF
      return whence < SEEK.SET || whence > SEEK.HOLE ? -EINVAL : file.seek(offset, whence)
    },
  },
)

const isPlain = (file: FileDescription): boolean => (file.stat().mode & S.IFMT) === S.IFREG

/**
 * Copies up to `count` bytes from `from` at `at` to `to`. Bytes count as read only when they were written, so a full pipe loses
 * nothing.
 */
function copyAcross(
  c: SyscallContext,
  from: FileDescription,
  at: number,
  to: FileDescription,
  toAt: number | undefined,
  count: number,
): Answer {
  let done = 0
  while (done < count) {
    const data = new Uint8Array(Math.min(0x1_0000, count - done))
    const got = from.read(data, at + done)
    if (typeof got === 'object') return done > 0 ? done : got
    if (got <= 0) return done > 0 ? done : got
    const n = toAt === undefined ? to.write(data.subarray(0, got)) : to.write(data.subarray(0, got), toAt + done)
    if (typeof n === 'object') return done > 0 ? done : n
    if (n === -EPIPE) brokenPipe(c)
    if (n < 0) return done > 0 ? done : n
    done += n
  }
  return done
}

/** The position that a call with an optional `loff_t *` starts from. */
function startOf(c: SyscallContext, file: FileDescription, pointer: number): number {
  if (pointer === 0) return file.seek(0, SEEK.CUR)
  const value = c.task.memory.u64(pointer)
  return value === undefined ? -EFAULT : Number(BigInt.asIntN(64, value)) < 0 ? -EINVAL : Number(value)
}

/** Stores the position after `moved` bytes where the call took it from. */
function endAt(c: SyscallContext, file: FileDescription, pointer: number, end: number): number {
  if (pointer === 0) return Math.min(0, file.seek(end, SEEK.SET))
  return c.task.memory.setU64(pointer, BigInt(end)) ? 0 : -EFAULT
}

export const sendfile = syscall(
  40,
  'sendfile',
  { out_fd: 'fd', in_fd: 'fd', offset: 'addr', count: 'size' },
  {
    support: 'full',
    spec: 'sendfile(2)',
    run(c, { out_fd, in_fd, offset, count }) {
      const from = openFor(c.task, in_fd, 'read')
      if (typeof from === 'number') return from
      const to = openFor(c.task, out_fd, 'write')
      if (typeof to === 'number') return to
      if (to.flags & O.APPEND) return -EINVAL
      if (!isPlain(from)) return offset !== 0 && !isSeekable(from) ? -ESPIPE : -EINVAL
      const start = startOf(c, from, offset)
      if (start < 0) return start
      const done = copyAcross(c, from, start, to, undefined, Math.min(count, MAX_RW_COUNT))
      if (typeof done !== 'number' || done <= 0) return done
      const failed = endAt(c, from, offset, start + done)
      return failed < 0 ? failed : done
    },
  },
)

// prettier-ignore
const RANGE = { fd_in: 'fd', off_in: 'addr', fd_out: 'fd', off_out: 'addr', len: 'size', flags: 'flags' } as const

export const copy_file_range = syscall(326, 'copy_file_range', RANGE, {
  support: 'full',
  spec: 'copy_file_range(2)',
  run(c, { fd_in, off_in, fd_out, off_out, len, flags }) {
    const from = openFor(c.task, fd_in, 'read')
    if (typeof from === 'number') return from
    const to = openFor(c.task, fd_out, 'write')
    if (typeof to === 'number') return to
    if (to.flags & O.APPEND) return -EBADF
    if (flags !== 0) return -EINVAL
    if ([from, to].some((file) => file.node?.kind === 'directory')) return -EISDIR
    if (!isPlain(from) || !isPlain(to)) return -EINVAL
    const [start, target] = [startOf(c, from, off_in), startOf(c, to, off_out)]
    if (start < 0 || target < 0) return Math.min(start, target)
    const count = Math.min(len, MAX_RW_COUNT, Math.max(0, from.stat().size - start))
    const same = from.stat().ino === to.stat().ino && from.stat().dev === to.stat().dev
    if (same && start < target + count && target < start + count) return -EINVAL
    const done = copyAcross(c, from, start, to, target, count)
    if (typeof done !== 'number' || done <= 0) return done
    const failed = endAt(c, from, off_in, start + done) || endAt(c, to, off_out, target + done)
    return failed < 0 ? failed : done
  },
})
