import type { CpuState } from '../cpu/index.ts'
import {
  ENCLS_LEAVES,
  type EnclsLeafName,
  type EncluLeafName,
  type Ranges,
  type SgxErrorCode,
} from '../spec/sgx/index.ts'
import type { HostPages } from './enclave-pages.ts'
import type { Sgx } from './processor.ts'
import type { Refusals } from './refuse.ts'

/** What an ENCLU leaf works on. */
export interface EncluContext {
  readonly sgx: Sgx
  readonly state: CpuState
  /** Page tables of the address space, not of the enclave's view. */
  readonly memory: HostPages
  /** Address of the instruction after ENCLU. */
  readonly nextRip: number
  readonly refuse: Refusals
}

/** ENCLU: one file for each leaf, checks in the order of its Operation section. `run` sets RIP when it succeeds. */
export interface EncluLeaf {
  readonly family: 'ENCLU'
  readonly name: EncluLeafName
  /** Registers that it reads, with the manual's words. */
  readonly inputs: Readonly<Record<string, string>>
  readonly run: (context: EncluContext) => SgxErrorCode | void
}
export const encluLeaf = (leaf: Omit<EncluLeaf, 'family'>): EncluLeaf => ({ family: 'ENCLU', ...leaf })

/**
 * ENCLS: called by the kernel's driver, which is on our side, so arguments are typed values instead of addresses: an operand is
 * always aligned, and an EPC page always is in the EPC. Throws a Fault where the processor would; `Result` is the code of RAX for
 * the leaves that have one.
 */
export interface EnclsLeaf<Arguments, Result> {
  (sgx: Sgx, args: Arguments): Result
  readonly family: 'ENCLS'
  readonly leaf: EnclsLeafName
  /** The operands, with the manual's words. */
  readonly inputs: Readonly<Record<keyof Arguments & string, string>>
}

export function enclsLeaf<Arguments, Result extends SgxErrorCode | void>(definition: {
  readonly leaf: EnclsLeafName
  readonly inputs: Readonly<Record<keyof Arguments & string, string>>
  readonly run: (sgx: Sgx, args: Arguments, refuse: Refusals) => Result
}): EnclsLeaf<Arguments, Result> {
  const { leaf, inputs, run } = definition
  const { since } = ENCLS_LEAVES[leaf]
  const call = (sgx: Sgx, args: Arguments): Result => {
    const refuse = sgx.refusalsOf(leaf)
    if (!sgx.profile.features.includes(since)) refuse.GP('EAX is a leaf number that CPUID reports')
    const result = run(sgx, args, refuse)
    if (!result) refuse.done()
    return result
  }
  return Object.assign(call, { family: 'ENCLS' as const, leaf, inputs })
}

/** Are the reserved bytes of a structure zero? */
export const reservedIsZero = (data: Uint8Array, ranges: Ranges): boolean =>
  ranges.every(([offset, size]) => isZero(data, offset, offset + size))
function isZero(data: Uint8Array, from: number, to: number): boolean {
  for (let k = from; k < to; k++) if (data[k] !== 0) return false
  return true
}
