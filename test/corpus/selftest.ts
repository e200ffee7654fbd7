import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, type Skip } from '../support/cache.ts'
import { mustRun } from '../support/command.ts'
import { downloadPackage, needTools, orSkip, Unavailable } from '../support/debian.ts'

/** The kernel's SGX selftest, built here from Debian's kernel source. Run the hosts in `folder`: they open test_encl.elf there. */
export interface Selftest {
  folder: string
  /** Statically linked host. */
  staticHost: string
  /** The host as the kernel's Makefile links it. */
  dynamicHost: string
  enclave: string
}

export type SelftestKernel = '6.12' | '6.1'

/** What a clean build with Debian's gcc 12.2 measures to, heap of 4096 bytes. */
export const SELFTEST_MRENCLAVE: Readonly<Record<SelftestKernel, string>> = {
  '6.12': '448056b228b1f2451de97918e5290d488395838f513bb5554b27d51906d5509b',
  '6.1': 'e93062e177b6cc182fbb56c8f00f9274c00fae8b9a8afbb665ed4da5050c24bc',
}

const SELFTESTS = 'tools/testing/selftests'
const NEEDED = [
  `${SELFTESTS}/sgx`,
  `${SELFTESTS}/kselftest*`,
  `${SELFTESTS}/lib.mk`,
  `${SELFTESTS}/x86/check_cc.sh`,
  `${SELFTESTS}/x86/trivial_64bit_program.c`,
  'arch/x86/include',
  'tools/include',
  'tools/scripts',
]
const OBJECTS = ['main.o', 'load.o', 'sigstruct.o', 'call.o', 'sign_key.o']

/** Unpacks only what the test needs: the whole tree is 1.5 GB. */
async function unpackSource(kernel: SelftestKernel, draft: string): Promise<void> {
  const name = `linux-source-${kernel}`
  const deb = await downloadPackage(name, draft)
  await mustRun('dpkg-deb', ['-x', deb, join(draft, 'deb')], { timeoutMs: 120_000 })
  const tar = join(draft, 'deb/usr/src', `${name}.tar.xz`)
  const wanted = NEEDED.map((p) => `${name}/${p}`)
  await mustRun('tar', ['-C', draft, '--strip-components=1', '--wildcards', '-xf', tar, ...wanted], {
    timeoutMs: 300_000,
  })
  await rm(deb)
  await rm(join(draft, 'deb'), { recursive: true })
}

async function build(kernel: SelftestKernel, draft: string): Promise<void> {
  const tree = join(draft, 'tree')
  await mkdir(tree)
  await unpackSource(kernel, tree)
  const sgx = join(tree, SELFTESTS, 'sgx')
  await mustRun('make', ['-C', sgx, 'CC=gcc', `OUTPUT=${sgx}`, 'all'], { timeoutMs: 300_000 })
  const relink = ['-static', '-g', '-z', 'noexecstack', '-o', 'test_sgx_static', ...OBJECTS, '-lcrypto']
  await mustRun('gcc', relink, { cwd: sgx, timeoutMs: 120_000 })
  for (const file of ['test_sgx', 'test_sgx_static', 'test_encl.elf']) await rename(join(sgx, file), join(draft, file))
  await rm(tree, { recursive: true })
}

/** Downloads 150 MB once. */
export const selftest = (kernel: SelftestKernel): Promise<Selftest | Skip> =>
  orSkip(async () => {
    const folder = await cached(`selftest-${kernel}`, `${kernel} 1`, async (draft) => {
      await needTools('gcc', 'make', 'tar', 'xz')
      if (!existsSync('/usr/lib/x86_64-linux-gnu/libcrypto.a')) throw new Unavailable('needs libssl-dev (libcrypto.a)')
      await build(kernel, draft)
    })
    return {
      folder,
      staticHost: join(folder, 'test_sgx_static'),
      dynamicHost: join(folder, 'test_sgx'),
      enclave: join(folder, 'test_encl.elf'),
    }
  })
