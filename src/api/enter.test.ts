import { describe, expect, test } from 'vitest'
import { build, DATA, DO, TCS } from './enclave.fixture.ts'
import type { EncluError, VdsoAbi } from './index.ts'

const [EENTER, ERESUME, EEXIT] = [2, 3, 4]
const EINVAL = -22
const EFAULT = -14
const UD = 6
const GP = 13
const PF = 14
const PAGE = 4096n

const error = (promise: Promise<unknown>): Promise<EncluError> =>
  promise.then(
    () => expect.unreachable('the call came back'),
    (e: unknown) => e as EncluError,
  )

describe('mainline: a call without a handler', () => {
  const { enclave, memory } = build()
  const [tcs = 0n] = enclave.tcs

  test('that the enclave leaves with EEXIT', async () => {
    const { result, run, registers } = await enclave.enter({ rdi: DO.add, rsi: 41n, r8: 8n, r9: 9n, userData: 5n })
    expect(result).toBe(0)
    expect(run).toEqual({
      tcs,
      function: EEXIT,
      exception_vector: 0,
      exception_error_code: 0,
      exception_addr: 0n,
      user_handler: 0n,
      user_data: 5n,
      reserved: new Uint8Array(216),
    })
    expect(registers).toEqual({ rdi: 0n, rsi: 41n, rdx: 42n, r8: 8n, r9: 9n })
  })
  test('that ends in an exception of the enclave', async () => {
    const { result, run } = await enclave.enter({ rdi: DO.undefined, tcs: enclave.base + TCS[1] })
    expect([result, run.function, run.exception_vector, run.exception_addr]).toEqual([0, ERESUME, UD, 0n])
  })
  test('with the second TCS, whose only SSA frame is used up now: EENTER itself faults', async () => {
    const { result, run } = await enclave.enter({ tcs: enclave.base + TCS[1] })
    expect([result, run.function, run.exception_vector, run.exception_error_code]).toEqual([0, EENTER, GP, 0])
  })
  test('after a page fault, and ERESUME once the page is writable', async () => {
    const page = enclave.base + DATA
    memory.protect(page, 4096, 'r')
    const { run } = await enclave.enter({ rdi: DO.store, rsi: page + 8n })
    expect([run.function, run.exception_vector, run.exception_addr]).toEqual([ERESUME, PF, page])
    expect([4, 6, 7]).toContain(run.exception_error_code)
    memory.protect(page, 4096, 'rw')
    const resumed = await enclave.enter({ function: ERESUME })
    expect([resumed.run.function, resumed.registers.rdx]).toEqual([EEXIT, page + 9n])
  })
  test.each([0, 1, 4, 2 ** 32 - 1])('function %d: -EINVAL, and run stays as it was', async (leaf) => {
    const { result, run } = await enclave.enter({ function: leaf })
    expect([result, run.function]).toEqual([EINVAL, 0])
  })
  test.each([
    // Aligned as any other page.
    ['null', 0n, PF],
    ['not aligned', tcs + 8n, GP],
    ['not a TCS', enclave.base + 0x1000n, PF],
    ['no memory', 0x1000n, PF],
    ['not canonical', 1n << 63n, GP],
  ])('a TCS that is %s', async (_name, address, vector) => {
    const { result, run } = await enclave.enter({ tcs: address })
    expect([result, run.function, run.exception_vector]).toEqual([0, EENTER, vector])
  })
  test('two calls on one TCS at the same time: it is busy', async () => {
    const stop = new AbortController()
    const spinning = error(enclave.enter({ rdi: DO.spin, signal: stop.signal }))
    const { run } = await enclave.enter({ rdi: DO.add })
    expect([run.function, run.exception_vector]).toEqual([EENTER, GP])
    stop.abort('enough')
    expect(await spinning).toBe('enough')
  })
})

