import { beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../base/index.ts'
import { aesCmac } from '../../crypto/index.ts'
import { RAX, RBX, RCX, RDX, RFLAGS } from '../../spec/x86/index.ts'
import { ATTRIBUTES, EINITTOKEN, KEYNAME, KEYPOLICY, KEYREQUEST, REPORT, TARGETINFO } from '../../spec/sgx/index.ts'
import {
  AEP,
  AFTER_ENCLU,
  BASE,
  Fixture,
  outcome,
  PAGE,
  TEST_MRSIGNER,
  TOKEN,
  type FixtureOptions,
  type SecsView,
} from '../fixture.cases.ts'
import { ENCLS } from '../index.ts'

/** Which keys and reports there are; the checks of the leaves are in keys.cases.ts. source: 'manual'. */
const EREPORT = 0
const EGETKEY = 1
const EENTER = 2
/** Where the operands are, in the page of data: request or TARGETINFO, REPORTDATA, output. */
const DATA = BASE + PAGE.DATA
const REPORTDATA_AT = 0x400
const OUTPUT_AT = 0x800

type Keyrequest = ReturnType<typeof KEYREQUEST.view>
type Registers = Readonly<Partial<Record<'RBX' | 'RCX' | 'RDX', number>>>

/** Runs a leaf inside, RBX, RCX and RDX being offsets in the page of data unless given. */
function inside(f: Fixture, leaf: number, registers: Registers): string {
  if (!f.sgx.mode) f.enclu(EENTER)
  f.state.setGpr(RAX, BigInt(leaf))
  f.state.setGpr(RBX, BigInt(registers.RBX ?? DATA))
  f.state.setGpr(RCX, BigInt(registers.RCX ?? DATA + (leaf === EREPORT ? REPORTDATA_AT : OUTPUT_AT)))
  f.state.setGpr(RDX, BigInt(registers.RDX ?? DATA + OUTPUT_AT))
  f.state.rip = AEP
  return f.run()
}
const leave = (f: Fixture): void => {
  f.state.setGpr(RAX, 4n)
  f.state.setGpr(RBX, BigInt(AEP))
  f.run()
}
/** 'EGETKEY', or why not. */
function request(
  f: Fixture,
  fill: (request: Keyrequest, bytes: Uint8Array) => void,
  registers: Registers = {},
): string {
  const bytes = new Uint8Array(KEYREQUEST.size)
  fill(KEYREQUEST.view(bytes), bytes)
  f.page(PAGE.DATA).bytes.set(bytes)
  return inside(f, EGETKEY, registers)
}
const outputOf = (f: Fixture): Uint8Array => f.page(PAGE.DATA).bytes.slice(OUTPUT_AT, OUTPUT_AT + 16)
/** The key, in hexadecimal. */
function key(f: Fixture, fill: (request: Keyrequest) => void): string {
  expect(request(f, fill)).toBe('EGETKEY')
  const answer = toHex(outputOf(f))
  leave(f)
  return answer
}
const seal =
  (more: Partial<Keyrequest> = {}) =>
  (r: Keyrequest): void => {
    Object.assign(r, { KEYNAME: KEYNAME.SEAL_KEY, KEYPOLICY: KEYPOLICY.MRSIGNER, ...more })
  }
const launched = (options: FixtureOptions = {}): Fixture => new Fixture(options).init()
const withAttributes =
  (bits: bigint) =>
  (s: SecsView): void => {
    s.ATTRIBUTES |= bits
  }

let f: Fixture
beforeEach(() => {
  f = launched()
})

describe('EGETKEY', () => {
  it('RAX = 0, flags clear, RIP behind ENCLU, 16 bytes of key', () => {
    f.enclu(EENTER)
    f.state.rflags = BigInt(RFLAGS.CF | RFLAGS.ZF | RFLAGS.DF)
    expect(request(f, seal())).toBe('EGETKEY')
    expect([f.state.gpr(RAX), f.state.rip]).toEqual([0n, AFTER_ENCLU])
    expect(f.state.rflags & BigInt(RFLAGS.CF | RFLAGS.ZF | RFLAGS.DF)).toBe(BigInt(RFLAGS.DF))
    expect(outputOf(f).some((b) => b !== 0)).toBe(true)
    expect(f.page(PAGE.DATA).bytes[OUTPUT_AT + 16]).toBe(0)
  })
  it('an error code sets ZF and leaves the output alone', () => {
    expect(request(f, seal({ ISVSVN: 1 }))).toBe('code 64 KEYREQUEST.ISVSVN <= SECS.ISVSVN')
    expect([f.state.gpr(RAX), f.state.rflags & BigInt(RFLAGS.ZF)]).toEqual([64n, BigInt(RFLAGS.ZF)])
    expect([outputOf(f), f.state.rip]).toEqual([new Uint8Array(16), AFTER_ENCLU])
  })
})

describe('which keys are the same', () => {
  const machine = (machineSeed: bigint, options: FixtureOptions = {}): Fixture =>
    launched({ ...options, sgx: { machineSeed } })
  /** Another MRENCLAVE by the same signer. */
  const other = { tcs: (t: { NSSA: number }) => (t.NSSA = 1) } as FixtureOptions

  it('same machine, same enclave: the same; another machine: another', () => {
    expect(key(machine(7n), seal())).toBe(key(machine(7n), seal()))
    expect(key(machine(7n), seal())).not.toBe(key(machine(8n), seal()))
  })
  it('MRSIGNER is for all enclaves of a signer, MRENCLAVE for one', () => {
    const [mine, theirs] = [machine(7n), machine(7n, other)]
    expect(mine.secs.enclave?.SECS.MRENCLAVE).not.toEqual(theirs.secs.enclave?.SECS.MRENCLAVE)
    expect(key(mine, seal())).toBe(key(theirs, seal()))
    const MRENCLAVE = seal({ KEYPOLICY: KEYPOLICY.MRENCLAVE })
    expect(key(mine, MRENCLAVE)).not.toBe(key(theirs, MRENCLAVE))
    expect(key(mine, seal({ KEYPOLICY: KEYPOLICY.MRENCLAVE | KEYPOLICY.MRSIGNER }))).not.toBe(key(mine, MRENCLAVE))
  })
  it('a newer version derives the keys of the older ones, not the other way round', () => {
    const version = (ISVSVN: number): Fixture => machine(7n, { sigstruct: (s) => (s.ISVSVN = ISVSVN) })
    expect(key(version(3), seal({ ISVSVN: 2 }))).toBe(key(version(2), seal({ ISVSVN: 2 })))
    expect(request(version(2), seal({ ISVSVN: 3 }))).toMatch(/^code 64/)
  })
  // prettier-ignore
  const DEPENDS: readonly (readonly [string, Partial<Keyrequest>])[] = [
    ['KEYID', { KEYID: new Uint8Array(32).fill(1) }], ['CPUSVN', { CPUSVN: new Uint8Array(16).fill(1) }],
    ['ATTRIBUTEMASK', { ATTRIBUTEMASK: ATTRIBUTES.MODE64BIT }], ['XFRMMASK', { XFRMMASK: 1n }], ['MISCMASK', { MISCMASK: 1 }],
    ['KEYPOLICY', { KEYPOLICY: 0 }],
  ]
  for (const [field, change] of DEPENDS) {
    it(`a seal key depends on ${field}`, () => expect(key(f, seal(change))).not.toBe(key(f, seal())))
  }
  it('a debug enclave never gets the keys of one that is not, whatever the mask', () => {
    const debug = launched({ secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.DEBUG) })
    expect(key(debug, seal())).not.toBe(key(f, seal()))
  })
  it('product and KSS identities count as the policy says', () => {
    const KSS = { secs: (s: SecsView) => (s.ATTRIBUTES |= ATTRIBUTES.KSS) } as FixtureOptions
    const product = (ISVPRODID: number, id: number): Fixture =>
      launched({
        secs: (s) => {
          KSS.secs?.(s)
          s.CONFIGID = new Uint8Array(64).fill(id)
        },
        sigstruct: (s) => {
          s.ISVPRODID = ISVPRODID
          s.ISVFAMILYID = s.ISVEXTPRODID = new Uint8Array(16).fill(id)
        },
      })
    const [a, b] = [product(1, 1), product(2, 2)]
    const same = (KEYPOLICY: number): boolean => key(a, seal({ KEYPOLICY })) === key(b, seal({ KEYPOLICY }))
    const { MRSIGNER, NOISVPRODID, CONFIGID, ISVFAMILYID, ISVEXTPRODID } = KEYPOLICY
    expect([same(MRSIGNER), same(MRSIGNER | NOISVPRODID)]).toEqual([false, true])
    for (const bit of [CONFIGID, ISVFAMILYID, ISVEXTPRODID]) expect(same(MRSIGNER | NOISVPRODID | bit)).toBe(false)
  })
  it("the provisioning keys do not depend on KEYID; only the seal one on the machine's fuses", () => {
    const all = { secs: withAttributes(ATTRIBUTES.PROVISIONKEY | ATTRIBUTES.EINITTOKEN_KEY) }
    const g = launched(all)
    const of = (KEYNAME: number, more: Partial<Keyrequest> = {}): string => key(g, seal({ KEYNAME, ...more }))
    const KEYID = new Uint8Array(32).fill(1)
    expect(of(KEYNAME.PROVISION_KEY)).toBe(of(KEYNAME.PROVISION_KEY, { KEYID }))
    expect(of(KEYNAME.PROVISION_SEAL_KEY)).toBe(of(KEYNAME.PROVISION_SEAL_KEY, { KEYID }))
    expect(of(KEYNAME.EINITTOKEN_KEY)).not.toBe(of(KEYNAME.EINITTOKEN_KEY, { KEYID }))
    expect(new Set([0, 1, 2, 3, 4].map((name) => of(name))).size).toBe(5)
  })
  it('is still the same as in the first release', () => {
    expect(key(machine(0n), seal())).toBe('e435d494be3421612f8a6efc697d8027')
  })
})

