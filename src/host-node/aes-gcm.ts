import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { HostAesGcm } from '../port/index.ts'

const ALGORITHM = 'aes-128-gcm'
const options = { authTagLength: 16 }

/** AES-128-GCM by the OpenSSL that Node brings. */
export const nodeAesGcm: HostAesGcm = {
  encrypt(key, iv, header, plaintext) {
    const cipher = createCipheriv(ALGORITHM, key, iv, options)
    cipher.setAAD(header)
    const ciphertext = cipher.update(plaintext)
    cipher.final()
    return { ciphertext, mac: cipher.getAuthTag() }
  },
  decrypt(key, iv, header, { ciphertext, mac }) {
    const decipher = createDecipheriv(ALGORITHM, key, iv, options)
    decipher.setAAD(header)
    decipher.setAuthTag(mac)
    const plaintext = decipher.update(ciphertext)
    try {
      decipher.final()
      return plaintext
    } catch {
      // All that final() checks here is the MAC.
      return undefined
    }
  },
}
