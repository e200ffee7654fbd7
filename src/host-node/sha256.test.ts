import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { NodeSha256 } from './sha256.ts'

const SIZES = [64, 256, 1, 0, 16383, 16384, 16385, 40000, 64, 64]

test('pieces of any size hash as a whole, and copies go their own way', () => {
  const [whole, hash] = [createHash('sha256'), new NodeSha256()]
  for (const [k, size] of SIZES.entries()) {
    const piece = new Uint8Array(size).fill(k + 1)
    hash.update(piece)
    whole.update(piece)
    // What is gathered must not change with the caller's bytes.
    piece.fill(0)
    const copy = hash.copy()
    expect(Buffer.from(copy.digest()).toString('hex'), `after piece ${k}`).toBe(whole.copy().digest('hex'))
  }
  expect(Buffer.from(hash.digest())).toEqual(whole.digest())
})
