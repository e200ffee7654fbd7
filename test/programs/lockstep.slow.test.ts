/** The evaluator alone and translated code run whole programs alike: see support/lockstep.ts. */
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { compiled, compilerMissing } from '../support/c-program.ts'
import { expectLockstep } from '../support/lockstep.ts'

test.each(['hello', 'fault', 'handler'])('example %s', async (name) => {
  await expectLockstep(join(import.meta.dirname, '../../examples', name, name))
})

const missing = await compilerMissing()
describe.skipIf(missing !== undefined)(`C programs${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  test.each(['memory', 'selfmodifying'])('%s', async (name) => {
    await expectLockstep(await compiled(join(import.meta.dirname, 'c', `${name}.c`)))
  })
})
