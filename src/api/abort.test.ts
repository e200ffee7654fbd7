import { describe, expect, test } from 'vitest'
import { build, buildWatched, DO, layout, TCS } from './enclave.fixture.ts'
import type { VdsoAbi } from './index.ts'

const [EENTER, ERESUME, EEXIT] = [2, 3, 4]
const GP = 13

describe('an AbortSignal', () => {
  test.each(['mainline', 'v28', 'v29', 'v29-misc'] as const)('stops a spinning enclave under %s', async (vdso) => {
    const { enclave, watch } = buildWatched<VdsoAbi>({ vdso })
    const stop = new AbortController()
    watch.onEntry = () => stop.abort('stop')
    await expect(enclave.enter({ rdi: DO.spin, signal: stop.signal })).rejects.toBe('stop')
    // NSSA is 2: one frame holds what was interrupted, another is left.
    expect((await enclave.enter()).registers.rdx).toBe(1n)
  })
  test('is heard while the enclave spins', async () => {
    const { enclave } = build()
    await expect(enclave.enter({ rdi: DO.spin, signal: AbortSignal.timeout(20) })).rejects.toThrow('timeout')
    expect((await enclave.enter()).registers.rdx).toBe(1n)
  })
  test('leaves the enclave in its SSA frame, to be resumed', async () => {
    const { enclave, watch } = buildWatched({}, 1)
    const stop = [new AbortController(), new AbortController()] as const
    watch.onEntry = () => stop[0].abort('first')
    await expect(enclave.enter({ rdi: DO.spin, signal: stop[0].signal })).rejects.toBe('first')
    expect((await enclave.enter()).run).toMatchObject({ function: EENTER, exception_vector: GP })
    watch.onEntry = () => stop[1].abort('second')
    await expect(enclave.enter({ function: ERESUME, signal: stop[1].signal })).rejects.toBe('second')
    expect((await enclave.enter({ tcs: enclave.base + TCS[1] })).run.function).toBe(EEXIT)
  })
  test('that has been aborted already: nothing happens', async () => {
    const { machine, enclave } = build()
    const reason = new Error('no')
    await expect(enclave.enter({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(machine.stats().transitions.EENTER).toBe(0)
  })
  test('that is aborted after the call: nothing happens', async () => {
    const { enclave } = build()
    const stop = new AbortController()
    await enclave.enter({ signal: stop.signal })
    stop.abort()
    expect((await enclave.enter()).run.function).toBe(EEXIT)
  })
  test('ends a call whose handler never answers, and one whose handler aborts it', async () => {
    const { enclave } = build()
    const handler = (): Promise<number> => new Promise(() => undefined)
    await expect(enclave.enter({ handler, signal: AbortSignal.timeout(5) })).rejects.toThrow('timeout')
    const stop = new AbortController()
    const aborts = (): number => (stop.abort('self'), 0)
    await expect(enclave.enter({ handler: aborts, signal: stop.signal })).rejects.toBe('self')
    expect((await enclave.enter()).run.function).toBe(EEXIT)
  })
  test('ends one call of two', async () => {
    const { enclave } = build()
    const stop = new AbortController()
    const spinning = expect(enclave.enter({ rdi: DO.spin, signal: stop.signal })).rejects.toBe('enough')
    const other = await enclave.enter({ tcs: enclave.base + TCS[1] })
    expect(other.run.function).toBe(EEXIT)
    stop.abort('enough')
    await spinning
  })
})

describe('closing', () => {
  test('an enclave ends its calls, and gives its EPC pages back', async () => {
    const { machine, enclave, watch } = buildWatched({ epcSize: 0x1_0000 })
    const entered = new Promise<void>((resolve) => (watch.onEntry = resolve))
    const spinning = enclave.enter({ rdi: DO.spin })
    const never = enclave.enter({ tcs: enclave.base + TCS[1], handler: () => new Promise(() => undefined) })
    const outcomes = Promise.allSettled([spinning, never])
    await entered
    await enclave.close()
    for (const { status, ...rest } of await outcomes) {
      expect(status).toBe('rejected')
      expect(rest).toMatchObject({ reason: { code: 'ERR_WRONG_STATE' } })
    }
    await enclave.close()
    await expect(enclave.enter()).rejects.toMatchObject({ code: 'ERR_WRONG_STATE' })
    // Ten times as many pages as the EPC has.
    for (let i = 0; i < 10; i++) {
      const next = machine.createEnclave(layout(), { sigstruct: enclave.sigstruct })
      expect((await next.enter()).run.function).toBe(EEXIT)
      await next[Symbol.asyncDispose]()
    }
    expect(machine.stats().paging.writtenOut).toBe(0)
  })
  test('a machine closes its enclaves', async () => {
    const { machine, enclave } = build()
    await machine[Symbol.asyncDispose]()
    await expect(enclave.enter()).rejects.toMatchObject({ code: 'ERR_WRONG_STATE' })
    expect(() => machine.memory).toThrow(expect.objectContaining({ code: 'ERR_WRONG_STATE' }))
  })
})
