import { describe, expect, test } from 'vitest'
import {
  AT,
  EACCES,
  EBADF,
  EEXIST,
  EFAULT,
  EINVAL,
  EISDIR,
  ELOOP,
  ENAMETOOLONG,
  ENODATA,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  ENOTTY,
  EPERM,
  ERANGE,
  ERRNO,
  F,
  O,
  S,
  TTY,
  linux_dirent64,
  stat,
  statx,
  winsize,
} from '../../spec/linux/index.ts'
import { FileCalls } from '../vfs/file-calls.fixture.ts'

const BAD = 0x10
const TREE = {
  '/home/text': 'hello world',
  '/home/dir/inner': 'x',
  '/home/link': '-> text',
  '/home/loop': '-> loop',
  '/home/empty/': '',
}

describe('open(2)', () => {
  // prettier-ignore
  test.each([
    ['what does not exist',            'nothing',            O.RDONLY,                       -ENOENT],
    ['an empty path',                  '',                   O.RDONLY,                       -ENOENT],
    ['a file as a folder',             'text/x',             O.RDONLY,                       -ENOTDIR],
    ['a file with a slash',            'text/',              O.RDONLY,                       -ENOTDIR],
    ['a file with O_DIRECTORY',        'text',               O.DIRECTORY,                    -ENOTDIR],
    ['a folder for writing',           'dir',                O.WRONLY,                       -EISDIR],
    ['a folder with O_CREAT',          'dir',                O.CREAT,                        -EISDIR],
    ['a new name with a slash',        'new/',               O.CREAT | O.WRONLY,             -EISDIR],
    ['O_CREAT with O_DIRECTORY',       'new',                O.CREAT | O.DIRECTORY,          -EINVAL],
    ['O_EXCL for what exists',         'text',               O.CREAT | O.EXCL,               -EEXIST],
    ['O_EXCL for a link',              'link',               O.CREAT | O.EXCL,               -EEXIST],
    ['a link with O_NOFOLLOW',         'link',               O.NOFOLLOW,                     -ELOOP],
    ['a link to itself',               'loop',               O.RDONLY,                       -ELOOP],
    ['a missing folder',               'nothing/x',          O.CREAT | O.WRONLY,             -ENOENT],
    ['a name that is too long',        'x'.repeat(256),      O.RDONLY,                       -ENAMETOOLONG],
    ['a path that is too long',        './'.repeat(2048),    O.RDONLY,                       -ENAMETOOLONG],
    ['O_TMPFILE',                      'dir',                O.TMPFILE | O.RDWR,             -ERRNO.EOPNOTSUPP],
    ['creating in /dev',               '/dev/new',           O.CREAT | O.WRONLY,             -EACCES],
  ])('%s', (_what, path, flags, expected) => {
    expect(new FileCalls(TREE).open(path, flags)).toBe(expected)
  })
  test('a bad address is EFAULT, a bad folder EBADF or ENOTDIR, an absolute path needs none', () => {
    const t = new FileCalls(TREE)
    expect(t.call('openat', { dirfd: AT.FDCWD, path: BAD })).toBe(-EFAULT)
    expect(t.call('openat', { dirfd: 77, path: 'text' })).toBe(-EBADF)
    expect(t.call('openat', { dirfd: t.open('text'), path: 'text' })).toBe(-ENOTDIR)
    expect(t.call('openat', { dirfd: 77, path: '/home/text' })).toBeGreaterThan(2)
    expect(t.call('openat', { dirfd: t.open('dir'), path: 'inner' })).toBeGreaterThan(2)
  })
  test('O_APPEND, O_TRUNC and the mask', () => {
    const t = new FileCalls(TREE)
    const fd = t.open('text', O.WRONLY | O.APPEND)
    t.call('lseek', { fd, offset: 0, whence: 0 })
    t.write(fd, '!')
    expect(t.host.text('/home/text')).toBe('hello world!')
    t.open('text', O.WRONLY | O.TRUNC)
    expect(t.host.text('/home/text')).toBe('')
    t.open('new', O.WRONLY | O.CREAT, 0o777)
    expect(t.host.entries.get('/home/new')?.mode).toBe(0o755)
  })
  test('O_PATH: a place, not its contents', () => {
    const t = new FileCalls(TREE)
    const fd = t.open('link', O.PATH | O.NOFOLLOW)
    expect(t.read(fd)).toBe(-EBADF)
    expect(t.call('fcntl', { fd, cmd: F.SETFL })).toBe(-EBADF)
    const buf = t.room(16)
    expect(t.call('readlinkat', { dirfd: fd, path: '', buf, bufsiz: 16 })).toBe(4)
  })
})

