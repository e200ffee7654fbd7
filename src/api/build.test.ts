import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toHex } from '../base/index.ts'
import { SELFTEST_MRENCLAVE } from '../../test/corpus/selftest.ts'
import { TEST_KEY } from '../sgx/test-key.cases.ts'
import { build, DO, layout, sigstructOf } from './enclave.fixture.ts'
import {
  ATTRIBUTES,
  elfLayout,
  EncluError,
  generateSigningKey,
  Machine,
  measureEnclave,
  signEnclave,
  tcsPage,
  type BuildStep,
  type CreateEnclaveOptions,
  type EnclaveLayout,
  type SecsFields,
  type SigstructFields,
} from './index.ts'

const HELLO = readFileSync('examples/hello/hello.enclave')
const KEY = { key: TEST_KEY }

const errorOf = (action: () => unknown): EncluError => {
  try {
    action()
  } catch (e) {
    if (e instanceof EncluError) return e
    throw e
  }
  return expect.unreachable('no error')
}
const secs = (fields: Partial<SecsFields>): EnclaveLayout => ({ ...layout(), secs: { ...layout().secs, ...fields } })
const steps = (...more: unknown[]): EnclaveLayout => ({ ...layout(), steps: more as BuildStep[] })

describe('an enclave file in the shape of the selftest', () => {
  test('of examples/, with the SIGSTRUCT that is there', async () => {
    const machine = new Machine()
    const sigstruct = readFileSync('examples/hello/hello.sigstruct')
    const enclave = machine.createEnclave(elfLayout(HELLO, { heap: 0 }), { sigstruct })
    expect(toHex(enclave.MRENCLAVE)).toBe('412ac843b9384c0137215cbafdea00a81e73060776c0022f3bc55fc9d451d683')
    const { memory } = machine
    const area = memory.allocate(4096)
    const text = new TextEncoder().encode('Hello, TypeScript')
    memory.write(area, text)
    const call = BigUint64Array.of(area, BigInt(text.length), area + 256n)
    memory.write(area + 512n, new Uint8Array(call.buffer))
    const { run, registers } = await enclave.enter({ rdi: area + 512n })
    expect([run.function, registers.rsi]).toEqual([4, BigInt(text.length)])
    expect(new TextDecoder().decode(memory.read(area + 256n, text.length))).toBe('TPIRCSEPYT ,OLLEH')
  })
  // Built by the slow suites; without them there is nothing to look at.
  const cache = join(tmpdir(), 'enclu-cache')
  const built = existsSync(cache)
    ? readdirSync(cache).filter((name) => /^selftest-6\.12?-[0-9a-f]{16}$/.test(name))
    : []
  test.skipIf(built.length === 0).each(built)('of %s: the measurement of the facts', (name) => {
    const file = readFileSync(join(cache, name, 'test_encl.elf'))
    const version = name.startsWith('selftest-6.12') ? '6.12' : '6.1'
    expect(toHex(measureEnclave(elfLayout(file)))).toBe(SELFTEST_MRENCLAVE[version])
    const enclave = new Machine().createEnclave(elfLayout(file), KEY)
    expect(toHex(enclave.MRENCLAVE)).toBe(SELFTEST_MRENCLAVE[version])
  })
  test.each([
    ['no ELF file', Uint8Array.of(1, 2, 3), 'ERR_NOT_EXECUTABLE'],
    ['a program', readFileSync('examples/fault/fault'), 'ERR_BAD_FILE'],
    ['no bytes', 'test_encl.elf' as unknown as Uint8Array, 'ERR_BAD_ARGUMENT'],
  ])('%s is refused', (_name, file, code) => {
    expect(errorOf(() => elfLayout(file)).code).toBe(code)
  })
})

