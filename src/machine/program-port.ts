import type { HostError, HostFile, HostPort, HostStat } from '../port/index.ts'

/** A host of nothing but one program: no other file, no console, no clock. It needs nothing of the outside. */

export const PROGRAM_PATH = '/program'

const NO_SUCH_FILE: HostError = { error: 'ENOENT' }
const READ_ONLY: HostError = { error: 'EROFS' }

const stat = (kind: HostStat['kind'], size: number): HostStat => ({
  kind,
  size,
  mode: 0o755,
  ino: kind === 'file' ? 2n : 1n,
  dev: 1n,
  nlink: 1,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
})

export function programPort(program: Uint8Array): HostPort {
  const statOf = (path: string): HostStat | HostError => {
    if (path === PROGRAM_PATH) return stat('file', program.length)
    return path === '/' ? stat('directory', 0) : NO_SUCH_FILE
  }
  const file: HostFile = {
    read(into, at) {
      const part = program.subarray(at, at + into.length)
      into.set(part)
      return part.length
    },
    write: () => READ_ONLY,
    truncate: () => READ_ONLY,
    stat: () => stat('file', program.length),
    sync: () => undefined,
    close: () => undefined,
  }
  return {
    files: {
      open: (path, mode) => (path !== PROGRAM_PATH ? NO_SUCH_FILE : mode.write ? READ_ONLY : file),
      stat: statOf,
      list: () => [],
      readLink: () => NO_SUCH_FILE,
      makeDirectory: () => READ_ONLY,
      remove: () => READ_ONLY,
      rename: () => READ_ONLY,
      symlink: () => READ_ONLY,
      link: () => READ_ONLY,
      setMode: () => READ_ONLY,
      setTimes: () => READ_ONLY,
      access: (path, want) => ('error' in statOf(path) ? NO_SUCH_FILE : want.write ? READ_ONLY : undefined),
      space: () => NO_SUCH_FILE,
      realPath: (path) => path,
    },
    console: {
      readable: true,
      awaited: false,
      input: () => Promise.resolve(),
      read: () => 0,
      write: (_fd, data) => data.length,
      isTerminal: () => false,
      windowSize: () => undefined,
    },
    wallClock: () => 0n,
    workingDirectory: '/',
    uid: 0,
    gid: 0,
  }
}
