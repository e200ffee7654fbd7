import type { Ram } from '../../cpu/index.ts'
import { ENOSPC, O } from '../../spec/linux/index.ts'
import { SharedAnonymous } from '../mm/anonymous.ts'
import type { Backing, BackingPage } from '../mm/backing.ts'
import type { Task } from '../task/task.ts'
import type { Stat } from '../vfs/file.ts'
import { OpenFile } from '../vfs/open-file.ts'
import type { Device, DeviceNode } from '../vfs/virtual.ts'

/** The memory devices: null(4), full(4), random(4). Numbers as in the kernel's list of allocated devices. */

interface Behaviour {
  readonly read: (into: Uint8Array) => number
  readonly write: (data: Uint8Array) => number
  readonly map?: (ram: Ram, shared: boolean) => Backing
}

class PlainDeviceFile extends OpenFile {
  readonly node: DeviceNode
  private readonly behaviour: Behaviour
  constructor(node: DeviceNode, flags: number, behaviour: Behaviour) {
    super(node.name, flags)
    this.node = node
    this.behaviour = behaviour
  }
  override read(into: Uint8Array): number {
    return this.behaviour.read(into)
  }
  override write(data: Uint8Array): number {
    return this.behaviour.write(data)
  }
  override seek(): number {
    return 0
  }
  override map(task: Task, shared: boolean, protection: number): Backing | number {
    return this.behaviour.map?.(task.space.ram, shared) ?? super.map(task, shared, protection)
  }
  stat(): Stat {
    return this.node.stat()
  }
}

/** A private mapping of /dev/zero: one zero page, copied when written. */
class ZeroBacking implements Backing {
  readonly name = '/dev/zero'
  readonly shared = false
  private readonly ram: Ram
  private frame: number | undefined
  private mappings = 1
  constructor(ram: Ram) {
    this.ram = ram
  }
  page(): BackingPage {
    return { frame: (this.frame ??= this.ram.allocateFrame()), writable: false }
  }
  retain(): void {
    this.mappings++
  }
  release(): void {
    if (--this.mappings === 0 && this.frame !== undefined) this.ram.releaseFrame(this.frame)
  }
}

const zeros = (into: Uint8Array): number => into.fill(0).length
const swallow = (data: Uint8Array): number => data.length
const MEM = 1

const plain = (minor: number, behaviour: Behaviour): Device => ({
  major: MEM,
  minor,
  mode: 0o666,
  open: (_task, node, flags) => new PlainDeviceFile(node, flags & ~O.APPEND, behaviour),
})

/** `random` fills bytes from the kernel's generator. */
export const plainDevices = (random: (into: Uint8Array) => void): Readonly<Record<string, Device>> => {
  const readRandom = (into: Uint8Array): number => {
    random(into)
    return into.length
  }
  return {
    null: plain(3, { read: () => 0, write: swallow }),
    zero: plain(5, {
      read: zeros,
      write: swallow,
      map: (ram, shared) => (shared ? new SharedAnonymous(ram) : new ZeroBacking(ram)),
    }),
    full: plain(7, { read: zeros, write: () => -ENOSPC }),
    random: plain(8, { read: readRandom, write: swallow }),
    urandom: plain(9, { read: readRandom, write: swallow }),
  }
}
