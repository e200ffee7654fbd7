/** What a caller and a handler see, call by call: handlers, stack games, bad input. */
import { beforeAll, describe, expect, test } from 'vitest'
import { ENCLAVE, NOTHING, READ_ONLY, STACK } from '../../src/machine/abi/layout.ts'
import { runCalls } from '../../src/machine/abi/run-calls.ts'
import type { Call, CallRecord } from '../../src/machine/abi/call.ts'
import type { VdsoAbi } from '../../src/api/index.ts'
import { EENTER, EEXIT, ERESUME, int, subject } from './subjects.ts'

const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI] = [0, 1, 2, 3, 4, 5, 6, 7] as const
const [EFAULT, EINVAL, SIGSEGV] = [14, 22, 11] as const
const VECTOR = { DE: 0, UD: 6, GP: 13, PF: 14 } as const
const LEFT = { RDI: 0xd1n, RSI: 0x51n, RDX: 0xd2n, R8: 8n, R9: 9n }

const points = (record: CallRecord): string => record.marks.map(({ point }) => point).join(' ')
const result = (record: CallRecord): number => int(record.marks.at(-1)?.registers[RAX])
const isSame = (record: CallRecord, ...registers: readonly number[]): boolean =>
  registers.every((n) => record.marks.at(-1)?.registers[n] === record.before[n])
const at = (record: CallRecord, point: string): readonly bigint[] =>
  record.marks.find((m) => m.point === point)?.registers ?? []

interface Report {
  readonly function: number
  readonly vector: number
  readonly error: number
  readonly address: bigint
}
/** `run`, or `e` of the older shapes. */
function report({ structure }: CallRecord, abi: VdsoAbi): Report {
  const view = new DataView(structure.buffer, structure.byteOffset, structure.length)
  const base = abi === 'mainline' ? 8 : 0
  return {
    function: view.getUint32(base, true),
    vector: view.getUint16(base + 4, true),
    error: view.getUint16(base + 6, true),
    address: view.getBigUint64(base + 8, true),
  }
}
/** As they were before the call. */
const STALE = { vector: 78, error: 79, address: 80n }
const UNTOUCHED_E = { function: 0x5a5a5a5a, vector: 0x5a5a, error: 0x5a5a, address: 0x5a5a5a5a5a5a5a5an }

const ONCE = 'call enclu enclave exit handler handler-return return done'

// prettier-ignore
const CALLS: readonly Call[] = [
  { name: 'exit',             events: [{ registers: LEFT }] },
  { name: 'handler returns 0',            handler: true, answers: [{ value: 0 }], events: [{ registers: LEFT, directionFlag: true }] },
  { name: 'handler returns -5',           handler: true, answers: [{ value: -5 }] },
  { name: 'handler enters again',         handler: true, answers: [{ value: EENTER }, { value: -7 }], events: [{}, { registers: LEFT }] },
  { name: 'handler resumes',              handler: true, answers: [{ value: ERESUME }, { value: 0 }], events: [{ fault: 'divide', registers: LEFT }] },
  { name: 'handler enters after a fault', handler: true, answers: [{ value: EENTER }, { value: ERESUME }, { value: 0 }], events: [{ fault: 'divide' }, {}] },
  { name: 'handler asks for 4',           handler: true, answers: [{ value: 4 }] },
  { name: 'handler asks for 1',           handler: true, answers: [{ value: 1 }] },
  { name: 'handler resumes nothing',      handler: true, answers: [{ value: ERESUME }, { value: 0 }] },
  { name: 'displaced, not repaired',      handler: true, answers: [{ value: 0 }], events: [{ moveRsp: -40 }] },
  { name: 'displaced, popped',            handler: true, answers: [{ value: 0, pop: 40 }], events: [{ moveRsp: -40 }] },
  { name: 'odd stack',        shift: 8,   handler: true, answers: [{ value: 0 }] },
  { name: 'undefined',        events: [{ fault: 'undefined' }] },
  { name: 'page fault',       events: [{ fault: 'read', address: NOTHING + 0x123 }] },
  { name: 'no e',             events: [{ fault: 'undefined' }], report: false },
  { name: 'function 0',       leaf: 0n, handler: true },
  { name: 'function 1',       leaf: 1n },
  { name: 'function 4',       leaf: 4n },
  { name: 'function 2^32-1',  leaf: 0xffff_ffffn },
  { name: 'upper half',       leaf: 0xdead_beef_0000_0002n },
  { name: 'resume nothing',   leaf: 3n },
  { name: 'tcs null',         tcs: 0n },
  { name: 'tcs unaligned',    tcs: BigInt(ENCLAVE.base + ENCLAVE.tcs + 8) },
  { name: 'tcs outside',      tcs: BigInt(STACK.start) },
  { name: 'tcs is no tcs',    tcs: BigInt(ENCLAVE.base + ENCLAVE.ssa) },
  { name: 'tcs not canonical', tcs: 1n << 63n },
]