describe('steps', () => {
  test('measure what was chosen, in the order that was chosen; the processor agrees', () => {
    const page = { leaf: 'EADD', offset: 0x7000n, secinfo: 'r', bytes: Uint8Array.of(1, 2, 3), measure: false } as const
    const extend = (offset: bigint): BuildStep => ({ leaf: 'EEXTEND', offset })
    const variants = [
      [page],
      [{ ...page, measure: true }],
      [page, extend(0x7000n)],
      [page, extend(0x7000n), extend(0x7f00n)],
      [page, extend(0x7f00n), extend(0x7000n)],
      [page, ...Array.from({ length: 16 }, (_, i) => extend(0x7000n + BigInt(256 * i)))],
    ].map((more): EnclaveLayout => ({ secs: { SIZE: 0x1_0000n }, steps: [...layout().steps, ...more] }))
    const machine = new Machine()
    const measured = variants.map((variant) => {
      const enclave = machine.createEnclave(variant, KEY)
      expect(toHex(enclave.MRENCLAVE)).toBe(toHex(measureEnclave(variant)))
      return toHex(enclave.MRENCLAVE)
    })
    // All 16 parts of a page one after the other are what `measure` does.
    expect(measured[5]).toBe(measured[1])
    expect(new Set(measured).size).toBe(5)
  })
  test('a layout that was signed otherwise: EINIT says which check failed', () => {
    const other = steps(...layout().steps, { leaf: 'EADD', offset: 0x8000n, secinfo: 'r', length: 4096 })
    const e = errorOf(() => new Machine().createEnclave(other, { sigstruct: sigstructOf() }))
    expect([e.code, e.details['errno'], e.details['request']]).toEqual(['ERR_REFUSED', 'EPERM', 'SGX_IOC_ENCLAVE_INIT'])
    expect(e.details['condition']).toMatch(/ENCLS\[EINIT\] error code 4/)
  })
  test('where the enclave is does not change what it is', async () => {
    const { enclave } = build()
    const machine = new Machine()
    const placed = machine.createEnclave(secs({ BASEADDR: 0x1000_0000n }), { sigstruct: enclave.sigstruct })
    expect([placed.base, toHex(placed.MRENCLAVE)]).toEqual([0x1000_0000n, toHex(enclave.MRENCLAVE)])
    expect((await placed.enter({ rdi: DO.add, rsi: 1n })).registers.rdx).toBe(2n)
  })
  test('two enclaves in one machine', async () => {
    const { machine, enclave } = build()
    const other = machine.createEnclave(layout(), { sigstruct: enclave.sigstruct })
    expect(other.base).not.toBe(enclave.base)
    const outcomes = await Promise.all([enclave.enter({ rsi: 1n }), other.enter({ rsi: 2n })])
    expect(outcomes.map((o) => o.registers.rdx)).toEqual([2n, 3n])
  })
})

describe('what the kernel or a leaf refuses', () => {
  const cases: readonly (readonly [string, EnclaveLayout, Partial<SigstructFields>, string, string])[] = [
    ['a size that is no power of two', secs({ SIZE: 0x1_1000n }), {}, 'EINVAL', 'SGX_IOC_ENCLAVE_CREATE'],
    ['attributes that the processor has not', secs({ ATTRIBUTES: 1n << 20n }), {}, 'EIO', 'SGX_IOC_ENCLAVE_CREATE'],
    [
      'an address that is no multiple of the size',
      secs({ BASEADDR: 0x1000_1000n }),
      {},
      'EIO',
      'SGX_IOC_ENCLAVE_CREATE',
    ],
    [
      'a page outside',
      steps({ leaf: 'EADD', offset: 0x1_0000n, secinfo: 'r', length: 4096 }),
      {},
      'EINVAL',
      'SGX_IOC_ENCLAVE_ADD_PAGES',
    ],
    [
      'a page twice',
      steps(
        { leaf: 'EADD', offset: 0n, secinfo: 'r', length: 4096 },
        { leaf: 'EADD', offset: 0n, secinfo: 'r', length: 4096 },
      ),
      {},
      'EBUSY',
      'SGX_IOC_ENCLAVE_ADD_PAGES',
    ],
    [
      'a page of a type that cannot be added',
      steps({ leaf: 'EADD', offset: 0n, secinfo: 0x301n, length: 4096 }),
      {},
      'EINVAL',
      'SGX_IOC_ENCLAVE_ADD_PAGES',
    ],
    [
      'attributes other than the signed ones',
      layout(),
      { ATTRIBUTES: 6n, ATTRIBUTEMASK: 2n },
      'EPERM',
      'SGX_IOC_ENCLAVE_INIT',
    ],
    ['a vendor that there is not', layout(), { VENDOR: 1 }, 'EINVAL', 'SGX_IOC_ENCLAVE_INIT'],
  ]
  test.each(cases)('%s', async (_name, wrong, fields, errno, request) => {
    const machine = new Machine({ epcSize: 0x2_0000 })
    for (let i = 0; i < 2; i++) {
      const e = errorOf(() => machine.createEnclave(wrong, { ...KEY, fields }))
      expect([e.code, e.details['errno'], e.details['request']]).toEqual(['ERR_REFUSED', errno, request])
    }
    // Nothing is left behind: the whole EPC is there for this one.
    const enclave = machine.createEnclave(layout(), { sigstruct: sigstructOf() })
    expect((await enclave.enter()).run.function).toBe(4)
    expect(machine.stats().paging.writtenOut).toBe(0)
  })
  test('everything, on a machine without SGX', () => {
    const e = errorOf(() => new Machine({ sgx: false }).createEnclave(layout(), { sigstruct: sigstructOf() }))
    expect([e.code, e.details['errno']]).toEqual(['ERR_REFUSED', 'ENOENT'])
  })
})

