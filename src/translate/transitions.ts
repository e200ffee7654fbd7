import { invariant } from '../base/index.ts'
import { PAGE_SIZE, STATE, TRANSITIONS, VIEW, type Ram, type Transition, type View } from '../cpu/index.ts'
import { Code, ModuleWriter } from '../wasm/index.ts'
import type { CommonCode } from './common-code.ts'
import { SLOT } from './dispatcher.ts'
import { RETURN } from './region-contract.ts'

/**
 * Entries into enclaves and exits that are done without leaving WebAssembly. Each is a record in linear memory (TRANSITIONS): its guards are
 * the Transition's, and where it was prepared (RIP and view). The jump cache leads here from the address of the ENCLU, until the view
 * changes in any way; records of another epoch are as good as none.
 */

const RECORD = { EPOCH: 0, ENCLAVE: 4, GUARDS_END: 8, COPIES_END: 12, SETS_END: 16, GUARDS: 24, SIZE: 512 } as const
const GUARD = { AT: 0, MASK: 8, VALUE: 16, SIZE: 24 } as const
const COPY = { FROM: 0, TO: 4, SIZE: 8 } as const
const SET = { AT: 0, VALUE: 8, SIZE: 16 } as const
const COUNT = 16
const END = TRANSITIONS.RECORDS + COUNT * RECORD.SIZE
const NO_EPOCH = 0xffff_ffff
const ALL = 0xffff_ffff_ffff_ffffn

/** How ENCLU is done without an end of `run`. */
export interface EncluPort {
  /**
   * Does the ENCLU at RIP and says what view guest code runs in then. undefined: nothing was done, and `run` ends with the exit. A Fault
   * that it throws is the instruction's.
   */
  execute(): View | undefined
  /** What was just executed at `address`, as something that can be done again: see Transition. */
  transition(address: number): Transition | undefined
  /** Such a thing was done: the view that guest code runs in now. */
  follow(): View
}

/** Is there an ENCLU at `address`, all of it in one page? */
export function isEnclu(view: View, address: number): boolean {
  const at = view.executable(address)
  const { u8 } = view.ram
  return (at % PAGE_SIZE) + 3 <= PAGE_SIZE && u8[at] === 0x0f && u8[at + 1] === 0x01 && u8[at + 2] === 0xd7
}

export class Transitions {
  private readonly ram: Ram
  /** What each record belongs to. */
  private readonly views: ({ readonly view: View; readonly generation: number } | undefined)[] = []
  private next = 0

  /** `missed` does the ENCLU at RIP when no record fits; it returns a RETURN code. */
  constructor(ram: Ram, table: WebAssembly.Table, missed: () => number, common: CommonCode) {
    invariant(END <= TRANSITIONS.END, 'the records have room')
    this.ram = ram
    for (let k = 0; k < COUNT; k++) this.invalidate(k)
    const write = (): Uint8Array<ArrayBuffer> => {
      const m = new ModuleWriter()
      m.importMemory('m', ram.limits)
      const miss = m.importFunction('missed', m.type([], ['i32']))
      m.addFunction(m.type(['i32'], ['i32']), search(miss), 'run')
      return m.write()
    }
    const { run } = common.instantiate('transitions', write, { m: ram.memory, missed })
    table.set(SLOT.TRANSITIONS, run)
  }

  /** From now on the ENCLU at `address` in view `from` is `transition`, which leads to `to`, whenever its guards hold. */
  add(from: View, address: number, to: View, transition: Transition): void {
    for (let k = 0; k < COUNT; k++) {
      const known = this.views[k]
      if (known?.view === from && known.generation !== from.generation) this.invalidate(k)
    }
    const k = this.next
    this.next = (k + 1) % COUNT
    this.views[k] = { view: from, generation: from.generation }
    this.write(k, {
      ...transition,
      guards: [[STATE.RIP, ALL, BigInt(address)], [STATE.VIEW, ALL, viewWord(from)], ...transition.guards],
      sets: [...transition.sets, [STATE.VIEW, viewWord(to)]],
    })
  }

  private invalidate(k: number): void {
    this.ram.u32[(TRANSITIONS.RECORDS + k * RECORD.SIZE + RECORD.EPOCH) / 4] = NO_EPOCH
    this.views[k] = undefined
  }

