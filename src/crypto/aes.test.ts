import { createCipheriv } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../base/index.ts'
import { aesCmac, aesGcm } from './index.ts'

/** NIST SP 800-38B, "Updated CMAC examples", D.1 (AES-128); the same as RFC 4493, "Test Vectors". */
const KEY = fromHex('2b7e151628aed2a6abf7158809cf4f3c')
const MESSAGE = fromHex(
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
)
const CMAC: readonly (readonly [length: number, mac: string])[] = [
  [0, 'bb1d6929e95937287fa37d129b756746'],
  [16, '070a16b46b4d4144f79bdd9dd04a287c'],
  [40, 'dfa66747de9ae63030ca32611497c827'],
  [64, '51f0bebf7e3b9d92fc49741779363cfe'],
]

describe('AES-CMAC', () => {
  for (const [length, mac] of CMAC) {
    it(`of ${length} bytes`, () => expect(toHex(aesCmac(KEY, MESSAGE.subarray(0, length)))).toBe(mac))
  }
})

describe('AES-128-GCM', () => {
  // "The Galois/Counter Mode of Operation (GCM)", test case 4.
  const key = fromHex('feffe9928665731c6d6a8f9467308308')
  const iv = fromHex('cafebabefacedbaddecaf888')
  const header = fromHex('feedfacedeadbeeffeedfacedeadbeefabaddad2')
  const plaintext = fromHex(
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  )
  const ciphertext =
    '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091'

  it('test case 4', () => {
    const sealed = aesGcm.encrypt(key, iv, header, plaintext)
    expect([toHex(sealed.ciphertext), toHex(sealed.mac)]).toEqual([ciphertext, '5bc94fbc3221a5db94fae95ae7121a47'])
    expect(aesGcm.decrypt(key, iv, header, sealed)).toEqual(plaintext)
  })
  it('refuses anything that was changed', () => {
    const sealed = aesGcm.encrypt(key, iv, header, plaintext)
    const flipped = (b: Uint8Array): Uint8Array => b.map((x, i) => (i === 3 ? x ^ 1 : x))
    expect(aesGcm.decrypt(flipped(key), iv, header, sealed)).toBeUndefined()
    expect(aesGcm.decrypt(key, flipped(iv), header, sealed)).toBeUndefined()
    expect(aesGcm.decrypt(key, iv, flipped(header), sealed)).toBeUndefined()
    expect(aesGcm.decrypt(key, iv, header, { ...sealed, ciphertext: flipped(sealed.ciphertext) })).toBeUndefined()
    expect(aesGcm.decrypt(key, iv, header, { ...sealed, mac: flipped(sealed.mac) })).toBeUndefined()
  })
  it('gives the bytes that OpenSSL gives', () => {
    const page = new Uint8Array(4096).map((_, i) => i * 13)
    const cipher = createCipheriv('aes-128-gcm', key, iv)
    cipher.setAAD(header)
    const expected = toHex(cipher.update(page))
    cipher.final()
    const sealed = aesGcm.encrypt(key, iv, header, page)
    expect([toHex(sealed.ciphertext), toHex(sealed.mac)]).toEqual([expected, toHex(cipher.getAuthTag())])
  })
})
