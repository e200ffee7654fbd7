/**
 * The decoder beside iced-x86 on random bytes: the same instructions are valid, with the same length and the same operands. `ENCLU_DECODES`
 * sets how many, `ENCLU_SEED` changes them.
 */
import { describe, expect, test } from 'vitest'
import { compareDecoders } from '../../src/isa/iced.fixture.ts'
import { decodeAll } from '../../src/isa/evaluator-engine.fixture.ts'
import { LONGEST, randomBytes } from '../../src/isa/random-bytes.fixture.ts'
import { Random, testSeed } from '../native/random-state.ts'

const ADDRESS = 0x40_0000
const CHUNK = 100_000
const wanted = Number(process.env['ENCLU_DECODES'] ?? 1_000_000)

/** Every byte alike, or with what instructions begin with. */
const BYTES = {
  'pure chance': (random: Random, count: number) =>
    Uint8Array.from({ length: count * LONGEST }, () => random.below(256)),
  'likely instructions': randomBytes,
}

describe('the decoder and iced-x86 agree', { timeout: 3_600_000 }, () => {
  test.each(Object.entries(BYTES))('on %s', (_, make) => {
    const seed = testSeed()
    const random = new Random(seed)
    const differences = new Map<string, string>()
    let [compared, valid] = [0, 0]
    for (; compared < wanted / 2; compared += CHUNK) {
      const bytes = make(random, CHUNK)
      let k = 0
      const r = compareDecoders(decodeAll, bytes, ADDRESS, () => (k < CHUNK ? LONGEST * k++ : undefined))
      for (const [what, example] of r.differences) differences.set(what, example)
      valid += r.valid
    }
    process.stdout.write(
      `decoded: ${compared.toLocaleString('en-US')}, of them valid: ${valid.toLocaleString('en-US')}\n`,
    )
    expect([...differences], `ENCLU_SEED=${seed}`).toEqual([])
    expect(valid).toBeGreaterThan(compared / 3)
  })
})
