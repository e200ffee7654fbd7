import type { Vma, VmaList } from './vma.ts'
import { MMAP_BASE, MMAP_MIN_ADDR, STACK_GUARD_GAP } from './layout.ts'

/**
 * Finds room for a mapping: the highest gap below MMAP_BASE, as Linux does (arch_get_unmapped_area_topdown).
 *
 * Deviation: the processor's page tables have one entry for each value of the low 32 bits of an address, so two mappings that
 * are alike there evict each other. The first choice is therefore a place whose low 32 bits nothing else has.
 */

const WINDOW = 0x1_0000_0000

interface Range {
  readonly start: number
  readonly end: number
}

/** What a new mapping must keep clear of: a stack needs room to grow. */
const occupied = (vma: Vma): Range => ({ start: vma.growsDown ? vma.start - STACK_GUARD_GAP : vma.start, end: vma.end })

/** The highest start of a gap of `length` bytes in [low, high). `ranges` may overlap each other. */
function highestGap(ranges: readonly Range[], length: number, low: number, high: number): number | undefined {
  let top = high
  for (const range of [...ranges].sort((a, b) => b.end - a.end)) {
    if (top - length >= Math.max(range.end, low)) break
    top = Math.min(top, range.start)
  }
  return top - length >= low ? top - length : undefined
}

/** Where `vma` would be if only the low 32 bits of addresses counted: in the window below MMAP_BASE. */
function projections(vma: Range, windowStart: number): Range[] {
  const length = vma.end - vma.start
  if (length >= WINDOW) return []
  const start = windowStart + (vma.start % WINDOW)
  return start + length <= windowStart + WINDOW
    ? [{ start, end: start + length }]
    : [
        { start, end: windowStart + WINDOW },
        { start: windowStart, end: start + length - WINDOW },
      ]
}

/** A free range of `length` bytes (a whole number of pages), or `undefined`. */
export function findRoom(vmas: VmaList, length: number): number | undefined {
  const all = Array.from(vmas, occupied)
  const windowStart = MMAP_BASE - (MMAP_BASE % WINDOW)
  const inWindow = all.filter((r) => r.end > windowStart)
  const alike = all.filter((r) => r.end <= windowStart).flatMap((r) => projections(r, windowStart))
  return (
    highestGap([...inWindow, ...alike], length, windowStart, MMAP_BASE) ??
    highestGap(all, length, MMAP_MIN_ADDR, MMAP_BASE)
  )
}

/** mmap(2), MAP_32BIT: in the second gigabyte. */
export const findLowRoom = (vmas: VmaList, length: number): number | undefined =>
  highestGap(Array.from(vmas, occupied), length, 0x4000_0000, 0x8000_0000)

/** [start, start + length) is free, and not right below a stack. */
export const isFree = (vmas: VmaList, start: number, length: number): boolean => {
  const next = vmas.findNext(start)
  return !next || occupied(next).start >= start + length
}