describe('mainline: a run of the caller', () => {
  const { enclave, memory } = build()
  const area = memory.allocate(2 * 4096)
  const prepared = (at: bigint): bigint => {
    memory.write(at, new Uint8Array(256))
    return at
  }

  test('anywhere, and also across pages', async () => {
    for (const at of [area, area + 1n, area + PAGE - 100n]) {
      const { result, run } = await enclave.enter({ run: prepared(at), tcs: enclave.tcs[0] ?? 0n, rdi: DO.add })
      expect([result, run.function]).toEqual([0, EEXIT])
      expect(memory.read(at + 8n, 1)).toEqual(Uint8Array.of(EEXIT))
    }
  })
  test('is not written by the library beyond what it was asked for', async () => {
    prepared(area)
    const { result, run } = await enclave.enter({ run: area })
    expect([result, run.tcs, run.function, run.exception_vector]).toEqual([0, 0n, EENTER, PF])
  })
  test('with any reserved byte set: -EINVAL', async () => {
    for (let offset = 40; offset < 256; offset++) {
      prepared(area)
      memory.write(area + BigInt(offset), Uint8Array.of(1))
      const { result, run } = await enclave.enter({ run: area, tcs: enclave.tcs[0] ?? 0n })
      expect([result, run.function]).toEqual([EINVAL, 0])
    }
  })
  const end = area + 2n * PAGE
  test.each([
    ['null', 0n],
    ['no memory', 0x2000n],
    ['across the end of memory', end - 100n],
  ])('that is %s: SIGSEGV, and the next call works', async (_name, run) => {
    if (run === end - 100n) memory.write(run, new Uint8Array(100))
    const e = await error(enclave.enter({ run }))
    expect([e.code, e.details['signal'], e.details['vector']]).toEqual(['ERR_GUEST_SIGNAL', 'SIGSEGV', PF])
    expect((await enclave.enter({ rdi: DO.add })).run.function).toBe(EEXIT)
  })
  test('that can only be read: SIGSEGV when the function writes it', async () => {
    prepared(area)
    memory.write(area, new Uint8Array(BigUint64Array.of(enclave.tcs[0] ?? 0n).buffer))
    memory.protect(area, 4096, 'r')
    const e = await error(enclave.enter({ run: area, rdi: DO.add }))
    expect([e.code, e.details['address']]).toEqual(['ERR_GUEST_SIGNAL', area + 8n])
    memory.protect(area, 4096, 'rw')
  })
  test('is not looked at when the function is wrong', async () => {
    const outcome = await enclave.enter({ run: 0n, function: 1 })
    expect(outcome.result).toBe(EINVAL)
    expect(() => outcome.run).toThrow(expect.objectContaining({ code: 'ERR_BAD_ADDRESS' }))
  })
})

describe.each(['v28', 'v29', 'v29-misc'] as const)('%s', (vdso) => {
  const { enclave, memory } = build<VdsoAbi & typeof vdso>({ vdso })

  test('the enclave leaves with EEXIT', async () => {
    const { result, registers } = await enclave.enter({ rdi: DO.add, rsi: 1n, r8: 8n, r9: 9n })
    expect([result, registers]).toEqual([0, { rdi: 0n, rsi: 1n, rdx: 2n, r8: 8n, r9: 9n }])
  })
  test('an exception: -EFAULT and the structure', async () => {
    const { result, run } = await enclave.enter({ rdi: DO.undefined })
    expect([result, run]).toEqual([EFAULT, { leaf: ERESUME, trapnr: UD, error_code: 0, address: 0n }])
  })
  test('an exception that nobody wants to know of', async () => {
    const { result } = await enclave.enter({ rdi: DO.undefined, run: 0n })
    expect(result).toBe(EFAULT)
  })
  test.each([0, 1, 4, 2 ** 32 - 1])('leaf %d: -EINVAL', async (leaf) => {
    expect((await enclave.enter({ function: leaf })).result).toBe(EINVAL)
  })
  test('e at an address where nothing can be written: SIGSEGV', async () => {
    const page = memory.allocate(4096, 'r')
    const e = await error(enclave.enter({ run: page, tcs: 0x1000n }))
    expect([e.code, e.details['signal'], e.details['address']]).toEqual(['ERR_GUEST_SIGNAL', 'SIGSEGV', page])
  })
})

describe('many calls', () => {
  test('give the same run each time', async () => {
    const runs = await Promise.all(
      [1, 2].map(async () => {
        const trace: string[] = []
        const { enclave } = build({ onSgx: (line) => trace.push(line) })
        const second = enclave.base + TCS[1]
        const calls = Array.from({ length: 20 }, (_, i) =>
          enclave.enter({ rdi: DO.add, rsi: BigInt(i), tcs: i % 2 ? second : (enclave.tcs[0] ?? 0n) }),
        )
        const outcomes = await Promise.all(calls)
        return [trace, outcomes.map((o) => [o.run.function, o.registers.rdx])]
      }),
    )
    expect(runs[0]).toEqual(runs[1])
  })
  test('one after the other use the same thread', async () => {
    const { enclave } = build()
    for (let i = 0n; i < 1000n; i++) expect((await enclave.enter({ rdi: DO.add, rsi: i })).registers.rdx).toBe(i + 1n)
  })
})
