/**
 * Random bytes executed as code, by the evaluator and by the engine that translates: every run ends in a fault, a system call, ENCLU, an
 * instruction that is told by name, or its budget; never in an error of ours. Both ways end alike, and memory that was not granted is as before.
 * `ENCLU_BUFFERS` sets how many, `ENCLU_SEED` changes them.
 */
import { Buffer as Bytes } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/index.ts'
import { Fault, PAGE_SIZE, STATE } from '../../src/cpu/index.ts'
import { decodeAll } from '../../src/isa/evaluator-engine.fixture.ts'
import { LONGEST, randomBytes } from '../../src/isa/random-bytes.fixture.ts'
import { TestMachine } from '../../src/isa/test-machine.fixture.ts'
import { RSP } from '../../src/spec/x86/index.ts'
import { Engine } from '../../src/translate/index.ts'
import { EDGE_INTEGERS, Random, testSeed } from '../native/random-state.ts'

const wanted = Number(process.env['ENCLU_BUFFERS'] ?? 20_000)
const CODE = 0x40_0000
const DATA = 0x60_0000
const READ_ONLY = 0x60_2000
const STACK = 0x7fff_0000_0000
/** Frames that no view maps, between the granted ones. */
const FORBIDDEN = 8
const SECRET = 0x5a
/** Instructions for one buffer: enough to come back to a loop's start often. */
const BUDGET = 400
/** Machines are made anew, so that neither has grown old. */
const LIFETIME = 20_000
const INSTRUCTIONS = 12
/** Every how many buffers code runs twice, and forbidden memory is looked at. */
const TWICE = 16
const CHECKED = 50

interface Guest {
  readonly m: TestMachine
  readonly engine: Engine
  readonly forbidden: readonly number[]
}

function guest(translate: boolean): Guest {
  const m = new TestMachine(decodeAll)
  const forbidden: number[] = []
  const map = (address: number, count: number, protection: 'rw' | 'r' | 'rwx'): void => {
    for (let k = 0; k < count; k++) {
      m.map(address + k * PAGE_SIZE, 1, protection)
      const frame = m.ram.allocateFrame()
      m.ram.u8.fill(SECRET, frame, frame + PAGE_SIZE)
      if (forbidden.length < FORBIDDEN) forbidden.push(frame)
    }
  }
  map(CODE, 1, 'rwx')
  map(DATA, 2, 'rw')
  map(READ_ONLY, 1, 'r')
  map(STACK, 2, 'rw')
  m.state.xcr0 = 7n
  return { m, engine: new Engine(m.state, m.evaluator, { translate, hot: 1 }), forbidden }
}

const compareBytes = (a: Uint8Array, b: Uint8Array): number => Bytes.compare(a, b)

interface Buffer {
  readonly code: Uint8Array
  readonly gpr: readonly bigint[]
  readonly vectors: Uint8Array
}

const near = (random: Random, address: number): bigint =>
  BigInt(address + 8 * random.below(PAGE_SIZE / 4) - PAGE_SIZE / 4)

/** Bytes by chance, or instructions packed as a program's are; then NOPs to the end of the page. */
function code(random: Random): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE).fill(0x90)
  const bytes = randomBytes(random, INSTRUCTIONS)
  if (random.chance(0.3)) page.set(bytes)
  else {
    let at = 0
    for (let k = 0; k < bytes.length; k += LONGEST) {
      const piece = bytes.subarray(k, k + LONGEST)
      const length = decodedLength(piece, CODE + at)
      page.set(piece.subarray(0, length), at)
      at += length
    }
  }
  // Short jumps back make loops.
  if (random.chance(0.3))
    page.set([random.pick([0xeb, 0x75, 0x74, 0xe2, 0x72]), 256 - random.below(100)], random.below(100))
  return page
}

/** 0 for what is no instruction. */
function decodedLength(bytes: Uint8Array, address: number): number {
  try {
    return decodeAll(bytes, 0, address)?.length ?? 0
  } catch (e) {
    if (e instanceof Fault) return 0
    throw e
  }
}

function register(random: Random, n: number): bigint {
  if (n === RSP) return near(random, STACK + PAGE_SIZE)
  const kind = random.below(10)
  if (kind < 6) return near(random, random.pick([DATA, DATA + PAGE_SIZE, READ_ONLY, CODE]))
  return kind < 8 ? random.pick(EDGE_INTEGERS) : random.u64()
}

