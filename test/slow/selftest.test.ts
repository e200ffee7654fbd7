/**
 * The SGX selftest of the Linux kernel, built here from Debian's kernel source, run by the program `enclu` as a user runs it. What
 * each test checks is in the kernel's tools/testing/selftests/sgx/main.c.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/index.ts'
import { enclu } from '../cli/enclu.ts'
import { selftest, SELFTEST_MRENCLAVE } from '../corpus/selftest.ts'
import { isSkip } from '../support/cache.ts'
import { command } from '../support/command.ts'
import { runGuest } from '../support/guest.ts'
import { selftestMrenclave } from '../support/measure.ts'

const found = await selftest('6.12')
const { folder, staticHost, enclave } = isSkip(found) ? { folder: '', staticHost: '', enclave: '' } : found

const scratch = mkdtempSync(join(tmpdir(), 'enclu-selftest-'))
afterAll(() => rmSync(scratch, { recursive: true }))

/** What the kernel's tests check that SGX1 can do: entries, exits, exceptions and resumptions of each. */
// prettier-ignore
const TESTS = [
  ['unclobbered_vdso',                 { EENTER: 2, ERESUME: 0, EEXIT: 2, AEX: 0 }],
  ['clobbered_vdso',                   { EENTER: 2, ERESUME: 0, EEXIT: 2, AEX: 0 }],
  ['clobbered_vdso_and_user_function', { EENTER: 2, ERESUME: 0, EEXIT: 2, AEX: 0 }],
  ['tcs_entry',                        { EENTER: 2, ERESUME: 0, EEXIT: 2, AEX: 0 }],
  ['pte_permissions',                  { EENTER: 4, ERESUME: 1, EEXIT: 4, AEX: 1 }],
] as const

interface Statistics {
  seconds: number
  instructions: number
  transitions: Record<string, number>
}

describe.skipIf(isSkip(found))(`selftest of Linux 6.12${isSkip(found) ? ` (skipped: ${found.skip})` : ''}`, () => {
  test('-l lists its sixteen tests, as natively', async () => {
    const listed = await enclu(['run', staticHost, '-l'], { cwd: folder })
    const native = await command(staticHost, ['-l'], { cwd: folder })
    expect(listed).toEqual(native)
    expect(listed.code).toBe(4)
    expect(listed.stderr.split('\n').filter((line) => /^(enclave)? {2,}\w+$/.test(line))).toHaveLength(16)
  })

  test.skipIf(existsSync('/dev/sgx_enclave'))(
    '--no-sgx prints what it prints on this machine, which has none',
    async () => {
      const run = await enclu(['run', '--no-sgx', staticHost], { cwd: folder, timeoutMs: 300_000 })
      const native = await command(staticHost, [], { cwd: folder, timeoutMs: 300_000 })
      expect(run.stdout).toBe(native.stdout)
      expect(run.code).toBe(native.code)
      expect(run.stdout).toContain('# Totals: pass:0 fail:14 xfail:0 xpass:0 skip:2 error:0')
    },
  )

  test.for(TESTS)('%s', async ([name, transitions], { annotate }) => {
    const log = join(scratch, name)
    const options = ['--stats-format', 'json', '-D', log]
    const started = performance.now()
    const r = await enclu(['run', ...options, staticHost, '-r', `enclave.${name}`], { cwd: folder, timeoutMs: 300_000 })
    const seconds = (performance.now() - started) / 1000
    expect({ code: r.code, stderr: r.stderr }).toEqual({ code: 0, stderr: '' })
    expect(r.stdout).toContain(`\nok 1 enclave.${name}\n`)
    expect(r.stdout).toContain('# PASSED: 1 / 1 tests passed.')
    const statistics = JSON.parse(readFileSync(log, 'utf8')) as Statistics
    expect(statistics.transitions).toEqual(transitions)
    await annotate(`${seconds.toFixed(1)} s, ${(statistics.instructions / 1e6).toFixed(1)} million instructions`)
  })

  test('MRENCLAVE: measured by hand, by the host with OpenSSL, and by the machine, all the same', async ({
    annotate,
  }) => {
    const measured = selftestMrenclave(readFileSync(enclave))
    const compiler = (await command('gcc', ['-dumpfullversion'])).stdout.trim()
    if (compiler === '12.2.0') expect(measured).toBe(SELFTEST_MRENCLAVE['6.12'])
    else await annotate(`gcc ${compiler} is not 12.2.0: MRENCLAVE is ${measured}`)

    const seen: string[] = []
    const r = await runGuest(staticHost, {
      args: ['-r', 'enclave.unclobbered_vdso'],
      cwd: folder,
      onSgxEvent(line, machine) {
        if (!line.startsWith('ENCLS[EINIT]')) return
        expect(line).toBe('ENCLS[EINIT] done')
        // Private on purpose: nothing but a test looks at a SECS.
        const pages = machine['sgx']?.epc['pages'] ?? []
        for (const page of pages) if (page?.VALID && page.enclave) seen.push(toHex(page.enclave.SECS.MRENCLAVE))
      },
    })
    expect(r.code).toBe(0)
    // EINIT compared it with the SIGSTRUCT that the host signed.
    expect(seen).toEqual([measured])
  })
})
