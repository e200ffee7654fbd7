import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isSkip } from '../support/cache.ts'
import { compareEngine, type Case, type Engine } from './compare.ts'
import { instructionFacts } from './instruction.ts'
import { codeAddress, Random, randomState, testSeed } from './random-state.ts'
import { dataPages, memoryResult, Oracle, oracleUnavailable, type NativeState } from './oracle.ts'

const reason = await oracleUnavailable()
const CODE = {
  xor: Uint8Array.of(0x48, 0x31, 0xd8), // xor rax, rbx
  store: Uint8Array.of(0x88, 0x4c, 0x53, 0x05), // mov [rbx+rdx*2+5], cl
  addps: Uint8Array.of(0x0f, 0x58, 0x07), // addps xmm0, [rdi]
}

function* casesOf(code: Uint8Array, n: number, seed: number): Generator<Case> {
  const random = new Random(seed)
  for (let i = 0; i < n; i++) yield { state: randomState(random, code, { codeEdge: 0 }) }
}

/** XOR RAX, RBX written by hand: enough of an engine to prove that the comparison agrees, and that it bites. */
function xorEngine(break_: (s: NativeState, flags: number) => number): Engine {
  return {
    name: 'xor',
    run(s) {
      const gpr = s.gpr.slice()
      const value = (gpr[0] ?? 0n) ^ (gpr[3] ?? 0n)
      gpr[0] = value
      const ones = (value & 0xffn).toString(2).replaceAll('0', '').length
      const flags = (ones % 2 === 0 ? 4 : 0) | (value === 0n ? 0x40 : 0) | (value >> 63n ? 0x80 : 0)
      const rflags = break_(s, flags | (Number(s.rflags) & 0x400))
      return { gpr, rip: codeAddress(s) + 3n, rflags, mxcsr: s.mxcsr, xmm: s.xmm, ...memoryResult(dataPages(s)) }
    },
  }
}

test('random states depend on the seed alone', () => {
  const states = (seed: number): NativeState[] => [...casesOf(CODE.store, 20, seed)].map((c) => c.state)
  expect(states(7)).toEqual(states(7))
  expect(states(7)).not.toEqual(states(8))
})

test('facts of an instruction', () => {
  expect(instructionFacts(CODE.store)).toMatchObject({
    text: 'mov [rbx+rdx*2+5], cl',
    memory: { base: 3, index: 2, scale: 2, displacement: 5n },
    valid: true,
  })
  expect(instructionFacts(Uint8Array.of(0xf3, 0xa4)).implicitAddresses).toEqual([7, 6])
  expect(instructionFacts(Uint8Array.of(0x48, 0x31, 0xd8)).undefinedFlags).toBe(0x10)
  expect(instructionFacts(Uint8Array.of(0x06)).valid).toBe(false)
})

describe.skipIf(reason !== undefined)(`comparison${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let oracle: Oracle
  const seed = testSeed()
  beforeAll(async () => {
    const o = await Oracle.open()
    if (isSkip(o)) throw new Error(o.skip)
    oracle = o
  })
  afterAll(() => oracle?.close())

  test('an engine that is right agrees everywhere', async () => {
    const r = await compareEngine(
      oracle,
      xorEngine((_, f) => f),
      casesOf(CODE.xor, 5000, seed),
    )
    expect(r, `ENCLU_SEED=${seed}\n${r.failures.join('\n')}`).toMatchObject({ compared: 5000, failed: 0 })
  })

  test('an engine that is wrong in one flag of few states is caught and described', async () => {
    const wrong = xorEngine((s, f) => ((s.gpr[0] ?? 0n) === (s.gpr[3] ?? 0n) ? f ^ 0x40 : f))
    const r = await compareEngine(oracle, wrong, casesOf(CODE.xor, 5000, seed))
    expect(r.failed).toBeGreaterThan(5)
    expect(r.failures).toHaveLength(5)
    expect(r.failures[0]).toMatch(/^xor rax, rbx\n {2}RFLAGS\n {4}native .*ZF.*\n {4}xor {4}.*zf/)
  })

  test('aimed operands mostly hit, and faults of every kind happen', async () => {
    const natives = [
      ...(await oracle.run([...casesOf(CODE.store, 2000, seed)].map((c) => c.state))),
      ...(await oracle.run([...casesOf(CODE.addps, 2000, seed)].map((c) => c.state))),
    ]
    const faults = natives.filter((r) => r.fault).map((r) => `${r.fault?.vector}/${r.fault?.errorCode}`)
    expect(faults.length).toBeGreaterThan(400)
    expect(faults.length).toBeLessThan(2800)
    for (const kind of ['14/4', '14/6', '14/7', '13/0', '19/0']) expect(faults).toContain(kind)
  })
})