describe('reading and writing', () => {
  test('the position moves, pread and pwrite leave it', () => {
    const t = new FileCalls(TREE)
    const fd = t.open('text', O.RDWR)
    expect(t.read(fd, 5)).toBe('hello')
    const buf = t.room(8)
    expect(t.call('pread64', { fd, buf, count: 3, pos: 1 })).toBe(3)
    expect(t.call('pwrite64', { fd, buf: 'HE', count: 2, pos: 0 })).toBe(2)
    expect(t.read(fd)).toBe(' world')
    expect(t.read(fd)).toBe('')
    expect(t.host.text('/home/text')).toBe('HEllo world')
  })
  test('lseek(2)', () => {
    const t = new FileCalls(TREE)
    const fd = t.open('text')
    expect(t.call('lseek', { fd, offset: -1, whence: 2 })).toBe(10)
    expect(t.call('lseek', { fd, offset: 1, whence: 1 })).toBe(11)
    expect(t.call('lseek', { fd, offset: -12, whence: 2 })).toBe(-EINVAL)
    expect(t.call('lseek', { fd, offset: 0, whence: 99 })).toBe(-EINVAL)
    expect(t.call('lseek', { fd: 99, offset: 0, whence: 99 })).toBe(-EBADF)
    expect(t.call('lseek', { fd, offset: 3, whence: 3 })).toBe(3)
    expect(t.call('lseek', { fd, offset: 3, whence: 4 })).toBe(11)
    expect(t.call('lseek', { fd, offset: 11, whence: 3 })).toBe(-ERRNO.ENXIO)
  })
  test('errors come in the order of the manual page', () => {
    const t = new FileCalls(TREE)
    const fd = t.open('text')
    expect(t.call('read', { fd: 99, buf: BAD, count: 1 })).toBe(-EBADF)
    expect(t.call('read', { fd, buf: BAD, count: 1 })).toBe(-EFAULT)
    expect(t.call('read', { fd, buf: BAD, count: 0 })).toBe(0)
    expect(t.call('write', { fd, buf: BAD, count: 1 })).toBe(-EBADF)
    expect(t.call('write', { fd: 1, buf: BAD, count: 1 })).toBe(-EFAULT)
    expect(t.call('pread64', { fd: 99, pos: -1 })).toBe(-EINVAL)
    expect(t.read(t.open('dir'))).toBe(-EISDIR)
  })
  test('a buffer that ends in unmapped memory gets what fits', () => {
    const t = new FileCalls(TREE)
    const end = t.arena + 0x10_0000
    expect(t.call('read', { fd: t.open('text'), buf: end - 4, count: 11 })).toBe(4)
    t.task.memory.write(end - 3, new TextEncoder().encode('abc'))
    expect(t.call('write', { fd: 1, buf: end - 3, count: 10 })).toBe(3)
    expect(t.host.output[1]).toBe('abc')
  })
  test('readv and writev', () => {
    const t = new FileCalls(TREE)
    const vec = t.room(32)
    const [a, b] = [t.string('ab'), t.string('cde')]
    for (const [i, [address, length]] of [
      [a, 2],
      [b, 3],
    ].entries()) {
      t.task.memory.setU64(vec + 16 * i, BigInt(address ?? 0))
      t.task.memory.setU64(vec + 16 * i + 8, BigInt(length ?? 0))
    }
    expect(t.call('writev', { fd: 1, vec, vlen: 2 })).toBe(5)
    expect(t.host.output[1]).toBe('abcde')
    expect(t.call('readv', { fd: t.open('text'), vec, vlen: 2 })).toBe(5)
    expect(t.task.memory.string(b)).toBe('llo')
    expect(t.call('writev', { fd: 1, vec, vlen: 1025 })).toBe(-EINVAL)
    expect(t.call('writev', { fd: 1, vec: BAD, vlen: 1 })).toBe(-EFAULT)
    t.task.memory.setU64(vec + 8, 1n << 63n)
    expect(t.call('writev', { fd: 1, vec, vlen: 1 })).toBe(-EINVAL)
  })
  test('sendfile and copy_file_range move bytes and positions', () => {
    const t = new FileCalls(TREE)
    const from = t.open('text')
    expect(t.call('sendfile', { out_fd: 1, in_fd: from, count: 5 })).toBe(5)
    expect(t.read(from)).toBe(' world')
    const offset = t.bytes(new Uint8Array(8))
    expect(t.call('sendfile', { out_fd: 1, in_fd: from, offset, count: 100 })).toBe(11)
    expect(t.task.memory.u64(offset)).toBe(11n)
    expect(t.host.output[1]).toBe('hellohello world')
    const to = t.open('copy', O.RDWR | O.CREAT)
    t.call('lseek', { fd: from, offset: 6, whence: 0 })
    expect(t.call('copy_file_range', { fd_in: from, fd_out: to, len: 100 })).toBe(5)
    expect(t.host.text('/home/copy')).toBe('world')
    expect(t.call('copy_file_range', { fd_in: to, fd_out: to, len: 100 })).toBe(0)
  })
})

