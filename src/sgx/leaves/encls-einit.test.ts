import { describe, expect, it } from 'vitest'
import { ATTRIBUTES } from '../../spec/sgx/index.ts'
import { CODE_BYTES, Fixture, outcome, PAGE, SECINFO_RW, TEST_MRSIGNER, TOKEN } from '../fixture.cases.ts'
import { ENCLS } from '../index.ts'

/** What EINIT compares and commits; its checks are in build.cases.ts. source: 'manual'. */
const MEASUREMENT = 'code 4 SIGSTRUCT.ENCLAVEHASH = TMP_MRENCLAVE'

describe('EINIT', () => {
  it('one flipped bit of a measured page: SGX_INVALID_MEASUREMENT; and the right SIGSTRUCT still works afterwards', () => {
    const [good, bad] = [new Fixture(), new Fixture()]
    const source = CODE_BYTES.slice()
    good.add(PAGE.HOLE, source, SECINFO_RW)
    source[4095] = (source[4095] ?? 0) ^ 0x80
    bad.add(PAGE.HOLE, source, SECINFO_RW)
    const args = { secs: bad.secs, sigstruct: good.sigstruct(), token: TOKEN }
    expect(outcome(() => ENCLS.EINIT(bad.sgx, args), bad.events)).toBe(MEASUREMENT)
    bad.init()
  })

  it('one more permission: SGX_INVALID_MEASUREMENT', () => {
    const [good, bad] = [new Fixture(), new Fixture()]
    good.add(PAGE.HOLE, CODE_BYTES, 0x201n)
    bad.add(PAGE.HOLE, CODE_BYTES, SECINFO_RW)
    const args = { secs: bad.secs, sigstruct: good.sigstruct(), token: TOKEN }
    expect(outcome(() => ENCLS.EINIT(bad.sgx, args), bad.events)).toBe(MEASUREMENT)
  })

  it('commits the identity to the SECS', () => {
    const f = new Fixture({
      secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.KSS),
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
