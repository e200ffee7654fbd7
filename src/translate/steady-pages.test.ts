import { describe, expect, test } from 'vitest'
import { Random, testSeed } from '../../test/native/random-state.ts'
import type { CheckGroup } from './affine.ts'
import type { InsnFacts } from './region-parts.ts'
import { NONE } from './register-flow.ts'
import { DATA, HLT, randomStart, run, runner } from './sequences.fixture.ts'
import { steadyChecks, type AnalyzedBlock } from './steady-pages.ts'
import type { Loop } from './structure.ts'

const LOOPS = Number(process.env['ENCLU_CASES'] ?? 400)
const [RCX, RDX, RBX, RSI, RDI] = [1, 2, 3, 6, 7]
const POINTERS = [RBX, RSI, RDI]
const BIG = 100_000

const imm8 = (n: number): number => n & 0xff
/** mod 01 with a displacement: [base + disp8]. */
const based = (base: number, disp: number): number[] => [0x40 | base, imm8(disp)]
const load64 = (base: number, disp: number): number[] => [0x48, 0x8b, ...based(base, disp)]
const store32 = (base: number, disp: number): number[] => [0x89, ...based(base, disp)]
const addByte = (base: number, disp: number): number[] => [0x00, ...based(base, disp)]
const loadIndexed = (base: number, scale: number, disp: number): number[] => [
  0x48,
  0x8b,
  0x44,
  (scale << 6) | (RDX << 3) | base,
  imm8(disp),
]
const step = (register: number, by: number): number[] => [0x48, 0x83, 0xc0 | register, imm8(by)]

/** Accesses and steps, some of them in only some rounds; then the next round. */
function randomLoop(random: Random): number[] {
  const body: number[] = []
  const disp = (): number => random.below(40) - 20
  const pointer = (): number => random.pick(POINTERS)
  for (let k = 2 + random.below(5); k > 0; k--)
    body.push(
      ...random.pick([
        () => load64(pointer(), disp()),
        () => store32(pointer(), disp()),
        () => addByte(pointer(), disp()),
        () => loadIndexed(pointer(), random.below(4), disp()),
        () => step(random.pick([...POINTERS, RDX]), random.pick([1, 4, 8, 24, 127, -1, -4, -8, -24, -128])),
        // Only while the byte read last is even: test al, 1; jne over it.
        () => [0xa8, 1, 0x75, 4, ...step(pointer(), random.pick([8, -8]))],
      ])(),
    )
  const next = [0x48, 0xff, 0xc8 | RCX] // dec rcx
  return [...body, ...next, 0x75, imm8(-(body.length + next.length + 2)), HLT]
}

test(`${LOOPS} random loops end alike, translated and evaluated`, () => {
  const seed = testSeed()
  const random = new Random(seed)
  const [fast, exact] = [runner(true), runner(false)]
  for (let k = 0; k < LOOPS; k++) {
    const code = randomLoop(random)
    const start = randomStart(random)
    const gpr = start.gpr.map((v, n) => (n === RCX ? BigInt(1 + random.below(600)) : n === RDX ? v & 63n : v))
    for (const p of POINTERS) gpr[p] = BigInt(DATA + random.below(0x2000))
    const translated = run(fast, code, { ...start, gpr }, BIG)
    const evaluated = run(exact, code, { ...start, gpr }, BIG)
    expect(translated, `ENCLU_SEED=${seed}, loop ${k}: ${Buffer.from(code).toString('hex')}`).toEqual(evaluated)
  }
})

