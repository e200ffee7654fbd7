/** One flipped bit: EINIT refuses the enclave, its host gets EPERM, and the trace says which check was not met. */
import { createPrivateKey, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runGuest, type GuestOutcome } from '../support/guest.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')
const host = readFileSync(join(EXAMPLES, 'hello/hello'))
const SIGSTRUCT_SIZE = 1808
const ENCLAVE = host.indexOf(readFileSync(join(EXAMPLES, 'hello/hello.enclave')))
const SIGSTRUCT = host.indexOf(readFileSync(join(EXAMPLES, 'hello/hello.sigstruct')))
const PAGE = 4096

/** Offsets in SIGSTRUCT. */
const AT = {
  HEADER: 0,
  VENDOR: 16,
  MODULUS: 128,
  EXPONENT: 512,
  SIGNATURE: 516,
  MISCMASK: 904,
  ATTRIBUTES: 928,
  XFRM: 936,
  ATTRIBUTEMASK: 944,
  ENCLAVEHASH: 960,
  RESERVED: 1028,
  Q1: 1040,
  Q2: 1424,
} as const

const scratch = mkdtempSync(join(tmpdir(), 'enclu-bad-'))
afterAll(() => rmSync(scratch, { recursive: true }))

let count = 0
async function runChanged(change: (host: Buffer, sigstruct: Buffer) => void): Promise<GuestOutcome> {
  const copy = Buffer.from(host)
  change(copy, copy.subarray(SIGSTRUCT, SIGSTRUCT + SIGSTRUCT_SIZE))
  const file = join(scratch, `hello${count++}`)
  writeFileSync(file, copy, { mode: 0o755 })
  return runGuest(file)
}

function flip(bytes: Buffer, at: number, bit = 0): void {
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at)
}

const toNumber = (littleEndian: Buffer): bigint => BigInt(`0x${Buffer.from(littleEndian).reverse().toString('hex')}`)
const put = (s: Buffer, at: number, value: bigint): number =>
  Buffer.from(value.toString(16).padStart(768, '0'), 'hex').reverse().copy(s, at)

/** With the examples' public key: what is wrong now is in what was signed. */
function signAgain(s: Buffer): void {
  const key = createPrivateKey(readFileSync(join(EXAMPLES, 'common/example-key.pem')))
  const signature = sign('sha256', Buffer.concat([s.subarray(0, 128), s.subarray(900, 1028)]), key)
  const S = BigInt(`0x${signature.toString('hex')}`)
  const N = toNumber(s.subarray(AT.MODULUS, AT.MODULUS + 384))
  put(s, AT.SIGNATURE, S)
  put(s, AT.Q1, (S * S) / N)
  put(s, AT.Q2, (((S * S) % N) * S) / N)
}

function expectRefused(r: GuestOutcome, error: 'EPERM' | 'EINVAL', check?: RegExp): void {
  const text = { EPERM: 'Operation not permitted', EINVAL: 'Invalid argument' }[error]
  expect({ code: r.code, stdout: r.stdout, stderr: r.stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: `SGX_IOC_ENCLAVE_INIT: ${text}\n`,
  })
  const refusals = r.sgx.filter((line) => line.includes('not met: '))
  expect(refusals).toEqual(check ? [expect.stringMatching(check)] : [])
}

const MEASUREMENT = /^ENCLS\[EINIT\] error code 4: not met: SIGSTRUCT\.ENCLAVEHASH = TMP_MRENCLAVE \["EINIT.*"\]$/
const SIGNATURE = /^ENCLS\[EINIT\] error code 8: not met: the signature verifies/

describe('one flipped bit', () => {
  test.each([
    ['in the first page of code', 2 * PAGE],
    ['in the last page of data', 5 * PAGE],
    ['at the end of a page', 3 * PAGE - 1],
    ['in TCS.OENTRY', PAGE + 32],
  ])('%s: the measurement', async (_, at) => {
    expectRefused(await runChanged((bytes) => flip(bytes, ENCLAVE + at)), 'EPERM', MEASUREMENT)
  })

  // prettier-ignore
  test.each([
    ['SIGNATURE', AT.SIGNATURE], ['SIGNATURE, its last bit', AT.SIGNATURE + 383, 7], ['MODULUS', AT.MODULUS + 100], ['Q1', AT.Q1],
    ['Q2', AT.Q2 + 50], ['MISCMASK', AT.MISCMASK], ['ATTRIBUTEMASK', AT.ATTRIBUTEMASK], ['ATTRIBUTES', AT.ATTRIBUTES, 1],
    ['ENCLAVEHASH', AT.ENCLAVEHASH],
  ])('in %s: the signature', async (_, at, bit = 0) => {
    expectRefused(await runChanged((_host, s) => flip(s, at, bit)), 'EPERM', SIGNATURE)
  })

  test('in HEADER, EXPONENT, reserved space: the structure', async () => {
    expectRefused(
      await runChanged((_, s) => flip(s, AT.HEADER)),
      'EPERM',
      /error code 1: not met: SIGSTRUCT\.HEADER = /,
    )
    expectRefused(
      await runChanged((_, s) => flip(s, AT.EXPONENT)),
      'EPERM',
      /error code 1: not met: SIGSTRUCT\.EXPONENT = 3/,
    )
    expectRefused(
      await runChanged((_, s) => flip(s, AT.RESERVED)),
      'EPERM',
      /error code 1: not met: SIGSTRUCT reserved space/,
    )
  })

  test('in VENDOR: the kernel refuses before the processor is asked', async () => {
    expectRefused(await runChanged((_, s) => flip(s, AT.VENDOR)), 'EINVAL')
  })
})

describe('one flipped bit, and a valid signature over it', () => {
  test('the signature of the unchanged structure is the one that was there', async () => {
    expect((await runChanged((_, s) => signAgain(s))).code).toBe(0)
  })
  test('in ENCLAVEHASH: the measurement', async () => {
    const r = await runChanged((_, s) => (flip(s, AT.ENCLAVEHASH), signAgain(s)))
    expectRefused(r, 'EPERM', MEASUREMENT)
  })
  test('in ATTRIBUTES, where ATTRIBUTEMASK looks: DEBUG was promised, and the enclave has it not', async () => {
    const r = await runChanged((_, s) => (flip(s, AT.ATTRIBUTES, 1), signAgain(s)))
    expectRefused(r, 'EPERM', /error code 2: not met: SECS\.ATTRIBUTES = SIGSTRUCT\.ATTRIBUTES under ATTRIBUTEMASK/)
  })
  test('the same with the mask bit flipped too: nobody looks, the enclave runs', async () => {
    const r = await runChanged((_, s) => (flip(s, AT.ATTRIBUTES, 1), flip(s, AT.ATTRIBUTEMASK, 1), signAgain(s)))
    expect(r.code).toBe(0)
  })
  test('in XFRM, where its half of the mask looks', async () => {
    const r = await runChanged((_, s) => (flip(s, AT.XFRM, 1), signAgain(s)))
    expectRefused(r, 'EPERM', /error code 2: not met: SECS\.ATTRIBUTES\.XFRM = /)
  })
})
