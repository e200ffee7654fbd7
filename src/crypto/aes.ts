import { cmac, gcm } from '@noble/ciphers/aes.js'
import { concatBytes } from '../base/index.ts'

/** AES-CMAC (NIST SP 800-38B) with a 128-bit key: 16 bytes. */
export const aesCmac = (key: Uint8Array, message: Uint8Array): Uint8Array => cmac(message, key)

/**
 * AES-128-GCM (NIST SP 800-38D) with a 96-bit initialization vector and a 128-bit MAC. The same bytes whoever computes it, so a
 * host may hand in its own, which is many times faster.
 */
export interface AesGcm {
  /** `header` is authenticated, `plaintext` also encrypted. */
  encrypt(key: Uint8Array, iv: Uint8Array, header: Uint8Array, plaintext: Uint8Array): Sealed
  /** undefined: the MAC is not the one of this key, vector, header and ciphertext. */
  decrypt(key: Uint8Array, iv: Uint8Array, header: Uint8Array, sealed: Sealed): Uint8Array | undefined
}
export interface Sealed {
  readonly ciphertext: Uint8Array
  readonly mac: Uint8Array
}

const MAC_SIZE = 16

/** Works wherever JavaScript runs. */
export const aesGcm: AesGcm = {
  encrypt(key, iv, header, plaintext) {
    const out = gcm(key, iv, header).encrypt(plaintext)
    return { ciphertext: out.subarray(0, -MAC_SIZE), mac: out.subarray(-MAC_SIZE) }
  },
  decrypt(key, iv, header, { ciphertext, mac }) {
    try {
      return gcm(key, iv, header).decrypt(concatBytes(ciphertext, mac))
    } catch {
      // Sizes are right by construction, so what the library throws for is the MAC.
      return undefined
    }
  },
}
