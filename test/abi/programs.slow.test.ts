/** C and C++ programs without assembly call the vDSO, and leave its handler in every way. */
import { copyFile, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { VdsoAbi } from '../../src/api/index.ts'
import { cached } from '../support/cache.ts'
import { compilerMissing } from '../support/c-program.ts'
import { mustRun, works } from '../support/command.ts'
import { runGuest } from '../support/guest.ts'
import { kernelVdso } from '../support/kernel-vdso.ts'
import { isSkip } from '../support/cache.ts'

const COMMON = resolve('examples/common')
const HERE = join(import.meta.dirname, 'programs')
const HOST = ['enclave.c', 'vdso.c', 'embed.S'].map((name) => join(COMMON, name))

const missing = (await compilerMissing()) ?? ((await works('g++')) ? undefined : 'needs g++')

/** The enclave and both programs, built once for each version of the sources. */
async function build(): Promise<string> {
  const sources = ['trusted.S', 'direct.c', 'handlers.cpp'].map((name) => join(HERE, name))
  const key = await Promise.all(
    [...sources, ...HOST, join(COMMON, 'trusted.ld'), join(COMMON, 'enclave.h')].map((f) => readFile(f, 'utf8')),
  )
  return cached('abi-programs', key.join('\n'), async (draft) => {
    const options = { cwd: draft }
    const script = ['-Wl,-T', `-Wl,${join(COMMON, 'trusted.ld')}`, '-Wl,-z,max-page-size=4096']
    await mustRun(
      'gcc',
      ['-nostdlib', '-static', '-no-pie', ...script, '-o', 't.enclave', join(HERE, 'trusted.S')],
      options,
    )
    await mustRun('strip', ['--strip-all', 't.enclave'], options)
    await copyFile(join(COMMON, 'sign.mjs'), join(draft, 'sign.mjs'))
    await mustRun(process.execPath, ['sign.mjs', 't.enclave', join(COMMON, 'example-key.pem'), 't.sigstruct'], options)
    const flags = ['-O2', '-Wall', '-Wextra', `-I${COMMON}`, '-DENCLAVE="t.enclave"', '-DSIGSTRUCT="t.sigstruct"']
    await mustRun('gcc', [...flags, '-static', '-o', 'direct', join(HERE, 'direct.c'), ...HOST], options)
    for (const source of HOST) await mustRun('gcc', [...flags, '-c', source], options)
    const objects = ['enclave.o', 'vdso.o', 'embed.o']
    // Names of functions for backtrace().
    const link = ['-D_Static_assert=static_assert', '-rdynamic', '-pthread', '-o', 'handlers']
    await mustRun('g++', [...flags, ...link, join(HERE, 'handlers.cpp'), ...objects], options)
  })
}

describe.skipIf(missing !== undefined)(`programs${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let folder: string
  beforeAll(async () => {
    folder = await build()
  }, 120_000)

  const direct = async (abi: VdsoAbi): Promise<string> => {
    const { stdout, code } = await runGuest(join(folder, 'direct'), { args: [abi], vdso: abi })
    return code === 0 ? stdout : `${stdout}exit code ${code}`
  }

  test.each(['mainline', 'v29', 'v29-misc'] as const)('C calls %s through a function pointer', async (abi) => {
    const misc = abi === 'v29-misc' ? 'misc: arrived\n' : ''
    expect(await direct(abi)).toBe(`${abi}: 100 of 100 calls kept everything, the handler was called 50 times\n${misc}`)
  })

  test('the same program under v28 loses RBX', async () => {
    const seen = await direct('v28')
    expect(seen).not.toContain('100 of 100')
    expect(seen).toMatch(/v28: 0 of 100|exit code 139/)
  })

  const handlers = async (name: string, options: { vdsoImage?: Uint8Array } = {}): Promise<string> => {
    const { stdout, stderr, code } = await runGuest(join(folder, 'handlers'), { args: [name], ...options })
    return code === 0 ? stdout : `${stdout}${stderr}exit code ${code}`
  }

  // prettier-ignore
  const EXPECTED: readonly (readonly [name: string, output: RegExp])[] = [
    ['throw',     /^(destroyed\ndestroyed\ncaught: thrown out of the handler, function 4\n){3}again: 0, function 4\n$/],
    ['longjmp',   /^jumped with 7\nagain: 0, function 4\n$/],
    ['signal',    /^left by signal SIGUSR1\nagain: 0, function 4\n$/],
    ['backtrace', /after EEXIT\n(.*\n){1,2}.*linux-vdso.*__vdso_sgx_enter_enclave.*\n.*\(the_caller\+.*\n.*\(the_callers_caller\+[^]*result 0\nagain/],
    ['nested',    /^nested on another thread: 0, function 4\nresult 0\nagain: 0, function 4\n$/],
    ['same',      /^function 3, vector 0\nnested on the same thread: 0, function 4\nresult 0\nagain: 0, function 4\n$/],
    ['busy',      /^the second: 0, function 2, vector 13\nthe first: function 4\nagain: 0, function 4\n$/],
  ]

  test.each(EXPECTED)('a handler in C++: %s', async (name, output) => {
    expect(await handlers(name)).toMatch(output)
  })

  test.for(EXPECTED.filter(([name]) => name === 'throw' || name === 'backtrace'))(
    "the same through Linux's own vDSO: %s",
    async ([name, output], t) => {
      const path = await kernelVdso()
      if (isSkip(path)) return t.skip(path.skip)
      expect(await handlers(name, { vdsoImage: new Uint8Array(await readFile(path)) })).toMatch(output)
    },
  )
})
