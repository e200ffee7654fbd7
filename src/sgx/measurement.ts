import type { Sha256 } from '../crypto/index.ts'
import { PAGE_SIZE } from '../cpu/index.ts'

/**
 * MRENCLAVE: SHA-256 over 64-byte records, one for each step of the build ("MRENCLAVE"; the Operation sections of ECREATE, EADD and
 * EEXTEND print them as TMPUPDATEFIELD).
 */
const RECORD = 64

/** A record that only its leaf writes, so that what is constant in it stays. */
function recordOf(leaf: string): { readonly record: Uint8Array; readonly view: DataView } {
  const record = new Uint8Array(RECORD)
  for (let i = 0; i < leaf.length; i++) record[i] = leaf.charCodeAt(i)
  return { record, view: new DataView(record.buffer) }
}
const ECREATE = recordOf('ECREATE')
const EADD = recordOf('EADD')
const EEXTEND = recordOf('EEXTEND')

/** A 64-bit field as a number below 2^53: a bigint for each page of an enclave would cost more than the rest of the record. */
function setOffset(view: DataView, at: number, offset: number): void {
  view.setUint32(at, offset, true)
  view.setUint32(at + 4, offset / 0x1_0000_0000, true)
}

export function measureECREATE(hash: Sha256, SSAFRAMESIZE: number, SIZE: bigint): void {
  ECREATE.view.setUint32(8, SSAFRAMESIZE, true)
  ECREATE.view.setBigUint64(12, SIZE, true)
  hash.update(ECREATE.record)
}

/** `offset` of the page in the enclave; of `secinfo` the first 48 bytes are measured. */
export function measureEADD(hash: Sha256, offset: number, secinfo: Uint8Array): void {
  const { record, view } = EADD
  setOffset(view, 8, offset)
  for (let k = 0; k < 48; k++) record[16 + k] = secinfo[k] ?? 0
  hash.update(record)
}

/** `chunk` is 256 bytes, `offset` its place in the enclave. */
export function measureEEXTEND(hash: Sha256, offset: number, chunk: Uint8Array): void {
  setOffset(EEXTEND.view, 8, offset)
  hash.update(EEXTEND.record)
  hash.update(chunk)
}

const CHUNK = 256
/** What is measured of a page behind its first chunk: a record and a chunk, fifteen times. All but offsets and chunks is constant. */
const rest = new Uint8Array((PAGE_SIZE / CHUNK - 1) * (RECORD + CHUNK))
const restView = new DataView(rest.buffer)
for (let at = 0; at < rest.length; at += RECORD + CHUNK) rest.set(EEXTEND.record, at)
/** A page to take chunks from, as making views of one costs more than copying it. */
const copy = new Uint8Array(PAGE_SIZE)
const chunks = Array.from({ length: PAGE_SIZE / CHUNK }, (_, k) => copy.subarray(k * CHUNK, (k + 1) * CHUNK))

/** What `measureEEXTEND` of the chunks of a page adds after the first one. `offset` is that of the page. */
export function measureEEXTENDs(hash: Sha256, offset: number, page: Uint8Array): void {
  copy.set(page)
  let at = 0
  chunks.forEach((chunk, k) => {
    if (k === 0) return
    setOffset(restView, at + 8, offset + k * CHUNK)
    rest.set(chunk, at + RECORD)
    at += RECORD + CHUNK
  })
  hash.update(rest)
}
