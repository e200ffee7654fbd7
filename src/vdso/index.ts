import { buildImage, type VdsoImage, type VdsoSource } from './image.ts'
import { MAINLINE } from './mainline.ts'

/** The vDSO: the shared object that the kernel maps into a process and names in AT_SYSINFO_EHDR. */

export type { VdsoImage } from './image.ts'

/** Each ABI of the enclave call, by name. */
// prettier-ignore
const SOURCES = {
  mainline: { symbol: '__vdso_sgx_enter_enclave', listing: MAINLINE, exceptions: [{ ip: 'enclu', fixup: 'exception' }] },
} as const satisfies Record<string, VdsoSource>

export type VdsoAbi = keyof typeof SOURCES
// Object.keys cannot know that a literal has no other keys.
export const VDSO_ABIS = Object.keys(SOURCES) as readonly VdsoAbi[]

export const buildVdso = (abi: VdsoAbi = 'mainline'): VdsoImage => buildImage(SOURCES[abi])
