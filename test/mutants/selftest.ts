/** What the kernel's selftest does not notice: facts about its mutants, each a behaviour of ours that is broken here. */
import type { Mutant } from './mutant.ts'

export const SELFTEST: readonly Mutant[] = []
