import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { isSkip } from '../support/cache.ts'
import { command } from '../support/command.ts'
import { selftestMrenclave } from '../support/measure.ts'
import { busybox } from './busybox.ts'
import { qemu } from './qemu.ts'
import { selftest, SELFTEST_MRENCLAVE } from './selftest.ts'

const wanted = process.env['ENCLU_CORPUS'] === '1'
const title = `corpus${wanted ? '' : ' (skipped: it downloads 300 MB; set ENCLU_CORPUS=1)'}`

describe.skipIf(!wanted)(title, { timeout: 900_000 }, () => {
  test.for(['6.12', '6.1'] as const)('selftest of Linux %s', async (kernel, t) => {
    const s = await selftest(kernel)
    if (isSkip(s)) return t.skip(s.skip)
    const compiler = (await command('gcc', ['-dumpfullversion'])).stdout.trim()
    const measured = selftestMrenclave(await readFile(s.enclave))
    if (compiler === '12.2.0') expect(measured).toBe(SELFTEST_MRENCLAVE[kernel])
    else await t.annotate(`gcc ${compiler} is not 12.2.0: MRENCLAVE is ${measured}`)
    for (const host of [s.staticHost, s.dynamicHost]) {
      // Runs without the device, too: every test then fails in its set-up, with a verdict.
      const r = await command(host, [], { cwd: s.folder, timeoutMs: 120_000 })
      expect(r.stdout).toContain('1..16')
    }
  })

  test('busybox', async (t) => {
    const path = await busybox()
    if (isSkip(path)) return t.skip(path.skip)
    expect((await command(path, ['echo', 'hello'])).stdout).toBe('hello\n')
  })

  test('qemu', async (t) => {
    const path = await qemu()
    if (isSkip(path)) return t.skip(path.skip)
    expect((await command(path, ['--version'])).stdout).toMatch(/^qemu-x86_64 version \d/)
  })
})