describe('what cannot be meant: ERR_BAD_ARGUMENT', () => {
  const machine = new Machine()
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ['a layout that is none', undefined, {}],
    ['no size', { secs: {}, steps: [] }, {}],
    ['a size that is a number', { secs: { SIZE: 4096 }, steps: [] }, {}],
    ['a negative size', { secs: { SIZE: -1n }, steps: [] }, {}],
    ['a field that does not fit', secs({ CONFIGSVN: 65536 }), {}],
    ['CONFIGID of the wrong size', secs({ CONFIGID: new Uint8Array(63) }), {}],
    ['a step that is none', steps({ leaf: 'EINIT' }), {}],
    ['an offset inside a page', steps({ leaf: 'EADD', offset: 8n, secinfo: 'r', length: 1 }), {}],
    ['no page', steps({ leaf: 'EADD', offset: 0n, secinfo: 'r' }), {}],
    ['rights that there are not', steps({ leaf: 'EADD', offset: 0n, secinfo: 'w', length: 1 }), {}],
    ['bytes that are none', steps({ leaf: 'EADD', offset: 0n, secinfo: 'r', bytes: [1, 2] }), {}],
    [
      'more bytes than there is room',
      steps({ leaf: 'EADD', offset: 0n, secinfo: 'r', bytes: new Uint8Array(4097), length: 4096 }),
      {},
    ],
    ['EEXTEND of a page that is not there', steps({ leaf: 'EEXTEND', offset: 0n }), {}],
    ['EEXTEND inside 256 bytes', steps(...layout().steps, { leaf: 'EEXTEND', offset: 8n }), {}],
    ['a SIGSTRUCT that is too short', layout(), { sigstruct: new Uint8Array(1807) }],
    ['a SIGSTRUCT and a key', layout(), { sigstruct: sigstructOf(), ...KEY }],
    ['a key that is none', layout(), { key: 'secret' }],
    ['a field of SIGSTRUCT that does not fit', layout(), { ...KEY, fields: { ISVSVN: 65536 } }],
    ['ISVFAMILYID of the wrong size', layout(), { ...KEY, fields: { ISVFAMILYID: new Uint8Array(1) } }],
  ]
  test.each(cases)('%s', (_name, wrong, options) => {
    const e = errorOf(() => machine.createEnclave(wrong as EnclaveLayout, options as CreateEnclaveOptions))
    expect(e.code).toBe('ERR_BAD_ARGUMENT')
    expect(e.message).toMatch(/^\S.*\.$/)
  })
  test('and nothing has happened', () => {
    expect(machine.stats().transitions.EENTER).toBe(0)
  })
  test('a TCS whose field does not fit', () => {
    expect(errorOf(() => tcsPage({ OENTRY: 0n, OSSA: 0n, NSSA: -1 })).code).toBe('ERR_BAD_ARGUMENT')
  })
  const { enclave } = build()
  test.each([
    ['rdi', { rdi: 1 }],
    ['rsi', { rsi: -1n }],
    ['r9', { r9: 1n << 64n }],
    ['function', { function: 2n }],
    ['function', { function: 1.5 }],
    ['tcs', { tcs: 'first' }],
    ['run', { run: {} }],
    ['handler', { handler: {} }],
    ['userData', { userData: 1 }],
    ['signal', { signal: {} }],
    ['enter', 5],
  ])('%s of enter(): %o', async (name, options) => {
    const wrong = enclave.enter(options as never)
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_BAD_ARGUMENT' })
    await expect(wrong).rejects.toThrow(name)
  })
})

