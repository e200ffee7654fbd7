import { expect, test } from 'vitest'
import { PAGE_SIZE, VIEW } from '../cpu/index.ts'
import { decodeAll } from '../isa/evaluator-engine.fixture.ts'
import { TestMachine } from '../isa/test-machine.fixture.ts'
import { Code, ModuleWriter } from '../wasm/index.ts'
import { ENTRIES, isElsewhere, toEntry } from './view-entry.ts'

const TOP = 0x7fff_0000_0000
/** Pages that are there: the first two at home, the others beyond the end of the test's memory. */
const PAGES: readonly number[] = [
  0x12_3000,
  TOP + 0x12_4000,
  0x7fff_e000,
  TOP + 0x8000_1000,
  TOP + 0xffff_e000,
  TOP + 0x7fff_f000,
]
const AT_HOME = PAGES.slice(0, 2)
/** Where an empty entry could be taken for one, and what differs from a page that is there in one bit only. */
const PLACES: readonly bigint[] = [0n, 0x8000_0000n, 1n << 32n, 1n << 63n, ...PAGES.map(BigInt)].flatMap((at) =>
  [0n, 12n, 30n, 31n, 32n, 46n, 47n, 62n, 63n].map((bit) => at ^ (1n << bit)).concat(at),
)
const OFFSETS: readonly bigint[] = [-4096n, -9n, -8n, -7n, -1n, 0n, 1n, 4088n, 4089n, 4095n]

/** Whether the check lets an access of 1, 2, 4 or 8 bytes pass. */
function checker(m: TestMachine, table: number, pagesAtHome: boolean): (address: bigint, size: number) => boolean {
  const w = new ModuleWriter()
  w.importMemory('m', m.ram.limits)
  const code = new Code(2)
  toEntry(code.get(0), ENTRIES, () => code.i32(m.view.at))
  code.memory('i64.load', table)
  isElsewhere(code, pagesAtHome, () => code.get(0).get(1).op('i64.add').i64(-1n).op('i64.add'))
  w.addFunction(w.type(['i64', 'i64'], ['i32']), code, 'check')
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(w.write()), { e: { m: m.ram.memory } })
  const check = exports['check'] as (address: bigint, size: bigint) => number
  return (address, size) => check(address, BigInt(size)) === 0
}

test('a check lets pass what lies in one page that is there, whatever it looks like', () => {
  const m = new TestMachine(decodeAll)
  for (const at of PAGES) m.map(at, 1)
  const addresses = new Set(PLACES.flatMap((at) => OFFSETS.map((o) => BigInt.asUintN(64, at + o))))
  const wrong: string[] = []
  const look = (when: string, known: typeof PAGES): void => {
    for (const table of [VIEW.READ, VIEW.WRITE])
      for (const atHome of [true, false]) {
        const passes = checker(m, table, atHome)
        for (const address of addresses)
          for (const size of [1, 2, 4, 8]) {
            const page = known.find((p) => address >= p && address + BigInt(size) <= p + PAGE_SIZE)
            if (passes(address, size) !== (page !== undefined && (!atHome || AT_HOME.includes(page))))
              wrong.push(`${when}, table ${table}, at home ${atHome}: ${size} bytes at ${address.toString(16)}`)
          }
      }
  }
  look('before', [])
  for (const at of PAGES) m.view.writable(at)
  look('filled', PAGES)
  for (const at of PAGES) m.view.invalidate(at, 1)
  look('each forgotten', [])
  for (const at of PAGES) m.view.writable(at)
  m.view.invalidateAll()
  look('all forgotten', [])
  expect(wrong).toEqual([])
})
