import { ENOENT, FS_MAGIC, O, PROT_EXEC, PROT_READ, PROT_WRITE, S } from '../../spec/linux/index.ts'
import { PAGE_SIZE } from '../../cpu/index.ts'
import type { Vma } from '../mm/vma.ts'
import type { Process } from '../task/process.ts'
import type { Task } from '../task/task.ts'
import { DirectoryFile } from './directory-file.ts'
import type { FileDescription } from './file.ts'
import type { Node } from './node.ts'
import { MemNode } from './proc-mem.ts'
import { VirtualDirectory, VirtualFile, VirtualLink, type VirtualFileSystem } from './virtual.ts'

/** proc(5): what programs commonly look at. */

const PROC: VirtualFileSystem = { dev: 22n, magic: FS_MAGIC.PROC }
const KIB = 1024

export interface ProcOptions {
  /** Live processes, for /proc/PID. */
  readonly processes: () => Iterable<Process>
  /** Text of /proc/cpuinfo. */
  readonly cpuinfo: () => string
  /** Bytes. */
  readonly totalMemory: number
  readonly freeMemory: () => number
  readonly release: string
  readonly version: string
  /** Virtual nanoseconds since the machine started. */
  readonly uptime: () => bigint
}

export function procFileSystem(options: ProcOptions): Node {
  const byPid = (name: string): Process | undefined =>
    [...options.processes()].find((process) => String(process.pid) === name)
  const file = (text: () => string): Node => new VirtualFile(PROC, text)
  const kib = (bytes: number): string => `${String(Math.floor(bytes / KIB)).padStart(8)} kB`
  const meminfo = (): string => {
    const free = options.freeMemory()
    const rows = {
      MemTotal: options.totalMemory,
      MemFree: free,
      MemAvailable: free,
      Buffers: 0,
      Cached: 0,
      SwapTotal: 0,
      SwapFree: 0,
    }
    return Object.entries(rows)
      .map(([name, bytes]) => `${`${name}:`.padEnd(16)}${kib(bytes)}\n`)
      .join('')
  }
  const uptime = (): string => `${(Number(options.uptime() / 10_000_000n) / 100).toFixed(2)} 0.00\n`
  return new VirtualDirectory(
    PROC,
    {
      self: new VirtualLink(PROC, (task) => String(task.process.pid)),
      'thread-self': new VirtualLink(PROC, (task) => `${task.process.pid}/task/${task.pid}`),
      cpuinfo: file(options.cpuinfo),
      meminfo: file(meminfo),
      uptime: file(uptime),
      loadavg: file(() => '0.00 0.00 0.00 1/1 1\n'),
      version: file(() => `${options.version}\n`),
      filesystems: file(() => 'nodev\tsysfs\nnodev\tproc\nnodev\ttmpfs\n\text4\n'),
      mounts: new VirtualLink(PROC, () => 'self/mounts'),
      sys: new VirtualDirectory(PROC, {
        kernel: new VirtualDirectory(PROC, {
          osrelease: file(() => `${options.release}\n`),
          ostype: file(() => 'Linux\n'),
          pid_max: file(() => '32768\n'),
          ngroups_max: file(() => '65536\n'),
          randomize_va_space: file(() => '0\n'),
        }),
        vm: new VirtualDirectory(PROC, { overcommit_memory: file(() => '0\n'), max_map_count: file(() => '65530\n') }),
        fs: new VirtualDirectory(PROC, { 'pipe-max-size': file(() => '1048576\n') }),
      }),
    },
    {
      lookup: (_task, name) => {
        const process = byPid(name)
        return process && processDirectory(process)
      },
      list: () => [...options.processes()].map((process) => String(process.pid)),
    },
  )
}

/** Any thread that is not gone: all share memory and, nearly always, files. */
const threadOf = (process: Process): Task | undefined => [...process.threads].find((task) => task.state !== 'dead')

function processDirectory(process: Process, thread = threadOf(process)): Node {
  const text = (make: (task: Task) => string): Node => new VirtualFile(PROC, () => (thread ? make(thread) : ''))
  const link = (target: (task: Task) => string): Node =>
    new VirtualLink(PROC, () => (thread ? target(thread) : -ENOENT))
  return new VirtualDirectory(PROC, {
    exe: link(() => process.executable),
    cwd: link((task) => task.fs.cwd),
    root: link(() => '/'),
    cmdline: text(() => process.commandLine.map((word) => `${word}\0`).join('')),
    comm: text((task) => `${task.comm}\n`),
    environ: text(() => process.environment.map((word) => `${word}\0`).join('')),
    maps: text((task) => [...task.space.vmas].map(mapsLine).join('')),
    mounts: text(
      () => 'root / ext4 ro 0 0\nproc /proc proc ro 0 0\nsysfs /sys sysfs ro 0 0\ndevtmpfs /dev devtmpfs rw 0 0\n',
    ),
    mem: new MemNode(PROC, S.IFREG | 0o600, () => thread?.space),
    stat: text(statLine),
    statm: text((task) => `${sizeOf(task) / PAGE_SIZE} ${task.space.residentPages} 0 0 0 0 0\n`),
    status: text(statusText),
    limits: text(() => 'Limit                     Soft Limit           Hard Limit           Units     \n'),
    auxv: text(() => ''),
    fd: fdDirectory(thread),
    task: new VirtualDirectory(
      PROC,
      {},
      {
        lookup: (_task, name) => {
          const found = [...process.threads].find((t) => String(t.pid) === name)
          return found && processDirectory(process, found)
        },
        list: () => [...process.threads].map((t) => String(t.pid)),
      },
    ),
  })
}

