/** Code that one engine has made is used by another, where it holds, and only there. */
import { describe, expect, test } from 'vitest'
import { PAGE_SIZE, STATE } from '../cpu/index.ts'
import { TestMachine } from '../isa/test-machine.fixture.ts'
import { Engine } from './engine.ts'
import type { KeptTranslations } from './engine-options.ts'
import type { NativeCode } from './native-code.ts'

const CODE = 0x40_0000
const DATA = 0x60_0000
const [RAX, RDI] = [0, 7]

const i32 = (n: number): number[] => [n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, n >>> 24]

/** Adds `step` to RAX 1000 times; what comes behind it runs once. */
const adder = (step: number): number[] => [
  ...[0xb9, ...i32(1000)], // mov ecx, 1000
  ...[0x48, 0x83, 0xc0, step], // add rax, step
  ...[0xff, 0xc9], // dec ecx
  ...[0x75, 0xf8], // jne -8
  ...[0x48, 0x83, 0xe8, 0x01], // sub rax, 1
  0xf4, // hlt
]

interface Made {
  readonly rax: bigint
  readonly stats: Engine['stats']
  readonly kept: KeptTranslations
}

interface RunOptions {
  readonly offset?: number
  readonly inEnclave?: boolean
  readonly native?: NativeCode
}

/** Runs `code`, which begins `offset` bytes into the first of three pages, until HLT, which raises #GP. */
function run(
  code: readonly number[],
  kept: KeptTranslations,
  { offset = 0, inEnclave = false, native }: RunOptions = {},
): Made {
  const m = new TestMachine()
  m.map(CODE, 3, 'rwx')
  m.map(DATA, 1)
  for (let k = 0; k < code.length; k++) m.page(CODE + offset + k)[(offset + k) % PAGE_SIZE] = code[k] ?? 0
  m.state.rip = CODE + offset
  m.state.setGpr(RDI, BigInt(DATA))
  m.state.inEnclave = inEnclave
  const engine = new Engine(m.state, m.evaluator, { hot: 20, kept, ...(native && { native }) })
  const exit = engine.run(1_000_000)
  expect(exit.kind === 'fault' && exit.fault.name).toBe('GP')
  expect(1_000_000 - (m.ram.i32[STATE.FUEL / 4] ?? 0)).toBeGreaterThan(2000)
  return { rax: m.state.gpr(RAX), stats: engine.stats, kept: { ...kept, ...engine.keep() } }
}

const use = ({ rax, stats }: Made) => ({
  rax,
  made: stats.regions,
  kept: stats.keptRegions,
  evaluated: stats.evaluated,
})

