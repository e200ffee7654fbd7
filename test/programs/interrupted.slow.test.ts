/** Ctrl-C, as the machine gets it: a guest that does not listen ends, one that does goes its own way, and so do its children. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compiled, compilerMissing } from '../support/c-program.ts'
import { runGuest, type GuestOutcome } from '../support/guest.ts'

const SIGINT = 2
const missing = await compilerMissing()

/** The signal comes when the guest has said that it is ready, from the host's event loop. */
async function interrupted(how: string, translate = true): Promise<GuestOutcome> {
  const program = await compiled(join(import.meta.dirname, 'c/interrupted.c'))
  return runGuest(program, {
    args: [how],
    translate,
    whenPrinted: { bytes: 'ready\n'.length, then: (machine) => void setTimeout(() => machine.interrupt(SIGINT), 20) },
  })
}

describe.skipIf(missing !== undefined)(`SIGINT${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  test.each([
    ['spin', true],
    ['spin', false],
    ['pause', true],
  ] as const)('ends a guest that does not listen: %s, translate %s', async (how, translate) => {
    const r = await interrupted(how, translate)
    expect({ code: r.code, stdout: r.stdout }).toEqual({ code: 130, stdout: 'ready\n' })
  })

  test.each([
    ['spin, handled', 'seen 2\n'],
    ['pause, handled', 'seen 2\n'],
    ['family, handled, wait', 'child killed by 2\nseen 2\n'],
  ] as const)('is an event for a guest that listens: %s', async (how, says) => {
    const r = await interrupted(how)
    expect({ code: r.code, stdout: r.stdout }).toEqual({ code: 3, stdout: `ready\n${says}` })
  })

  test('reaches the whole foreground group', async () => {
    const r = await interrupted('family, wait')
    expect(r.code).toBe(130)
  })
})
