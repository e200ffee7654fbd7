import type { Ram } from '../../cpu/index.ts'
import { isHostError, type HostPort } from '../../port/index.ts'
import { EACCES, EEXIST, EISDIR, ELOOP, ENOENT, ENOTDIR, O } from '../../spec/linux/index.ts'
import { devFileSystem, plainDevices, sgxDevices, ttyDevice } from '../devices/index.ts'
import type { Sgx } from '../../sgx/index.ts'
import type { AddressSpace } from '../mm/address-space.ts'
import type { Process } from '../task/process.ts'
import type { Task } from '../task/task.ts'
import { ConsoleFile } from './console-file.ts'
import { FdTable } from './fd-table.ts'
import type { FileDescription } from './file.ts'
import type { HostFiles } from './host-files.ts'
import { HostNode } from './host-node.ts'
import { MemoryBytes } from './memory-file.ts'
import type { Node } from './node.ts'
import { Pipe, PipeReader, PipeWriter } from './pipe.ts'
import { procFileSystem } from './proc.ts'
import { Sandbox, type Grants } from './sandbox.ts'
import { sysFileSystem } from './sys.ts'
import { walk, type Ground, type Place } from './walk.ts'

/** What the file system needs of the kernel; a Kernel is one. */
export interface VfsParts {
  readonly port: HostPort
  readonly ram: Ram
  /** The guest's user, who owns what the host process owns. */
  readonly uid: number
  readonly gid: number
  readonly processes: ReadonlyMap<number, Process>
  readonly random: (count: number) => Uint8Array
  /** Virtual nanoseconds since start. */
  now(): bigint
  readonly options: {
    readonly grants: Grants
    readonly onNotice?: (text: string) => void
    /** The processor's SGX; without it there are no SGX devices. */
    readonly sgx?: Sgx
    /** Text of /proc/cpuinfo. */
    readonly cpuinfo?: () => string
  }
}

/** What uname(2) and /proc say of the kernel. */
export const RELEASE = '6.12.0-enclu'
const VERSION = `Linux version ${RELEASE} (enclu) #1 SMP PREEMPT_DYNAMIC`
const TOTAL_MEMORY = 4 * 2 ** 30
const FRAME = 4096

/** All files that the guest can name: the host's, under what the kernel makes up. */
export class Vfs {
  readonly sandbox: Sandbox
  private readonly parts: VfsParts
  private readonly ground: Ground
  /** Of pipes and memory files. */
  private lastIno = 2n

  constructor(parts: VfsParts) {
    const { port, ram, uid, gid, options } = parts
    this.parts = parts
    this.sandbox = new Sandbox(port.files, options.grants, port.workingDirectory, options.onNotice ?? (() => {}))
    const files: HostFiles = { host: port, sandbox: this.sandbox, ram, pages: new Map(), uid, gid }
    const root = port.files.stat('/', true)
    const nowhere = {
      kind: 'directory',
      size: 0,
      mode: 0o755,
      ino: 2n,
      dev: 0n,
      nlink: 2,
      uid: 0,
      gid: 0,
      mtimeNs: 0n,
    } as const
    this.ground = {
      root: new HostNode(files, '/', isHostError(root) ? nowhere : root),
      mounts: new Map(Object.entries(madeUp(parts))),
      sandbox: this.sandbox,
    }
  }

  /** Follows a path; a missing last component is no error here. `base` is where relative paths start. */
  walk(task: Task, base: string, path: string, follow = true): Place | number {
    return walk(this.ground, task, base, path, follow)
  }

  /** As `walk`, but -ENOENT for what does not exist. */
  find(task: Task, base: string, path: string, follow = true): (Place & { readonly node: Node }) | number {
    const place = this.walk(task, base, path, follow)
    if (typeof place === 'number') return place
    const { node } = place
    return node ? { ...place, node } : -ENOENT
  }

  /** open(2), without the descriptor. `permissions` are those of a new file, the mask already applied. */
  open(task: Task, base: string, path: string, flags: number, permissions = 0): FileDescription | number {
    const exclusive = (flags & O.CREAT) !== 0 && (flags & O.EXCL) !== 0
    const place = this.walk(task, base, path, !(flags & O.NOFOLLOW) && !exclusive)
    if (typeof place === 'number') return place
    const { node } = place
    if (!node) return create(task, place, flags, permissions)
    if (exclusive) return -EEXIST
    if (flags & O.CREAT && (node.kind === 'directory' || place.directory)) return -EISDIR
    if (node.kind === 'symlink' && !(flags & O.PATH)) return flags & O.DIRECTORY ? -ENOTDIR : -ELOOP
    if ((flags & O.DIRECTORY || place.directory) && node.kind !== 'directory') return -ENOTDIR
    // The node exists: it must not be created again should it vanish now.
    return node.open(task, flags & ~O.CREAT, place.path)
  }

  /** Descriptors 0, 1 and 2 of the first process. */
  standardStreams(): FdTable {
    const table = new FdTable()
    for (const fd of [0, 1, 2] as const) table.install(new ConsoleFile(this.parts.port.console, fd))
    return table
  }

  /** pipe(2): the reading and the writing end. */
  pipe(flags = 0): readonly [FileDescription, FileDescription] {
    const pipe = new Pipe(++this.lastIno)
    return [new PipeReader(pipe, flags & O.NONBLOCK), new PipeWriter(pipe, flags & O.NONBLOCK)]
  }

  /** memfd_create(2): an empty file in memory. */
  memoryBytes(mode: number): MemoryBytes {
    return new MemoryBytes(this.parts.ram, ++this.lastIno, mode)
  }
}

function create(task: Task, place: Place, flags: number, permissions: number): FileDescription | number {
  if (!(flags & O.CREAT) || flags & O.PATH) return -ENOENT
  if (place.directory) return -EISDIR
  if (!place.parent.create) return -EACCES
  return place.parent.create(task, place.name, flags, permissions)
}

function* spacesOf(processes: Iterable<Process>): Iterable<AddressSpace> {
  for (const { threads } of processes) for (const { space } of threads) yield space
}

/** What is not the host's, by path. */
function madeUp(parts: VfsParts): Readonly<Record<string, Node>> {
  const { sgx, cpuinfo = (): string => '' } = parts.options
  return {
    '/dev': devFileSystem({
      ...plainDevices((into) => into.set(parts.random(into.length))),
      tty: ttyDevice(parts.port.console),
      ...(sgx ? sgxDevices(sgx, () => spacesOf(parts.processes.values())) : {}),
    }),
    '/proc': procFileSystem({
      processes: () => parts.processes.values(),
      cpuinfo,
      totalMemory: TOTAL_MEMORY,
      freeMemory: () => TOTAL_MEMORY - parts.ram.framesInUse() * FRAME,
      release: RELEASE,
      version: VERSION,
      uptime: () => parts.now(),
    }),
    '/sys': sysFileSystem({ cpuCount: 1, epcSize: sgx?.epc.size }),
  }
}
