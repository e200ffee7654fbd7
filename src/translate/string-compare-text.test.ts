import { expect, test } from 'vitest'
import { Random, testSeed } from '../../test/native/random-state.ts'
import { EvalOps, type Value } from '../isa/index.ts'
import { vectorCompareStrings } from './string-compare-text.ts'

const pure = new EvalOps()

/** Few different elements, so that some are the same. */
const vectorOf = (random: Random): bigint =>
  Array.from(
    { length: 16 },
    (_, k) => BigInt(random.chance(0.1) ? random.below(256) : random.below(4)) << BigInt(8 * k),
  ).reduce((x, y) => x | y)

test.each(Array.from({ length: 64 }, (_, byte) => byte))('immediate %i, lengths of all sizes', (byte) => {
  const random = new Random(testSeed())
  const n = byte & 1 ? 8 : 16
  for (let aLength = 0; aLength <= n; aLength++)
    for (let bLength = 0; bLength <= n; bLength++) {
      const [a, b] = [vectorOf(random), vectorOf(random)]
      const found = vectorCompareStrings<Value>(
        pure,
        byte,
        { vector: a, length: aLength },
        { vector: b, length: bLength },
      )
      expect(found, `${a} ${aLength} ${b} ${bLength}`).toBe(pure.compareStrings(byte, a, aLength, b, bLength))
    }
})
