import type { Sha256 } from '../crypto/index.ts'
import { PAGE_SIZE } from '../cpu/index.ts'

/**
 * MRENCLAVE: SHA-256 over 64-byte records, one for each step of the build ("MRENCLAVE"; the Operation sections of ECREATE, EADD and
 * EEXTEND print them as TMPUPDATEFIELD).
 */
const RECORD = 64
const CHUNK = 256

/** Bytes that are hashed at once: each piece costs as much as half a kilobyte of it, and these are still in the processor's cache. */
const GATHERED = 0x4000

/** A record of which only the name is set. */
function recordOf(leaf: string): Uint8Array {
  const record = new Uint8Array(RECORD)
  for (let i = 0; i < leaf.length; i++) record[i] = leaf.charCodeAt(i)
  return record
}
const ECREATE = recordOf('ECREATE')
const EADD = recordOf('EADD')
const EEXTEND = recordOf('EEXTEND')

/** A page to take chunks from, as making views of one costs more than copying it. */
const copy = new Uint8Array(PAGE_SIZE)
const chunks = Array.from({ length: PAGE_SIZE / CHUNK }, (_, k) => copy.subarray(k * CHUNK, (k + 1) * CHUNK))
/** What EEXTEND of all but the first chunk adds. All but offsets and chunks is constant. */
const rest = new Uint8Array((PAGE_SIZE / CHUNK - 1) * (RECORD + CHUNK))
const restView = new DataView(rest.buffer)
for (let at = 0; at < rest.length; at += RECORD + CHUNK) rest.set(EEXTEND, at)

/** A 64-bit field as a number: a bigint for each chunk of an enclave would cost more than the rest of the record. */
function setOffset(view: DataView, record: number, offset: number): void {
  view.setUint32(record + 8, offset, true)
  view.setUint32(record + 12, offset / 0x1_0000_0000, true)
}

/** The measurement of an enclave that is being built. */
export class Measurement {
  private readonly hash: Sha256
  /** Records and chunks that are not hashed yet. */
  private readonly bytes = new Uint8Array(GATHERED)
  private readonly view = new DataView(this.bytes.buffer)
  private count = 0

  /** `hash` has hashed nothing, and is the measurement's from now on. */
  constructor(hash: Sha256) {
    this.hash = hash
  }

  ECREATE(SSAFRAMESIZE: number, SIZE: bigint): void {
    const at = this.record(ECREATE)
    this.view.setUint32(at + 8, SSAFRAMESIZE, true)
    this.view.setBigUint64(at + 12, SIZE, true)
  }

  /** `offset` of the page in the enclave, below 2^53; of `secinfo` the first 48 bytes are measured. */
  EADD(offset: number, secinfo: Uint8Array): void {
    const at = this.record(EADD)
    setOffset(this.view, at, offset)
    for (let k = 0; k < 48; k++) this.bytes[at + 16 + k] = secinfo[k] ?? 0
  }

  /** `chunk` is 256 bytes, `offset` its place in the enclave. */
  EEXTEND(offset: number, chunk: Uint8Array): void {
    setOffset(this.view, this.record(EEXTEND), offset)
    this.bytes.set(chunk, this.count)
    this.count += CHUNK
  }

  /** EEXTEND of the chunks of a page behind the first one. `offset` is that of the page. */
  EEXTENDs(offset: number, page: Uint8Array): void {
    copy.set(page)
    let at = 0
    for (let k = 1; k < chunks.length; k++) {
      setOffset(restView, at, offset + k * CHUNK)
      rest.set(chunks[k] ?? copy, at + RECORD)
      at += RECORD + CHUNK
    }
    if (this.count + rest.length > GATHERED) this.flush()
    this.bytes.set(rest, this.count)
    this.count += rest.length
  }

  /** MRENCLAVE as it is now: 32 bytes. EINIT may fail and be tried again, so this does not end the measurement. */
  digest(): Uint8Array {
    this.flush()
    return Uint8Array.from(this.hash.copy().digest())
  }

  /** Begins a record, with room for a chunk behind it: its place in `bytes`. */
  private record(named: Uint8Array): number {
    if (this.count + RECORD + CHUNK > GATHERED) this.flush()
    const at = this.count
    this.bytes.set(named, at)
    this.count += RECORD
    return at
  }

  private flush(): void {
    if (this.count > 0) this.hash.update(this.bytes.subarray(0, this.count))
    this.count = 0
  }
}
