import { describe, expect, test } from 'vitest'
import { build, DATA, DO, TCS } from './enclave.fixture.ts'
import type { MachineOptions } from './index.ts'

/** Entering for the hundredth time is what entering for the first time is, though then it is done by translated code. */
const ERESUME = 3
const [PF, GP] = [14, 13]
const HOT = { translateAfter: 3 }

/** Many calls in which everything happens that changes how an enclave is entered. */
async function story(options: MachineOptions<'mainline'>): Promise<unknown> {
  const { machine, enclave, memory } = build(options)
  const seen: unknown[] = []
  const page = enclave.base + DATA
  for (let i = 0; i < 24; i++) {
    const tcs = enclave.base + TCS[i % 8 === 7 ? 1 : 0]
    seen.push((await enclave.enter({ tcs, rdi: DO.add, rsi: BigInt(i), r8: 7n })).registers)
    if (i % 8 !== 5) continue
    memory.protect(page, 4096, 'r')
    seen.push((await enclave.enter({ rdi: DO.store, rsi: page })).run.exception_vector)
    // In the other frame.
    seen.push((await enclave.enter({ rdi: DO.add, rsi: 1n })).registers)
    memory.protect(page, 4096, 'rw')
    seen.push((await enclave.enter({ function: ERESUME })).registers)
  }
  const { instructions, transitions } = machine.stats()
  return { seen, instructions, transitions }
}

describe('enclaves that are entered again and again', () => {
  test('the same registers, transitions and instructions, translated or not, watched or not', async () => {
    const expected = await story({ translate: false })
    expect(await story(HOT)).toEqual(expected)
    expect(await story({ ...HOT, onSgx: () => {} })).toEqual(expected)
    expect(await story({ onStep: () => {} })).toEqual(expected)
  })
  test.each([
    ['TCS', TCS[0]],
    ['SSA', 0x2000n],
  ])('the %s cannot be written to any more: EENTER faults', async (_, offset) => {
    const { enclave, memory } = build(HOT)
    for (let i = 0; i < 20; i++) await enclave.enter({ rdi: DO.add })
    memory.protect(enclave.base + offset, 4096, 'r')
    const { run } = await enclave.enter({ rdi: DO.add })
    expect([run.function, run.exception_vector, run.exception_addr]).toEqual([2, PF, enclave.base + offset])
    memory.protect(enclave.base + offset, 4096, 'rw')
    expect((await enclave.enter({ rdi: DO.add, rsi: 4n })).registers.rdx).toBe(5n)
  })
  test('frames used up: EENTER faults', async () => {
    const { enclave } = build(HOT)
    for (let i = 0; i < 20; i++) await enclave.enter({ rdi: DO.add })
    for (let i = 0; i < 2; i++) await enclave.enter({ rdi: DO.undefined })
    const { run } = await enclave.enter({ rdi: DO.add })
    expect([run.function, run.exception_vector]).toEqual([2, GP])
  })
})
