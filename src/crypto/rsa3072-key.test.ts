import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toHex } from '../base/index.ts'
import {
  bigIntToLittleEndian,
  generateRsa3072Key,
  readRsa3072Key,
  RSA3072_SIZE,
  signRsa3072,
  type Rsa3072KeySource,
} from './index.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 })
const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const base64url = (n: bigint): string =>
  Buffer.from(bigIntToLittleEndian(n, RSA3072_SIZE).toReversed()).toString('base64url')

describe('a key that is read', () => {
  it('is the same as PKCS #8, PKCS #1, JSON Web Key and numbers', () => {
    const key = readRsa3072Key(pkcs8)
    const jwk = privateKey.export({ format: 'jwk' }) as { kty: string; n: string; d: string }
    expect(readRsa3072Key(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString())).toEqual(key)
    expect(readRsa3072Key(jwk)).toEqual(key)
    expect(readRsa3072Key({ n: key.n, d: key.d })).toEqual(key)
  })

  const small = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).privateKey
  const f4 = generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey
  const ed25519 = generateKeyPairSync('ed25519').privateKey
  const pem = (key: typeof privateKey): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()
  const encrypted = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  const cases: readonly (readonly [string, Rsa3072KeySource, RegExp])[] = [
    ['with 2048 bits', pem(small), /2048 bits; SGX wants 3072/],
    ['with the exponent 65537', pem(f4), /exponent 3/],
    ['of another algorithm', pem(ed25519), /not an RSA key/],
    ['that is encrypted', encrypted.toString(), /ENCRYPTED PRIVATE KEY/],
    ['that is public', createPublicKey(privateKey).export({ format: 'jwk' }) as { kty: string }, /no n and d/],
    ['that is no key', 'hello', /not PEM text/],
    ['that is cut off', pkcs8.split('\n').toSpliced(-10, 8).join('\n'), /damaged/],
    ['that is nothing', undefined as unknown as string, /neither/],
  ]
  it.each(cases)('%s is refused', (_name, key, message) => {
    expect(() => readRsa3072Key(key)).toThrow(message)
  })
})

describe('a key that is generated', () => {
  const key = generateRsa3072Key(0n)
  it('follows from the seed', () => {
    expect(generateRsa3072Key(0n)).toEqual(key)
    expect(generateRsa3072Key(1n).n).not.toBe(key.n)
  })
  it('signs what node:crypto verifies', () => {
    const message = Uint8Array.of(1, 2, 3)
    const signature = Buffer.from(bigIntToLittleEndian(signRsa3072(key, [message]), RSA3072_SIZE).toReversed())
    const publicKey = createPublicKey({ key: { kty: 'RSA', n: base64url(key.n), e: 'Aw' }, format: 'jwk' })
    expect(verify('sha256', message, publicKey, signature)).toBe(true)
    expect(verify('sha256', Uint8Array.of(1, 2, 4), publicKey, signature)).toBe(false)
  })
  it('signs as node:crypto does with the same key', () => {
    const message = Uint8Array.of(4, 5, 6)
    const signature = bigIntToLittleEndian(signRsa3072(readRsa3072Key(pkcs8), [message]), RSA3072_SIZE)
    expect(toHex(signature.toReversed())).toBe(sign('sha256', message, privateKey).toString('hex'))
  })
})
