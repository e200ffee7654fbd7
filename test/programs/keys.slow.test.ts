/** Sealing from one run to the next, and local attestation: hosts and enclaves in C. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TEST_KEY } from '../../src/sgx/test-key.cases.ts'
import { ATTRIBUTES } from '../../src/spec/sgx/index.ts'
import { compilerMissing } from '../support/c-program.ts'
import { built, type EnclaveRecipe } from '../support/enclave-kit.ts'
import { runGuest, type GuestOptions } from '../support/guest.ts'

const missing = await compilerMissing()
const scratch = mkdtempSync(join(tmpdir(), 'enclu-keys-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const sealing = (more: Omit<EnclaveRecipe, 'source'> = {}): EnclaveRecipe => ({
  source: 'sealing-trusted',
  ...more,
  sigstruct: { ISVSVN: 2, ISVPRODID: 7, ...more.sigstruct },
})
const ENCLAVES = {
  sealer: sealing(),
  older: sealing({ sigstruct: { ISVSVN: 1 } }),
  newer: sealing({ sigstruct: { ISVSVN: 3 } }),
  variant: sealing({ defines: ['VARIANT=2'] }),
  stranger: sealing({ key: TEST_KEY }),
  product: sealing({ sigstruct: { ISVPRODID: 8 } }),
  debug: sealing({ sigstruct: { ATTRIBUTES: ATTRIBUTES.MODE64BIT | ATTRIBUTES.DEBUG } }),
  first: { source: 'attestation-trusted', sigstruct: { ISVSVN: 5, ISVPRODID: 11 } },
  second: { source: 'attestation-trusted', defines: ['VARIANT=2'], key: TEST_KEY },
} satisfies Record<string, EnclaveRecipe>
type EnclaveName = keyof typeof ENCLAVES

const MRENCLAVE = '1'
const MRSIGNER = '2'
const UNSEALED = 'unsealed: the secret\n'
const WRONG_MAC = 'wrong MAC\n'
/** SGX_INVALID_ISVSVN. */
const TOO_NEW = 'EGETKEY: 64\n'

describe.skipIf(missing !== undefined)(`keys${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let folder: string
  beforeAll(async () => {
    folder = await built(ENCLAVES, { sealing: { source: 'sealing' }, attestation: { source: 'attestation' } })
    for (const policy of [MRENCLAVE, MRSIGNER])
      expect(await run('sealer', ['seal', policy, join(scratch, policy), 'the secret'])).toBe('seal: 0\n')
  }, 120_000)

  const run = async (enclave: EnclaveName, args: readonly string[], options: GuestOptions = {}): Promise<string> => {
    const { stdout, stderr } = await runGuest(join(folder, 'sealing'), {
      args: [join(folder, enclave), ...args],
      allowWrite: [scratch],
      ...options,
    })
    expect(stderr).toBe('')
    return stdout
  }
  const unseal = (enclave: EnclaveName, files: readonly string[], options?: GuestOptions): Promise<string> =>
    run(enclave, ['unseal', ...files.map((name) => join(scratch, name))], options)

  // prettier-ignore
  const CASES: readonly (readonly [who: string, EnclaveName, options: GuestOptions, toEnclave: string, toSigner: string])[] = [
    ['the same enclave, another run',           'sealer',   {},                           UNSEALED,  UNSEALED],
    ['other random numbers',                    'sealer',   { seed: 5n },                 UNSEALED,  UNSEALED],
    ['the same machine seed, another processor','sealer',   { cpu: 'sgx1' },              UNSEALED,  UNSEALED],
    ['another machine seed',                    'sealer',   { machineSeed: 1n },          WRONG_MAC, WRONG_MAC],
    ['a newer version',                         'newer',    {},                           UNSEALED,  UNSEALED],
    ['an older version',                        'older',    {},                           TOO_NEW,   TOO_NEW],
    ['another enclave of the same signer',      'variant',  {},                           WRONG_MAC, UNSEALED],
    ['another signer of the same enclave',      'stranger', {},                           UNSEALED,  WRONG_MAC],
    ['another product of the same signer',      'product',  {},                           WRONG_MAC, WRONG_MAC],
    ['a debug enclave',                         'debug',    {},                           WRONG_MAC, WRONG_MAC],
  ]
  test.each(CASES)('%s', async (_who, enclave, options, toEnclave, toSigner) => {
    expect(await unseal(enclave, [MRENCLAVE, MRSIGNER], options)).toBe(toEnclave + toSigner)
  })

  test('what was sealed cannot be read or changed', async () => {
    const blob = readFileSync(join(scratch, MRSIGNER))
    expect(blob.includes('secret')).toBe(false)
    blob.writeUInt8(blob.readUInt8(60) ^ 1, 60)
    writeFileSync(join(scratch, 'changed'), blob)
    expect(await unseal('sealer', ['changed'])).toBe(WRONG_MAC)
  })

  test('local attestation between two enclaves of one process', async () => {
    const r = await runGuest(join(folder, 'attestation'), {
      args: ['first', 'second'].map((name) => join(folder, name)),
    })
    expect(r.stderr).toBe('')
    expect(r.stdout.split('\n')).toEqual([
      'target: the second enclave, attributes 5, XFRM 3',
      'report: of the first enclave, product 11, SVN 5, data "a public key"',
      'the second enclave: 1',
      'the first enclave, which it is not for: 0',
      'with one bit flipped: 0',
      'with another KEYID: 0',
      'as it was: 1',
      'a report for another measurement: 0',
      '',
    ])
  })
})