describe.each(['mainline', 'v28', 'v29', 'v29-misc'] as const)('%s', (abi) => {
  const isMainline = abi === 'mainline'
  const failure = isMainline ? 0 : -EFAULT
  let records: ReadonlyMap<string, CallRecord>
  const call = (name: string): CallRecord => {
    const record = records.get(name)
    if (!record) throw new Error(`no call ${name}`)
    return record
  }
  beforeAll(async () => {
    const made = await runCalls(subject(abi), CALLS)
    records = new Map(made.records.map((record) => [record.call.name, record]))
  }, 60_000)

  test('EEXIT: the registers of the enclave come out, the frame is kept, stale fields stay', () => {
    const record = call('exit')
    expect(result(record)).toBe(0)
    const after = record.marks.at(-1)?.registers ?? []
    expect([RDI, RSI, RDX, 8, 9].map((n) => after[n])).toEqual([0xd1n, 0x51n, 0xd2n, 8n, 9n])
    expect(isSame(record, RSP, RBP)).toBe(true)
    expect(isSame(record, RBX)).toBe(abi !== 'v28')
    expect(report(record, abi)).toEqual(isMainline ? { function: EEXIT, ...STALE } : UNTOUCHED_E)
  })

  test('a handler sees what the enclave left, on an aligned stack, with DF clear', () => {
    const record = call('handler returns 0')
    expect(points(record)).toBe(ONCE)
    const seen = at(record, 'handler')
    expect([RDI, RSI, RDX, 8, 9].map((n) => seen[n])).toEqual([0xd1n, 0x51n, 0xd2n, 8n, 9n])
    expect(seen[RCX]).toBe(at(record, 'exit')[RSP])
    expect((seen[RSP] ?? 0n) % 16n).toBe(8n)
    expect((record.marks.find((m) => m.point === 'exit')?.rflags ?? 0n) & 0x400n).toBe(0x400n)
    expect((record.marks.find((m) => m.point === 'handler')?.rflags ?? 0n) & 0x400n).toBe(0n)
    expect(result(record)).toBe(0)
  })

  test('a handler sees its stack arguments', () => {
    const record = call('handler returns 0')
    const rsp = Number(at(record, 'handler')[RSP]) - STACK.start
    const view = new DataView(record.stack.buffer, record.stack.byteOffset)
    const word = (i: number): bigint => view.getBigUint64(rsp + 8 + 8 * i, true)
    if (isMainline) {
      expect(word(0)).toBe(word(1))
      return
    }
    expect(word(0)).toBe(record.marks.find((m) => m.point === 'enclu')?.registers[RBX])
    expect(word(1)).toBe(0n)
    if (abi === 'v29-misc') expect(word(3)).toBe(0x1234_5678n)
  })

  test('what a handler returns decides', () => {
    expect([points(call('handler returns -5')), result(call('handler returns -5'))]).toEqual([ONCE, -5])
    const again = 'enclu enclave exit handler handler-return'
    expect(points(call('handler enters again'))).toBe(`call ${again} ${again} return done`)
    expect(result(call('handler enters again'))).toBe(-7)
    expect(points(call('handler resumes'))).toBe(
      `call enclu enclave exception handler handler-return ${again} return done`,
    )
    expect(call('handler resumes').marks.at(-1)?.registers[RDI]).toBe(0xd1n)
    for (const name of ['handler asks for 4', 'handler asks for 1']) {
      expect([points(call(name)), result(call(name))]).toEqual([ONCE, -EINVAL])
      expect(isSame(call(name), RSP, RBP)).toBe(true)
    }
  })

  test('a handler enters the same TCS while the fault waits, and resumes it then', () => {
    const record = call('handler enters after a fault')
    const faulted = 'enclu enclave exception handler handler-return'
    const left = 'enclu enclave exit handler handler-return'
    expect(points(record)).toBe(`call ${faulted} ${left} ${left} return done`)
    expect(result(record)).toBe(0)
  })

  test('a failed ERESUME is an exception like any other, at EENTER and at ERESUME', () => {
    const record = call('handler resumes nothing')
    expect(points(record)).toBe(
      'call enclu enclave exit handler handler-return enclu exception handler handler-return return done',
    )
    expect(report(record, abi)).toMatchObject({ function: ERESUME, vector: VECTOR.GP })
    expect(report(call('resume nothing'), abi)).toMatchObject({
      function: ERESUME,
      vector: VECTOR.GP,
      error: 0,
      address: 0n,
    })
    expect(result(call('resume nothing'))).toBe(failure)
  })

  test('stack games: RSP and RBP are always given back, RBX if the handler takes what the enclave left', () => {
    for (const name of ['displaced, not repaired', 'displaced, popped', 'odd stack'])
      expect(isSame(call(name), RSP, RBP), name).toBe(true)
    expect(isSame(call('displaced, not repaired'), RBX)).toBe(false)
    expect(isSame(call('displaced, popped'), RBX)).toBe(abi !== 'v28')
    expect(isSame(call('odd stack'), RBX)).toBe(abi !== 'v28')
    const { marks } = call('displaced, popped')
    const rsp = (point: string): bigint => marks.find((m) => m.point === point)?.registers[RSP] ?? 0n
    expect(rsp('exit')).toBe(rsp('enclu') - 40n)
  })

  test('exceptions in the enclave are reported', () => {
    expect([points(call('undefined')), result(call('undefined'))]).toEqual([
      'call enclu enclave exception return done',
      failure,
    ])
    expect(report(call('undefined'), abi)).toEqual({ function: ERESUME, vector: VECTOR.UD, error: 0, address: 0n })
    expect(report(call('page fault'), abi)).toMatchObject({
      function: ERESUME,
      vector: VECTOR.PF,
      // Which page it was is all that the processor tells about an enclave.
      address: BigInt(NOTHING),
    })
    expect(result(call('no e'))).toBe(failure)
    if (!isMainline) expect(report(call('no e'), abi)).toEqual(UNTOUCHED_E)
  })

  test.each(['function 0', 'function 1', 'function 4', 'function 2^32-1'])('%s: -EINVAL, nothing done', (name) => {
    const record = call(name)
    expect([points(record), result(record)]).toEqual(['call return done', -EINVAL])
    expect(isSame(record, RBX, RSP, RBP, RDI, RSI, RDX, 8, 9, 10, 11, 12, 13, 14, 15)).toBe(true)
    expect(report(record, abi)).toEqual(isMainline ? { function: 77, ...STALE } : UNTOUCHED_E)
  })

  test('the upper half of the leaf is not looked at', () => {
    expect(points(call('upper half'))).toBe('call enclu enclave exit return done')
  })

  test.each([
    ['tcs null', VECTOR.PF, 0n],
    ['tcs unaligned', VECTOR.GP, 0n],
    ['tcs outside', VECTOR.PF, BigInt(STACK.start)],
    ['tcs is no tcs', VECTOR.PF, BigInt(ENCLAVE.base + ENCLAVE.ssa)],
    ['tcs not canonical', VECTOR.GP, 0n],
  ])('%s: EENTER faults, which is reported', (name, vector, address) => {
    const record = call(name)
    expect([points(record), result(record)]).toEqual(['call enclu exception return done', failure])
    expect(report(record, abi)).toMatchObject({ function: EENTER, vector, address })
    expect(isSame(record, RSP, RBP)).toBe(true)
  })
})

