/** Handlers as bytes, to be kept between runs: a checksum, then for each its key and its code, both after their lengths (u32). */
import { ByteWriter } from '../wasm/index.ts'
import { checksum } from './checksum.ts'

export function writeHandlers(bodies: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter().u32(bodies.size)
  for (const [key, body] of bodies) out.name(key).u32(body.length).append(body)
  const bytes = new Uint8Array(MAGIC.length + CHECKSUM_SIZE + out.length)
  bytes.set(MAGIC)
  bytes.set(out.bytes.subarray(0, out.length), MAGIC.length + CHECKSUM_SIZE)
  new DataView(bytes.buffer).setUint32(MAGIC.length, sumOf(bytes), true)
  return bytes
}

/** Undefined for bytes that writeHandlers has not written, or that have changed since: wrong code would go wrong silently. */
export function readHandlers(bytes: Uint8Array): Map<string, Uint8Array> | undefined {
  let at = MAGIC.length + CHECKSUM_SIZE
  if (bytes.length < at || MAGIC.some((b, k) => bytes[k] !== b)) return undefined
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true) !== sumOf(bytes)) return undefined
  const u32 = (): number => {
    let n = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const b = bytes[at++] ?? 0
      n |= (b & 0x7f) << shift
      if (!(b & 0x80)) break
    }
    return n >>> 0
  }
  const take = (): Uint8Array => {
    const length = u32()
    return bytes.subarray(at, (at += length))
  }
  const text = new TextDecoder()
  const bodies = new Map<string, Uint8Array>()
  const count = u32()
  for (let k = 0; k < count && at < bytes.length; k++) bodies.set(text.decode(take()), take())
  return at === bytes.length && bodies.size === count ? bodies : undefined
}

const MAGIC = Uint8Array.from('enclu handlers\n\0', (c) => c.charCodeAt(0))
const CHECKSUM_SIZE = 4

const sumOf = (bytes: Uint8Array): number => checksum(bytes.subarray(MAGIC.length + CHECKSUM_SIZE))
