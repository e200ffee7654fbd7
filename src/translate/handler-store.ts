/** Handlers as bytes, to be kept between runs: for each its key, then its code, both after their lengths (u32). */
import { ByteWriter } from '../wasm/index.ts'

export function writeHandlers(bodies: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter().append(MAGIC).u32(bodies.size)
  for (const [key, body] of bodies) out.name(key).u32(body.length).append(body)
  return out.bytes.slice(0, out.length)
}

/** Undefined for bytes that writeHandlers has not written, or not to the end. */
export function readHandlers(bytes: Uint8Array): Map<string, Uint8Array> | undefined {
  let at = MAGIC.length
  if (MAGIC.some((b, k) => bytes[k] !== b)) return undefined
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

const MAGIC = Uint8Array.from('enclu handlers\n', (c) => c.charCodeAt(0))
