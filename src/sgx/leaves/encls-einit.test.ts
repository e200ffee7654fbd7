import { describe, expect, it } from 'vitest'
import { ATTRIBUTES } from '../../spec/sgx/index.ts'
import {
  CODE_BYTES,
  Fixture,
  outcome,
  PAGE,
  SECINFO_RW,
  TEST_MRSIGNER,
  TOKEN,
  type SecsView,
  type SigstructView,
} from '../fixture.cases.ts'
import { ENCLS } from '../index.ts'

/** source: 'manual' for every case. `sig` is before signing, `bytes` breaks the signed structure. */
interface Case {
  readonly why: string
  readonly secs?: (secs: SecsView) => void
  readonly sig?: (sig: SigstructView) => void
  readonly bytes?: (bytes: Uint8Array) => void
  readonly before?: (f: Fixture) => void
  readonly token?: Uint8Array
  readonly expect: string
}
const flip =
  (at: number, bit = 1) =>
  (bytes: Uint8Array): void => {
    bytes[at] = (bytes[at] ?? 0) ^ bit
  }
const KSS = (s: SecsView): void => {
  s.ATTRIBUTES |= ATTRIBUTES.KSS
}
const RESERVED = 'code 1 SIGSTRUCT reserved space is 0'
const BAD_SIGNATURE = 'code 8 the signature verifies with the embedded public key, q1 and q2'
const BAD_ATTRIBUTES = 'code 2 SECS.ATTRIBUTES = SIGSTRUCT.ATTRIBUTES under ATTRIBUTEMASK'

// prettier-ignore
const CASES: readonly Case[] = [
  { why: 'the baseline is valid', expect: 'ok' },
  { why: 'a bit of HEADER', bytes: flip(0), expect: 'code 1 SIGSTRUCT.HEADER = 06000000E10000000000010000000000h' },
  { why: 'the debug bit that old tools set in HEADER', bytes: flip(15, 0x80), expect: 'code 1 SIGSTRUCT.HEADER = 06000000E10000000000010000000000h' },
  { why: "VENDOR is Intel's", sig: (s) => (s.VENDOR = 0x8086), expect: 'ok' },
  { why: 'another VENDOR', sig: (s) => (s.VENDOR = 1), expect: 'code 1 SIGSTRUCT.VENDOR = 0 or 00008086h' },
  { why: 'a bit of HEADER2', bytes: flip(24), expect: 'code 1 SIGSTRUCT.HEADER2 = 01010000600000006000000001000000h' },
  { why: 'EXPONENT 65537', sig: (s) => (s.EXPONENT = 65537), expect: 'code 1 SIGSTRUCT.EXPONENT = 3' },
  { why: 'reserved, first range', bytes: flip(44), expect: RESERVED },
  { why: 'CET attributes without CET', bytes: flip(908), expect: RESERVED },
  { why: 'reserved, before ISVEXTPRODID', bytes: flip(992), expect: RESERVED },
  { why: 'reserved and not signed', bytes: flip(1028), expect: RESERVED },
  { why: 'DATE is software\'s, but signed', bytes: flip(20), expect: BAD_SIGNATURE },
  { why: 'a bit of MODULUS', bytes: flip(128), expect: BAD_SIGNATURE },
  { why: 'a bit of SIGNATURE', bytes: flip(516), expect: BAD_SIGNATURE },
  { why: 'a bit of Q1', bytes: flip(1040), expect: BAD_SIGNATURE },
  { why: 'a bit of Q2', bytes: flip(1424), expect: BAD_SIGNATURE },
  { why: 'a bit of ENCLAVEHASH after signing', bytes: flip(960), expect: BAD_SIGNATURE },
  { why: 'the SECS is gone', before: (f) => (f.secs.VALID = false), expect: '#PF(0x0) EPCM(DS:RCX).VALID = 1' },
  { why: 'not a SECS', before: (f) => (f.secs.PT = 'PT_VA'), expect: '#PF(0x0) EPCM(DS:RCX).PT = PT_SECS' },
  { why: 'ISVFAMILYID without KSS', sig: (s) => s.ISVFAMILYID.fill(1), expect: 'code 1 SIGSTRUCT.ISVFAMILYID = 0 or SECS.ATTRIBUTES.KSS = 1' },
  { why: 'ISVFAMILYID with KSS', secs: KSS, sig: (s) => s.ISVFAMILYID.fill(1), expect: 'ok' },
  { why: 'a second EINIT', before: (f) => f.init(), expect: '#GP(0) the enclave is not already initialized' },
  { why: 'a bit of ENCLAVEHASH, signed', sig: (s) => flip(0)(s.ENCLAVEHASH), expect: 'code 4 SIGSTRUCT.ENCLAVEHASH = TMP_MRENCLAVE' },
  { why: 'EINITTOKEN_KEY by an authorized signer', secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.EINITTOKEN_KEY), expect: 'ok' },
  { why: 'EINITTOKEN_KEY by anyone', secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.EINITTOKEN_KEY), before: (f) => (f.sgx.IA32_SGXLEPUBKEYHASH = [0n, 0n, 0n, 0n]), expect: 'code 2 no controlled ATTRIBUTES, or MRSIGNER = IA32_SGXLEPUBKEYHASH' },
  { why: 'DEBUG, mask does not look', secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.DEBUG), expect: 'ok' },
  { why: 'DEBUG, mask looks', secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.DEBUG), sig: (s) => (s.ATTRIBUTEMASK = ~0n), expect: BAD_ATTRIBUTES },
  { why: 'the signer demands DEBUG', sig: (s) => { s.ATTRIBUTES = 6n; s.ATTRIBUTEMASK = 2n }, expect: BAD_ATTRIBUTES },
  { why: 'the signer demands AVX', sig: (s) => { s.XFRM = 7n; s.XFRMMASK = ~0n }, expect: 'code 2 SECS.ATTRIBUTES.XFRM = SIGSTRUCT.ATTRIBUTES.XFRM under ATTRIBUTEMASK' },
  { why: 'the signer forbids EXINFO', secs: (s) => (s.MISCSELECT = 1), sig: (s) => (s.MISCMASK = 1), expect: 'code 2 SECS.MISCSELECT = SIGSTRUCT.MISCSELECT under MISCMASK' },
  { why: 'no token and an unknown signer', before: (f) => (f.sgx.IA32_SGXLEPUBKEYHASH = [0n, 0n, 0n, 0n]), expect: 'code 16 EINITTOKEN.VALID[0] = 1 or MRSIGNER = IA32_SGXLEPUBKEYHASH' },
]

