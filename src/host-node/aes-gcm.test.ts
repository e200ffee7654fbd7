import { expect, test } from 'vitest'
import { nodeAesGcm } from './aes-gcm.ts'

test('AES-GCM opens what it sealed, and nothing else', () => {
  const [key, iv, header] = [new Uint8Array(16).fill(1), new Uint8Array(12), new Uint8Array(128)]
  const page = new Uint8Array(4096).fill(7)
  const sealed = nodeAesGcm.encrypt(key, iv, header, page)
  expect(Uint8Array.from(nodeAesGcm.decrypt(key, iv, header, sealed) ?? [])).toEqual(page)
  header[5] = 1
  expect(nodeAesGcm.decrypt(key, iv, header, sealed)).toBeUndefined()
})
