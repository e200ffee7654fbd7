import { ABI_NAMES, enterEnclave, type VdsoAbi } from './enter-enclave.ts'
import { buildImage, type VdsoImage } from './image.ts'

/** The vDSO: the shared object that the kernel maps into a process and names in AT_SYSINFO_EHDR. */

export { type VdsoAbi } from './enter-enclave.ts'
export { ENTER_ENCLAVE, readVdso } from './foreign.ts'
export type { VdsoImage } from './image.ts'
export { placeListing, type Code, type Listing, type Row } from './listing.ts'

/** Each ABI of the enclave call: its name and what it is. */
export const VDSO_ABIS = {
  mainline: 'Linux 5.11 and later: struct sgx_enclave_run, callable from C',
  v28: 'the patch of March 2020: leaf in EAX, RBX not kept, needs an assembly wrapper',
  v29: "the thread's outcome: leaf in RCX, RBX kept, callable from C",
  'v29-misc': 'as v29, with a pointer of the caller handed to the handler',
} as const satisfies Record<VdsoAbi, string>

export const VDSO_ABI_NAMES: readonly VdsoAbi[] = ABI_NAMES

export const buildVdso = (abi: VdsoAbi = 'mainline'): VdsoImage =>
  buildImage({
    symbol: '__vdso_sgx_enter_enclave',
    listing: enterEnclave(abi),
    exceptions: [{ ip: 'enclu', fixup: 'exception' }],
  })
