import { invariant } from './invariant.ts'
import { once } from './once.ts'

/** One field of a structure: where it lies and how it reads. */
export interface Field<T> {
  readonly offset: number
  readonly size: number
  readonly get: (v: DataView, at: number) => T
  readonly set: (v: DataView, at: number, value: T) => void
}

export const u8 = (offset: number): Field<number> => ({
  offset,
  size: 1,
  get: (v, at) => v.getUint8(at),
  set: (v, at, x) => v.setUint8(at, x),
})
export const u16 = (offset: number): Field<number> => ({
  offset,
  size: 2,
  get: (v, at) => v.getUint16(at, true),
  set: (v, at, x) => v.setUint16(at, x, true),
})
export const u32 = (offset: number): Field<number> => ({
  offset,
  size: 4,
  get: (v, at) => v.getUint32(at, true),
  set: (v, at, x) => v.setUint32(at, x, true),
})
export const u64 = (offset: number): Field<bigint> => ({
  offset,
  size: 8,
  get: (v, at) => v.getBigUint64(at, true),
  set: (v, at, x) => v.setBigUint64(at, x, true),
})
/** A byte range; reading it gives a live view on the memory behind the structure. */
export const bytes = (offset: number, size: number): Field<Uint8Array> => ({
  offset,
  size,
  get: (v, at) => new Uint8Array(v.buffer, v.byteOffset + at, size),
  set: (v, at, x) => new Uint8Array(v.buffer, v.byteOffset + at, size).set(x.subarray(0, size)),
})

// `any` because a record of fields holds fields of different types.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Fields = Record<string, Field<any>>
export type View<F extends Fields> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never }

/** A structure of a manual or a header: its name, its size in bytes, its fields at the printed offsets. */
export interface Struct<F extends Fields> {
  readonly name: string
  readonly size: number
  readonly fields: F
  /** A live view: reading a property reads memory, assigning writes it. `at` is a byte offset into `data`. */
  view(data: Uint8Array, at?: number): View<F>
}

/** Declares a structure; overlap and size are checked once, before the first view. */
export function struct<F extends Fields>(name: string, size: number, fields: F): Struct<F> {
  const viewClass = once(() => createViewClass(name, size, fields))
  return { name, size, fields, view: (data, at = 0) => new (viewClass())(data, at) as View<F> }
}

function createViewClass(name: string, size: number, fields: Fields): new (data: Uint8Array, at: number) => object {
  let end = 0
  for (const [key, f] of Object.entries(fields).sort(([, a], [, b]) => a.offset - b.offset)) {
    invariant(f.offset >= end, `${name}.${key} overlaps the field before it`)
    end = f.offset + f.size
  }
  invariant(end <= size, `${name} is larger than ${size} bytes`)
  class StructView {
    readonly dv: DataView
    constructor(data: Uint8Array, at: number) {
      this.dv = new DataView(data.buffer, data.byteOffset + at, size)
    }
  }
  for (const [key, f] of Object.entries(fields)) {
    Object.defineProperty(StructView.prototype, key, {
      get(this: StructView): unknown {
        return f.get(this.dv, f.offset)
      },
      set(this: StructView, value: unknown): void {
        f.set(this.dv, f.offset, value)
      },
    })
  }
  return StructView
}