describe('fcntl(2) and ioctl(2)', () => {
  test('flags of descriptors and descriptions', () => {
    const t = new FileCalls(TREE)
    const fd = t.open('text', O.RDWR | O.CLOEXEC)
    expect(t.call('fcntl', { fd, cmd: F.GETFD })).toBe(1)
    const other = t.call('fcntl', { fd, cmd: F.DUPFD, arg: 20 })
    expect(other).toBe(20)
    expect(t.call('fcntl', { fd: other, cmd: F.GETFD })).toBe(0)
    expect(t.call('fcntl', { fd, cmd: F.GETFL })).toBe(O.RDWR | O.LARGEFILE)
    expect(t.call('fcntl', { fd, cmd: F.SETFL, arg: O.APPEND | O.WRONLY })).toBe(0)
    expect(t.call('fcntl', { fd: other, cmd: F.GETFL })).toBe(O.RDWR | O.LARGEFILE | O.APPEND)
    expect(t.call('fcntl', { fd, cmd: 99 })).toBe(-EINVAL)
    expect(t.call('fcntl', { fd: 99, cmd: 99 })).toBe(-EBADF)
  })
  test('a terminal answers TCGETS and TIOCGWINSZ, others ENOTTY', () => {
    const t = new FileCalls(TREE)
    const arg = t.room(64)
    expect(t.call('ioctl', { fd: 1, request: TTY.TCGETS, arg })).toBe(-ENOTTY)
    expect(t.call('ioctl', { fd: t.open('text'), request: TTY.TCGETS, arg })).toBe(-ENOTTY)
    expect(t.call('ioctl', { fd: 99, request: TTY.TCGETS, arg })).toBe(-EBADF)
    t.host.terminal = true
    const tty = t.open('/dev/tty', O.RDWR)
    expect(t.call('ioctl', { fd: tty, request: TTY.TCGETS, arg })).toBe(0)
    expect(t.call('ioctl', { fd: tty, request: TTY.TCGETS, arg: BAD })).toBe(-EFAULT)
    expect(t.call('ioctl', { fd: tty, request: TTY.TIOCGWINSZ, arg })).toBe(0)
    expect(t.task.memory.struct(winsize, arg)).toMatchObject({ ws_row: 50, ws_col: 132 })
  })
  test('FIONREAD', () => {
    const t = new FileCalls(TREE)
    const fd = t.open('text')
    t.read(fd, 4)
    const arg = t.room(4)
    expect(t.call('ioctl', { fd, request: TTY.FIONREAD, arg })).toBe(0)
    expect(t.task.memory.u32(arg)).toBe(7)
  })
})

describe('stat(2)', () => {
  test('files, links and descriptors', () => {
    const t = new FileCalls(TREE)
    const buf = t.room(144)
    const mode = (): number => t.task.memory.struct(stat, buf)?.st_mode ?? 0
    expect(t.call('stat', { path: 'link', buf })).toBe(0)
    expect(mode()).toBe(S.IFREG | 0o644)
    expect(t.task.memory.struct(stat, buf)).toMatchObject({
      st_size: 11n,
      st_mtime: 5n,
      st_mtime_nsec: 7n,
      st_uid: 1000,
      st_blocks: 8n,
    })
    expect(t.call('lstat', { path: 'link', buf })).toBe(0)
    expect(mode() & S.IFMT).toBe(S.IFLNK)
    expect(t.call('fstat', { fd: t.open('dir'), buf })).toBe(0)
    expect(mode() & S.IFMT).toBe(S.IFDIR)
    expect(t.call('newfstatat', { dirfd: 1, path: '', buf, flags: AT.EMPTY_PATH })).toBe(0)
    expect(mode() & S.IFMT).toBe(S.IFIFO)
    expect(t.call('newfstatat', { dirfd: AT.FDCWD, path: '', buf })).toBe(-ENOENT)
    expect(t.call('newfstatat', { dirfd: AT.FDCWD, path: 'text', buf, flags: 1 })).toBe(-EINVAL)
    expect(t.call('stat', { path: 'text', buf: BAD })).toBe(-EFAULT)
    expect(t.call('fstat', { fd: 99, buf: BAD })).toBe(-EBADF)
  })
  test('statx(2), devices', () => {
    const t = new FileCalls(TREE)
    const buf = t.room(256)
    expect(t.call('statx', { dirfd: AT.FDCWD, path: '/dev/null', mask: 0x7ff, buf })).toBe(0)
    expect(t.task.memory.struct(statx, buf)).toMatchObject({
      stx_mode: S.IFCHR | 0o666,
      stx_rdev_major: 1,
      stx_rdev_minor: 3,
    })
  })
})

