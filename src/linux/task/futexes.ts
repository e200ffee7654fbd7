import type { AddressSpace } from '../mm/address-space.ts'
import type { Wait } from '../syscall.ts'

/** A word that tasks wait on: a place in an object that is shared, or an address of one address space. */
interface Key {
  readonly object: object
  readonly at: number
}

/** A task's place in the queue of a futex. */
export class FutexWait implements Wait {
  readonly deadline?: bigint
  readonly neverRestarts?: true
  key: Key
  readonly bitset: number
  woken = false
  private readonly futexes: Futexes

  constructor(futexes: Futexes, key: Key, bitset: number, deadline: bigint | undefined) {
    this.futexes = futexes
    this.key = key
    this.bitset = bitset
    if (deadline !== undefined) {
      this.deadline = deadline
      this.neverRestarts = true
    }
  }
  readonly wait = (): boolean => this.woken
  readonly cancel = (): void => this.futexes.remove(this)
}

/** futex(2): the queues, first come first served. */
export class Futexes {
  private readonly queue: FutexWait[] = []

  keyOf(space: AddressSpace, address: number): Key {
    const vma = space.vmas.find(address)
    return vma?.shared && vma.backing
      ? { object: vma.backing, at: vma.offset + address - vma.start }
      : { object: space, at: address }
  }

  enqueue(key: Key, bitset: number, deadline: bigint | undefined): FutexWait {
    const wait = new FutexWait(this, key, bitset, deadline)
    this.queue.push(wait)
    return wait
  }

  remove(wait: FutexWait): void {
    const i = this.queue.indexOf(wait)
    if (i >= 0) this.queue.splice(i, 1)
  }

  /** Wakes up to `count` waiters whose bit set meets `bitset`; returns how many. */
  wake(key: Key, count: number, bitset = 0xffff_ffff): number {
    const chosen = this.waitersOf(key)
      .filter((w) => (w.bitset & bitset) !== 0)
      .slice(0, count)
    for (const wait of chosen) {
      wait.woken = true
      this.remove(wait)
    }
    return chosen.length
  }

  /** FUTEX_REQUEUE: up to `count` waiters wait on `to` from now on. */
  requeue(from: Key, to: Key, count: number): number {
    const moved = this.waitersOf(from).slice(0, count)
    for (const wait of moved) {
      this.remove(wait)
      wait.key = to
      this.queue.push(wait)
    }
    return moved.length
  }

  private waitersOf(key: Key): FutexWait[] {
    return this.queue.filter((w) => w.key.object === key.object && w.key.at === key.at)
  }
}
