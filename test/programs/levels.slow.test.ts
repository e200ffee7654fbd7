/**
 * What gcc makes of C for the higher levels of the psABI, vectors and all, gives the same output here as on this machine's processor.
 * `ENCLU_FLOATS=1` runs every case of the floating-point program, which takes minutes.
 */
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildPrograms, KERNEL_NAMES, kernels } from '../../bench/workloads.ts'
import { hostHas } from '../native/host-features.ts'
import { isIntelHost } from '../../src/isa/vendor.fixture.ts'
import { compiled, compilerMissing } from '../support/c-program.ts'
import { command } from '../support/command.ts'
import { runGuest } from '../support/guest.ts'

const missing = await compilerMissing()
const FLOATS = join(import.meta.dirname, 'c/floats.c')
/** Every how manieth case of each operation is run; prime to the numbers of operands, so that all of these have their turns. */
const share = process.env['ENCLU_FLOATS'] ?? '53'
const SCALE = 0.004

/** The lines of what the floating-point program prints. Sums of DPPS and DPPD are Intel's own (docs/quirks.md). */
const comparable = (stdout: string): string[] =>
  stdout.split('\n').filter((line) => isIntelHost || !line.startsWith('dot.'))

// prettier-ignore
const LEVELS = [
  // The C library has functions with FMA, whose last bits differ from those without: the native run must not choose them either.
  { cpu: 'x86-64-v2', needs: 'SSE4_2',        tunables: 'glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4' },
  { cpu: 'x86-64-v3', needs: 'AVX2+FMA+BMI2', tunables: 'glibc.cpu.hwcaps=-FMA4' },
] as const

describe.skipIf(missing !== undefined)(`as natively${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  for (const { cpu, needs, tunables } of LEVELS) {
    const flags = ['-O3', `-march=${cpu}`, '-static']
    const env = { GLIBC_TUNABLES: tunables }
    const run = async (program: string, args: readonly string[]) => ({
      native: await command(program, args, { env }),
      guest: await runGuest(program, { args, cpu, traced: false, allowRead: [dirname(program)] }),
    })

    describe.skipIf(!hostHas(needs))(cpu, () => {
      test('floating point', async () => {
        const { native, guest } = await run(await compiled(FLOATS, flags), [share])
        const [lines, ours] = [comparable(native.stdout), comparable(guest.stdout)]
        expect(lines.length).toBeGreaterThan(2500)
        const different = ours.filter((line, k) => line !== lines[k])
        expect(different.slice(0, 10), `${different.length} of ${lines.length} lines differ`).toEqual([])
        expect(ours).toHaveLength(lines.length)
        expect(guest).toMatchObject({ code: 0, stderr: '', notices: [] })
      })

      test('the kernels of the bench', async () => {
        for (const { name, words, hashOf } of kernels(await buildPrograms(flags), KERNEL_NAMES, SCALE)) {
          const [program = '', ...args] = words
          const { native, guest } = await run(program, args)
          const hash = hashOf(Buffer.from(native.stdout))
          expect(hash, name).toMatch(/^[0-9a-f]{16}$/)
          expect(hashOf(Buffer.from(guest.stdout)), name).toBe(hash)
        }
      })
    })
  }
})
