import type { Sgx, SgxProfileName } from '../sgx/index.ts'
import {
  DEFAULT_LEVEL,
  featureBits,
  INSTRUCTION_LEVELS,
  xsaveLeaf,
  type InstructionLevel,
  type InstructionLevelName,
} from './instruction-levels.ts'

/** What CPUID answers: EAX, EBX, ECX, EDX. */
export type CpuidAnswer = readonly [number, number, number, number]

/** The emulated processors that --cpu names: which SGX, which instructions, and what the processor calls itself. */
export interface ProcessorProfile {
  readonly sgx: SgxProfileName
  /** DEFAULT_LEVEL when absent. */
  readonly level?: InstructionLevelName
  /** CPUID.1:EAX: family, model, stepping. */
  readonly signature: number
  readonly summary: string
}
/** The processors that can be emulated. */
// prettier-ignore
export const PROCESSORS = {
  sgx1:              { sgx: 'sgx1', signature: 0x0009_06ea, summary: 'SGX1 of 2017: no EDMM, no KSS, no exception information' },
  sgx2:              { sgx: 'sgx2', signature: 0x0009_06ea, summary: 'everything of SGX: EDMM, KSS, AEX-Notify (no real processor)' },
  icelake:           { sgx: 'icelake', signature: 0x0006_06a6, summary: 'the SGX of 3rd generation Xeon Scalable: EDMM and KSS' },
  'sapphire-rapids': { sgx: 'sapphire-rapids', signature: 0x0008_06f8, summary: 'the SGX of 4th generation Xeon Scalable: EDMM, KSS, AEX-Notify' },
  'x86-64-v1':       { sgx: 'sgx2', level: 'x86-64-v1', signature: 0x0009_06ea, summary: 'as sgx2, with the instructions of x86-64-v1: SSE2' },
  'x86-64-v2':       { sgx: 'sgx2', level: 'x86-64-v2', signature: 0x0009_06ea, summary: 'as sgx2, with the instructions of x86-64-v2: SSE4.2, AES, SHA' },
  'x86-64-v3':       { sgx: 'sgx2', level: 'x86-64-v3', signature: 0x0009_06ea, summary: 'as sgx2, with the instructions of x86-64-v3: AVX2, FMA, BMI' },
} as const satisfies Record<string, ProcessorProfile>
/** The name of a processor in `PROCESSORS`. */
export type ProcessorName = keyof typeof PROCESSORS
/** The processor that is emulated when none is named. */
export const DEFAULT_PROCESSOR: ProcessorName = 'sgx2'

const SGX_BITS = featureBits(new Set(['SGX', 'SGX_LC']), 7)
const VENDOR: CpuidAnswer = [0, 0x756e_6547, 0x6c65_746e, 0x4965_6e69]
const BRAND = 'enclu emulated x86-64 processor with SGX'.padEnd(48, '\0')
/** One-byte descriptors of leaf 2: 32 KiB L1I, 32 KiB L1D, 2 MiB L2 with 64-byte lines. */
const CACHE_DESCRIPTORS = 0x7d2c_3001
/** Leaf 4: type, level; ways - 1, line size - 1; sets - 1. */
const CACHES: readonly CpuidAnswer[] = [
  [1 | (1 << 5) | (1 << 8), (7 << 22) | 63, 63, 0],
  [2 | (1 << 5) | (1 << 8), (7 << 22) | 63, 63, 0],
  [3 | (2 << 5) | (1 << 8), (7 << 22) | 63, 4095, 0],
]

export const levelOf = ({ level = DEFAULT_LEVEL }: ProcessorProfile): InstructionLevel => INSTRUCTION_LEVELS[level]

/** What CPUID depends on. */
export interface CpuidSource {
  readonly processor: ProcessorProfile
  /** undefined: a processor without SGX. */
  readonly sgx: Sgx | undefined
}

/** Leaves above the highest answer as the highest, as Intel's do. */
export function cpuid(leaf: number, subleaf: number, source: CpuidSource): CpuidAnswer {
  const { processor, sgx } = source
  const level = levelOf(processor)
  const highest = sgx ? 0x12 : 0x0d
  if (leaf >= 0x8000_0000) return extended(leaf, level.features) ?? cpuid(highest, subleaf, source)
  if (leaf > highest) return cpuid(highest, subleaf, source)
  // Only leaves with subleaves look at ECX.
  const known = featureBits(level.features, leaf, leaf === 1 ? 0 : subleaf)
  switch (leaf) {
    case 0:
      return [highest, VENDOR[1], VENDOR[2], VENDOR[3]]
    case 1:
      return [processor.signature, (1 << 16) | (8 << 8), known[2], known[3]]
    case 2:
      return [CACHE_DESCRIPTORS, 0, 0, 0]
    case 4:
      return CACHES[subleaf] ?? [0, 0, 0, 0]
    case 7:
      return subleaf === 0
        ? [0, known[1] | (sgx ? SGX_BITS[1] : 0), known[2] | (sgx ? SGX_BITS[2] : 0), known[3]]
        : known
    case 0xd:
      return xsaveLeaf(level, subleaf)
    case 0x12: {
      const a = sgx?.cpuid(subleaf)
      return a ? [a.eax, a.ebx, a.ecx, a.edx] : [0, 0, 0, 0]
    }
    // The leaves in between describe what this processor does not have (topology, power, tracing): all zero.
    default:
      return [0, 0, 0, 0]
  }
}

function extended(leaf: number, features: ReadonlySet<string>): CpuidAnswer | undefined {
  if (leaf === 0x8000_0000) return [0x8000_0008, 0, 0, 0]
  if (leaf === 0x8000_0001) return featureBits(features, leaf)
  if (leaf >= 0x8000_0002 && leaf <= 0x8000_0004) {
    const text = new TextEncoder().encode(BRAND)
    const word = (k: number): number => new DataView(text.buffer).getUint32((leaf - 0x8000_0002) * 16 + k * 4, true)
    return [word(0), word(1), word(2), word(3)]
  }
  if (leaf === 0x8000_0008) return [0x3027, 0, 0, 0]
  return leaf < 0x8000_0008 ? [0, 0, 0, 0] : undefined
}