describe('directories', () => {
  const names = (t: FileCalls, fd: number, count = 1024): string[] => {
    const dirp = t.room(count)
    const n = t.call('getdents64', { fd, dirp, count })
    const bytes = t.task.memory.read(dirp, Math.max(n, 0)) ?? new Uint8Array(0)
    const found: string[] = []
    for (let at = 0; at < bytes.length; at += linux_dirent64.view(bytes, at).d_reclen) {
      const text = bytes.subarray(at + linux_dirent64.size)
      found.push(new TextDecoder().decode(text.subarray(0, text.indexOf(0))))
    }
    return found
  }
  test('getdents64 lists in pieces, sorted', () => {
    const t = new FileCalls(TREE)
    const fd = t.open('.')
    expect(names(t, fd, 80)).toEqual(['.', '..', 'dir'])
    expect(names(t, fd)).toEqual(['empty', 'link', 'loop', 'text'])
    expect(names(t, fd)).toEqual([])
    t.call('lseek', { fd, offset: 0, whence: 0 })
    expect(names(t, fd).length).toBe(7)
    expect(t.call('getdents64', { fd, dirp: t.room(8), count: 8 })).toBe(0)
    expect(t.call('getdents64', { fd: t.open('text'), dirp: BAD, count: 8 })).toBe(-ENOTDIR)
  })
  test('chdir and getcwd', () => {
    const t = new FileCalls(TREE)
    expect(t.call('chdir', { path: 'dir' })).toBe(0)
    const buf = t.room(64)
    expect(t.call('getcwd', { buf, size: 64 })).toBe('/home/dir'.length + 1)
    expect(t.task.memory.string(buf)).toBe('/home/dir')
    expect(t.call('getcwd', { buf, size: 4 })).toBe(-ERANGE)
    expect(t.read(t.open('../text'))).toBe('hello world')
    expect(t.call('chdir', { path: '../text' })).toBe(-ENOTDIR)
    expect(t.call('fchdir', { fd: t.open('..') })).toBe(0)
    expect(t.read(t.open('text'))).toBe('hello world')
  })
  test('making and removing', () => {
    const t = new FileCalls(TREE)
    expect(t.call('mkdir', { path: 'dir', mode: 0o777 })).toBe(-EEXIST)
    expect(t.call('mkdir', { path: 'new/', mode: 0o777 })).toBe(0)
    expect(t.host.entries.get('/home/new')?.mode).toBe(0o755)
    expect(t.call('rmdir', { path: 'new/.' })).toBe(-EINVAL)
    expect(t.call('rmdir', { path: 'text' })).toBe(-ENOTDIR)
    expect(t.call('rmdir', { path: 'dir' })).toBe(-ENOTEMPTY)
    expect(t.call('unlink', { path: 'new' })).toBe(-EISDIR)
    expect(t.call('unlinkat', { dirfd: AT.FDCWD, path: 'new', flags: AT.REMOVEDIR })).toBe(0)
    expect(t.call('unlink', { path: 'link' })).toBe(0)
    expect(t.host.text('/home/text')).toBe('hello world')
    expect(t.call('unlink', { path: 'nothing' })).toBe(-ENOENT)
    expect(t.call('unlink', { path: '/dev/null' })).toBe(-EACCES)
  })
  test('renaming and linking', () => {
    const t = new FileCalls(TREE)
    expect(t.call('rename', { oldpath: 'text', newpath: 'dir' })).toBe(-EISDIR)
    expect(t.call('rename', { oldpath: 'dir', newpath: 'text' })).toBe(-ENOTDIR)
    expect(t.call('rename', { oldpath: 'dir', newpath: 'dir/sub' })).toBe(-EINVAL)
    expect(t.call('renameat2', { olddirfd: -100, oldpath: 'text', newdirfd: -100, newpath: 'link', flags: 1 })).toBe(
      -EEXIST,
    )
    expect(t.call('rename', { oldpath: 'text', newpath: 'moved' })).toBe(0)
    expect(t.call('link', { oldpath: 'moved', newpath: 'second' })).toBe(0)
    expect(t.call('link', { oldpath: 'dir', newpath: 'third' })).toBe(-EPERM)
    expect(t.call('symlink', { target: 'moved', path: 'second' })).toBe(-EEXIST)
    expect(t.read(t.open('second'))).toBe('hello world')
    const buf = t.room(8)
    expect(t.call('readlink', { path: 'loop', buf, bufsiz: 2 })).toBe(2)
    expect(t.call('readlink', { path: 'moved', buf, bufsiz: 8 })).toBe(-EINVAL)
    expect(t.call('readlink', { path: 'loop', buf, bufsiz: 0 })).toBe(-EINVAL)
  })
})

