/**
 * What is kept between runs, as bytes: a magic, a checksum (of 16 and 8 bytes), and, as JSON, the version that has kept it and what its parts
 * are for, before these.
 */
import { concatBytes, VERSION } from '../base/index.ts'
import { hasRelaxedSimd } from '../wasm/index.ts'
import { checksum } from './checksum.ts'

/** Of the first part, and of what is read as numbers. */
const ALIGNMENT = 8
const MAGIC_SIZE = 16
/** Where what the checksum is of begins: behind it. */
const CHECKED = MAGIC_SIZE + ALIGNMENT

/** `magic`: at most 16 characters. */
export function pack(magic: string, contents: unknown, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify({ version: keptBy(), contents }))
  const filling = new Uint8Array(-text.length & (ALIGNMENT - 1))
  const bytes = concatBytes(magicOf(magic), bytesOf(Float64Array.of(0, text.length)), text, filling, ...parts)
  bytes.set(bytesOf(Float64Array.of(checksum(bytes.subarray(CHECKED)))), MAGIC_SIZE)
  return bytes
}

/** What `pack` of this version was given, its parts one after the other; undefined for other bytes, or if any of them has changed. */
export function unpack<T>(
  magic: string,
  given: Uint8Array,
): { readonly contents: T; readonly take: (length: number) => Uint8Array<ArrayBuffer> } | undefined {
  if (given.length < CHECKED + ALIGNMENT || magicOf(magic).some((b, k) => given[k] !== b)) return undefined
  const bytes = (given.byteOffset % ALIGNMENT === 0 ? given : new Uint8Array(given)) as Uint8Array<ArrayBuffer>
  let at = MAGIC_SIZE
  const take = (length: number): Uint8Array<ArrayBuffer> => bytes.subarray(at, (at += length))
  const [sum, length = 0] = numbersOf(take(2 * ALIGNMENT))
  if (sum !== checksum(bytes.subarray(CHECKED))) return undefined
  const { version, contents } = JSON.parse(new TextDecoder().decode(take(length))) as { version?: string; contents: T }
  if (version !== keptBy()) return undefined
  at = Math.ceil(at / ALIGNMENT) * ALIGNMENT
  return { contents, take }
}

/** Modules are made for hosts with the same abilities. */
const keptBy = (): string => (hasRelaxedSimd() ? `${VERSION}, relaxed` : VERSION)

const magicOf = (magic: string): Uint8Array => new TextEncoder().encode(magic.padEnd(MAGIC_SIZE))

export const bytesOf = (a: Float64Array): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength)
export const numbersOf = (a: Uint8Array): Float64Array => new Float64Array(a.buffer, a.byteOffset, a.length / ALIGNMENT)