async function onlyCall(abi: VdsoAbi, call: Omit<Call, 'name'>): Promise<CallRecord> {
  const { records } = await runCalls(subject(abi), [{ name: 'one', ...call }])
  const [record] = records
  if (!record) throw new Error('no record')
  return record
}

describe.each(['v28', 'v29', 'v29-misc'] as const)('%s: e', (abi) => {
  test.for([
    ['not canonical', 1n << 63n],
    ['its end is not there', BigInt(NOTHING - 8)],
    ['it can only be read', BigInt(READ_ONLY + 64)],
  ] as const)('%s: SIGSEGV when an exception is to be reported, and not before', async ([, runAt]) => {
    const killed = await onlyCall(abi, { runAt, events: [{ fault: 'undefined' }] })
    expect(killed.killed?.signal).toBe(SIGSEGV)
    expect(killed.killed?.at).toBeDefined()
    expect(points(killed)).toBe('call enclu enclave exception')
    expect(result(await onlyCall(abi, { runAt }))).toBe(0)
  })

  test('misaligned, and in two pages: works', async () => {
    const record = await onlyCall(abi, { runAt: BigInt(NOTHING - 4096 - 5), events: [{ fault: 'undefined' }] })
    expect(result(record)).toBe(-EFAULT)
    expect(report(record, abi)).toEqual({ function: ERESUME, vector: VECTOR.UD, error: 0, address: 0n })
  })
})

