import { expect, test } from 'vitest'
import { VERSION } from '../base/index.ts'
import { checksum } from './checksum.ts'
import { bytesOf, pack, unpack } from './packed.ts'

const PART = Uint8Array.of(1, 2, 3)

/** The same with another text of equal length, and a checksum that fits. */
function replaced(packed: Uint8Array, old: string, by: string): Uint8Array {
  const text = Buffer.from(packed).toString('latin1').replace(old, by)
  const bytes = new Uint8Array(Buffer.from(text, 'latin1'))
  bytes.set(bytesOf(Float64Array.of(checksum(bytes.subarray(24)))), 16)
  return bytes
}

test('what was packed comes back', () => {
  const packed = unpack<{ n: number }>('test', pack('test', { n: 7 }, [PART]))
  expect([packed?.contents, packed?.take(3)]).toEqual([{ n: 7 }, PART])
})

test('nothing comes back under another name, of another version, or where a byte has changed', () => {
  const packed = pack('test', { n: 7 }, [PART])
  expect(unpack('other', packed)).toBeUndefined()
  expect(unpack('test', replaced(packed, VERSION, VERSION))).toBeDefined()
  expect(unpack('test', replaced(packed, VERSION, '9.9.9'))).toBeUndefined()
  // As it was kept before there were versions.
  expect(unpack('test', replaced(packed, '"version"', '"another"'))).toBeUndefined()
  for (const k of packed.keys())
    expect(unpack('test', packed.with(k, (packed[k] ?? 0) ^ 1)), `byte ${k}`).toBeUndefined()
})
