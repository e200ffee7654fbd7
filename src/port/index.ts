/** What the outside must supply. Implemented by host-node (and, later, host-browser); nothing below knows the host. */

/** Answers of the file port: data, or the POSIX name of the error ('ENOENT', 'EACCES' ...). */
export interface HostError {
  readonly error: string
}

export const isHostError = (x: unknown): x is HostError => typeof x === 'object' && x !== null && 'error' in x

/** What is known of a file of the host. */
export interface HostStat {
  readonly kind: 'file' | 'directory' | 'symlink' | 'character' | 'fifo' | 'socket' | 'block'
  readonly size: number
  /** The 12 permission bits; the kind is in `kind`. */
  readonly mode: number
  readonly ino: bigint
  readonly dev: bigint
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly mtimeNs: bigint
}

/** An open host file; positions are explicit. */
export interface HostFile {
  read(into: Uint8Array, at: number): number | HostError
  write(data: Uint8Array, at: number): number | HostError
  truncate(size: number): HostError | undefined
  stat(): HostStat
  /** To the disk: the data, and what describes it unless `dataOnly`. */
  sync(dataOnly: boolean): HostError | undefined
  close(): void
}

/** How a host file is opened. */
export interface HostOpenMode {
  readonly read: boolean
  readonly write: boolean
  readonly create: boolean
  readonly exclusive: boolean
  readonly truncate: boolean
  /** Of a file that is created. */
  readonly permissions: number
}

/** Sizes of the file system that holds a path, in units of `blockSize` bytes. */
export interface HostSpace {
  readonly blockSize: number
  readonly blocks: number
  readonly free: number
  readonly files: number
}

/** Synchronous access to the host's files. Paths are absolute and already checked against what the user granted. */
export interface FilePort {
  open(path: string, mode: HostOpenMode): HostFile | HostError
  stat(path: string, followLinks: boolean): HostStat | HostError
  /** Names without '.' and '..'. */
  list(path: string): readonly string[] | HostError
  readLink(path: string): string | HostError
  makeDirectory(path: string, permissions: number): HostError | undefined
  remove(path: string, directory: boolean): HostError | undefined
  rename(from: string, to: string): HostError | undefined
  symlink(target: string, path: string): HostError | undefined
  link(existing: string, path: string): HostError | undefined
  setMode(path: string, mode: number): HostError | undefined
  /** Does not follow a symbolic link. */
  setTimes(path: string, atimeNs: bigint, mtimeNs: bigint): HostError | undefined
  /** May this process use the file in these ways? */
  access(path: string, want: { read: boolean; write: boolean; execute: boolean }): HostError | undefined
  space(path: string): HostSpace | HostError
  /** The path without symbolic links, for the sandbox check. */
  realPath(path: string): string | HostError
}

/** Standard streams. No call blocks the host for input: whoever has nothing else to do awaits `input`. */
export interface ConsolePort {
  /** 0 bytes means end of file; undefined that there is nothing yet. */
  read(into: Uint8Array): number | HostError | undefined
  /** There is input, or its end. A no is remembered in `awaited`. */
  readonly readable: boolean
  /** Someone asked for input in vain since this was last set to false. */
  awaited: boolean
  /** Settles when `readable` is, or already was, true. */
  input(): Promise<void>
  /** fd is 1 or 2. */
  write(fd: 1 | 2, data: Uint8Array): number | HostError
  isTerminal(fd: 0 | 1 | 2): boolean
  /** Of the terminal behind `fd`; undefined when it is not one. */
  windowSize(fd: 0 | 1 | 2): { readonly rows: number; readonly columns: number } | undefined
}

/** An incremental SHA-256, for hosts whose own is faster than ours. `copy` forks the state. */
export interface HostHash {
  update(data: Uint8Array): void
  copy(): HostHash
  digest(): Uint8Array
}

/** AES-128-GCM with a 96-bit initialization vector and a 128-bit MAC, for hosts whose own is faster than ours. */
export interface HostAesGcm {
  encrypt(
    key: Uint8Array,
    iv: Uint8Array,
    header: Uint8Array,
    plaintext: Uint8Array,
  ): { readonly ciphertext: Uint8Array; readonly mac: Uint8Array }
  /** undefined: the MAC is wrong. */
  decrypt(
    key: Uint8Array,
    iv: Uint8Array,
    header: Uint8Array,
    sealed: { readonly ciphertext: Uint8Array; readonly mac: Uint8Array },
  ): Uint8Array | undefined
}

/** Everything that a machine needs of its host. */
export interface HostPort {
  readonly sha256?: () => HostHash
  readonly aesGcm?: HostAesGcm
  readonly files: FilePort
  readonly console: ConsolePort
  /** Wall clock, nanoseconds since 1970, read once at start: the guest's clock is virtual from then on. */
  readonly wallClock: () => bigint
  readonly workingDirectory: string
  /** Who owns the files that this process creates. */
  readonly uid: number
  readonly gid: number
}
