/**
 * Random straight-line code, several instructions a block: what the translator knows across instructions (shared checks, flags that
 * nobody reads, addresses that follow from each other) must not show. The evaluator runs the same code one instruction at a time.
 */
import { expect, test } from 'vitest'
import { Random, testSeed } from '../../test/native/random-state.ts'
import { STATE, type Fault } from '../cpu/index.ts'
import { decodeAll } from '../isa/evaluator-engine.fixture.ts'
import { FAMILIES, type Row } from '../isa/index.ts'
import { randomEncoding } from '../isa/random-insn.fixture.ts'
import { TestMachine } from '../isa/test-machine.fixture.ts'
import { Engine } from './engine.ts'

const CODE = 0x2345_6000
const DATA = 0x1000_0000
const HLT = 0xf4
const PROGRAMS = Number(process.env['ENCLU_CASES'] ?? 500)
/** Moves, exchanges and additions make addresses; they come more often. */
const FAMILY_WEIGHTS = {
  move: 4,
  exchange: 3,
  add: 4,
  logic: 2,
  shift: 2,
  bit: 1,
  multiply: 1,
  stack: 1,
  rotate: 1,
  'sse-move': 2,
  'sse-integer': 1,
  'sse-float': 1,
  bmi: 1,
  // Legacy SSE keeps what VEX.128 zeroes: both in one program.
  'avx-move': 2,
  'avx-float': 1,
  'avx-shuffle': 1,
  'avx-integer': 1,
}

const rows: Row[] = Object.entries(FAMILY_WEIGHTS).flatMap(([family, weight]) => {
  const usable = (FAMILIES[family] ?? []).filter((r) => r.op && r.flow === undefined && !/\bO[bv]\b/.test(r.operands))
  return Array.from({ length: weight }, () => usable).flat()
})

function randomCode(random: Random): number[] {
  const code: number[] = []
  for (let k = 2 + random.below(8); k > 0; k--) code.push(...randomEncoding(random, random.pick(rows), decodeAll).code)
  return [...code, HLT]
}

interface Start {
  readonly gpr: readonly bigint[]
  readonly xmm: Uint8Array
  readonly ymmHigh: Uint8Array
  readonly memory: Uint8Array
  readonly flags: bigint
}

function randomStart(random: Random): Start {
  // Most registers point into the data, so that most of the code does not fault.
  const gpr = Array.from({ length: 16 }, () =>
    random.chance(0.7) ? BigInt(DATA + 0x200 + random.below(0x1c00)) : BigInt(random.below(256)),
  )
  const bytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => random.below(256))
  return {
    gpr,
    xmm: bytes(256),
    ymmHigh: bytes(256),
    memory: bytes(0x2000),
    flags: BigInt(random.below(0x1000) & 0x8d5),
  }
}

interface Runner {
  readonly m: TestMachine
  readonly engine: Engine
}

function runner(translate: boolean): Runner {
  const m = new TestMachine(decodeAll)
  m.state.xcr0 = 7n
  m.map(CODE, 1, 'rx')
  m.map(DATA, 2)
  return { m, engine: new Engine(m.state, m.evaluator, { translate, hot: 1 }) }
}

