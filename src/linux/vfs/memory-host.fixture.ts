import type { ConsolePort, FilePort, HostError, HostFile, HostPort, HostStat } from '../../port/index.ts'
import { nameOf, normalize, parentOf } from './path.ts'

/** A host without a disk, for tests: files, folders and links in memory, a console that remembers. Everything is root's own. */

interface Entry {
  kind: 'file' | 'directory' | 'symlink' | 'fifo'
  data: Uint8Array
  mode: number
  mtimeNs: bigint
  readonly ino: bigint
}

const fail = (error: string): HostError => ({ error })
const MAX_LINKS = 40

export class MemoryHost implements HostPort {
  readonly entries = new Map<string, Entry>()
  readonly output: Record<1 | 2, string> = { 1: '', 2: '' }
  input = ''
  terminal = false
  /** Paths that were opened, to see that refused ones never are. */
  readonly opened: string[] = []
  /** The next opening of a file finds this done to the tree: somebody else's doing. */
  beforeOpen: (() => void) | undefined
  workingDirectory = '/home'
  readonly uid = 0
  readonly gid = 0
  private lastIno = 100n

  /** `tree`: path -> contents; 'x/' is a folder, '-> y' a symbolic link. Folders on the way are made. */
  constructor(tree: Readonly<Record<string, string>> = {}) {
    this.put('/', '', 'directory')
    this.makeFolder(this.workingDirectory)
    for (const [path, text] of Object.entries(tree)) this.add(path, text)
  }

  add(path: string, text: string): void {
    if (path.endsWith('/')) return this.makeFolder(normalize(path))
    this.makeFolder(parentOf(path))
    if (text.startsWith('-> ')) this.put(path, text.slice(3), 'symlink')
    else this.put(path, text, 'file')
  }

  text(path: string): string | undefined {
    const entry = this.entries.get(path)
    return entry && new TextDecoder().decode(entry.data)
  }

  wallClock = (): bigint => 1_700_000_000_000_000_000n

  readonly console: ConsolePort = {
    readable: true,
    awaited: false,
    input: () => Promise.resolve(),
    read: (into) => {
      const data = new TextEncoder().encode(this.input).subarray(0, into.length)
      into.set(data)
      this.input = this.input.slice(data.length)
      return data.length
    },
    write: (fd, data) => {
      this.output[fd] += new TextDecoder().decode(data)
      return data.length
    },
    isTerminal: () => this.terminal,
    windowSize: () => (this.terminal ? { rows: 50, columns: 132 } : undefined),
  }