describe('code that is kept', () => {
  test.each([
    ['in one page', 0],
    ['across two pages, an instruction too', PAGE_SIZE - 7],
    ['whose last block ends in the next page', PAGE_SIZE - 15],
  ])('%s: the second run makes nothing', (_, offset) => {
    const first = run(adder(3), {}, { offset })
    expect([first.rax, first.stats.regions > 0, first.stats.keptRegions]).toEqual([2999n, true, 0])
    const second = run(adder(3), first.kept, { offset })
    expect(use(second)).toEqual({ rax: 2999n, made: 0, kept: first.stats.regions, evaluated: 0 })
    // It ran the rest for a second time, for which there are handlers now.
    const third = run(adder(3), second.kept, { offset })
    expect(use(third)).toEqual({ rax: 2999n, made: 0, kept: first.stats.regions, evaluated: 0 })
    expect([third.kept.program, third.kept.handlers], 'nothing new').toEqual([
      second.kept.program,
      second.kept.handlers,
    ])
  })

  test.each([
    ['in the loop', 0, adder(5), 4999n],
    ['behind it', 0, [...adder(3).slice(0, 16), 0x02, 0xf4], 2998n],
    ['in the second page', PAGE_SIZE - 7, adder(5), 4999n],
  ])('is not used where a byte has changed %s', (_, offset, code, rax) => {
    const second = run(code, run(adder(3), {}, { offset }).kept, { offset })
    expect(use(second)).toMatchObject({ rax, kept: 0 })
    const third = run(code, second.kept, { offset })
    expect(use(third)).toMatchObject({ rax, made: 0, evaluated: 0 })
    // Both versions are known now.
    expect(use(run(adder(3), third.kept, { offset }))).toMatchObject({ rax: 2999n, made: 0 })
  })

  test('gives way to code that the guest writes', () => {
    const bytes = [
      ...[0xba, ...i32(2)], // mov edx, 2
      ...[0xb9, ...i32(1000)], // mov ecx, 1000
      ...[0x48, 0x83, 0xc0, 0x03], // add rax, 3
      ...[0xff, 0xc9], // dec ecx
      ...[0x75, 0xf8], // jne -8
      ...[0x80, 0x05, ...i32(-12), 0x02], // add byte [rip - 12], 2: what is added to rax
      ...[0xff, 0xca], // dec edx
      ...[0x75, 0xe8], // jne -24
      0xf4, // hlt
    ]
    const first = run(bytes, {})
    const second = run(bytes, first.kept)
    expect([first.rax, second.rax]).toEqual([8000n, 8000n])
  })

  test('is not what an enclave runs', () => {
    const first = run(adder(3), {}, { inEnclave: true })
    const second = run(adder(3), first.kept, { inEnclave: true })
    expect(use(second)).toMatchObject({ rax: 2999n, kept: 0, made: first.stats.regions })
  })

  test('has regions that need no handlers, and is as good as nothing where it was spoilt', () => {
    const { program } = run(adder(3), {}).kept
    expect(use(run(adder(3), program ? { program } : {}))).toMatchObject({ rax: 2999n, made: 0, kept: 1 })
    const spoilt = program?.slice() ?? new Uint8Array(1)
    spoilt.fill(0, spoilt.length - 200)
    for (const strange of [
      spoilt,
      new Uint8Array(0),
      Uint8Array.of(1, 2, 3),
      program?.slice(0, -1) ?? new Uint8Array(1),
    ])
      expect(use(run(adder(3), { program: strange, handlers: strange }))).toMatchObject({ rax: 2999n, kept: 0 })
  })
})

describe('what the host has compiled', () => {
  /** A host whose native code is the number of the module that it was written from. */
  const host = (accepts = true) => {
    const written: WebAssembly.Module[] = []
    const native: NativeCode = {
      isOptimized: () => true,
      write: (module) => Uint8Array.of(written.push(module) - 1),
      restore: (bytes) => (accepts ? written[bytes[0] ?? -1] : undefined),
    }
    return { written, native }
  }

  test('is used by later runs, and not written again', () => {
    const { written, native } = host()
    const first = run(adder(3), {}, { native })
    const second = run(adder(3), first.kept, { native })
    expect([first.stats.keptCompiled, second.stats.keptCompiled, second.rax]).toEqual([0, first.stats.regions, 2999n])
    const third = run(adder(3), second.kept, { native })
    const count = written.length
    expect(run(adder(3), third.kept, { native }).kept).toEqual(third.kept)
    expect(written).toHaveLength(count)
  })

  test('is compiled again by a host that cannot use it, and kept anew', () => {
    const first = run(adder(3), {}, host())
    const other = host(false)
    const second = run(adder(3), first.kept, other)
    expect([second.stats.keptRegions, second.stats.keptCompiled, second.rax]).toEqual([first.stats.regions, 0, 2999n])
    expect(other.written.length).toBeGreaterThan(0)
  })

  test('survives a run of a host that keeps none', () => {
    const { native } = host()
    const first = run(adder(3), {}, { native })
    const second = run(adder(3), first.kept)
    expect(second.stats.keptCompiled).toBe(0)
    expect(run(adder(3), second.kept, { native }).stats.keptCompiled).toBe(first.stats.regions)
  })
})