  private write(k: number, { guards, copies, sets, enclave }: Transition): void {
    const { u32, u64 } = this.ram
    const record = TRANSITIONS.RECORDS + k * RECORD.SIZE
    let at = record + RECORD.GUARDS
    for (const [place, mask, value] of guards) {
      u32[(at + GUARD.AT) / 4] = place
      u64[(at + GUARD.MASK) / 8] = mask
      u64[(at + GUARD.VALUE) / 8] = value
      at += GUARD.SIZE
    }
    u32[(record + RECORD.GUARDS_END) / 4] = at
    for (const [from, to] of copies) {
      u32[(at + COPY.FROM) / 4] = from
      u32[(at + COPY.TO) / 4] = to
      at += COPY.SIZE
    }
    u32[(record + RECORD.COPIES_END) / 4] = at
    for (const [place, value] of sets) {
      u32[(at + SET.AT) / 4] = place
      u64[(at + SET.VALUE) / 8] = value
      at += SET.SIZE
    }
    invariant(copies.length > 0 && at <= record + RECORD.SIZE, 'a transition has copies and fits in a record')
    u32[(record + RECORD.SETS_END) / 4] = at
    u32[(record + RECORD.ENCLAVE) / 4] = enclave
    u32[(record + RECORD.EPOCH) / 4] = u32[TRANSITIONS.EPOCH / 4] ?? 0
  }
}

/** STATE.VIEW and STATE.JUMP_CACHE, which share a word. */
const viewWord = ({ at }: View): bigint => BigInt(at) | (BigInt(at + VIEW.JUMP_CACHE) << 32n)

/** The function (depth: i32): i32 that does what the first record says whose guards hold. */
function search(missed: number): Code {
  const code = new Code(1)
  const [record, at, end] = [code.local('i32'), code.local('i32'), code.local('i32')]
  /** `body` for each item from `at` to the end that the record names. */
  const forEach = (endField: number, size: number, body: () => void): void => {
    code.get(record).memory('i32.load', endField).set(end)
    const loop = code.open('loop')
    body()
    code.get(at).i32(size).op('i32.add').tee(at).get(end).op('i32.lt_u').brIf(loop).close()
  }
  const word = (field: number): Code => code.get(at).memory('i64.load', field)
  code.i32(TRANSITIONS.RECORDS).set(record)
  const records = code.open('loop')
  const other = code.open('block')
  code.get(record).memory('i32.load', RECORD.EPOCH)
  code.i32(0).memory('i32.load', TRANSITIONS.EPOCH).op('i32.ne').brIf(other)
  code.get(record).i32(RECORD.GUARDS).op('i32.add').set(at)
  forEach(RECORD.GUARDS_END, GUARD.SIZE, () => {
    code.get(at).memory('i32.load', GUARD.AT).memory('i64.load', 0)
    word(GUARD.MASK).op('i64.and')
    word(GUARD.VALUE).op('i64.ne').brIf(other)
  })
  forEach(RECORD.COPIES_END, COPY.SIZE, () => {
    code.get(at).memory('i32.load', COPY.TO)
    code.get(at).memory('i32.load', COPY.FROM).memory('i64.load', 0).memory('i64.store', 0)
  })
  forEach(RECORD.SETS_END, SET.SIZE, () => {
    code.get(at).memory('i32.load', SET.AT)
    word(SET.VALUE).memory('i64.store', 0)
  })
  code.i32(0).get(record).memory('i32.load', RECORD.ENCLAVE).memory('i32.store', STATE.ENCLAVE)
  code.i32(0).i32(0).memory('i32.load', STATE.FUEL).i32(1).op('i32.sub').memory('i32.store', STATE.FUEL)
  code.i32(0).i32(1).memory('i32.store', TRANSITIONS.HAPPENED)
  const counter = (): Code =>
    code.i32(TRANSITIONS.ENTERED).i32(TRANSITIONS.LEFT).i32(0).memory('i32.load', STATE.ENCLAVE).op('select')
  counter()
  counter().memory('i64.load', 0).i64(1n).op('i64.add').memory('i64.store', 0)
  // Guest calls that are under way belong to the view that was left.
  code.i32(RETURN.UNWIND).op('return').close()
  code.get(record).i32(RECORD.SIZE).op('i32.add').tee(record).i32(END).op('i32.lt_u').brIf(records).close()
  return code.call(missed)
}