function buffer(random: Random): Buffer {
  const vectors = new Uint32Array(64)
  for (let k = 0; k < vectors.length; k++) vectors[k] = random.u32()
  const gpr = Array.from({ length: 16 }, (_, n) => register(random, n))
  return { code: code(random), gpr, vectors: new Uint8Array(vectors.buffer) }
}

const isUntouched = ({ m, forbidden }: Guest): boolean =>
  forbidden.every((at) => m.ram.u8.subarray(at, at + PAGE_SIZE).every((x) => x === SECRET))
const replay = (k: number, { code }: Buffer): string =>
  `ENCLU_SEED=${testSeed()}, buffer ${k}: ${toHex(code.slice(0, 200))}`

const PAGES = [CODE, DATA, DATA + PAGE_SIZE, READ_ONLY, STACK, STACK + PAGE_SIZE] as const

/** Runs a buffer from the start and tells how it ended. What is there already is not written again: the code may be translated. */
function run({ m, engine }: Guest, b: Buffer): string {
  const { state, ram } = m
  state.reset()
  b.gpr.forEach((v, n) => state.setGpr(n, v))
  ram.u8.set(b.vectors, STATE.XMM)
  state.fsBase = BigInt(DATA)
  state.rip = CODE
  if (compareBytes(m.page(CODE), b.code) !== 0) m.view.write(CODE, b.code)
  for (const address of PAGES) if (address !== CODE) m.page(address).fill(address % 251)
  engine.setView(m.view)
  return endOf(engine)
}

function endOf(engine: Engine): string {
  const exit = engine.run(BUDGET)
  return exit.kind === 'fault' ? `#${exit.fault.name}` : exit.kind
}

/** The first thing that a program could see to be different; undefined if there is none. */
function difference(a: TestMachine, b: TestMachine): string | undefined {
  for (let n = 0; n < 16; n++) if (a.state.gpr(n) !== b.state.gpr(n)) return `register ${n}`
  if (a.state.rflags !== b.state.rflags) return 'RFLAGS'
  for (const name of ['RIP', 'MXCSR', 'FS_BASE', 'GS_BASE'] as const)
    if (a.ram.u32[STATE[name] / 4] !== b.ram.u32[STATE[name] / 4]) return name
  const vectors = (m: TestMachine): Uint8Array => m.ram.u8.subarray(STATE.XMM, STATE.SIZE)
  if (compareBytes(vectors(a), vectors(b)) !== 0) return 'vector or x87 registers'
  const page = PAGES.find((address) => compareBytes(a.page(address), b.page(address)) !== 0)
  return page === undefined ? undefined : `memory at ${page.toString(16)}`
}

describe('random bytes as code', { timeout: 7_200_000 }, () => {
  test('end in an exception by name or in their budget, in both readers alike', () => {
    const seed = testSeed()
    const random = new Random(seed)
    const ends = new Map<string, number>()
    let [evaluated, translated] = [guest(false), guest(true)]
    let regions = 0
    for (let k = 0; k < wanted; k++) {
      const b = buffer(random)
      const end = run(evaluated, b)
      ends.set(end, (ends.get(end) ?? 0) + 1)
      // The second time finds its blocks counted, and translates them.
      for (let times = k % TWICE === 0 ? 2 : 1; times > 0; times--) {
        const other = run(translated, b)
        const found = end === other && end !== 'budget' ? difference(evaluated.m, translated.m) : undefined
        if (end !== other || found) expect.fail(`${replay(k, b)}: ${end}, ${other}: ${found ?? ''}`)
      }
      if (k % CHECKED === 0) for (const g of [evaluated, translated]) expect(g, replay(k, b)).toSatisfy(isUntouched)
      if (k % LIFETIME !== LIFETIME - 1) continue
      regions += translated.engine.stats.regions
      ;[evaluated, translated] = [guest(false), guest(true)]
    }
    regions += translated.engine.stats.regions
    const told = [...ends].toSorted(([, a], [, b]) => b - a).map(([end, n]) => `${end} ${n.toLocaleString('en-US')}`)
    process.stdout.write(
      `${wanted.toLocaleString('en-US')} buffers, ${regions.toLocaleString('en-US')} regions: ${told.join(', ')}\n`,
    )
    expect(regions).toBeGreaterThan(0)
  })
})
