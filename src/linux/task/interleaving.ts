import { createRandom } from '../random.ts'

/** 2^14: short enough that tasks meet in the middle of what they do, long enough that a run ends. */
const LONGEST_SLICE_LOG2 = 14

/** Who has the processor for how long, drawn from a seed: another seed, another interleaving of the tasks; the same, the same. */
export class Interleaving {
  private readonly random: (count: number) => Uint8Array

  constructor(seed: bigint) {
    this.random = createRandom(seed)
  }

  /** Instructions until the next task's turn: all orders of magnitude alike. */
  slice(): number {
    const bits = this.below(LONGEST_SLICE_LOG2 + 1)
    return 1 + this.below(2 ** bits)
  }

  choose<T>(candidates: readonly T[]): T | undefined {
    return candidates[candidates.length > 1 ? this.below(candidates.length) : 0]
  }

  /** 0 to `limit` - 1. `limit` is far below 2^24, so the remainder favours nobody by much. */
  private below(limit: number): number {
    const [a = 0, b = 0, c = 0] = this.random(3)
    return (a * 0x1_0000 + b * 0x100 + c) % limit
  }
}
