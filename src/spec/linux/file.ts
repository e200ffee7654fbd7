/**
 * Files, as the x86-64 user ABI of Linux spells them: open(2), stat(2), fcntl(2), poll(2), getdents64(2), statfs(2), statx(2).
 * Numbers and structure offsets only.
 */
import { bytes, struct, u16, u32, u64 } from '../../base/index.ts'

/** open(2): access mode in the low two bits, then flags. */
// prettier-ignore
export const O = {
  ACCMODE: 0o3, RDONLY: 0, WRONLY: 0o1, RDWR: 0o2,
  CREAT: 0o100, EXCL: 0o200, NOCTTY: 0o400, TRUNC: 0o1000, APPEND: 0o2000, NONBLOCK: 0o4000, DSYNC: 0o10000,
  ASYNC: 0o20000, DIRECT: 0o40000, LARGEFILE: 0o100000, DIRECTORY: 0o200000, NOFOLLOW: 0o400000, NOATIME: 0o1000000,
  CLOEXEC: 0o2000000, SYNC: 0o4010000, PATH: 0o10000000, TMPFILE: 0o20200000,
} as const

/** stat(2): the kind of a file, and the bits beside the permissions. */
// prettier-ignore
export const S = {
  IFMT: 0o170000, IFSOCK: 0o140000, IFLNK: 0o120000, IFREG: 0o100000, IFBLK: 0o60000, IFDIR: 0o40000, IFCHR: 0o20000,
  IFIFO: 0o10000, ISUID: 0o4000, ISGID: 0o2000, ISVTX: 0o1000,
} as const

// prettier-ignore
export const AT = {
  FDCWD: -100, SYMLINK_NOFOLLOW: 0x100, EACCESS: 0x200, REMOVEDIR: 0x200, SYMLINK_FOLLOW: 0x400, NO_AUTOMOUNT: 0x800,
  EMPTY_PATH: 0x1000, STATX_SYNC_TYPE: 0x6000,
} as const

export const SEEK = { SET: 0, CUR: 1, END: 2, DATA: 3, HOLE: 4 } as const

// prettier-ignore
export const F = {
  DUPFD: 0, GETFD: 1, SETFD: 2, GETFL: 3, SETFL: 4, GETLK: 5, SETLK: 6, SETLKW: 7, SETOWN: 8, GETOWN: 9,
  OFD_GETLK: 36, OFD_SETLK: 37, OFD_SETLKW: 38, DUPFD_CLOEXEC: 1030, SETPIPE_SZ: 1031, GETPIPE_SZ: 1032,
  ADD_SEALS: 1033, GET_SEALS: 1034,
} as const
export const FD_CLOEXEC = 1
export const F_UNLCK = 2

/** access(2). */
export const ACCESS = { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4 } as const

// prettier-ignore
export const POLL = {
  IN: 0x1, PRI: 0x2, OUT: 0x4, ERR: 0x8, HUP: 0x10, NVAL: 0x20, RDNORM: 0x40, RDBAND: 0x80, WRNORM: 0x100, WRBAND: 0x200, RDHUP: 0x2000,
} as const

/** Kinds of getdents64(2) entries; equal to S_IFMT bits >> 12. */
export const DT = { UNKNOWN: 0, FIFO: 1, CHR: 2, DIR: 4, BLK: 6, REG: 8, LNK: 10, SOCK: 12 } as const

export const RENAME = { NOREPLACE: 1, EXCHANGE: 2, WHITEOUT: 4 } as const
export const CLOSE_RANGE = { UNSHARE: 2, CLOEXEC: 4 } as const
export const MFD = { CLOEXEC: 1, ALLOW_SEALING: 2, HUGETLB: 4, NOEXEC_SEAL: 8, EXEC: 0x10 } as const
export const EFD = { SEMAPHORE: 1, NONBLOCK: O.NONBLOCK, CLOEXEC: O.CLOEXEC } as const
export const EPOLL = { CTL_ADD: 1, CTL_DEL: 2, CTL_MOD: 3, ET: 0x8000_0000, ONESHOT: 0x4000_0000 } as const
/** utimensat(2): special values of tv_nsec. */
export const UTIME = { NOW: 0x3fff_ffff, OMIT: 0x3fff_fffe } as const
export const LOCK = { SH: 1, EX: 2, NB: 4, UN: 8 } as const
export const STATX_BASIC_STATS = 0x7ff

