import type { Sha256 } from '../crypto/index.ts'

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
  record.set(secinfo.subarray(0, 48), 16)
  hash.update(record)
}

/** `chunk` is 256 bytes. */
export function measureEEXTEND(hash: Sha256, offset: bigint, chunk: Uint8Array): void {
  begin(TAGS.EEXTEND)
  view.setBigUint64(8, offset, true)
  hash.update(record)
  hash.update(chunk)
}
