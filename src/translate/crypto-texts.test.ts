import { expect, test } from 'vitest'
import { Random, testSeed } from '../../test/native/random-state.ts'
import { EvalOps, type Value } from '../isa/index.ts'
import { vectorClmul, vectorSubBytes } from './crypto-texts.ts'

const pure = new EvalOps()

test.each([false, true])('the S-boxes, every byte (inverted: %s)', (inverted) => {
  for (let first = 0; first < 256; first += 16) {
    const v = Array.from({ length: 16 }, (_, k) => first + k).reduce((x, b, k) => x | (BigInt(b) << BigInt(8 * k)), 0n)
    expect(vectorSubBytes<Value>(pure, inverted, v)).toBe(pure.subBytes(inverted, v))
  }
})

test('carry-less products', () => {
  const random = new Random(testSeed())
  const edges = [0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 1n << 63n, (1n << 64n) - 1n]
  const factors = [...edges, ...Array.from({ length: 40 }, () => random.u64())]
  for (const a of factors)
    for (const b of factors) expect(vectorClmul<Value>(pure, a, b), `${a} * ${b}`).toBe(pure.clmul(a, b))
})
