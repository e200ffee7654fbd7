import type { Sha256 } from '../crypto/index.ts'
import { PAGE_SIZE } from '../cpu/index.ts'

/**
 * MRENCLAVE: SHA-256 over 64-byte records, one for each step of the build ("MRENCLAVE"; the Operation sections of ECREATE, EADD and
 * EEXTEND print them as TMPUPDATEFIELD).
 */
const RECORD = 64
const CHUNK = 256

/** Bytes that are hashed at once: each piece costs as much as half a kilobyte of it, and these are still in the processor's cache. */
const GATHERED = 0x1_0000

/** The 64 bits that a record begins with, as two 32-bit words: zeros behind the name. */
function named(leaf: string): readonly [low: number, high: number] {
  const word = (at: number): number => [3, 2, 1, 0].reduce((w, k) => (w << 8) | leaf.charCodeAt(at + k), 0)
  return [word(0), word(4)]
}
const ECREATE = named('ECREATE')
const EADD = named('EADD')
const EEXTEND = named('EEXTEND')

/** A page to take chunks from, as making views of one costs more than copying it. */
const copy = new Uint8Array(PAGE_SIZE)
const chunks = Array.from({ length: PAGE_SIZE / CHUNK }, (_, k) => copy.subarray(k * CHUNK, (k + 1) * CHUNK))

/** What EEXTEND of all but the first chunk adds. All but offsets and chunks is constant. */
const rest = new Uint8Array((PAGE_SIZE / CHUNK - 1) * (RECORD + CHUNK))
const restWords = new Int32Array(rest.buffer)
for (let at = 0; at < rest.length; at += RECORD + CHUNK) restWords.set(EEXTEND, at / 4)

/** A 64-bit field as a number: a bigint for each chunk of an enclave would cost more than the rest of the record. */
function setOffset(words: Int32Array, record: number, offset: number): void {
  words[record / 4 + 2] = offset >>> 0
  words[record / 4 + 3] = offset / 0x1_0000_0000
}

/** The measurement of an enclave that is being built. */
export class Measurement {
  private readonly hash: Sha256
  /** Records and chunks that are not hashed yet. */
  private readonly bytes = new Uint8Array(GATHERED)
  private readonly words = new Int32Array(this.bytes.buffer)
  private count = 0

  /** `hash` has hashed nothing, and is the measurement's from now on. */
  constructor(hash: Sha256) {
    this.hash = hash
  }

  ECREATE(SSAFRAMESIZE: number, SIZE: bigint): void {
    const at = this.record(ECREATE) / 4
    this.words[at + 2] = SSAFRAMESIZE
    this.words[at + 3] = Number(BigInt.asIntN(32, SIZE))
    this.words[at + 4] = Number(BigInt.asIntN(32, SIZE >> 32n))
  }

  /** `offset` of the page in the enclave, below 2^53; `FLAGS` of its SECINFO, of which the rest is zero. */
  EADD(offset: number, FLAGS: number): void {
    const at = this.record(EADD, offset)
    this.words[at / 4 + 4] = FLAGS
  }

  /** `chunk` is 256 bytes, `offset` its place in the enclave. */
  EEXTEND(offset: number, chunk: Uint8Array): void {
    this.record(EEXTEND, offset)
    this.bytes.set(chunk, this.count)
    this.count += CHUNK
  }

  /** EEXTEND of the chunks of a page behind the first one. `offset` is that of the page. */
  EEXTENDs(offset: number, page: Uint8Array): void {
    copy.set(page)
    let at = 0
    for (let k = 1; k < chunks.length; k++) {
      setOffset(restWords, at, offset + k * CHUNK)
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
  private record([low, high]: readonly [number, number], offset = 0): number {
    if (this.count + RECORD + CHUNK > GATHERED) this.flush()
    const { count: at, words } = this
    words[at / 4] = low
    words[at / 4 + 1] = high
    setOffset(words, at, offset)
    for (let k = at / 4 + 4; k < (at + RECORD) / 4; k++) words[k] = 0
    this.count += RECORD
    return at
  }

  private flush(): void {
    if (this.count > 0) this.hash.update(this.bytes.subarray(0, this.count))
    this.count = 0
  }
}