  readonly files: FilePort = {
    open: (path, mode) => {
      this.beforeOpen?.()
      this.beforeOpen = undefined
      const at = this.follow(path)
      if (typeof at !== 'string') return at
      let entry = this.entries.get(at)
      if (entry && mode.create && mode.exclusive) return fail('EEXIST')
      if (entry?.kind === 'directory') return fail('EISDIR')
      if (!entry && !mode.create) return fail('ENOENT')
      if (!entry && this.entries.get(parentOf(at))?.kind !== 'directory') return fail('ENOENT')
      if (!entry) {
        entry = this.put(at, '', 'file')
        entry.mode = mode.permissions
      }
      if (mode.truncate) entry.data = new Uint8Array(0)
      this.opened.push(at)
      return this.handle(entry)
    },
    stat: (path, followLinks) => {
      const at = followLinks ? this.follow(path) : path
      const entry = typeof at === 'string' ? this.entries.get(at) : undefined
      return entry ? this.statOf(entry) : fail('ENOENT')
    },
    list: (path) => {
      if (this.entries.get(path)?.kind !== 'directory') return fail('ENOTDIR')
      return [...this.entries.keys()].filter((p) => p !== '/' && parentOf(p) === path).map(nameOf)
    },
    readLink: (path) => {
      const entry = this.entries.get(path)
      return entry?.kind === 'symlink' ? new TextDecoder().decode(entry.data) : fail('EINVAL')
    },
    makeDirectory: (path, permissions) => {
      if (this.entries.has(path)) return fail('EEXIST')
      this.put(path, '', 'directory').mode = permissions
      return undefined
    },
    remove: (path, directory) => {
      if (!this.entries.has(path)) return fail('ENOENT')
      if (directory && [...this.entries.keys()].some((p) => p.startsWith(`${path}/`))) return fail('ENOTEMPTY')
      this.entries.delete(path)
      return undefined
    },
    rename: (from, to) => {
      const entry = this.entries.get(from)
      if (!entry) return fail('ENOENT')
      this.entries.delete(from)
      this.entries.set(to, entry)
      return undefined
    },
    symlink: (target, path) => (this.entries.has(path) ? fail('EEXIST') : void this.put(path, target, 'symlink')),
    link: (existing, path) => {
      const entry = this.entries.get(existing)
      if (!entry) return fail('ENOENT')
      this.entries.set(path, entry)
      return undefined
    },
    setMode: (path, mode) => {
      const entry = this.entries.get(path)
      if (entry) entry.mode = mode
      return undefined
    },
    setTimes: (path, _atimeNs, mtimeNs) => {
      const entry = this.entries.get(path)
      if (entry) entry.mtimeNs = mtimeNs
      return undefined
    },
    access: (path, want) => {
      const mode = (this.entries.get(path)?.mode ?? 0) >> 6
      const needed = (want.read ? 4 : 0) | (want.write ? 2 : 0) | (want.execute ? 1 : 0)
      return (mode & needed) === needed ? undefined : fail('EACCES')
    },
    space: () => ({ blockSize: 4096, blocks: 1000, free: 500, files: 100 }),
    realPath: (path) => this.follow(path),
  }

  private put(path: string, text: string, kind: Entry['kind']): Entry {
    const mode = kind === 'directory' ? 0o755 : 0o644
    const entry: Entry = {
      kind,
      data: new TextEncoder().encode(text),
      mode,
      mtimeNs: 5_000_000_007n,
      ino: ++this.lastIno,
    }
    this.entries.set(path, entry)
    return entry
  }

  private makeFolder(path: string): void {
    if (this.entries.has(path)) return
    this.makeFolder(parentOf(path))
    this.put(path, '', 'directory')
  }

  /** The path without symbolic links; the last component may be missing. */
  private follow(path: string, depth = 0): string | HostError {
    if (depth > MAX_LINKS) return fail('ELOOP')
    let at = ''
    for (const name of path.split('/').filter((c) => c !== '')) {
      const next = `${at}/${name}`
      const entry = this.entries.get(next)
      if (entry?.kind !== 'symlink') {
        at = next
        continue
      }
      const target = this.follow(normalize(new TextDecoder().decode(entry.data), at || '/'), depth + 1)
      if (typeof target !== 'string') return target
      at = target
    }
    return at || '/'
  }

  private statOf(entry: Entry): HostStat {
    const { kind, mode, ino, mtimeNs } = entry
    return { kind, mode, ino, mtimeNs, size: entry.data.length, dev: 1n, nlink: 1, uid: 0, gid: 0 }
  }

  private handle(entry: Entry): HostFile {
    return {
      read: (into, at) => {
        const part = entry.data.subarray(Math.min(at, entry.data.length)).subarray(0, into.length)
        into.set(part)
        return part.length
      },
      write: (data, at) => {
        const grown = new Uint8Array(Math.max(entry.data.length, at + data.length))
        grown.set(entry.data)
        grown.set(data, at)
        entry.data = grown
        return data.length
      },
      truncate: (size) => {
        const cut = new Uint8Array(size)
        cut.set(entry.data.subarray(0, size))
        entry.data = cut
        return undefined
      },
      stat: () => this.statOf(entry),
      sync: () => undefined,
      close: () => {},
    }
  }
}
