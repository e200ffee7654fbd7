import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  writeSync,
  type BigIntStats,
} from 'node:fs'
import type { FilePort, HostFile, HostOpenMode, HostStat } from '../port/index.ts'
import { attempt, outcome } from './attempt.ts'

function kindOf(s: BigIntStats): HostStat['kind'] {
  if (s.isFile()) return 'file'
  if (s.isDirectory()) return 'directory'
  if (s.isSymbolicLink()) return 'symlink'
  if (s.isCharacterDevice()) return 'character'
  if (s.isFIFO()) return 'fifo'
  return s.isSocket() ? 'socket' : 'block'
}

const toHostStat = (s: BigIntStats): HostStat => ({
  kind: kindOf(s),
  size: Number(s.size),
  mode: Number(s.mode & 0o7777n),
  ino: s.ino,
  dev: s.dev,
  nlink: Number(s.nlink),
  uid: Number(s.uid),
  gid: Number(s.gid),
  mtimeNs: s.mtimeNs,
})

function openFlags(mode: HostOpenMode): number {
  const access = mode.write ? (mode.read ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY
  return (
    access |
    (mode.create ? constants.O_CREAT : 0) |
    (mode.exclusive ? constants.O_EXCL : 0) |
    (mode.truncate ? constants.O_TRUNC : 0) |
    // Links are followed by the guest's kernel, each step checked: one that appears in between must not be.
    (constants.O_NOFOLLOW ?? 0) |
    // A fifo must not stop the host.
    (constants.O_NONBLOCK ?? 0)
  )
}

class NodeFile implements HostFile {
  private readonly fd: number
  constructor(fd: number) {
    this.fd = fd
  }
  read(into: Uint8Array, at: number): ReturnType<HostFile['read']> {
    return attempt(() => readSync(this.fd, into, 0, into.length, at))
  }
  write(data: Uint8Array, at: number): ReturnType<HostFile['write']> {
    return attempt(() => writeSync(this.fd, data, 0, data.length, at))
  }
  truncate(size: number): ReturnType<HostFile['truncate']> {
    return outcome(() => ftruncateSync(this.fd, size))
  }
  stat(): HostStat {
    return toHostStat(fstatSync(this.fd, { bigint: true }))
  }
  sync(dataOnly: boolean): ReturnType<HostFile['sync']> {
    return outcome(() => (dataOnly ? fdatasyncSync(this.fd) : fsyncSync(this.fd)))
  }
  close(): void {
    closeSync(this.fd)
  }
}

const seconds = (ns: bigint): number => Number(ns) / 1e9

export const nodeFiles: FilePort = {
  open: (path, mode) => attempt(() => new NodeFile(openSync(path, openFlags(mode), mode.permissions))),
  stat: (path, followLinks) =>
    attempt(() => toHostStat(followLinks ? statSync(path, { bigint: true }) : lstatSync(path, { bigint: true }))),
  list: (path) => attempt(() => readdirSync(path)),
  readLink: (path) => attempt(() => readlinkSync(path)),
  makeDirectory: (path, permissions) => outcome(() => mkdirSync(path, { mode: permissions })),
  remove: (path, directory) => outcome(() => (directory ? rmdirSync(path) : unlinkSync(path))),
  rename: (from, to) => outcome(() => renameSync(from, to)),
  symlink: (target, path) => outcome(() => symlinkSync(target, path)),
  link: (existing, path) => outcome(() => linkSync(existing, path)),
  setMode: (path, mode) => outcome(() => chmodSync(path, mode)),
  setTimes: (path, atimeNs, mtimeNs) => outcome(() => lutimesSync(path, seconds(atimeNs), seconds(mtimeNs))),
  access: (path, want) =>
    outcome(() =>
      accessSync(
        path,
        (want.read ? constants.R_OK : 0) | (want.write ? constants.W_OK : 0) | (want.execute ? constants.X_OK : 0),
      ),
    ),
  space: (path) =>
    attempt(() => {
      const s = statfsSync(path)
      return { blockSize: s.bsize, blocks: s.blocks, free: s.bavail, files: s.files }
    }),
  realPath: (path) => attempt(() => realpathSync.native(path)),
}
