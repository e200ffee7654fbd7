/** The evaluator alone and translated code run longer programs alike: see support/lockstep.ts. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { busybox } from '../corpus/busybox.ts'
import { compiled, compilerMissing } from '../support/c-program.ts'
import { isSkip } from '../support/cache.ts'
import { runGuest } from '../support/guest.ts'
import { expectLockstep } from '../support/lockstep.ts'

const found = await busybox()
const program = isSkip(found) ? '' : found
const LINES = Array.from({ length: 300 }, (_, i) => `${(i * 7919) % 2003} line ${i}\n`).join('')

describe.skipIf(isSkip(found))(`busybox${isSkip(found) ? ` (skipped: ${found.skip})` : ''}`, () => {
  test.for([
    ['sort', ['sort', '-n']],
    ['sha256sum', ['sha256sum']],
    ['awk', ['awk', '{ s += $1 * 1.5 } END { printf "%.3f\\n", s }']],
    ['a pipe', ['sh', '-c', `'${program}' sort | '${program}' cut -d ' ' -f 3 | '${program}' head -n 20`]],
  ] as const)('%s', async ([, args]) => {
    expect((await runGuest(program, { args, stdin: LINES })).code).toBe(0)
    await expectLockstep(program, { args, stdin: LINES })
  })
})

const missing = await compilerMissing()
describe.skipIf(missing !== undefined)(`C programs${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  test.each(['processes', 'signals', 'threads'])('%s', async (name) => {
    await expectLockstep(await compiled(join(import.meta.dirname, '../programs/c', `${name}.c`)))
  })
})