describe('EINIT', () => {
  for (const { why, secs, sig, bytes, before, token = TOKEN, expect: expected } of CASES) {
    it(`${why}: ${expected}`, () => {
      const f = new Fixture({ ...(secs && { secs }), ...(sig && { sigstruct: sig }) })
      const sigstruct = f.sigstruct()
      bytes?.(sigstruct)
      before?.(f)
      expect(outcome(() => ENCLS.EINIT(f.sgx, { secs: f.secs, sigstruct, token }), f.events)).toBe(expected)
      if (!before) expect(f.secs.enclave?.initialized).toBe(expected === 'ok')
    })
  }

  it('one flipped bit of a measured page: SGX_INVALID_MEASUREMENT; and the right SIGSTRUCT still works afterwards', () => {
    const [good, bad] = [new Fixture(), new Fixture()]
    const source = CODE_BYTES.slice()
    good.add(PAGE.HOLE, source, SECINFO_RW)
    flip(4095, 0x80)(source)
    bad.add(PAGE.HOLE, source, SECINFO_RW)
    const args = { secs: bad.secs, sigstruct: good.sigstruct(), token: TOKEN }
    expect(outcome(() => ENCLS.EINIT(bad.sgx, args), bad.events)).toBe('code 4 SIGSTRUCT.ENCLAVEHASH = TMP_MRENCLAVE')
    bad.init()
  })

  it('one more permission: SGX_INVALID_MEASUREMENT', () => {
    const [good, bad] = [new Fixture(), new Fixture()]
    good.add(PAGE.HOLE, CODE_BYTES, 0x201n)
    bad.add(PAGE.HOLE, CODE_BYTES, SECINFO_RW)
    const args = { secs: bad.secs, sigstruct: good.sigstruct(), token: TOKEN }
    expect(outcome(() => ENCLS.EINIT(bad.sgx, args), bad.events)).toBe('code 4 SIGSTRUCT.ENCLAVEHASH = TMP_MRENCLAVE')
  })

  it('commits the identity to the SECS', () => {
    const f = new Fixture({
      secs: KSS,
      sigstruct: (s) => {
        s.ISVPRODID = 0x1234
        s.ISVSVN = 7
        s.ISVEXTPRODID.fill(3)
        s.ISVFAMILYID.fill(4)
      },
    })
    const { mrenclave } = f
    f.init()
    const { enclave } = f.secs
    expect(enclave?.SECS.MRENCLAVE).toEqual(mrenclave)
    expect(enclave?.SECS.MRSIGNER).toEqual(TEST_MRSIGNER)
    expect([enclave?.SECS.ISVPRODID, enclave?.SECS.ISVSVN]).toEqual([0x1234, 7])
    expect([enclave?.ISVEXTPRODID[0], enclave?.ISVFAMILYID[15]]).toEqual([3, 4])
    expect(enclave && enclave.SECS.ATTRIBUTES & ATTRIBUTES.INIT).toBe(ATTRIBUTES.INIT)
  })
})
