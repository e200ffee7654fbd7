import { expect } from 'vitest'
import { runGuest, type GuestOptions } from './guest.ts'

/**
 * Runs a program in the evaluator alone, and translated: the same system calls with the same arguments and results, the same SGX
 * events, the same number of instructions. Also twice the same run: all follows from the program, its input and the seed.
 */
export async function expectLockstep(program: string, options: GuestOptions = {}): Promise<void> {
  // Files of the host may be looked at, and their times are in what a program sees; the clock starts at the same time.
  const fixed = { ...options, wallClock: () => 1_700_000_000_000_000_000n }
  const { stats: fast, ...translated } = await runGuest(program, fixed)
  const { stats: slow, ...evaluated } = await runGuest(program, { ...fixed, translate: false })
  expect(fast.evaluated, 'translated code ran').toBeLessThan(fast.instructions)
  // ENCLU is neither's.
  const { EENTER, ERESUME, EEXIT } = slow.transitions
  expect(slow.evaluated).toBe(slow.instructions - EENTER - ERESUME - EEXIT)
  expect(translated).toEqual(evaluated)
  expect(fast.instructions).toBe(slow.instructions)
  expect(fast.transitions).toEqual(slow.transitions)
  const { stats: again, ...second } = await runGuest(program, fixed)
  expect(second).toEqual(translated)
  expect(again.instructions).toBe(fast.instructions)
}