describe('the signature', () => {
  test('has every field that was given', async () => {
    const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)
    const kss = secs({
      ATTRIBUTES: ATTRIBUTES.MODE64BIT | ATTRIBUTES.KSS | ATTRIBUTES.DEBUG,
      CONFIGID: bytes(64, 9),
      CONFIGSVN: 3,
    })
    const fields = {
      VENDOR: 0x8086,
      DATE: 0x20261122,
      SWDEFINED: 5,
      ISVPRODID: 7,
      ISVSVN: 2,
      ISVFAMILYID: bytes(16, 1),
      ISVEXTPRODID: bytes(16, 2),
      ATTRIBUTEMASK: ~0n & 0xffff_ffff_ffff_ffffn,
      XFRMMASK: 3n,
      MISCMASK: 0xffff_ffff,
    }
    const enclave = new Machine().createEnclave(kss, { ...KEY, fields })
    const view = new DataView(enclave.sigstruct.buffer)
    expect([view.getUint32(16, true), view.getUint32(20, true), view.getUint32(40, true)]).toEqual([
      0x8086, 0x20261122, 5,
    ])
    expect([view.getUint16(1024, true), view.getUint16(1026, true)]).toEqual([7, 2])
    expect(view.getBigUint64(928, true)).toBe(0x86n)
    expect(enclave.sigstruct.subarray(912, 928)).toEqual(bytes(16, 1))
    expect(enclave.sigstruct.subarray(1008, 1024)).toEqual(bytes(16, 2))
    expect(toHex(enclave.sigstruct)).toBe(toHex(signEnclave(kss, TEST_KEY, fields)))
    expect((await enclave.enter()).run.function).toBe(4)
  })
  test("is the machine's own where no key is given, and follows from its seed", () => {
    const { MRSIGNER } = new Machine().createEnclave(layout())
    expect(toHex(MRSIGNER)).toBe(toHex(new Machine().createEnclave(layout(), { key: generateSigningKey(0n) }).MRSIGNER))
  })
})

describe('one machine', () => {
  test('runs a program or has enclaves, not both', async () => {
    const machine = new Machine()
    expect(machine.memory.read(machine.memory.allocate(8), 2)).toEqual(new Uint8Array(2))
    await expect(machine.run('/bin/true', [], [])).rejects.toMatchObject({ code: 'ERR_WRONG_STATE' })
    const other = new Machine()
    await expect(other.run('/bin/true', [], [])).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
  })
})

describe('memory', () => {
  const { memory, enclave } = build()
  const codeOf = (action: () => unknown): string => errorOf(action).code
  test('is written and read, also across pages', () => {
    const area = memory.allocate(8192)
    memory.write(area + 4090n, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    expect([...memory.read(area + 4090n, 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    memory.protect(area + 4096n, 4096, 'r')
    expect(codeOf(() => memory.write(area + 4095n, new Uint8Array(2)))).toBe('ERR_BAD_ADDRESS')
    memory.protect(area, 4096, 'none')
    expect(codeOf(() => memory.read(area, 1))).toBe('ERR_BAD_ADDRESS')
    memory.free(area, 8192)
    expect(errorOf(() => memory.read(area + 4096n, 1)).details['address']).toBe(area + 4096n)
  })
  test('of an enclave reads as ff from outside', () => {
    expect([...memory.read(enclave.base + 0x1000n, 2)]).toEqual([0xff, 0xff])
  })
  test.each([
    ['a number for an address', () => memory.read(1 as unknown as bigint, 1), 'ERR_BAD_ARGUMENT'],
    ['a bigint for a length', () => memory.read(1n, 1n as unknown as number), 'ERR_BAD_ARGUMENT'],
    ['rights that there are not', () => memory.allocate(1, 'x' as 'r'), 'ERR_BAD_ARGUMENT'],
    ['no bytes', () => memory.write(0x1000n, [1] as unknown as Uint8Array), 'ERR_BAD_ARGUMENT'],
    ['nothing to allocate', () => memory.allocate(0), 'ERR_REFUSED'],
    ['more than there is', () => memory.allocate(2 ** 50), 'ERR_REFUSED'],
    ['pages that are not there', () => memory.protect(0x5000n, 4096, 'r'), 'ERR_REFUSED'],
    [
      'more rights than a page of an enclave has',
      () => memory.protect(enclave.base + 0x1000n, 4096, 'rwx'),
      'ERR_REFUSED',
    ],
  ])('%s: an error', (_name, action, code) => {
    expect(codeOf(action)).toBe(code)
  })
})
