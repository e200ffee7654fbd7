import type { Sgx, SgxProfileName } from '../sgx/index.ts'

/** What CPUID answers: EAX, EBX, ECX, EDX. */
export type CpuidAnswer = readonly [number, number, number, number]

/** The emulated processors that --cpu names. */
export interface ProcessorProfile {
  readonly sgx: SgxProfileName
  readonly summary: string
}
export const PROCESSORS = {
  sgx1: { sgx: 'sgx1', summary: 'x86-64 baseline (SSE2) with SGX1' },
  sgx2: { sgx: 'sgx2', summary: 'x86-64 baseline (SSE2) with SGX2 (EDMM) and AEX-Notify' },
} as const satisfies Record<string, ProcessorProfile>
export type ProcessorName = keyof typeof PROCESSORS
export const DEFAULT_PROCESSOR: ProcessorName = 'sgx2'

/** CPUID.1:EDX of the baseline: FPU DE PSE TSC MSR PAE CX8 SEP PGE CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2. Also AT_HWCAP. */
export const FEATURES_EDX = bits(0, 2, 3, 4, 5, 6, 8, 11, 13, 15, 16, 17, 19, 23, 24, 25, 26)
const CX16 = bits(13)
const EXTENDED_EDX = bits(11, 20, 29)
const LAHF = bits(0)
const SGX = bits(2)
const SGX_LC = bits(30)
const VENDOR: CpuidAnswer = [0, 0x756e_6547, 0x6c65_746e, 0x4965_6e69]
const BRAND = 'enclu emulated x86-64 processor with SGX'.padEnd(48, '\0')
/** Family 6, model 158, stepping 10: a desktop processor that had SGX with flexible launch control. */
const SIGNATURE = 0x0009_06ea
/** One-byte descriptors of leaf 2: 32 KiB L1I, 32 KiB L1D, 2 MiB L2 with 64-byte lines. */
const CACHE_DESCRIPTORS = 0x7d2c_3001
/** Leaf 4: type, level; ways - 1, line size - 1; sets - 1. */
const CACHES: readonly CpuidAnswer[] = [
  [1 | (1 << 5) | (1 << 8), (7 << 22) | 63, 63, 0],
  [2 | (1 << 5) | (1 << 8), (7 << 22) | 63, 63, 0],
  [3 | (2 << 5) | (1 << 8), (7 << 22) | 63, 4095, 0],
]

function bits(...numbers: number[]): number {
  return numbers.reduce((x, n) => x | (1 << n), 0) >>> 0
}

/** `sgx` undefined: a processor without it. Leaves above the highest answer as the highest, as Intel's do. */
export function cpuid(leaf: number, subleaf: number, sgx: Sgx | undefined): CpuidAnswer {
  const highest = sgx ? 0x12 : 0x0d
  if (leaf >= 0x8000_0000) return extended(leaf) ?? cpuid(highest, subleaf, sgx)
  if (leaf > highest) return cpuid(highest, subleaf, sgx)
  switch (leaf) {
    case 0:
      return [highest, VENDOR[1], VENDOR[2], VENDOR[3]]
    case 1:
      return [SIGNATURE, (1 << 16) | (8 << 8), CX16, FEATURES_EDX]
    case 2:
      return [CACHE_DESCRIPTORS, 0, 0, 0]
    case 4:
      return CACHES[subleaf] ?? [0, 0, 0, 0]
    case 7:
      return subleaf === 0 && sgx ? [0, SGX, SGX_LC, 0] : [0, 0, 0, 0]
    case 0x12: {
      const a = sgx?.cpuid(subleaf)
      return a ? [a.eax, a.ebx, a.ecx, a.edx] : [0, 0, 0, 0]
    }
    // The leaves in between describe what this processor does not have (topology, power, tracing): all zero.
    default:
      return [0, 0, 0, 0]
  }
}

function extended(leaf: number): CpuidAnswer | undefined {
  if (leaf === 0x8000_0000) return [0x8000_0008, 0, 0, 0]
  if (leaf === 0x8000_0001) return [0, 0, LAHF, EXTENDED_EDX]
  if (leaf >= 0x8000_0002 && leaf <= 0x8000_0004) {
    const text = new TextEncoder().encode(BRAND)
    const word = (k: number): number => new DataView(text.buffer).getUint32((leaf - 0x8000_0002) * 16 + k * 4, true)
    return [word(0), word(1), word(2), word(3)]
  }
  if (leaf === 0x8000_0008) return [0x3027, 0, 0, 0]
  return leaf < 0x8000_0008 ? [0, 0, 0, 0] : undefined
}
