import { describe, expect, test } from 'vitest'
import { fromHex } from '../base/index.ts'
import { Fault } from '../cpu/index.ts'
import { RCX, RDI, RSI } from '../spec/x86/index.ts'
import { decodeAll } from './evaluator-engine.fixture.ts'
import { TestMachine } from './test-machine.fixture.ts'

const CODE = 0x40_0000
const DATA = 0x50_0000

function machine(): TestMachine {
  const m = new TestMachine()
  m.map(DATA, 64)
  m.state.rip = CODE
  return m
}

/** Name of the fault, or the kind of exit, or nothing. */
function step(m: TestMachine, hex: string): string | undefined {
  const i = decodeAll(fromHex(hex.replaceAll(' ', '')), 0, m.state.rip)
  if (!i) return 'truncated'
  try {
    return m.evaluator.step(i)?.kind
  } catch (e) {
    if (e instanceof Fault) return e.name
    throw e
  }
}

describe('inside an enclave', () => {
  // prettier-ignore
  test.each([
    ['syscall', '0f 05'], ['sysenter', '0f 34'], ['cpuid', '0f a2'], ['int', 'cd 03'], ['in', 'ec'], ['out', 'ee'], ['ins', '6c'], ['outs', '6e'],
    ['mov ds', '8e d8'], ['pop fs', '0f a1'], ['sgdt', '0f 01 07'], ['sidt', '0f 01 0f'], ['sldt', '0f 00 c0'], ['str', '0f 00 c8'], ['rdpmc', '0f 33'],
  ])('%s is #UD', (_, hex) => {
    const m = machine()
    m.state.inEnclave = true
    expect(step(m, hex)).toBe('UD')
    expect(m.state.rip).toBe(CODE)
  })

  // prettier-ignore
  test.each([
    ['rdtsc', '0f 31', undefined], ['rdrand', '0f c7 f0', undefined], ['enclu', '0f 01 d7', 'enclu'], ['int3', 'cc', 'BP'], ['push fs', '0f a0', 'PF'],
  ])('%s is not', (_, hex, result) => {
    const m = machine()
    m.state.inEnclave = true
    expect(step(m, hex)).toBe(result)
  })
})

describe('long string instructions', () => {
  test('pause with RIP at the instruction and go on where they were', () => {
    const m = machine()
    const count = 0x3_0000n
    m.state.setGpr(RDI, BigInt(DATA))
    m.state.setGpr(RCX, count)
    m.state.setGpr(0, 0x2an)
    let steps = 0
    for (; m.state.rip === CODE; steps++) expect(step(m, 'f3 aa')).toBeUndefined()
    expect(steps).toBe(3)
    expect(m.state.gpr(RCX)).toBe(0n)
    expect(m.state.gpr(RDI)).toBe(BigInt(DATA) + count)
    expect(m.view.read(DATA, Number(count)).every((b) => b === 0x2a)).toBe(true)
  })

  test('leave the flags alone until the last comparison', () => {
    const m = machine()
    m.state.rflags = 1n
    m.state.setGpr(RDI, BigInt(DATA))
    m.state.setGpr(RSI, BigInt(DATA))
    m.state.setGpr(RCX, 0x1_0001n)
    step(m, 'f3 a6')
    expect([m.state.rip, m.state.rflags & 0x41n]).toEqual([CODE, 1n])
    step(m, 'f3 a6')
    expect([m.state.rip, m.state.rflags & 0x41n]).toEqual([CODE + 2, 0x40n])
  })

  test('copy between two mappings of one frame as if they were one', () => {
    const m = machine()
    const alias = 0x70_0000
    const page = m.source.pages.get(DATA / 4096)
    if (page) m.source.pages.set(alias / 4096, page)
    m.page(DATA)[0] = 0x41
    m.state.setGpr(RSI, BigInt(DATA))
    m.state.setGpr(RDI, BigInt(alias) + 1n)
    m.state.setGpr(RCX, 8n)
    step(m, 'f3 a4')
    expect(Array.from(m.page(DATA).subarray(0, 10))).toEqual([0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0])
  })
})

test('ENCLU leaves RIP at itself, SYSCALL behind itself', () => {
  const m = machine()
  expect(step(m, '0f 01 d7')).toBe('enclu')
  expect(m.state.rip).toBe(CODE)
  expect(step(m, '0f 05')).toBe('syscall')
  expect(m.state.rip).toBe(CODE + 2)
})
