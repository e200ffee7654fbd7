import { invariant } from '../base/index.ts'
import type { Ram } from '../cpu/index.ts'
import type { Insn } from '../isa/index.ts'
import { ModuleWriter, type Code } from '../wasm/index.ts'
import type { Block } from './blocks.ts'
import { SHARED, SIGNATURE } from './dispatcher.ts'
import type { Native, NativeModules } from './native-code.ts'
import { RegionCompiler } from './region.ts'
import { FIRST_EXIT, type RegionManner } from './region-contract.ts'

/** A place in translated code that the engine hears of by its number. */
export interface Place {
  /** Address of the instruction there. */
  readonly address: number
  /** Instructions of the block finished before it that the fuel does not know of. */
  readonly completed: number
  /** Entry of the region. */
  readonly region: number
  /** The instruction there, once it was needed: as long as the region is used it stays. */
  insn?: Insn
  /** Times it was left there although no table entry was missing. */
  vain: number
}

/** Regions in one module, which says nothing of the run that it was made in. */
export interface RegionModule {
  readonly wasm: Uint8Array<ArrayBuffer>
  /** Entries of its regions, in the order of its exports. */
  readonly addresses: readonly number[]
  /** Its places: address, completed and region of each. */
  readonly places: Float64Array
}

const PLACE_FIELDS = 3

export interface InstalledModule {
  readonly module: WebAssembly.Module
  /** Not just compiled. */
  readonly isNative: boolean
  /** Of its regions in the dispatcher's table, in their order. */
  readonly slots: readonly number[]
}

/** Makes modules of regions, puts them where the dispatcher finds them, and knows the places that they name. */
export class RegionModules {
  private readonly ram: Ram
  private readonly table: WebAssembly.Table
  private readonly places: Place[] = []
  private readonly shared: WebAssembly.Table
  private nextSlot: number
  private readonly natives: NativeModules

  /** Regions take slots of the dispatcher's `table` from `firstSlot` on. `shared`: as of Dispatcher. */
  constructor(
    ram: Ram,
    table: WebAssembly.Table,
    firstSlot: number,
    shared: WebAssembly.Table,
    natives: NativeModules,
  ) {
    this.ram = ram
    this.table = table
    this.nextSlot = firstSlot
    this.shared = shared
    this.natives = natives
  }

  /** The place of a number from FIRST_EXIT on. */
  exit(number: number): Place {
    const place = this.places[number - FIRST_EXIT]
    invariant(place, `no exit has the number ${number}`)
    return place
  }

  /** The indirect jump that STATE.LAST_JUMP names, if it names one. */
  jump(number: number): Place | undefined {
    return this.places[number - 1]
  }

  /** Translates the regions, which may call each other. `avx`: as of RegionCompiler. */
  translate(
    group: ReadonlyMap<number, ReadonlyMap<number, Block>>,
    mannerOf: (address: number) => RegionManner,
    avx: boolean,
  ): RegionModule {
    const m = new ModuleWriter()
    const type = m.type(['i32'], ['i32'])
    m.importMemory('m', this.ram.limits)
    m.importTable('t')
    const through = (name: keyof typeof SIGNATURE) => {
      const signature = m.type(SIGNATURE[name][0], SIGNATURE[name][1])
      return (code: Code): Code => code.i32(SHARED[name]).op('call_indirect').u32(signature).byte(0)
    }
    const [enter, slow, flags] = [through('ENTER'), through('SLOW'), through('FLAGS')]
    const first = m.importConstant('places', 'i32')
    const addresses = [...group.keys()]
    const regions = new Map(addresses.map((a, k) => [a, k]))
    const places: number[] = []
    const place = (insn: Insn, completed: number, region: number): number =>
      places.push(insn.address, completed, region) / PLACE_FIELDS - 1
    for (const [address, blocks] of group) {
      const numbers = {
        exit: (insn: Insn, completed: number) => place(insn, completed, address),
        jump: (insn: Insn) => place(insn, 0, address),
      }
      const compiler = new RegionCompiler(address, blocks, numbers, { ...mannerOf(address), avx })
      m.addFunction(type, compiler.compile({ enter, slow, flags, places: first, regions }), String(address))
    }
    return { wasm: m.write(), addresses, places: Float64Array.from(places) }
  }

  /** Returns the slot of each of its regions. */
  install({ wasm, addresses, places }: RegionModule, native?: Native): InstalledModule {
    const module = this.natives.make(wasm, native)
    const { exports } = new WebAssembly.Instance(module, {
      e: { m: this.ram.memory, t: this.shared, places: this.places.length },
    })
    for (let k = 0; k < places.length; k += PLACE_FIELDS) {
      const [address = 0, completed = 0, region = 0] = [places[k], places[k + 1], places[k + 2]]
      this.places.push({ address, completed, region, vain: 0 })
    }
    const slots = addresses.map((address) => {
      const slot = this.nextSlot++
      if (slot >= this.table.length) this.table.grow(this.table.length)
      this.table.set(slot, exports[String(address)])
      return slot
    })
    return { module, isNative: this.natives.isRestored(module), slots }
  }

  /** What is worth keeping of it by now. */
  nativeOf({ module, slots }: InstalledModule): Native | undefined {
    return this.natives.of(
      module,
      slots.map((slot) => this.table.get(slot) as WebAssembly.ExportValue),
    )
  }
}
