import { describe, expect, it, test } from 'vitest'
import { CpuState, Fault, Ram } from '../cpu/index.ts'
import { ATTRIBUTES, ENCLS_LEAVES, ENCLU_LEAVES, MISCSELECT, type EnclsLeafName } from '../spec/sgx/index.ts'
import { RAX } from '../spec/x86/index.ts'
import { baseSecs, Fixture, PAGE, secinfo, TestHost, type SecsView } from './fixture.cases.ts'
import { ENCLS, ENCLU, Sgx, SGX_PROFILES, xsaveSize, type SgxOptions, type SgxProfileName } from './index.ts'

const NAMES = Object.keys(SGX_PROFILES) as SgxProfileName[]
const processor = (name: SgxProfileName, more: SgxOptions = {}): Sgx =>
  new Sgx(new Ram(0x400_0000), { profile: SGX_PROFILES[name], ...more })

/**
 * CPUID leaf 12H, sub-leaves 0 to 3, on a machine with x87 and SSE. source: 'hardware' (reports of test-sgx on a Xeon E-2276G and a Xeon
 * Gold 5315Y) for sgx1 and icelake but for XFRM, the EPC, and EUPDATESVN in bit 10; 'manual' for the others.
 */
// prettier-ignore
const EXPECTED: Readonly<Record<SgxProfileName, readonly [sub0: number[], sub1: number[], epc: number[]]>> = {
  sgx1:              [[0x001, 0, 0, 0x241f], [0x036, 0, 3, 0], [0x7000_0001, 0, 0x05d8_0001, 0]],
  sgx2:              [[0x803, 1, 0, 0x2f1f], [0x4b6, 0, 3, 0], [0x7000_0001, 0, 0x0400_0001, 0]],
  icelake:           [[0x003, 1, 0, 0x381f], [0x0b6, 0, 3, 0], [0x7000_0001, 0, 0x2000_0002, 0]],
  'sapphire-rapids': [[0x803, 1, 0, 0x381f], [0x4b6, 0, 3, 0], [0x7000_0001, 0, 0x2000_0002, 0]],
}

/** 'ok', or '#GP(0)': what an ECREATE with these SECS does. */
function create(sgx: Sgx, change: (secs: SecsView) => void): string {
  const target = sgx.epc.allocate()
  if (!target) throw new Error('no EPC page')
  try {
    ENCLS.ECREATE(sgx, { target, source: baseSecs(change), secinfo: secinfo(0n) })
    return 'ok'
  } catch (e) {
    if (e instanceof Fault) return `#${e.name}(${e.errorCode})`
    throw e
  }
}

