import type { KeptCode } from './kept-code.ts'
import type { Place } from './region-modules.ts'

/** Targets of one indirect jump that a region looks for. */
const MOST_TARGETS = 24
/** How often a region is made again for a new target: interpreters with a jump behind every operation would never be done. */
const MOST_REMAKES = 1

/** Where indirect jumps have gone: jump tables become branches inside a region. */
export class IndirectJumps {
  private readonly targets: Map<number, Set<number>>
  /** How often a region was made again. */
  private readonly remade: Map<number, number>
  /** Regions with a jump that has gone to the key, which they do not hold. */
  private readonly incomplete = new Map<number, Set<number>>()

  constructor({ targets, remade }: KeptCode) {
    this.targets = targets
    this.remade = remade
  }

  of(jump: number): Iterable<number> {
    return this.targets.get(jump) ?? []
  }

  /** Returns whether regions with this jump shall look for the target. */
  note(jump: number, target: number): boolean {
    let targets = this.targets.get(jump)
    if (!targets) this.targets.set(jump, (targets = new Set()))
    if (targets.size < MOST_TARGETS) targets.add(target)
    return targets.has(target)
  }

  /** A region was left by a jump for which it knows no such target: it shall, once this is worth translating. */
  noteLeft({ address, region }: Place, target: number): void {
    if (!this.note(address, target)) return
    const regions = this.incomplete.get(target) ?? new Set()
    this.incomplete.set(target, regions.add(region))
  }

  /** Regions to be made again now that `target` is translated, if `isThere`. */
  toRemake(target: number, isThere: (region: number) => boolean): number[] {
    const regions = [...(this.incomplete.get(target) ?? [])].filter((region) => {
      const times = this.remade.get(region) ?? 0
      if (region === target || times >= MOST_REMAKES || !isThere(region)) return false
      this.remade.set(region, times + 1)
      return true
    })
    this.incomplete.delete(target)
    return regions
  }
}