function fdDirectory(thread: Task | undefined): Node {
  const fileOf = (name: string): FileDescription | undefined =>
    /^\d+$/.test(name) ? thread?.fds.file(Number(name)) : undefined
  return new VirtualDirectory(
    PROC,
    {},
    {
      lookup: (_task, name) =>
        fileOf(name) &&
        new VirtualLink(
          PROC,
          () => fileOf(name)?.path ?? -ENOENT,
          () => {
            const file = fileOf(name)
            return file ? (file.node ?? new OpenedNode(file)) : -ENOENT
          },
        ),
      list: () => thread?.fds.open().map(String) ?? [],
    },
  )
}

/**
 * A file without a name, reached through /proc/self/fd.
 * Deviation: opening it gives the same description again, where Linux makes a new one.
 */
class OpenedNode implements Node {
  readonly kind = 'other'
  private readonly file: FileDescription
  constructor(file: FileDescription) {
    this.file = file
  }
  stat(): ReturnType<Node['stat']> {
    return this.file.stat()
  }
  open(_task: Task, flags: number, path: string): FileDescription {
    return flags & O.PATH ? new DirectoryFile(this, path, flags) : this.file
  }
}

const mode = (vma: Vma): string =>
  [
    vma.prot & PROT_READ ? 'r' : '-',
    vma.prot & PROT_WRITE ? 'w' : '-',
    vma.prot & PROT_EXEC ? 'x' : '-',
    vma.shared ? 's' : 'p',
  ].join('')

const hex = (n: number, width = 8): string => n.toString(16).padStart(width, '0')

/** proc_pid_maps(5). Deviation: device and inode are shown as zero. */
function mapsLine(vma: Vma): string {
  const name = vma.name || vma.backing?.name || ''
  const head = `${hex(vma.start)}-${hex(vma.end)} ${mode(vma)} ${hex(vma.offset)} 00:00 0 `
  return name ? `${head.padEnd(73)}${name}\n` : `${head}\n`
}

const sizeOf = (task: Task): number => [...task.space.vmas].reduce((sum, vma) => sum + (vma.end - vma.start), 0)

/** proc_pid_stat(5): 52 fields, most of them zero here. */
function statLine(task: Task): string {
  const { process } = task
  const ticks = (ns: bigint): bigint => ns / 10_000_000n
  const fields: (string | number | bigint)[] = new Array<number>(52).fill(0)
  const set = (field: number, value: string | number | bigint): void => {
    fields[field - 1] = value
  }
  set(1, process.pid)
  set(2, `(${task.comm})`)
  set(3, 'R')
  set(4, task.ppid)
  set(5, process.pgid)
  set(6, process.sid)
  set(8, -1)
  set(14, ticks(process.cpuTime))
  set(16, ticks(process.childrenCpuTime))
  set(18, 20 + task.scheduling.nice)
  set(19, task.scheduling.nice)
  set(20, process.threads.size)
  set(22, ticks(process.startTime))
  set(23, sizeOf(task))
  set(24, task.space.residentPages)
  set(25, '18446744073709551615')
  set(41, task.scheduling.policy)
  return `${fields.join(' ')}\n`
}

/** proc_pid_status(5). */
function statusText(task: Task): string {
  const { process } = task
  const { uid, gid } = process.credentials
  const rows: Record<string, string | number> = {
    Name: task.comm,
    Umask: `0${task.fs.umask.toString(8).padStart(3, '0')}`,
    State: 'R (running)',
    Tgid: process.pid,
    Ngid: 0,
    Pid: task.pid,
    PPid: task.ppid,
    TracerPid: 0,
    Uid: [uid, uid, uid, uid].join('\t'),
    Gid: [gid, gid, gid, gid].join('\t'),
    FDSize: 256,
    Groups: gid,
    VmSize: `${String(sizeOf(task) / KIB).padStart(8)} kB`,
    VmRSS: `${String((task.space.residentPages * PAGE_SIZE) / KIB).padStart(8)} kB`,
    Threads: process.threads.size,
    NoNewPrivs: 0,
    Cpus_allowed: 1,
    Cpus_allowed_list: 0,
  }
  return Object.entries(rows)
    .map(([name, value]) => `${name}:\t${value}\n`)
    .join('')
}
