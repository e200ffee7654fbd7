import { EINVAL, EIO, SEEK } from '../../spec/linux/index.ts'
import { accessMemory } from '../mm/foreign-memory.ts'
import type { AddressSpace } from '../mm/address-space.ts'
import type { FileDescription, Stat } from './file.ts'
import type { Node } from './node.ts'
import { OpenFile } from './open-file.ts'
import { VirtualNode, type VirtualFileSystem } from './virtual.ts'

/** /proc/PID/mem (proc_pid_mem(5)): the memory of a process as a file, for debuggers. The file position is the address. */
export class MemNode extends VirtualNode {
  readonly kind = 'file'
  private readonly memory: () => AddressSpace | undefined

  constructor(fs: VirtualFileSystem, mode: number, memory: () => AddressSpace | undefined) {
    super(fs, mode)
    this.memory = memory
  }
  override access(): number {
    return 0
  }
  open(_task: unknown, flags: number, path: string): FileDescription {
    return new MemFile(this, path, flags, this.memory())
  }
}

/** Stays with the memory that the process had when it was opened, whatever it executes later. */
class MemFile extends OpenFile {
  readonly node: Node
  private readonly space: AddressSpace | undefined
  private position = 0

  constructor(node: Node, path: string, flags: number, space: AddressSpace | undefined) {
    super(path, flags)
    this.node = node
    this.space = space
  }
  override read(into: Uint8Array, at?: number): number {
    return this.access(into, at, false)
  }
  override write(data: Uint8Array, at?: number): number {
    return this.access(data, at, true)
  }
  private access(data: Uint8Array, at: number | undefined, write: boolean): number {
    if (!this.space?.isAlive || data.length === 0) return 0
    const count = accessMemory(this.space, at ?? this.position, data, { write, force: true })
    if (count === 0) return -EIO
    if (at === undefined) this.position += count
    return count
  }
  override seek(offset: number, whence: number): number {
    if (whence === SEEK.SET) return (this.position = offset)
    return whence === SEEK.CUR ? (this.position += offset) : -EINVAL
  }
  stat(): Stat {
    return this.node.stat()
  }
}
