import { PAGE_SIZE, USER_END, type Mapping } from '../../cpu/index.ts'
import type { Struct, StructView, Field } from '../../base/index.ts'
import { EFAULT, ENAMETOOLONG, PATH_MAX } from '../../spec/linux/index.ts'
import { isDenial, type AddressSpace } from './address-space.ts'

// As in base/struct.ts: a record of fields holds fields of different types.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Fields = Record<string, Field<any>>

/**
 * User memory as system calls read and write it: never throws; `undefined`, `false` or a short count mean -EFAULT. Pages are brought in
 * as for the program's own accesses. EPC pages read as all ones and swallow what is written.
 */
export class UserMemory {
  private readonly space: AddressSpace

  constructor(space: AddressSpace) {
    this.space = space
  }

  private page(address: number, access: 'R' | 'W'): Mapping | undefined {
    if (!(address >= 0 && address < USER_END)) return undefined
    const answer = this.space.lookup(address, access)
    if (isDenial(answer)) return undefined
    return answer.epc ? this.space.hostMapping(answer.frame) : answer
  }

  /** Copies up to `into.length` bytes; returns how many could be read. */
  copyIn(address: number, into: Uint8Array): number {
    const { u8 } = this.space.ram
    let done = 0
    while (done < into.length) {
      const page = this.page(address + done, 'R')
      if (!page) break
      const at = page.frame + ((address + done) % PAGE_SIZE)
      const n = Math.min(into.length - done, PAGE_SIZE - (at % PAGE_SIZE))
      into.set(u8.subarray(at, at + n), done)
      done += n
    }
    return done
  }

  /** Copies up to `data.length` bytes; returns how many could be written. */
  copyOut(address: number, data: Uint8Array): number {
    const { ram } = this.space
    let done = 0
    while (done < data.length) {
      const page = this.page(address + done, 'W')
      if (!page) break
      const inPage = (address + done) % PAGE_SIZE
      const n = Math.min(data.length - done, PAGE_SIZE - inPage)
      if (!page.discardsWrites) {
        if (ram.holdsCode[page.frame / PAGE_SIZE]) ram.onCodeWrite(page.frame / PAGE_SIZE)
        ram.u8.set(data.subarray(done, done + n), page.frame + inPage)
      }
      done += n
    }
    return done
  }

  read(address: number, length: number): Uint8Array | undefined {
    const out = new Uint8Array(length)
    return this.copyIn(address, out) === length ? out : undefined
  }

  /** The page at this address, a multiple of the page size, as it is in memory: to be read at once. */
  pageAt(address: number): Uint8Array | undefined {
    const page = this.page(address, 'R')
    return page && this.space.ram.u8.subarray(page.frame, page.frame + PAGE_SIZE)
  }

  write(address: number, data: Uint8Array): boolean {
    return this.copyOut(address, data) === data.length
  }

  /** The bytes before the first NUL, at most `max`; `undefined` if it cannot be reached. */
  bytesToNul(address: number, max: number): Uint8Array | undefined {
    const { u8 } = this.space.ram
    const parts: number[] = []
    for (let at = address; parts.length <= max;) {
      const page = this.page(at, 'R')
      if (!page) return undefined
      const from = page.frame + (at % PAGE_SIZE)
      const rest = u8.subarray(from, from + PAGE_SIZE - (at % PAGE_SIZE))
      const end = rest.indexOf(0)
      const part = end < 0 ? rest : rest.subarray(0, end)
      for (const byte of part) parts.push(byte)
      if (end >= 0) break
      at += part.length
    }
    return Uint8Array.from(parts)
  }

  /** A NUL-terminated string (UTF-8), cut after `max` bytes. */
  string(address: number, max = PATH_MAX): string | undefined {
    const bytes = this.bytesToNul(address, max)
    return bytes && new TextDecoder().decode(bytes.subarray(0, max))
  }

  /** A path, or -EFAULT, or -ENAMETOOLONG for PATH_MAX bytes and more. */
  path(address: number): string | number {
    const bytes = this.bytesToNul(address, PATH_MAX)
    if (!bytes) return -EFAULT
    return bytes.length >= PATH_MAX ? -ENAMETOOLONG : new TextDecoder().decode(bytes)
  }

  u32(address: number): number | undefined {
    const b = this.read(address, 4)
    return b && new DataView(b.buffer).getUint32(0, true)
  }
  i32(address: number): number | undefined {
    const b = this.read(address, 4)
    return b && new DataView(b.buffer).getInt32(0, true)
  }
  u64(address: number): bigint | undefined {
    const b = this.read(address, 8)
    return b && new DataView(b.buffer).getBigUint64(0, true)
  }
  setU32(address: number, value: number): boolean {
    const b = new Uint8Array(4)
    new DataView(b.buffer).setUint32(0, value, true)
    return this.write(address, b)
  }
  setU64(address: number, value: bigint): boolean {
    const b = new Uint8Array(8)
    new DataView(b.buffer).setBigUint64(0, value, true)
    return this.write(address, b)
  }

  /** A copy of a structure. */
  struct<F extends Fields>(layout: Struct<F>, address: number): StructView<F> | undefined {
    const b = this.read(address, layout.size)
    return b && layout.view(b)
  }

  /** Writes a structure; fields that are not given are zero. */
  setStruct<F extends Fields>(layout: Struct<F>, address: number, values: Partial<StructView<F>>): boolean {
    return this.write(address, structBytes(layout, values))
  }
}

/** The bytes of a structure; fields that are not given are zero. */
export function structBytes<F extends Fields>(layout: Struct<F>, values: Partial<StructView<F>>): Uint8Array {
  const b = new Uint8Array(layout.size)
  Object.assign(layout.view(b), values)
  return b
}
