/** Repeated MOVS and STOS: evaluated, threaded and in regions alike, to the last register and byte. */
import { describe, expect, test } from 'vitest'
import { Random } from '../../test/native/random-state.ts'
import { PAGE_SIZE, STATE } from '../cpu/index.ts'
import { TestMachine } from '../isa/test-machine.fixture.ts'
import { RAX, RCX, RDI, RSI } from '../spec/x86/index.ts'
import { Engine } from './engine.ts'

const CODE = 0x40_0000
const DATA = 0x60_0000
/** Three pages, then one that may only be read, then none. */
const PAGES = 4

interface Start {
  readonly gpr: ReadonlyMap<number, bigint>
  readonly down: boolean
}

function machine(code: readonly number[], options: { translate: boolean; hot: number }) {
  const m = new TestMachine()
  m.map(CODE, 1, 'rx')
  m.map(DATA, PAGES)
  m.protect(DATA + (PAGES - 1) * PAGE_SIZE, 'r')
  // An instruction with a text: regions of none are not made.
  m.page(CODE).set([...code, 0x89, 0xdb, 0xf4]) // mov ebx, ebx; hlt
  const engine = new Engine(m.state, m.evaluator, options)
  const run = ({ gpr, down }: Start, fill: number): string => {
    for (let k = 0; k < PAGES; k++) m.page(DATA + k * PAGE_SIZE).forEach((_, n, page) => (page[n] = n * fill + k))
    for (const [n, value] of gpr) m.state.setGpr(n, value)
    m.evaluator.setDirection(down)
    m.state.rip = CODE
    const exit = engine.run(1_000_000)
    const memory = Array.from({ length: PAGES }, (_, k) => Buffer.from(m.page(DATA + k * PAGE_SIZE)).toString('hex'))
    const registers = [RAX, RCX, RSI, RDI].map((n) => m.state.gpr(n).toString(16))
    const fault = exit.kind === 'fault' ? `${exit.fault.name} ${exit.fault.errorCode} ${exit.fault.address}` : exit.kind
    return [fault, m.state.rip.toString(16), m.ram.i32[STATE.FUEL / 4], ...registers, ...memory].join('\n')
  }
  return { run, engine }
}

const CODES = {
  'rep movsb': [0xf3, 0xa4],
  'repne movsw': [0x66, 0xf2, 0xa5],
  'rep movsd': [0xf3, 0xa5],
  'rep movsq': [0xf3, 0x48, 0xa5],
  'rep stosb': [0xf3, 0xaa],
  'rep stosw': [0x66, 0xf3, 0xab],
  'rep stosd with a segment that does not count': [0x65, 0xf3, 0xab],
  'repne stosq': [0xf2, 0x48, 0xab],
  'rep movsb from FS': [0x64, 0xf3, 0xa4],
  'rep stosq with pointers of 32 bits': [0x67, 0xf3, 0x48, 0xab],
} as const

function randomStart(random: Random): Start {
  const address = (): bigint => {
    if (random.chance(0.02)) return random.u64()
    const offset = random.chance(0.5)
      ? random.below(PAGES * PAGE_SIZE)
      : PAGE_SIZE * random.below(PAGES + 1) - random.below(40)
    return BigInt(DATA + offset)
  }
  const count = random.pick([0, 1, 2, random.below(40), random.below(300), random.below(3 * PAGE_SIZE)])
  const near = address()
  const gpr = new Map([
    [RAX, random.chance(0.3) ? 0n : random.u64()],
    [RCX, random.chance(0.02) ? random.u64() : BigInt(count)],
    [RDI, near],
    [RSI, random.chance(0.3) ? near + BigInt(random.below(80) - 40) : address()],
  ])
  return { gpr, down: random.chance(0.05) }
}

describe('repeated strings', () => {
  for (const [name, code] of Object.entries(CODES)) {
    test(`${name}: evaluated, threaded and in regions alike`, () => {
      const random = new Random(7)
      const exact = machine(code, { translate: false, hot: 0 })
      const threaded = machine(code, { translate: true, hot: 1_000_000 })
      const region = machine(code, { translate: true, hot: 2 })
      for (let k = 0; k < 300; k++) {
        const [start, fill] = [randomStart(random), 1 + random.below(255)]
        const expected = exact.run(start, fill)
        expect(threaded.run(start, fill), `case ${k}`).toBe(expected)
        expect(region.run(start, fill), `case ${k}`).toBe(expected)
      }
      expect(region.engine.stats.regions).toBe(1)
      expect(threaded.engine.stats.regions).toBe(0)
    })
  }

  test('where nothing is unusual the evaluator does none', () => {
    const fast = machine(CODES['rep movsq'], { translate: true, hot: 2 })
    const gpr = new Map([
      [RCX, 100n],
      [RSI, BigInt(DATA)],
      [RDI, BigInt(DATA + PAGE_SIZE)],
    ])
    for (let k = 0; k < 50; k++) fast.run({ gpr, down: false }, k)
    const before = fast.engine.stats.evaluated
    for (let k = 0; k < 50; k++) fast.run({ gpr, down: false }, k)
    // HLT faults, which does not count.
    expect(fast.engine.stats.evaluated).toBe(before)
  })
})
