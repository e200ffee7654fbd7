import { expect, test } from 'vitest'
import { perfectHash } from './perfect-hash.ts'

test('every address has a slot of its own, where the generated code looks for it', () => {
  for (let n = 4; n <= 24; n++) {
    const addresses = Array.from({ length: n }, (_, k) => 0x40_2710 + 13 * k * k + (k % 3))
    const hash = perfectHash(addresses)
    expect(hash).toBeDefined()
    if (!hash) continue
    for (const a of addresses) expect(hash.slots[Math.imul(a, hash.factor) >>> hash.shift]).toBe(a)
  }
})

test('addresses with the same low half cannot be told apart', () => {
  expect(perfectHash([0x1000, 0x1_0000_1000])).toBeUndefined()
})
