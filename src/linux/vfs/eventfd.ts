import { EAGAIN, EFD, EINVAL, O, S } from '../../spec/linux/index.ts'
import type { Wait } from '../syscall.ts'
import type { Stat } from './file.ts'
import { OpenFile } from './open-file.ts'

const MAX = 0xffff_ffff_ffff_fffen

/** eventfd(2): a counter of 64 bits. */
export class EventFile extends OpenFile {
  private count: bigint
  private readonly semaphore: boolean

  constructor(count: number, flags: number) {
    super('anon_inode:[eventfd]', O.RDWR | (flags & EFD.NONBLOCK))
    this.count = BigInt(count)
    this.semaphore = (flags & EFD.SEMAPHORE) !== 0
  }

  override read(into: Uint8Array): number | Wait {
    if (into.length < 8) return -EINVAL
    if (this.count === 0n) return this.nonblocking ? -EAGAIN : { wait: () => this.count > 0n }
    const value = this.semaphore ? 1n : this.count
    new DataView(into.buffer, into.byteOffset).setBigUint64(0, value, true)
    this.count -= value
    return 8
  }

  override write(data: Uint8Array): number | Wait {
    if (data.length < 8) return -EINVAL
    const value = new DataView(data.buffer, data.byteOffset).getBigUint64(0, true)
    if (value > MAX) return -EINVAL
    if (this.count + value > MAX) return this.nonblocking ? -EAGAIN : { wait: () => this.count + value <= MAX }
    this.count += value
    return 8
  }

  override get readable(): boolean {
    return this.count > 0n
  }
  override get writable(): boolean {
    return this.count < MAX
  }

  stat(): Stat {
    return { dev: 14n, ino: 1n, mode: S.IFREG | 0o600, nlink: 1, uid: 0, gid: 0, rdev: 0n, size: 0, mtimeNs: 0n }
  }
}