describe('the rest', () => {
  test('/proc, /sys and /dev are there on any host', () => {
    const t = new FileCalls(TREE)
    expect(t.read(t.open('/sys/devices/system/cpu/online'))).toBe('0\n')
    expect(t.read(t.open('/proc/self/comm'))).toBe('\n')
    expect(t.read(t.open('/proc/self/stat'))).toMatch(/^1000 \(\) R \d+ 1000 /)
    expect(t.read(t.open('/proc/self/maps'))).toContain('rw-p 00000000 00:00 0')
    const fd = t.open('text')
    const buf = t.room(64)
    expect(t.call('readlink', { path: `/proc/self/fd/${fd}`, buf, bufsiz: 64 })).toBe('/home/text'.length)
    expect(t.read(t.open(`/dev/fd/${fd}`))).toBe('hello world')
    t.host.input = 'typed'
    expect(t.read(t.open('/dev/stdin'))).toBe('typed')
    expect(t.read(t.open('/dev/zero'), 2)).toBe('\0\0')
    expect(t.write(t.open('/dev/full', O.WRONLY), 'x')).toBe(-ERRNO.ENOSPC)
    expect(t.open('/dev/sgx_enclave', O.RDWR)).toBe(-ENOENT)
  })
  test('owners, times, attributes, locks, sockets', () => {
    const t = new FileCalls(TREE)
    expect(t.call('chown', { path: 'text', owner: -1, group: -1 })).toBe(0)
    expect(t.call('chown', { path: 'text', owner: 1000, group: 1000 })).toBe(0)
    expect(t.call('chown', { path: 'text', owner: 0, group: -1 })).toBe(-EPERM)
    const times = t.room(32)
    t.task.memory.setU64(times + 16, 77n)
    t.task.memory.setU64(times + 24, 5n)
    expect(t.call('utimensat', { dirfd: AT.FDCWD, path: 'text', times })).toBe(0)
    expect(t.host.entries.get('/home/text')?.mtimeNs).toBe(77_000_000_005n)
    expect(t.call('getxattr', { path: 'text', name: 'user.x' })).toBe(-ENODATA)
    expect(t.call('listxattr', { path: 'text' })).toBe(0)
    expect(t.call('flock', { fd: t.open('text'), operation: 2 })).toBe(0)
    expect(t.call('socket', { domain: 2 })).toBe(-EACCES)
    expect(t.call('socket', { domain: 1 })).toBe(-ERRNO.EAFNOSUPPORT)
    expect(t.notices).toHaveLength(1)
  })
  test('truncate and fallocate', () => {
    const t = new FileCalls(TREE)
    expect(t.call('truncate', { path: 'text', length: 5 })).toBe(0)
    expect(t.host.text('/home/text')).toBe('hello')
    expect(t.call('truncate', { path: 'dir', length: 5 })).toBe(-EISDIR)
    expect(t.call('truncate', { path: 'text', length: -1 })).toBe(-EINVAL)
    expect(t.call('ftruncate', { fd: t.open('text'), length: 1 })).toBe(-EINVAL)
    expect(t.call('fallocate', { fd: t.open('text', O.RDWR), offset: 0, len: 7 })).toBe(0)
    expect(t.host.text('/home/text')).toBe('hello\0\0')
  })
})