/** A report of `f` for `target`. */
function report(f: Fixture, target: Fixture, data = new Uint8Array(64)): Uint8Array {
  const bytes = new Uint8Array(TARGETINFO.size)
  const secs = target.secs.enclave?.SECS
  if (!secs) throw new Error('no enclave')
  const { MRENCLAVE, ATTRIBUTES: attributes, XFRM, MISCSELECT, CONFIGID, CONFIGSVN } = secs
  const identity = { MEASUREMENT: MRENCLAVE, ATTRIBUTES: attributes, XFRM, MISCSELECT, CONFIGID, CONFIGSVN }
  Object.assign(TARGETINFO.view(bytes), identity)
  f.page(PAGE.DATA).bytes.set(bytes)
  f.page(PAGE.DATA).bytes.set(data, REPORTDATA_AT)
  expect(inside(f, EREPORT, {})).toBe('EREPORT')
  leave(f)
  return f.page(PAGE.DATA).bytes.slice(OUTPUT_AT, OUTPUT_AT + REPORT.size)
}
/** As an enclave verifies a report: with its own report key. */
function verifies(f: Fixture, bytes: Uint8Array): boolean {
  const { KEYID, MAC } = REPORT.view(bytes)
  expect(request(f, (r) => Object.assign(r, { KEYNAME: KEYNAME.REPORT_KEY, KEYID }))).toBe('EGETKEY')
  const mac = aesCmac(outputOf(f), bytes.subarray(0, 384))
  leave(f)
  return toHex(mac) === toHex(MAC)
}