export const PATH_MAX = 4096
export const NAME_MAX = 255
/** pipe(7): writes up to this are atomic; what a new pipe holds. */
export const PIPE_BUF = 4096
export const PIPE_CAPACITY = 65536
/** path_resolution(7): links followed in one path before ELOOP. */
export const MAX_LINKS = 40
/** read(2): the most that one call transfers. */
export const MAX_RW_COUNT = 0x7fff_f000
export const IOV_MAX = 1024

// prettier-ignore
export const stat = struct('stat', 144, {
  st_dev: u64(0), st_ino: u64(8), st_nlink: u64(16), st_mode: u32(24), st_uid: u32(28), st_gid: u32(32), st_rdev: u64(40),
  st_size: u64(48), st_blksize: u64(56), st_blocks: u64(64), st_atime: u64(72), st_atime_nsec: u64(80), st_mtime: u64(88),
  st_mtime_nsec: u64(96), st_ctime: u64(104), st_ctime_nsec: u64(112),
})

// prettier-ignore
export const statx = struct('statx', 256, {
  stx_mask: u32(0), stx_blksize: u32(4), stx_attributes: u64(8), stx_nlink: u32(16), stx_uid: u32(20), stx_gid: u32(24),
  stx_mode: u16(28), stx_ino: u64(32), stx_size: u64(40), stx_blocks: u64(48), stx_attributes_mask: u64(56),
  stx_atime_sec: u64(64), stx_atime_nsec: u32(72), stx_btime_sec: u64(80), stx_btime_nsec: u32(88), stx_ctime_sec: u64(96),
  stx_ctime_nsec: u32(104), stx_mtime_sec: u64(112), stx_mtime_nsec: u32(120), stx_rdev_major: u32(128), stx_rdev_minor: u32(132),
  stx_dev_major: u32(136), stx_dev_minor: u32(140),
})

// prettier-ignore
export const statfs = struct('statfs', 120, {
  f_type: u64(0), f_bsize: u64(8), f_blocks: u64(16), f_bfree: u64(24), f_bavail: u64(32), f_files: u64(40), f_ffree: u64(48),
  f_fsid: u64(56), f_namelen: u64(64), f_frsize: u64(72), f_flags: u64(80),
})

export const iovec = struct('iovec', 16, { iov_base: u64(0), iov_len: u64(8) })
export const pollfd = struct('pollfd', 8, { fd: u32(0), events: u16(4), revents: u16(6) })
/** The name follows, NUL-terminated; d_reclen is a multiple of 8. */
export const linux_dirent64 = struct('linux_dirent64', 19, {
  d_ino: u64(0),
  d_off: u64(8),
  d_reclen: u16(16),
  d_type: bytes(18, 1),
})
/** Packed on x86-64 only. */
export const epoll_event = struct('epoll_event', 12, { events: u32(0), data: bytes(4, 8) })
export const flock = struct('flock', 32, {
  l_type: u16(0),
  l_whence: u16(2),
  l_start: u64(8),
  l_len: u64(16),
  l_pid: u32(24),
})

/** statfs(2): file system types that we show. */
export const FS_MAGIC = { TMPFS: 0x0102_1994, PROC: 0x9fa0, SYSFS: 0x6265_6572, EXT4: 0xef53 } as const

/** Major number of the miscellaneous devices, which have their minor numbers from the kernel: the SGX devices are among them. */
export const MISC_MAJOR = 10

/** How dev_t packs a device number: 12 bits of major, 20 of minor, the minor's low 8 bits lowest. */
export const makedev = (major: number, minor: number): bigint =>
  (BigInt(minor) & 0xffn) |
  (BigInt(major & 0xfff) << 8n) |
  ((BigInt(minor) & ~0xffn) << 12n) |
  ((BigInt(major) & ~0xfffn) << 32n)
export const majorOf = (dev: bigint): number => Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn))
export const minorOf = (dev: bigint): number => Number((dev & 0xffn) | ((dev >> 12n) & 0xffff_ff00n))
