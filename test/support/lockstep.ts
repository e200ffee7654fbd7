import { expect } from 'vitest'
import { runGuest, type GuestOptions } from './guest.ts'

const EARLY = 20

/**
 * Runs a program in the evaluator alone, and translated: the same system calls with the same arguments and results, the same SGX
 * events, the same number of instructions. Translated twice, the second time earlier: when code is translated cannot be seen either.
 */
export async function expectLockstep(program: string, options: GuestOptions = {}): Promise<void> {
  // Files of the host may be looked at, and their times are in what a program sees; the clock starts at the same time.
  const fixed = { ...options, wallClock: () => 1_700_000_000_000_000_000n }
  const { stats: fast, ...translated } = await runGuest(program, fixed)
  const { stats: slow, ...evaluated } = await runGuest(program, { ...fixed, translate: false })
  expect(fast.evaluated, 'threaded code ran').toBeLessThan(fast.instructions)
  expect(slow.evaluated).toBe(slow.instructions)
  expect(translated).toEqual(evaluated)
  expect(fast.instructions).toBe(slow.instructions)
  expect(fast.transitions).toEqual(slow.transitions)
  // Most of a short program is not worth a region; here it shall have some.
  const { stats: again, ...second } = await runGuest(program, { ...fixed, translateAfter: EARLY })
  expect(again.regions, 'regions ran').toBeGreaterThan(0)
  expect(second).toEqual(translated)
  expect(again.instructions).toBe(fast.instructions)
}
