/** The committed examples, run by enclu: what they print, what the machine did, and that the evaluator alone does the same. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/index.ts'
import { runGuest } from '../support/guest.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')
const example = (name: string): string => join(EXAMPLES, name, name)

/** SIGSTRUCT.ENCLAVEHASH. */
const mrenclave = (name: string): string =>
  toHex(Uint8Array.from(readFileSync(join(EXAMPLES, name, `${name}.sigstruct`)).subarray(960, 992)))

describe.each([true, false])('translate: %s', (translate) => {
  test('hello: a text goes in, the reply comes out', async () => {
    const r = await runGuest(example('hello'), { translate })
    expect({ ...r, sgx: [], syscalls: [] }).toMatchObject({ code: 0, stderr: '', notices: [] })
    expect(r.stdout).toBe(`MRENCLAVE ${mrenclave('hello')}\nhost:    Hello, enclave\nenclave: EVALCNE ,OLLEH\n`)
    expect(r.stats.transitions).toEqual({ EENTER: 1, ERESUME: 0, EEXIT: 1, AEX: 0 })
    const reply = await runGuest(example('hello'), { translate, args: ['abc'] })
    expect(reply.stdout).toContain('\nhost:    abc\nenclave: CBA\n')
  })

  test('fault: the exception is seen, repaired, and the enclave resumed', async () => {
    const r = await runGuest(example('fault'), { translate })
    expect(r.stdout).toBe(
      [
        'the page is read-only, the enclave writes to it',
        // Nobody has touched the page before, so it is not present: no bit 0 in the error code.
        'exception: function 3, vector 14, error code 0x6, at the page',
        'the page is writable again, the enclave is resumed',
        'the enclave left, the page holds 42',
        '',
      ].join('\n'),
    )
    expect({ code: r.code, stderr: r.stderr, notices: r.notices }).toEqual({ code: 0, stderr: '', notices: [] })
    expect(r.stats.transitions).toEqual({ EENTER: 2, ERESUME: 1, EEXIT: 2, AEX: 1 })
  })

  test('handler: seven requests in one call', async () => {
    const r = await runGuest(example('handler'), { translate })
    expect(r.stdout).toBe('so far: 20\nso far: 50\nso far: 42\nsum: 42, after 7 requests in one call\n')
    expect({ code: r.code, stderr: r.stderr, notices: r.notices }).toEqual({ code: 0, stderr: '', notices: [] })
    expect(r.stats.transitions).toEqual({ EENTER: 8, ERESUME: 0, EEXIT: 8, AEX: 0 })
  })
})

test('a machine without SGX: the examples say so, as on a host without it', async () => {
  const r = await runGuest(example('hello'), { sgx: false })
  expect({ code: r.code, stdout: r.stdout }).toEqual({ code: 1, stdout: '' })
  expect(r.stderr).toBe('cannot open /dev/sgx_enclave (has this machine SGX?): No such file or directory\n')
})

test('the trace names the leaves, the exit and the crossings of the vDSO, in their order', async () => {
  const { sgx } = await runGuest(example('fault'))
  const story = sgx.filter((line) => !/EPA|EADD|EEXTEND|EREMOVE/.test(line)).map((line) => line.split(' ', 2).join(' '))
  expect(story).toEqual([
    ...['ENCLS[ECREATE] done', 'ENCLS[EINIT] done'],
    ...['vDSO ENCLU[EAX=0x2]', 'ENCLU[EENTER] done', 'ENCLU[EEXIT] done'],
    ...['vDSO ENCLU[EAX=0x2]', 'ENCLU[EENTER] done', 'AEX #PF(0x6)', 'vDSO exception'],
    ...['vDSO ENCLU[EAX=0x3]', 'ENCLU[ERESUME] done', 'ENCLU[EEXIT] done'],
  ])
})