describe.each(NAMES)('%s', (name) => {
  const profile = SGX_PROFILES[name]

  test('CPUID leaf 12H', () => {
    const sgx = processor(name)
    const answers = [0, 1, 2, 3].map((n) => {
      const { eax, ebx, ecx, edx } = sgx.cpuid(n)
      return [eax, ebx, ecx, edx]
    })
    expect(answers).toEqual([...EXPECTED[name], [0, 0, 0, 0]])
  })

  test('XFRM has what the processor has, and no more', () => {
    expect(processor(name, { XCR0: 7n }).cpuid(1).ecx).toBe(7)
    expect(processor(name, { XCR0: (1n << 62n) | 3n }).profile.XFRM).toBe(3n)
    expect(create(processor(name, { XCR0: 7n }), (s) => (s.XFRM = 7n))).toBe('ok')
    expect(create(processor(name), (s) => (s.XFRM = 7n))).toBe('#GP(0)')
    expect(xsaveSize(7n)).toBe(832)
  })

  it('announces no leaf that is not there', () => {
    for (const [leaf, { since }] of Object.entries(ENCLU_LEAVES))
      if ((profile.features as readonly string[]).includes(since))
        expect(ENCLU, leaf).not.toHaveProperty(leaf, 'unsupported')
    for (const [leaf, { since }] of Object.entries(ENCLS_LEAVES))
      if ((profile.features as readonly string[]).includes(since))
        expect(ENCLS, leaf).not.toHaveProperty(leaf, 'unsupported')
  })

  test.each(Object.entries(ENCLU_LEAVES))(
    'ENCLU[%s] is #GP(0) where CPUID does not tell of it',
    (leaf, { number, since }) => {
      const f = new Fixture({ sgx: { profile } }).init()
      if (leaf !== 'EENTER' && leaf !== 'ERESUME') f.enclu(2)
      f.events.length = 0
      f.state.setGpr(RAX, BigInt(number))
      const answer = f.run()
      const missing = `#GP(0) EAX is a leaf number that CPUID reports (${since})`
      if ((profile.features as readonly string[]).includes(since)) expect(answer).not.toBe(missing)
      else expect(answer).toBe(missing)
    },
  )

  // prettier-ignore
  const SGX2_CALLS = {
    EAUG:   (f: Fixture) => ENCLS.EAUG(f.sgx, { target: f.page(PAGE.DATA), secs: f.secs, linaddr: 0n }),
    EMODPR: (f: Fixture) => ENCLS.EMODPR(f.sgx, { target: f.page(PAGE.DATA), secinfo: secinfo(1n) }),
    EMODT:  (f: Fixture) => ENCLS.EMODT(f.sgx, { target: f.page(PAGE.DATA), secinfo: secinfo(0x400n) }),
  } satisfies Partial<Record<EnclsLeafName, (f: Fixture) => unknown>>
  test.each(Object.entries(SGX2_CALLS))('ENCLS[%s] is #GP(0) without SGX2', (_leaf, call) => {
    const f = new Fixture({ sgx: { profile } }).init()
    const refused = (): boolean =>
      f.events.some((e) => e.kind === 'leaf' && e.condition?.includes('that CPUID reports') === true)
    try {
      call(f)
    } catch (e) {
      if (!(e instanceof Fault)) throw e
      if (refused()) expect([e.name, e.errorCode]).toEqual(['GP', 0])
    }
    expect(refused()).toBe(!(profile.features as readonly string[]).includes('SGX2'))
  })

  // prettier-ignore
  const ATTRIBUTE_CASES = [
    ['DEBUG', ATTRIBUTES.DEBUG], ['PROVISIONKEY', ATTRIBUTES.PROVISIONKEY], ['EINITTOKEN_KEY', ATTRIBUTES.EINITTOKEN_KEY],
    ['KSS', ATTRIBUTES.KSS], ['AEXNOTIFY', ATTRIBUTES.AEXNOTIFY], ['INIT', ATTRIBUTES.INIT], ['CET', ATTRIBUTES.CET], ['bit 11', 1n << 11n],
  ] as const
  test.each(ATTRIBUTE_CASES)('ECREATE takes ATTRIBUTES.%s if CPUID tells of it', (_what, attribute) => {
    const sgx = processor(name)
    const told = (BigInt(sgx.cpuid(1).eax) & attribute) !== 0n
    expect(create(sgx, (s) => (s.ATTRIBUTES |= attribute))).toBe(told ? 'ok' : '#GP(0)')
  })

  test('ECREATE takes MISCSELECT.EXINFO if CPUID tells of it', () => {
    const sgx = processor(name)
    const told = (sgx.cpuid(0).ebx & MISCSELECT.EXINFO) !== 0
    expect(create(sgx, (s) => (s.MISCSELECT = MISCSELECT.EXINFO))).toBe(told ? 'ok' : '#GP(0)')
    expect(create(sgx, (s) => (s.MISCSELECT = 2))).toBe('#GP(0)')
  })

  test('the largest enclave', () => {
    const sgx = processor(name)
    const { edx } = sgx.cpuid(0)
    const sized = (log2: number, mode64: boolean): string =>
      create(sgx, (s) => {
        s.SIZE = 1n << BigInt(log2)
        s.BASEADDR = 0n
        if (!mode64) s.ATTRIBUTES &= ~ATTRIBUTES.MODE64BIT
      })
    expect([sized((edx >> 8) - 1, true), sized(edx >> 8, true)]).toEqual(['ok', '#GP(0)'])
    expect([sized((edx & 0xff) - 1, false), sized(edx & 0xff, false)]).toEqual(['ok', '#GP(0)'])
  })
})

test('a number that is no leaf is #GP(0)', () => {
  const ram = new Ram(0x400_0000)
  const sgx = new Sgx(ram)
  const state = new CpuState(ram)
  state.setGpr(RAX, 0xan)
  expect(() => sgx.enclu(state, new TestHost(sgx))).toThrow(expect.objectContaining({ name: 'GP', errorCode: 0 }))
})
