/** Random bytes that are instructions more often than pure chance has it. */
import type { Random } from '../../test/native/random-state.ts'

const PREFIXES = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x64, 0x65, 0x2e, 0x36, 0x3e, 0x26] as const
const VEX3 = 0xc4
const VEX2 = 0xc5
/** What no architecture defines yet: bytes that fault at once would be most of the rest. */
const LAST_MAP = 3

/** The longest instruction. */
export const LONGEST = 15

/** 15 bytes for each of `count` instructions: prefixes, REX, two-byte opcodes and VEX. */
export function randomBytes(random: Random, count: number): Uint8Array {
  const all = new Uint8Array(LONGEST * count)
  for (let k = 0; k < all.length; k += LONGEST) {
    let p = k
    while (p < k + 10 && random.chance(0.3)) all[p++] = random.pick(PREFIXES)
    if (random.chance(0.2)) {
      all[p++] = VEX2
      if (random.chance(0.7)) {
        all[p - 1] = VEX3
        all[p++] = (random.below(8) << 5) | (random.chance(0.9) ? 1 + random.below(LAST_MAP) : random.below(32))
      }
    } else {
      if (random.chance(0.5)) all[p++] = 0x40 | random.below(16)
      if (random.chance(0.55)) {
        all[p++] = 0x0f
        if (random.chance(0.2)) all[p++] = random.pick([0x38, 0x3a])
      }
    }
    while (p < k + LONGEST) all[p++] = random.below(256)
  }
  return all
}