function run({ m, engine }: Runner, code: readonly number[], start: Start): Record<string, unknown> {
  m.ram.onCodeWrite((m.source.pages.get(CODE / 0x1000)?.frame ?? 0) / 0x1000)
  m.page(CODE).set(code)
  m.page(DATA).set(start.memory.subarray(0, 0x1000))
  m.page(DATA + 0x1000).set(start.memory.subarray(0x1000))
  // The tables are filled, so that translated code need not stop for that.
  for (const page of [DATA, DATA + 0x1000]) m.view.writable(page)
  start.gpr.forEach((v, n) => m.state.setGpr(n, v))
  for (let n = 0; n < 16; n++) m.state.xmm(n).set(start.xmm.subarray(16 * n, 16 * n + 16))
  m.ram.u8.set(start.ymmHigh, STATE.YMM_HIGH)
  m.state.rflags = start.flags
  m.state.mxcsr = 0x1fa0
  m.state.rip = CODE
  const exit = engine.run(1000)
  const fault = exit.kind === 'fault' ? exit.fault : undefined
  return {
    fault: fault && describeFault(fault),
    rip: m.state.rip,
    fuel: m.ram.i32[STATE.FUEL / 4],
    gpr: start.gpr.map((_, n) => m.state.gpr(n).toString(16)),
    flags: m.state.rflags,
    mxcsr: m.state.mxcsr,
    xmm: Array.from({ length: 16 }, (_, n) => Buffer.from(m.state.xmm(n)).toString('hex')),
    ymmHigh: Array.from({ length: 16 }, (_, n) => Buffer.from(m.state.ymmHigh(n)).toString('hex')),
    memory: Buffer.concat([m.page(DATA), m.page(DATA + 0x1000)]).toString('hex'),
  }
}
const describeFault = (f: Fault): string => `${f.name} ${f.errorCode} ${f.address?.toString(16)}`

test('legacy SSE keeps the upper half of a register, VEX.128 zeroes it', () => {
  const random = new Random(1)
  const start = randomStart(random)
  const halves = (code: readonly number[]): unknown[] =>
    [runner(true), runner(false)].map((r) => (run(r, [...code, HLT], start)['ymmHigh'] as string[])[1])
  const before = Buffer.from(start.ymmHigh.subarray(16, 32)).toString('hex')
  const zero = '00'.repeat(16)
  const PADDB = [0x66, 0x0f, 0xfc, 0xca] // paddb xmm1, xmm2
  const VPADDB = [0xc5, 0xf1, 0xfc, 0xca] // vpaddb xmm1, xmm1, xmm2
  const VANDPS = [0xc5, 0xec, 0x54, 0xcb] // vandps ymm1, ymm2, ymm3
  const VZEROUPPER = [0xc5, 0xf8, 0x77]
  const and = Buffer.from(start.ymmHigh.subarray(32, 48).map((b, k) => b & (start.ymmHigh[48 + k] ?? 0))).toString(
    'hex',
  )
  expect(halves(PADDB)).toEqual([before, before])
  expect(halves([...PADDB, ...VPADDB])).toEqual([zero, zero])
  expect(halves([...VPADDB, ...VANDPS, ...PADDB])).toEqual([and, and])
  expect(halves([...VANDPS, ...VZEROUPPER, ...PADDB])).toEqual([zero, zero])
})

test('without AVX state VEX-coded vector instructions do not exist, translated or not', () => {
  const start = randomStart(new Random(1))
  for (const translate of [true, false]) {
    const r = runner(translate)
    r.m.state.xcr0 = 3n
    const ends = (code: readonly number[]): string => {
      const { fault, rip } = run(r, code, start)
      return `${String(fault).slice(0, 2)} +${Number(rip) - CODE}`
    }
    // inc eax; vzeroupper; inc eax
    expect(ends([0xff, 0xc0, 0xc5, 0xf8, 0x77, 0xff, 0xc0, HLT])).toBe('UD +2')
    // andn eax, eax, eax needs none of it
    expect(ends([0xc4, 0xe2, 0x78, 0xf2, 0xc0, HLT])).toBe('GP +5')
  }
})

test(`${PROGRAMS} random programs end alike, translated and evaluated`, () => {
  const seed = testSeed()
  const random = new Random(seed)
  const [fast, exact] = [runner(true), runner(false)]
  for (let k = 0; k < PROGRAMS; k++) {
    const code = randomCode(random)
    const start = randomStart(random)
    const translated = run(fast, code, start)
    const evaluated = run(exact, code, start)
    expect(translated, `ENCLU_SEED=${seed}, program ${k}: ${Buffer.from(code).toString('hex')}`).toEqual(evaluated)
  }
})
