import type { Field, Struct, StructView } from '../../base/index.ts'
import type { GuestMemory } from './guest-memory.ts'

// As in base/struct.ts: a record of fields holds fields of different types.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Fields = Record<string, Field<any>>
type LiveClass<F extends Fields> = new (memory: GuestMemory, address: bigint) => StructView<F>

/** One class for each structure, made when it is first looked at. */
const CLASSES = new WeakMap<object, unknown>()

/**
 * A structure in guest memory: reading a property reads the guest's bytes at that moment, assigning writes them. Both throw
 * ERR_BAD_ADDRESS where the guest has no such memory.
 */
export function liveStructure<F extends Fields>(
  layout: Struct<F>,
  memory: GuestMemory,
  address: bigint,
): StructView<F> {
  let known = CLASSES.get(layout) as LiveClass<F> | undefined
  if (!known) CLASSES.set(layout, (known = liveClass(layout)))
  return new known(memory, address)
}

function liveClass<F extends Fields>({ fields }: Struct<F>): LiveClass<F> {
  class Live {
    readonly #memory: GuestMemory
    readonly #address: bigint
    constructor(memory: GuestMemory, address: bigint) {
      this.#memory = memory
      this.#address = address
    }
    static at(live: Live, { offset, size }: Field<unknown>): { memory: GuestMemory; address: bigint; size: number } {
      return { memory: live.#memory, address: live.#address + BigInt(offset), size }
    }
  }
  for (const [name, field] of Object.entries(fields)) {
    Object.defineProperty(Live.prototype, name, {
      enumerable: true,
      get(this: Live): unknown {
        const { memory, address, size } = Live.at(this, field)
        return field.get(new DataView(memory.read(address, size).buffer), 0)
      },
      set(this: Live, value: unknown): void {
        const { memory, address, size } = Live.at(this, field)
        const bytes = new Uint8Array(size)
        field.set(new DataView(bytes.buffer), 0, value)
        memory.write(address, bytes)
      },
    })
  }
  return Live as unknown as LiveClass<F>
}

/** The fields of a structure in `bytes`, as a plain object. */
export function structureValues<F extends Fields>(layout: Struct<F>, bytes: Uint8Array): StructView<F> {
  const view = layout.view(bytes)
  return Object.fromEntries(Object.keys(layout.fields).map((name) => [name, view[name]])) as StructView<F>
}
