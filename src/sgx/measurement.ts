import type { Sha256 } from '../crypto/index.ts'
import { PAGE_SIZE } from '../cpu/index.ts'

/**
 * MRENCLAVE: SHA-256 over 64-byte records, one for each step of the build ("MRENCLAVE"; the Operation sections of ECREATE, EADD and
 * EEXTEND print them as TMPUPDATEFIELD).
 */
const RECORD = 64
const tag = (name: string): bigint => {
  let value = 0n
  for (let i = 0; i < name.length; i++) value |= BigInt(name.charCodeAt(i)) << BigInt(8 * i)
  return value
}
const TAGS = { ECREATE: tag('ECREATE'), EADD: tag('EADD'), EEXTEND: tag('EEXTEND') }

const record = new Uint8Array(RECORD)
const view = new DataView(record.buffer)
const begin = (tagValue: bigint): void => {
  record.fill(0)
  view.setBigUint64(0, tagValue, true)
}

export function measureECREATE(hash: Sha256, SSAFRAMESIZE: number, SIZE: bigint): void {
  begin(TAGS.ECREATE)
  view.setUint32(8, SSAFRAMESIZE, true)
  view.setBigUint64(12, SIZE, true)
  hash.update(record)
}

/** `secinfo`: its first 48 bytes are measured. */
export function measureEADD(hash: Sha256, offset: bigint, secinfo: Uint8Array): void {
  begin(TAGS.EADD)
  view.setBigUint64(8, offset, true)
  for (let k = 0; k < 48; k++) record[16 + k] = secinfo[k] ?? 0
  hash.update(record)
}

const CHUNK = 256
/** What is measured of a page behind its first chunk: a record and a chunk, fifteen times. All but offsets and chunks is constant. */
const rest = new Uint8Array((PAGE_SIZE / CHUNK - 1) * (RECORD + CHUNK))
const restView = new DataView(rest.buffer)
begin(TAGS.EEXTEND)
for (let at = 0; at < rest.length; at += RECORD + CHUNK) rest.set(record, at)
/** A page to take chunks from, as making views of one costs more than copying it. */
const copy = new Uint8Array(PAGE_SIZE)
const chunks = Array.from({ length: PAGE_SIZE / CHUNK }, (_, k) => copy.subarray(k * CHUNK, (k + 1) * CHUNK))

/** What `measureEEXTEND` of the chunks of a page adds after the first one. `offset` is that of the page, below 2^53. */
export function measureEEXTENDs(hash: Sha256, offset: number, page: Uint8Array): void {
  copy.set(page)
  let at = 0
  chunks.forEach((chunk, k) => {
    if (k === 0) return
    const chunkOffset = offset + k * CHUNK
    restView.setUint32(at + 8, chunkOffset >>> 0, true)
    restView.setUint32(at + 12, chunkOffset / 0x1_0000_0000, true)
    rest.set(chunk, at + RECORD)
    at += RECORD + CHUNK
  })
  hash.update(rest)
}

/** `chunk` is 256 bytes. */
export function measureEEXTEND(hash: Sha256, offset: bigint, chunk: Uint8Array): void {
  begin(TAGS.EEXTEND)
  view.setBigUint64(8, offset, true)
  hash.update(record)
  hash.update(chunk)
}
