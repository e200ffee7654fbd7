import { invariant } from '../../base/index.ts'
import type { Backing } from './backing.ts'

/** One mapping: a range of pages with the same protection and origin. Never changed, only replaced. */
export interface Vma {
  readonly start: number
  readonly end: number
  /** PROT_READ, PROT_WRITE, PROT_EXEC. */
  readonly prot: number
  /** MAP_SHARED: writes reach the object and are seen after fork. */
  readonly shared: boolean
  /** `undefined` for private anonymous memory. */
  readonly backing: Backing | undefined
  /** Byte offset of `start` in the object. */
  readonly offset: number
  /** '[heap]', '[stack]', '[vdso]' or ''. */
  readonly name: string
  readonly growsDown: boolean
  /** madvise(2): MADV_DONTFORK, MADV_WIPEONFORK. */
  readonly fork: 'copy' | 'omit' | 'wipe'
}

/** Two neighbours that one VMA can describe. */
function mergeable(a: Vma, b: Vma): boolean {
  return (
    a.end === b.start &&
    a.prot === b.prot &&
    a.shared === b.shared &&
    a.backing === b.backing &&
    (!a.backing || (!a.backing.device && a.offset + (a.end - a.start) === b.offset)) &&
    a.name === b.name &&
    !a.growsDown &&
    !b.growsDown &&
    a.fork === b.fork
  )
}

/** The mappings of an address space, sorted by address, never overlapping. Keeps the count of mappings that show each object. */
export class VmaList implements Iterable<Vma> {
  private items: Vma[] = []

  get size(): number {
    return this.items.length
  }

  [Symbol.iterator](): Iterator<Vma> {
    return this.items[Symbol.iterator]()
  }

  /** Index of the first VMA that ends after `address`: the one that holds it, or the next one. */
  private indexOf(address: number): number {
    let low = 0
    let high = this.items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      // The index is within the array by construction.
      if ((this.items[middle] as Vma).end > address) high = middle
      else low = middle + 1
    }
    return low
  }

  find(address: number): Vma | undefined {
    const vma = this.items[this.indexOf(address)]
    return vma && vma.start <= address ? vma : undefined
  }

  /** The first VMA that ends after `address`. */
  findNext(address: number): Vma | undefined {
    return this.items[this.indexOf(address)]
  }

  /** The last VMA that ends at or before `address`. */
  findPrevious(address: number): Vma | undefined {
    return this.items[this.indexOf(address) - 1]
  }

  /** All VMAs that have a byte in [start, end). */
  overlapping(start: number, end: number): readonly Vma[] {
    const from = this.indexOf(start)
    let to = from
    while (to < this.items.length && (this.items[to] as Vma).start < end) to++
    return this.items.slice(from, to)
  }

  /** [start, end) is mapped without a hole. */
  covers(start: number, end: number): boolean {
    let at = start
    for (const vma of this.overlapping(start, end)) {
      if (vma.start > at) return false
      at = vma.end
    }
    return at >= end
  }

  /** Splits at both ends and returns the VMAs that lie in [start, end). */
  cut(start: number, end: number): readonly Vma[] {
    this.split(start)
    this.split(end)
    return this.overlapping(start, end)
  }

  private split(address: number): void {
    const i = this.indexOf(address)
    const vma = this.items[i]
    if (!vma || vma.start >= address) return
    vma.backing?.retain()
    const upper = { ...vma, start: address, offset: vma.offset + (address - vma.start) }
    this.items.splice(i, 1, { ...vma, end: address }, upper)
  }

  /** Takes over the caller's hold on the object. */
  insert(vma: Vma): void {
    const i = this.indexOf(vma.start)
    const next = this.items[i]
    invariant(vma.start < vma.end && (!next || next.start >= vma.end), 'a mapping overlaps another')
    this.items.splice(i, 0, vma)
  }

  /** Takes out everything in [start, end). The objects are released. */
  remove(start: number, end: number): readonly Vma[] {
    const gone = this.cut(start, end)
    this.items.splice(this.indexOf(start), gone.length)
    for (const vma of gone) vma.backing?.release()
    return gone
  }

  /** One VMA in place of another that shows the same object. */
  replace(old: Vma, by: Vma): void {
    const i = this.items.indexOf(old)
    invariant(i >= 0, 'replace of a mapping that is gone')
    this.items[i] = by
  }

  /** Replaces each VMA in [start, end); both show the same object, so its count stays. Then merges what can be merged. */
  update(start: number, end: number, change: (vma: Vma) => Vma): void {
    const old = this.cut(start, end)
    this.items.splice(this.indexOf(start), old.length, ...old.map(change))
    this.merge(start, end)
  }

  /** Joins neighbours in and around [start, end). */
  merge(start: number, end: number): void {
    let i = Math.max(this.indexOf(start) - 1, 0)
    for (;;) {
      const a = this.items[i]
      const b = this.items[i + 1]
      if (!a || !b || a.start > end) return
      if (mergeable(a, b)) {
        b.backing?.release()
        this.items.splice(i, 2, { ...a, end: b.end })
      } else i++
    }
  }

  /** For fork: the same mappings, each shown once more. */
  copy(): VmaList {
    const list = new VmaList()
    for (const vma of this.items) {
      if (vma.fork === 'omit') continue
      vma.backing?.retain()
      list.insert(vma)
    }
    return list
  }
}