describe('EREPORT', () => {
  it('local attestation: the target verifies it, nobody else does, and nothing can be changed', () => {
    const a = f
    const b = new Fixture({ beside: a, secs: (s) => (s.MISCSELECT = 1) }).init()
    const data = new Uint8Array(64).map((_, i) => i)
    const bytes = report(a, b, data)
    const view = REPORT.view(bytes)
    expect([view.MRENCLAVE, view.MRSIGNER, view.REPORTDATA]).toEqual([a.mrenclave, TEST_MRSIGNER, data])
    expect(view.ATTRIBUTES).toBe(ATTRIBUTES.MODE64BIT | ATTRIBUTES.INIT)
    expect([verifies(b, bytes), verifies(a, bytes)]).toEqual([true, false])
    for (const at of [0, 48, 64, 320, 383]) {
      expect(
        verifies(
          b,
          bytes.map((x, i) => (i === at ? x ^ 1 : x)),
        ),
      ).toBe(false)
    }
    const elsewhere = new Fixture({ sgx: { machineSeed: 9n }, secs: (s) => (s.MISCSELECT = 1) }).init()
    expect(verifies(elsewhere, bytes)).toBe(false)
  })
  it('to itself (what enclaves do first: it tells them their own attributes)', () => {
    expect(verifies(f, report(f, f))).toBe(true)
  })
  it('changes no register and no flag', () => {
    f.enclu(EENTER)
    f.state.rflags = BigInt(RFLAGS.CF | RFLAGS.ZF | RFLAGS.DF)
    const before = f.state.rflags
    expect(inside(f, EREPORT, {})).toBe('EREPORT')
    expect([f.state.gpr(RAX), f.state.rflags, f.state.rip]).toEqual([0n, before, AFTER_ENCLU])
  })
})

