/** The images that the calls of these tests are made with. */
import { subjectOf } from '../../src/machine/abi/measure.ts'
import { VDSO_ABI_NAMES, type VdsoAbi } from '../../src/vdso/index.ts'
import type { Subject } from '../../src/machine/abi/run-calls.ts'

export const ABIS = VDSO_ABI_NAMES
export const subject = (abi: VdsoAbi): Subject => subjectOf(abi)

export const EENTER = 2
export const ERESUME = 3
export const EEXIT = 4

/** RAX as `int`. */
export const int = (value: bigint | undefined): number => Number(BigInt.asIntN(32, value ?? 0n))
