import { expect, test } from 'vitest'
import { checksum } from './checksum.ts'

const bytes = Uint8Array.from({ length: 23 }, (_, k) => k * 37)

test('bytes have one checksum wherever they are, a Buffer at an odd place too', () => {
  const odd = Buffer.from(new ArrayBuffer(32), 3, bytes.length)
  odd.set(bytes)
  expect(checksum(odd)).toBe(checksum(bytes))
})

test('every byte counts', () => {
  for (const k of bytes.keys()) expect(checksum(bytes.with(k, 1)), `byte ${k}`).not.toBe(checksum(bytes))
})
