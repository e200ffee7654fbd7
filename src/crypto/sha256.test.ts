import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../base/index.ts'
import { createSha256, sha256, type Sha256 } from './index.ts'

describe('SHA-256', () => {
  it('FIPS 180-4 example: "abc"', () => {
    const digest = sha256(new TextEncoder().encode('abc'))
    expect(digest).toEqual(fromHex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'))
  })

  it('agrees with node:crypto for any data cut in any way, and a copy leaves the original running', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (parts) => {
        const hash = createSha256()
        const reference = createHash('sha256')
        for (const part of parts) {
          hash.update(part)
          hash.copy().digest()
          reference.update(part)
        }
        expect(toHex(hash.digest())).toBe(reference.digest('hex'))
      }),
    )
  })

  it("node's own hash has the shape of the interface", () => {
    const hash: Sha256 = createHash('sha256')
    hash.update(Uint8Array.of(1, 2, 3))
    expect(Uint8Array.from(hash.copy().digest())).toEqual(sha256(Uint8Array.of(1, 2, 3)))
  })
})
