/**
 * MRENCLAVE of the kernel selftest's enclave, written from the manual's ECREATE, EADD and EEXTEND records and from nothing
 * of ours: the second opinion on what `src/` computes.
 */
import { createHash } from 'node:crypto'

const PAGE = 4096
const CHUNK = 256
const SECINFO_TCS = 0x100n
const SECINFO_REG = 0x200n

interface Segment {
  offset: number
  /** SECINFO flags: type and permissions. */
  flags: bigint
  data: Uint8Array
  measured: boolean
}

/** A 64-byte measurement record: the leaf's name and values at byte offsets. */
function record(leaf: string, ...values: readonly [at: number, value: bigint][]): Uint8Array {
  const r = Buffer.alloc(64)
  r.write(leaf, 'latin1')
  for (const [at, value] of values) r.writeBigUInt64LE(value, at)
  return r
}

/** PT_LOAD segments in file order: the first is the TCS segment, the others are REG with the ELF's R, W, X. */
function segmentsOf(elf: Uint8Array): Segment[] {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength)
  const table = Number(view.getBigUint64(32, true))
  const segments: Segment[] = []
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const at = table + 56 * i
    if (view.getUint32(at, true) !== 1) continue
    const elfFlags = view.getUint32(at + 4, true)
    const [fileOffset = 0, address = 0, , fileSize = 0] = [8, 16, 24, 32].map((o) =>
      Number(view.getBigUint64(at + o, true)),
    )
    const data = new Uint8Array(Math.ceil(fileSize / PAGE) * PAGE)
    // Whole pages of the file: bytes behind the segment's end are loaded, and measured, too.
    data.set(elf.subarray(fileOffset, fileOffset + data.length))
    const rwx = (elfFlags & 4 ? 1 : 0) | (elfFlags & 2 ? 2 : 0) | (elfFlags & 1 ? 4 : 0)
    const flags = segments.length === 0 ? SECINFO_TCS : SECINFO_REG | BigInt(rwx)
    segments.push({ offset: address, flags, data, measured: true })
  }
  return segments
}

/** As the selftest loads it: the file's segments, then an unmeasured read-write heap, size rounded up to a power of two. */
export function selftestMrenclave(elf: Uint8Array, heapSize = PAGE): string {
  const segments = segmentsOf(elf)
  const first = segments[0]?.offset ?? 0
  const last = segments.at(-1)
  const heapAt = last ? last.offset + last.data.length - first : 0
  for (const s of segments) s.offset -= first
  segments.push({ offset: heapAt, flags: SECINFO_REG | 3n, data: new Uint8Array(heapSize), measured: false })
  let size = PAGE
  while (size < heapAt + heapSize) size *= 2

  const hash = createHash('sha256')
  // SSAFRAMESIZE (32 bits) at 8, SIZE at 12.
  const ecreate = record('ECREATE', [12, BigInt(size)])
  ecreate[8] = 1
  hash.update(ecreate)
  for (const s of segments) {
    for (let page = 0; page < s.data.length; page += PAGE) {
      hash.update(record('EADD', [8, BigInt(s.offset + page)], [16, s.flags]))
      if (!s.measured) continue
      for (let chunk = page; chunk < page + PAGE; chunk += CHUNK) {
        hash.update(record('EEXTEND', [8, BigInt(s.offset + chunk)]))
        hash.update(s.data.subarray(chunk, chunk + CHUNK))
      }
    }
  }
  return hash.digest('hex')
}