/** Each ends with an access of eight bytes half of which are in the data, and half where nothing is. */
const ENDS: readonly [name: string, start: Readonly<Record<number, number>>, body: readonly number[]][] = [
  ['goes up, off the end of the last page', { [RSI]: DATA + 0x1f04 }, [...load64(RSI, 0), ...step(RSI, 8)]],
  ['goes down, out of the first page', { [RSI]: DATA + 0x104 }, [...load64(RSI, 0), ...step(RSI, -8)]],
  [
    'goes up as its index goes down',
    { [RSI]: DATA + 0x1e00, [RDX]: 0x104 },
    [...loadIndexed(RSI, 0, 0), ...step(RSI, 24), ...step(RDX, -16)],
  ],
  [
    'goes down as its index goes up',
    { [RSI]: DATA + 0x100, [RDX]: 4 },
    [...loadIndexed(RSI, 0, 0), ...step(RSI, -24), ...step(RDX, 16)],
  ],
  [
    'takes its address from another register',
    { [RSI]: DATA + 0x104, [RDX]: DATA + 0x104 },
    [...load64(RSI, 0), ...step(RDX, -8), 0x48, 0x89, 0xc0 | (RDX << 3) | RSI],
  ],
  [
    'goes down as it steps so far that two steps go around, and looks after every second one',
    { [RSI]: DATA + 0x40 },
    // mov rax, 2^63 - 1; add rsi, rax; test cl, 1; je over the access
    [
      0x48,
      0xb8,
      ...Array<number>(7).fill(0xff),
      0x7f,
      0x48,
      0x01,
      0xc0 | RSI,
      0xf6,
      0xc0 | RCX,
      1,
      0x74,
      4,
      ...load64(RSI, 0),
    ],
  ],
]

test.each(ENDS)('a loop that %s', (_, registers, body) => {
  const start = randomStart(new Random(1))
  const gpr = start.gpr.map((v, n) => BigInt(registers[n] ?? (n === RCX ? 100 : v)))
  const loop = [...body, 0x48, 0xff, 0xc8 | RCX, 0x75, imm8(-(body.length + 5)), HLT]
  const [translated, evaluated] = [true, false].map((t) => run(runner(t), loop, { ...start, gpr }, BIG))
  expect(translated).toEqual(evaluated)
  expect(evaluated?.['fault']).toMatch(/^PF/)
})

describe('which checks remember their page', () => {
  const group = (root: string): CheckGroup => ({ root, low: 0n, high: 8n, write: false, host: -1, steady: undefined })
  const facts = (g: CheckGroup): InsnFacts => ({
    accesses: [{ address: { root: g.root, offset: 0n }, size: 8, write: false, group: g }],
    readsFlags: false,
    setsFlags: false,
    mayExit: true,
    reads: NONE,
    writes: NONE,
  })
  const chosen = (loop: Partial<Loop>, roots: readonly string[], more: Partial<AnalyzedBlock> = {}): string[] => {
    const steps = Array.from({ length: 16 }, (_, n) => (n === 2 ? -8n : n === 3 ? undefined : 0n))
    const block = { address: 1, insns: [], successors: [1] }
    const analyzed = { block, facts: roots.map((root) => facts(group(root))), steps, hasOthers: false, ...more }
    const whole = { body: new Set([1]), isInnermost: true, isPeeled: true, behind: [], ...loop }
    return [...steadyChecks(whole, new Map([[1, analyzed]]))].map(([{ root }, up]) => `${root} ${up ? 'up' : 'down'}`)
  }
  test('those whose addresses are registers that go one way', () => {
    const roots = ['r1', 'r2', 'r3', 'r1+(r2<<3)', '(r1<<4)', '((r1<<3)<<3)', '#1', 'FS+r1', '']
    expect(chosen({}, roots)).toEqual(['r1 up', 'r2 down', 'r1+(r2<<3) down', ' up'])
  })
  test('not where other code may run in between, nor around another loop', () => {
    expect(chosen({}, ['r1'], { hasOthers: true })).toEqual([])
    expect(chosen({ isInnermost: false }, ['r1'])).toEqual([])
  })
  test('not where there are too many', () => {
    const roots = (n: number): string[] => Array.from({ length: n }, (_, k) => `r${4 + k}`)
    expect([chosen({}, roots(8)).length, chosen({}, roots(9)).length]).toEqual([8, 0])
  })
})
