import { EAGAIN, EPIPE, O, PIPE_BUF, PIPE_CAPACITY, POLL, S } from '../../spec/linux/index.ts'
import type { Answer, Wait } from '../syscall.ts'
import type { Task } from '../task/task.ts'
import type { Stat } from './file.ts'
import { OpenFile } from './open-file.ts'
import { answerFionread } from './requests.ts'

/** pipe(7): a ring of bytes between a reading and a writing end. */
export class Pipe {
  readonly ino: bigint
  readers = 1
  writers = 1
  length = 0
  private readonly ring = new Uint8Array(PIPE_CAPACITY)
  private start = 0

  constructor(ino: bigint) {
    this.ino = ino
  }

  get space(): number {
    return PIPE_CAPACITY - this.length
  }

  take(into: Uint8Array): number {
    const count = Math.min(into.length, this.length)
    const first = Math.min(count, PIPE_CAPACITY - this.start)
    into.set(this.ring.subarray(this.start, this.start + first))
    into.set(this.ring.subarray(0, count - first), first)
    this.start = (this.start + count) % PIPE_CAPACITY
    this.length -= count
    return count
  }

  put(data: Uint8Array): number {
    const count = Math.min(data.length, this.space)
    const end = (this.start + this.length) % PIPE_CAPACITY
    const first = Math.min(count, PIPE_CAPACITY - end)
    this.ring.set(data.subarray(0, first), end)
    this.ring.set(data.subarray(first, count), 0)
    this.length += count
    return count
  }

  stat(): Stat {
    const { ino } = this
    return { dev: 13n, ino, mode: S.IFIFO | 0o600, nlink: 1, uid: 0, gid: 0, rdev: 0n, size: 0, mtimeNs: 0n }
  }
}

export class PipeReader extends OpenFile {
  private readonly pipe: Pipe
  constructor(pipe: Pipe, flags: number) {
    super(`pipe:[${pipe.ino}]`, O.RDONLY | flags)
    this.pipe = pipe
  }
  override read(into: Uint8Array): number | Wait {
    const { pipe } = this
    if (pipe.length > 0 || into.length === 0) return pipe.take(into)
    if (pipe.writers === 0) return 0
    return this.nonblocking ? -EAGAIN : { wait: () => pipe.length > 0 || pipe.writers === 0 }
  }
  override ioctl(task: Task, request: number, argument: number): Answer {
    return answerFionread(task, request, argument, this.pipe.length)
  }
  override get readable(): boolean {
    return this.pipe.length > 0
  }
  override get writable(): boolean {
    return false
  }
  get hangup(): number {
    return this.pipe.writers === 0 ? POLL.HUP : 0
  }
  stat(): Stat {
    return this.pipe.stat()
  }
  override close(): void {
    this.pipe.readers--
  }
}

export class PipeWriter extends OpenFile {
  private readonly pipe: Pipe
  constructor(pipe: Pipe, flags: number) {
    super(`pipe:[${pipe.ino}]`, O.WRONLY | flags)
    this.pipe = pipe
  }
  /** May take only a part of more than PIPE_BUF bytes; the caller goes on with the rest. */
  override write(data: Uint8Array): number | Wait {
    const { pipe } = this
    if (pipe.readers === 0) return -EPIPE
    // pipe(7), PIPE_BUF: up to that many bytes go in together or not at all.
    const needed = data.length <= PIPE_BUF ? data.length : 1
    if (pipe.space >= needed) return pipe.put(data)
    return this.nonblocking ? -EAGAIN : { wait: () => pipe.space >= needed || pipe.readers === 0 }
  }
  override ioctl(task: Task, request: number, argument: number): Answer {
    return answerFionread(task, request, argument, this.pipe.length)
  }
  override get readable(): boolean {
    return false
  }
  override get writable(): boolean {
    return this.pipe.space >= PIPE_BUF
  }
  get hangup(): number {
    return this.pipe.readers === 0 ? POLL.ERR : 0
  }
  stat(): Stat {
    return this.pipe.stat()
  }
  override close(): void {
    this.pipe.writers--
  }
}