describe('mainline: run', () => {
  const one = (call: Omit<Call, 'name'>): Promise<CallRecord> => onlyCall('mainline', call)

  test.for([
    ['null', { runAt: 0n }, 'call'],
    ['not canonical', { runAt: 1n << 63n }, 'call'],
    ['the end of it is not there', { runAt: BigInt(NOTHING - 128) }, 'call'],
    ['it can only be read', { runAt: BigInt(READ_ONLY + 64) }, 'call enclu enclave exit'],
  ] as const)('%s: SIGSEGV in the vDSO', async ([, call, came]) => {
    const record = await one(call)
    expect(record.killed?.signal).toBe(SIGSEGV)
    expect(record.killed?.at).toBeDefined()
    expect(points(record)).toBe(came)
  })

  test('the end of it is not there, but a reserved byte before is set: -EINVAL, as it is read in order', async () => {
    const record = await one({ runAt: BigInt(NOTHING - 128), patch: [[64, Uint8Array.of(1)]] })
    expect(result(record)).toBe(-EINVAL)
  })

  test('null with a bad function: -EINVAL, run is not looked at', async () => {
    expect(result(await one({ runAt: 0n, leaf: 9n }))).toBe(-EINVAL)
  })

  test('misaligned, and in two pages: works', async () => {
    expect(result(await one({ runAt: BigInt(NOTHING - 4096 - 77) }))).toBe(0)
  })

  test.each([0, 1, 2, 3])('each reserved byte in turn, part %i: -EINVAL, nothing written', async (part) => {
    const calls = Array.from({ length: 54 }, (_, i) => 40 + 54 * part + i).map((byte): Call => ({
      name: String(byte),
      patch: [[byte, Uint8Array.of(0x80)]],
    }))
    const { records } = await runCalls(subject('mainline'), calls)
    expect(records.map(result)).toEqual(calls.map(() => -EINVAL))
    for (const record of records) expect(report(record, 'mainline')).toEqual({ function: 77, ...STALE })
  })
})
