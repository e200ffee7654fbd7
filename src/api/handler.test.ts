import { describe, expect, test } from 'vitest'
import { build, DATA, DO, layout, sigstructOf, TCS } from './enclave.fixture.ts'
import type { EarlyHandler, UserHandler } from './index.ts'

const [EENTER, ERESUME, EEXIT] = [2, 3, 4]
const UD = 6
const PF = 14
const EARLY = ['v28', 'v29', 'v29-misc'] as const

describe('a handler of mainline', () => {
  const { enclave, memory } = build()

  test('is given the registers of the enclave and run, in guest memory', async () => {
    const seen: unknown[] = []
    const handler: UserHandler = (rdi, rsi, rdx, rsp, r8, r9, run) => {
      seen.push(rdi, rsi, rdx, r8, r9, run.function, run.tcs, run.user_data)
      expect(rsp % 8n).toBe(0n)
      // The return address of the function is where RSP was when it was called, below RBP and RBX.
      expect(memory.read(rsp, 8)).toHaveLength(8)
      run.user_data = 77n
      return 0
    }
    const { result, run } = await enclave.enter({ rdi: DO.add, rsi: 1n, r8: 8n, r9: 9n, handler, userData: 5n })
    expect(seen).toEqual([0n, 1n, 2n, 8n, 9n, EEXIT, enclave.tcs[0], 5n])
    expect([result, run.user_data]).toEqual([0, 77n])
    expect(run.user_handler).not.toBe(0n)
  })
  test.each([0, -1, -22, -(2 ** 31)])('returns %d, and so does the call', async (answer) => {
    expect((await enclave.enter({ handler: () => answer })).result).toBe(answer)
  })
  test.each([1, 4, 2 ** 31 - 1])('returns %d, which is no leaf: -EINVAL', async (answer) => {
    let count = 0
    const handler: UserHandler = () => (count++, answer)
    expect([(await enclave.enter({ handler })).result, count]).toEqual([-22, 1])
  })
  test('returns EENTER: the enclave is entered again, with the registers as they are', async () => {
    const seen: bigint[] = []
    const handler: UserHandler = (_rdi, rsi, rdx) => (seen.push(rsi, rdx), seen.length < 6 ? EENTER : 0)
    expect((await enclave.enter({ rsi: 5n, handler })).result).toBe(0)
    expect(seen).toEqual([5n, 6n, 5n, 6n, 5n, 6n])
  })
  test('repairs what the enclave faulted on, and resumes it', async () => {
    const page = enclave.base + DATA
    memory.protect(page, 4096, 'r')
    const events: unknown[] = []
    const handler: UserHandler = (_rdi, _rsi, rdx, _rsp, _r8, _r9, run) => {
      events.push(run.function, run.function === ERESUME ? [run.exception_vector, run.exception_addr] : rdx)
      if (run.function === EEXIT) return 0
      memory.protect(page, 4096, 'rw')
      return ERESUME
    }
    const { result } = await enclave.enter({ rdi: DO.store, rsi: page, handler })
    expect([result, events]).toEqual([0, [ERESUME, [PF, page], EEXIT, page + 1n]])
  })
  test('writes run: another TCS is entered next', async () => {
    const second = enclave.base + TCS[1]
    const seen: bigint[] = []
    const handler: UserHandler = (_rdi, _rsi, _rdx, _rsp, _r8, _r9, run) => {
      seen.push(run.tcs)
      run.tcs = second
      return seen.length < 2 ? EENTER : 0
    }
    await enclave.enter({ handler })
    expect(seen).toEqual([enclave.tcs[0], second])
  })
  test('makes run wrong: -EINVAL', async () => {
    const handler: UserHandler = (_rdi, _rsi, _rdx, _rsp, _r8, _r9, run) => {
      run.reserved = run.reserved.with(215, 1)
      return EENTER
    }
    expect((await enclave.enter({ handler })).result).toBe(-22)
  })
  test('answers later', async () => {
    const handler: UserHandler = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return -7
    }
    expect((await enclave.enter({ handler })).result).toBe(-7)
  })
  test('at an address where there is no code: SIGSEGV', async () => {
    await expect(enclave.enter({ handler: 0xdead_0000n })).rejects.toMatchObject({
      code: 'ERR_GUEST_SIGNAL',
      details: { signal: 'SIGSEGV', rip: 0xdead_0000n },
    })
  })
  test('is not called when the leaf is wrong', async () => {
    const handler = (): number => expect.unreachable('called')
    expect((await enclave.enter({ function: 9, handler })).result).toBe(-22)
  })
  test.each([
    ['nothing', undefined],
    ['a fraction', 0.5],
    ['too much', 2 ** 31],
    ['a bigint', 0n],
    ['a text', '0'],
  ])('that returns %s: ERR_BAD_ARGUMENT', async (_name, answer) => {
    const handler = (() => answer) as unknown as UserHandler
    await expect(enclave.enter({ handler })).rejects.toMatchObject({ code: 'ERR_BAD_ARGUMENT' })
    expect((await enclave.enter()).result).toBe(0)
  })
})

