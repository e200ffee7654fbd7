import type { Ram } from '../../cpu/index.ts'
import type { HostPort, HostStat } from '../../port/index.ts'
import { S } from '../../spec/linux/index.ts'
import type { Stat } from './file.ts'
import type { FilePages } from './file-pages.ts'
import type { Sandbox } from './sandbox.ts'

/** What all files of the host share. */
export interface HostFiles {
  readonly host: HostPort
  readonly sandbox: Sandbox
  readonly ram: Ram
  /** Mapped pages by file: `dev:ino`. */
  readonly pages: Map<string, FilePages>
  /** Who owns what the host process owns. */
  readonly uid: number
  readonly gid: number
}

// prettier-ignore
const KINDS = {
  file: S.IFREG, directory: S.IFDIR, symlink: S.IFLNK, character: S.IFCHR, fifo: S.IFIFO, socket: S.IFSOCK, block: S.IFBLK,
} as const

export const statOfHost = (files: HostFiles, s: HostStat): Stat => ({
  dev: s.dev,
  ino: s.ino,
  mode: KINDS[s.kind] | s.mode,
  nlink: s.nlink,
  uid: s.uid === files.host.uid ? files.uid : s.uid,
  gid: s.gid === files.host.gid ? files.gid : s.gid,
  rdev: 0n,
  size: s.size,
  mtimeNs: s.mtimeNs,
})
