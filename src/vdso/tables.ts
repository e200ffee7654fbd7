import { concatBytes, invariant } from '../base/index.ts'
import * as elf from '../spec/elf/index.ts'
import { words } from './words.ts'

/** The tables that a dynamic linker looks symbols up in: strings, hashes, versions. */

export interface StringTable {
  readonly bytes: Uint8Array
  readonly offsetOf: (text: string) => number
}

/** Zero-terminated strings after one zero byte, so that offset 0 is the empty string. */
export function stringTable(strings: readonly string[]): StringTable {
  const offsets = new Map<string, number>()
  const bytes = [0]
  for (const text of strings) {
    offsets.set(text, bytes.length)
    bytes.push(...[...text].map((c) => c.charCodeAt(0)), 0)
  }
  const offsetOf = (text: string): number => {
    const offset = offsets.get(text)
    invariant(offset !== undefined, `"${text}" is not in the string table`)
    return offset
  }
  return { bytes: Uint8Array.from(bytes), offsetOf }
}
export const dynstr = stringTable

/** The hash function of DT_HASH and of the version tables (gABI "Hash Table"). */
export function elfHash(name: string): number {
  let h = 0
  for (const c of name) {
    h = (h << 4) + c.charCodeAt(0)
    const high = h & 0xf0000000
    h = (h ^ (high >>> 24)) & ~high
  }
  return h >>> 0
}

/** The hash function of DT_GNU_HASH: 33 * h + c, from 5381. */
export function elfGnuHash(name: string): number {
  let h = 5381
  for (const c of name) h = (Math.imul(h, 33) + c.charCodeAt(0)) >>> 0
  return h
}

/** DT_HASH over symbols 1, 2 ... with one bucket per symbol. */
export function sysvHash(names: readonly string[]): Uint8Array {
  const buckets = new Array<number>(names.length).fill(elf.SHN_UNDEF)
  const chains = new Array<number>(names.length + 1).fill(elf.SHN_UNDEF)
  names.forEach((name, i) => {
    const bucket = elfHash(name) % buckets.length
    chains[i + 1] = buckets[bucket] ?? elf.SHN_UNDEF
    buckets[bucket] = i + 1
  })
  return concatBytes(words(buckets.length, chains.length), words(...buckets), words(...chains))
}

/** DT_GNU_HASH over the single symbol 1. */
export function gnuHash(name: string): Uint8Array {
  const BLOOM_SHIFT = 6
  const hash = elfGnuHash(name)
  const bloom = new Uint8Array(8)
  const bits = (1n << BigInt(hash % 64)) | (1n << BigInt((hash >>> BLOOM_SHIFT) % 64))
  new DataView(bloom.buffer).setBigUint64(0, bits, true)
  // One bucket, symbols from 1, one bloom word; the last hash of a chain has its lowest bit set.
  return concatBytes(words(1, 1, 1, BLOOM_SHIFT), bloom, words(1, (hash | 1) >>> 0))
}

/** Version definitions 1, 2 ...; the first is the file itself. */
export function verdef(names: readonly string[], offsetOf: (name: string) => number): Uint8Array {
  const size = elf.Elf64_Verdef.size + elf.Elf64_Verdaux.size
  const out = new Uint8Array(names.length * size)
  names.forEach((name, i) => {
    Object.assign(elf.Elf64_Verdef.view(out, i * size), {
      vd_version: elf.VER_DEF_CURRENT,
      vd_flags: i === 0 ? elf.VER_FLG_BASE : 0,
      vd_ndx: i + 1,
      vd_cnt: 1,
      vd_hash: elfHash(name),
      vd_aux: elf.Elf64_Verdef.size,
      vd_next: i + 1 < names.length ? size : 0,
    })
    elf.Elf64_Verdaux.view(out, i * size + elf.Elf64_Verdef.size).vda_name = offsetOf(name)
  })
  return out
}