describe.each(EARLY)('a handler of %s', (vdso) => {
  const { enclave } = build<'v28' | 'v29' | 'v29-misc'>({ vdso })
  const misc = vdso === 'v29-misc' ? { userData: 99n } : {}

  test('is given registers, tcs, ret and e', async () => {
    const seen: unknown[] = []
    const handler: EarlyHandler = (rdi, rsi, rdx, _ursp, r8, r9, tcs, ret, e, value) => {
      seen.push(rdi, rsi, rdx, r8, r9, tcs, ret, e?.leaf, value)
      return 0
    }
    expect((await enclave.enter({ rsi: 1n, r8: 8n, r9: 9n, handler, ...misc })).result).toBe(0)
    expect(seen).toEqual([0n, 1n, 2n, 8n, 9n, enclave.tcs[0], 0, 0, vdso === 'v29-misc' ? 99n : 0n])
  })
  test('is told of an exception, and enters another time while the first waits in its SSA frame', async () => {
    const seen: unknown[] = []
    const handler: EarlyHandler = (_rdi, _rsi, rdx, _ursp, _r8, _r9, _tcs, ret, e) => {
      seen.push([ret, e?.leaf, e?.trapnr])
      return rdx === 0n && seen.length === 1 ? EENTER : -3
    }
    const { result, run } = await enclave.enter({ rdi: DO.undefined, handler })
    // After an asynchronous exit RDI is the vector, 6: the second entry adds.
    expect(seen).toEqual([
      [-14, ERESUME, UD],
      [0, ERESUME, UD],
    ])
    expect([result, run.trapnr]).toEqual([-3, UD])
  })
  test('has no e where the caller gave none', async () => {
    const handler: EarlyHandler = (_rdi, _rsi, _rdx, _ursp, _r8, _r9, _tcs, ret, e) => (e === undefined ? ret - 1 : 0)
    expect((await enclave.enter({ handler, run: 0n })).result).toBe(-1)
  })
  if (vdso !== 'v29-misc')
    test('can be handed nothing', async () => {
      await expect(enclave.enter({ userData: 1n })).rejects.toMatchObject({ code: 'ERR_BAD_ARGUMENT' })
    })
})

describe('a call within a handler', () => {
  test('on another TCS, three deep', async () => {
    const { enclave } = build()
    const second = enclave.base + TCS[1]
    const log: unknown[] = []
    const outer: UserHandler = async () => {
      const { run, registers } = await enclave.enter({ rsi: 10n, tcs: second, handler: middle })
      log.push([run.function, registers.rdx])
      return -1
    }
    const middle: UserHandler = async () => {
      const { registers } = await enclave.enter({ rsi: 20n })
      log.push(registers.rdx)
      return -2
    }
    const { result } = await enclave.enter({ rsi: 1n, handler: outer })
    expect([result, log]).toEqual([-1, [21n, [EEXIT, 11n]]])
  })
  test('on the same TCS after an exception, and then the first is resumed', async () => {
    const { enclave, memory } = build()
    const page = enclave.base + DATA
    memory.protect(page, 4096, 'r')
    const handler: UserHandler = async (_rdi, _rsi, rdx, _rsp, _r8, _r9, run) => {
      if (run.function === EEXIT) return rdx === page + 1n ? -5 : -6
      const nested = await enclave.enter({ rsi: 1n })
      expect([nested.run.function, nested.registers.rdx]).toEqual([EEXIT, 2n])
      memory.protect(page, 4096, 'rw')
      return ERESUME
    }
    expect((await enclave.enter({ rdi: DO.store, rsi: page, handler })).result).toBe(-5)
  })
  test('of another enclave', async () => {
    const { machine, enclave } = build()
    const other = machine.createEnclave(layout(), { sigstruct: sigstructOf() })
    const handler: UserHandler = async (_rdi, _rsi, rdx) => -Number((await other.enter({ rsi: rdx })).registers.rdx)
    expect((await enclave.enter({ rsi: 1n, handler })).result).toBe(-3)
  })
})

describe('a handler that throws', () => {
  const reason = { any: 'value' }
  test.each([
    ['at once', (): number => throwIt(reason)],
    ['later', (): Promise<number> => Promise.reject(reason as unknown as Error)],
  ])('%s: the call ends with just that, and the TCS is free', async (_name, handler) => {
    const { enclave } = build({}, 1)
    await expect(enclave.enter({ handler })).rejects.toBe(reason)
    expect((await enclave.enter()).run.function).toBe(EEXIT)
  })
  test('after an exception: the frame stays in use, as on hardware, until ERESUME', async () => {
    const { enclave, memory } = build({}, 1)
    const page = enclave.base + DATA
    memory.protect(page, 4096, 'r')
    await expect(enclave.enter({ rdi: DO.store, rsi: page, handler: () => throwIt(reason) })).rejects.toBe(reason)
    expect((await enclave.enter()).run.exception_vector).toBe(13)
    memory.protect(page, 4096, 'rw')
    expect((await enclave.enter({ function: ERESUME })).registers.rdx).toBe(page + 1n)
    expect((await enclave.enter()).run.function).toBe(EEXIT)
  })
  test('in a nested call: it passes through both', async () => {
    const { enclave } = build()
    const inner = (): number => throwIt(reason)
    const outer: UserHandler = async () => (await enclave.enter({ tcs: enclave.base + TCS[1], handler: inner })).result
    await expect(enclave.enter({ handler: outer })).rejects.toBe(reason)
  })
})

function throwIt(reason: unknown): never {
  throw reason
}
