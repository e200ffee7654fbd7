import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bigIntToLittleEndian, littleEndianToBigInt, rsa3072Quotients, RSA3072_SIZE, verifyRsa3072 } from './index.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 })
const { n = '' } = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({ format: 'jwk' })
const modulus = Uint8Array.from(Buffer.from(n, 'base64url')).toReversed()
const message = Uint8Array.of(1, 2, 3, 4)
const signature = Uint8Array.from(sign('sha256', message, privateKey)).toReversed()
const { Q1, Q2 } = rsa3072Quotients(modulus, signature)

describe('RSA-3072 with q1 and q2', () => {
  it("accepts node:crypto's signature", () => {
    expect(verifyRsa3072(modulus, signature, Q1, Q2, [message])).toBe(true)
    expect(verifyRsa3072(modulus, signature, Q1, Q2, [message.subarray(0, 2), message.subarray(2)])).toBe(true)
  })

  it('refuses any flipped bit in modulus, signature, q1, q2 or message', () => {
    const inputs = { modulus, signature, Q1, Q2, message }
    const names = Object.keys(inputs) as (keyof typeof inputs)[]
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), (name, bit) => {
        const copy = inputs[name].slice()
        const at = bit % (8 * copy.length)
        copy[at >> 3] = (copy[at >> 3] ?? 0) ^ (1 << (at & 7))
        const v = { ...inputs, [name]: copy }
        expect(verifyRsa3072(v.modulus, v.signature, v.Q1, v.Q2, [v.message])).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it('refuses quotients that are one off, although the equation could be made to hold modulo N', () => {
    const off = (q: Uint8Array, by: bigint): Uint8Array =>
      bigIntToLittleEndian(littleEndianToBigInt(q) + by, RSA3072_SIZE)
    for (const by of [-1n, 1n]) {
      expect(verifyRsa3072(modulus, signature, off(Q1, by), Q2, [message])).toBe(false)
      expect(verifyRsa3072(modulus, signature, Q1, off(Q2, by), [message])).toBe(false)
    }
  })

  it('refuses a signature that is not below the modulus', () => {
    expect(verifyRsa3072(modulus, modulus, Q1, Q2, [message])).toBe(false)
  })
})
