/**
 * Random straight-line code, several instructions a block: what the translator knows across instructions (shared checks, flags that
 * nobody reads, addresses that follow from each other) must not show. The evaluator runs the same code one instruction at a time.
 */
import { expect, test } from 'vitest'
import { Random, testSeed } from '../../test/native/random-state.ts'
import { decodeAll } from '../isa/evaluator-engine.fixture.ts'
import { FAMILIES, type Row } from '../isa/index.ts'
import { randomEncoding } from '../isa/random-insn.fixture.ts'
import { CODE, HLT, randomStart, run, runner } from './sequences.fixture.ts'

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
