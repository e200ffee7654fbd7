import { CpuState, Ram } from '../../cpu/index.ts'
import { invariant } from '../../base/index.ts'
import type { Sgx } from '../../sgx/index.ts'
import { AT, O, PROT_READ, PROT_WRITE, SIGCHLD } from '../../spec/linux/index.ts'
import { Kernel } from '../kernel.ts'
import { map } from '../mm/mapping.ts'
import { TaskSignals } from '../signal/state.ts'
import { isWait, type Answer, type Syscall, type Wait } from '../syscall.ts'
import { SYSCALLS } from '../syscalls/table.ts'
import { Process } from '../task/process.ts'
import { Task } from '../task/task.ts'
import type { FdTable } from './fd-table.ts'
import { MemoryHost } from './memory-host.fixture.ts'

/** A kernel with one task that makes system calls as a test tells it, without a program. */

const ROWS = new Map<string, Syscall>([...SYSCALLS.values()].map((row) => [row.name, row]))
const ARENA_SIZE = 0x10_0000

export interface FixtureOptions {
  readonly read?: readonly string[]
  readonly write?: readonly string[]
  readonly never?: readonly string[]
  readonly sgx?: (ram: Ram) => Sgx
  readonly ramSize?: number
}

const notEpc = (): never => {
  throw new Error('a frame that is not EPC')
}

type Value = number | bigint | string | Uint8Array

export class FileCalls {
  readonly host: MemoryHost
  readonly kernel: Kernel
  readonly ram: Ram
  readonly notices: string[] = []
  readonly arena: number
  task: Task
  time = 0n
  /** Next free byte of the arena. */
  private at: number

  constructor(tree: Readonly<Record<string, string>> = {}, options: FixtureOptions = {}) {
    this.host = new MemoryHost(tree)
    this.ram = new Ram(options.ramSize ?? 0x800_0000)
    const sgx = options.sgx?.(this.ram)
    this.kernel = new Kernel({
      ram: this.ram,
      state: new CpuState(this.ram),
      port: this.host,
      clock: { now: () => this.time, skipTo: (time) => (this.time = time) },
      grants: { read: options.read ?? ['/home'], write: options.write ?? ['/home'], never: options.never ?? [] },
      onNotice: (text) => this.notices.push(text),
      ...(sgx ? { sgx, hostMapping: (frame: number) => sgx.epc.hostMapping(frame) ?? notEpc() } : {}),
    })
    this.task = this.newTask(this.kernel.vfs.standardStreams())
    this.kernel.tasks.set(this.task.pid, this.task)
    const answer = map(this.task.space, { length: ARENA_SIZE, prot: PROT_READ | PROT_WRITE })
    invariant(answer > 0, 'no room for the arena')
    this.arena = answer
    this.at = answer
  }

  newTask(fds: FdTable): Task {
    const { kernel } = this
    const pid = kernel.allocatePid()
    const process = new Process(pid, undefined, { uid: kernel.uid, gid: kernel.gid }, SIGCHLD, 0n)
    kernel.processes.set(pid, process)
    return new Task(pid, process, {
      block: kernel.state.save(),
      space: kernel.createSpace(),
      fds,
      fs: { cwd: '/home', umask: 0o22 },
      signals: new TaskSignals(),
    })
  }

  /** Room in user memory, aligned to 16, or to a page for whole pages. */
  room(size: number): number {
    const alignment = size % 4096 === 0 && size > 0 ? 4096 : 16
    this.at = Math.ceil(this.at / alignment) * alignment
    const address = this.at
    this.at += size
    invariant(this.at <= this.arena + ARENA_SIZE, 'the arena is full')
    return address
  }

  bytes(data: Uint8Array): number {
    const address = this.room(data.length)
    invariant(this.task.memory.write(address, data), 'arena')
    return address
  }

  string(text: string): number {
    return this.bytes(new TextEncoder().encode(`${text}\0`))
  }

  /** Strings and byte arrays are put into user memory and passed by address. */
  start(name: string, args: Readonly<Record<string, Value>>, resumed?: Wait): Answer {
    const row = ROWS.get(name)
    invariant(row, `no row ${name}`)
    const values: Record<string, number | bigint> = {}
    for (const [key, kind] of Object.entries(row.arguments)) values[key] = kind === 'u64' ? 0n : 0
    for (const [key, value] of Object.entries(args)) {
      values[key] =
        typeof value === 'string' ? this.string(value) : value instanceof Uint8Array ? this.bytes(value) : value
    }
    return row.run(
      resumed ? { kernel: this.kernel, task: this.task, resumed } : { kernel: this.kernel, task: this.task },
      values,
    )
  }

  /** A call that does not wait. */
  call(name: string, args: Readonly<Record<string, Value>> = {}): number {
    const answer = this.start(name, args)
    invariant(!isWait(answer), `${name} waits`)
    return Number(answer)
  }

  open(path: string, flags: number = O.RDONLY, mode = 0o666): number {
    return this.call('openat', { dirfd: AT.FDCWD, path, flags, mode })
  }

  write(fd: number, text: string): number {
    return this.call('write', { fd, buf: text, count: new TextEncoder().encode(text).length })
  }

  /** The text that was read, or the errno. */
  read(fd: number, count = 4096): string | number {
    const buf = this.room(count)
    const n = this.call('read', { fd, buf, count })
    return n < 0 ? n : new TextDecoder().decode(this.task.memory.read(buf, n))
  }
}