describe('EINIT with an EINITTOKEN', () => {
  type Token = ReturnType<typeof EINITTOKEN.view>
  const DEBUG_LE: FixtureOptions = { secs: withAttributes(ATTRIBUTES.EINITTOKEN_KEY | ATTRIBUTES.DEBUG) }
  /** A token for `g` by the launch enclave `le`, which runs on the same processor. */
  function tokenFor(g: Fixture, le: Fixture, change: (token: Token) => void = () => {}): Uint8Array {
    const bytes = TOKEN.slice()
    const token = EINITTOKEN.view(bytes)
    const { enclave } = g.secs
    if (!enclave) throw new Error('no enclave')
    const KEYID = new Uint8Array(32).fill(5)
    token.VALID = 1
    token.ATTRIBUTES = enclave.ATTRIBUTES
    token.XFRM = enclave.XFRM
    token.MRENCLAVE = g.mrenclave
    token.MRSIGNER = TEST_MRSIGNER
    token.MASKEDATTRIBUTESLE = (le.secs.enclave?.SECS.ATTRIBUTES ?? 0n) & 3n
    token.KEYID = KEYID
    change(token)
    const { CPUSVNLE: CPUSVN, ISVSVNLE: ISVSVN } = token
    const beyond = CPUSVN.some((b) => b > 1)
    expect(
      request(le, (r) =>
        Object.assign(r, { KEYNAME: KEYNAME.EINITTOKEN_KEY, KEYID, ISVSVN, ...(!beyond && { CPUSVN }) }),
      ),
    ).toBe('EGETKEY')
    token.MAC = aesCmac(outputOf(le), bytes.subarray(0, 192))
    leave(le)
    return bytes
  }
  const init = (g: Fixture, token: Uint8Array): string =>
    outcome(() => ENCLS.EINIT(g.sgx, { secs: g.secs, sigstruct: g.sigstruct(), token }), g.events)

  let le: Fixture
  let g: Fixture
  const INVALID = 'code 16 EINITTOKEN.MAC is of the launch key and the token'
  beforeEach(() => {
    le = launched({ secs: withAttributes(ATTRIBUTES.EINITTOKEN_KEY) })
    g = new Fixture({ beside: le, tcs: (t) => (t.NSSA = 1) })
  })

  it('of the launch enclave is good', () => expect(init(g, tokenFor(g, le))).toBe('ok'))
  it('VALID = 0 says nothing: the signer must be the launch authority', () => {
    g.sgx.IA32_SGXLEPUBKEYHASH = [1n, 2n, 3n, 4n]
    expect(init(g, TOKEN)).toBe('code 16 EINITTOKEN.VALID[0] = 1 or MRSIGNER = IA32_SGXLEPUBKEYHASH')
  })
  // prettier-ignore
  const CASES: readonly (readonly [string, (t: Token) => void, string])[] = [
    ['a reserved bit of VALID', (t) => (t.VALID = 3), 'code 16 EINITTOKEN reserved space is clear'],
    ['a reserved bit of VALID, and a CPUSVN of the future', (t) => (t.VALID = 3, t.CPUSVNLE = new Uint8Array(16).fill(2)), 'code 16 EINITTOKEN reserved space is clear'],
    ['another MRENCLAVE and other ATTRIBUTES', (t) => (t.MRENCLAVE = new Uint8Array(32), t.ATTRIBUTES = 0n), 'code 4 EINITTOKEN.MRENCLAVE and MRSIGNER are those of the enclave'],
    ['CET of the launch enclave', (t) => (t.CET_MASKED_ATTRIBUTES_LE = 1), 'code 16 EINITTOKEN reserved space is clear'],
    ['a CPUSVN of the future', (t) => (t.CPUSVNLE = new Uint8Array(16).fill(2)), 'code 32 EINITTOKEN.CPUSVNLE is not beyond CR_CPUSVN'],
    ['another product of the launch authority', (t) => (t.ISVPRODIDLE = 1), INVALID],
    ['other masked attributes', (t) => (t.MASKEDATTRIBUTESLE = 0n), INVALID],
    ['another MRENCLAVE', (t) => (t.MRENCLAVE = new Uint8Array(32)), 'code 4 EINITTOKEN.MRENCLAVE and MRSIGNER are those of the enclave'],
    ['another MRSIGNER', (t) => (t.MRSIGNER = new Uint8Array(32)), 'code 4 EINITTOKEN.MRENCLAVE and MRSIGNER are those of the enclave'],
    ['other ATTRIBUTES', (t) => (t.ATTRIBUTES = 0n), 'code 2 EINITTOKEN.ATTRIBUTES = SECS.ATTRIBUTES'],
    ['another XFRM', (t) => (t.XFRM = 7n), 'code 2 EINITTOKEN.ATTRIBUTES = SECS.ATTRIBUTES'],
  ]
  for (const [why, change, expected] of CASES) {
    it(`${why}: ${expected}`, () => expect(init(g, tokenFor(g, le, change))).toBe(expected))
  }
  it('changed after the launch enclave has signed it', () => {
    const token = tokenFor(g, le)
    token[64] = (token[64] ?? 0) ^ 1
    expect(init(g, token)).toBe(INVALID)
  })
  it('of a debug launch enclave is only good for debug enclaves', () => {
    const debug = launched(DEBUG_LE)
    const production = new Fixture({ beside: debug })
    const expected = 'code 16 EINITTOKEN.MASKEDATTRIBUTESLE.DEBUG = 0 or SECS.ATTRIBUTES.DEBUG = 1'
    expect(init(production, tokenFor(production, debug))).toBe(expected)
    expect(
      init(
        production,
        tokenFor(production, debug, (t) => (t.VALID = 3)),
      ),
    ).toBe(expected)
    const test = new Fixture({ beside: debug, secs: withAttributes(ATTRIBUTES.DEBUG) })
    expect(init(test, tokenFor(test, debug))).toBe('ok')
  })
  it('of another machine is nothing here', () => {
    const token = tokenFor(g, le)
    const there = new Fixture({ sgx: { machineSeed: 3n }, tcs: (t) => (t.NSSA = 1) })
    expect(init(there, token)).toBe(INVALID)
  })
})
