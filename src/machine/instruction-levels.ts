/**
 * The instruction sets that --cpu names, apart from SGX: the microarchitecture levels of the x86-64 psABI, each with what processors of
 * that age that have SGX bring along. A level's features are what CPUID announces, what AT_HWCAP tells and what the decoder knows: an
 * instruction of a missing feature is #UD, or what its bytes were before it existed (TZCNT is BSF). [PSABI "Machine"]
 */

const words = (text: string): string[] => text.trim().split(/\s+/)

/**
 * Of the baseline CPUID says more than instructions: FPU to CLFSH and FXSR. The rest are instructions that no compiler takes for granted:
 * programs ask for them by name, so that they belong to no level of the psABI.
 */
const V1 = words(`
  FPU DE PSE TSC MSR PAE CX8 SEP PGE CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2 SYSCALL NX LM
  RDTSCP RDRAND RDSEED FSGSBASE CLFLUSHOPT CLWB PREFETCHW ERMS`)
const V2 = words('SSE3 SSSE3 SSE4_1 SSE4_2 CX16 LAHF POPCNT AES PCLMULQDQ SHA')
const V3 = words('AVX AVX2 BMI1 BMI2 F16C FMA LZCNT MOVBE XSAVE OSXSAVE XSAVEOPT XSAVEC XGETBV1 ADX')

export interface InstructionLevel {
  readonly features: ReadonlySet<string>
  /** What the operating system has enabled in XCR0: x87, SSE, AVX. */
  readonly xcr0: bigint
}

export const INSTRUCTION_LEVELS = {
  'x86-64-v1': { features: new Set(V1), xcr0: 3n },
  'x86-64-v2': { features: new Set([...V1, ...V2]), xcr0: 3n },
  'x86-64-v3': { features: new Set([...V1, ...V2, ...V3]), xcr0: 7n },
} as const satisfies Record<string, InstructionLevel>
export type InstructionLevelName = keyof typeof INSTRUCTION_LEVELS

/** The highest level all of whose instructions are there. */
export const DEFAULT_LEVEL: InstructionLevelName = 'x86-64-v2'

/** Registers of a CPUID answer, by their places in it. */
const [EAX, EBX, ECX, EDX] = [0, 1, 2, 3] as const

/** Where CPUID announces a feature: leaf, subleaf, register, bits by name. [SDM-2 "CPUID—CPU Identification"] */
export const FEATURE_BITS: readonly (readonly [
  leaf: number,
  subleaf: number,
  register: number,
  names: Readonly<Record<string, number>>,
])[] = [
  // prettier-ignore
  [1, 0, EDX, {
    FPU: 0, DE: 2, PSE: 3, TSC: 4, MSR: 5, PAE: 6, CX8: 8, SEP: 11, PGE: 13, CMOV: 15, PAT: 16, PSE36: 17, CLFSH: 19, MMX: 23,
    FXSR: 24, SSE: 25, SSE2: 26,
  }],
  // prettier-ignore
  [1, 0, ECX, {
    SSE3: 0, PCLMULQDQ: 1, SSSE3: 9, FMA: 12, CX16: 13, SSE4_1: 19, SSE4_2: 20, MOVBE: 22, POPCNT: 23, AES: 25, XSAVE: 26,
    OSXSAVE: 27, AVX: 28, F16C: 29, RDRAND: 30,
  }],
  [
    7,
    0,
    EBX,
    {
      FSGSBASE: 0,
      SGX: 2,
      BMI1: 3,
      AVX2: 5,
      BMI2: 8,
      ERMS: 9,
      INVPCID: 10,
      RDSEED: 18,
      ADX: 19,
      CLFLUSHOPT: 23,
      CLWB: 24,
      SHA: 29,
    },
  ],
  [7, 0, ECX, { RDPID: 22, MOVDIRI: 27, MOVDIR64B: 28, SGX_LC: 30 }],
  [7, 0, EDX, { SERIALIZE: 14 }],
  [0xd, 1, EAX, { XSAVEOPT: 0, XSAVEC: 1, XGETBV1: 2, XSAVES: 3 }],
  [0x8000_0001, 0, ECX, { LAHF: 0, LZCNT: 5, PREFETCHW: 8 }],
  [0x8000_0001, 0, EDX, { SYSCALL: 11, NX: 20, RDTSCP: 27, LM: 29 }],
]

/** Every feature that a level or an instruction may name. */
export const FEATURE_NAMES: ReadonlySet<string> = new Set(FEATURE_BITS.flatMap(([, , , names]) => Object.keys(names)))

/** What CPUID announces of `features` in one leaf: EAX, EBX, ECX, EDX. */
export function featureBits(
  features: ReadonlySet<string>,
  leaf: number,
  subleaf = 0,
): [number, number, number, number] {
  const answer: [number, number, number, number] = [0, 0, 0, 0]
  for (const [l, s, register, names] of FEATURE_BITS) {
    if (l !== leaf || s !== subleaf) continue
    for (const [name, bit] of Object.entries(names)) {
      if (features.has(name)) answer[register as 0] = (answer[register as 0] | (1 << bit)) >>> 0
    }
  }
  return answer
}

/** AT_HWCAP is CPUID.1:EDX. Of AT_HWCAP2 Linux sets bit 1 where programs may use RDFSBASE and its kin. */
export const hwcap = (features: ReadonlySet<string>): number => featureBits(features, 1)[EDX]
export const hwcap2 = (features: ReadonlySet<string>): number => (features.has('FSGSBASE') ? 2 : 0)

const LEGACY_AND_HEADER = 512 + 64
const AVX = 4n
const AVX_SIZE = 256

/** CPUID leaf DH: the state components that can be enabled are those that are. [SDM-2 "CPUID—CPU Identification"] */
export function xsaveLeaf(
  { features, xcr0 }: InstructionLevel,
  subleaf: number,
): readonly [number, number, number, number] {
  if (!features.has('XSAVE')) return [0, 0, 0, 0]
  const size = LEGACY_AND_HEADER + (xcr0 & AVX ? AVX_SIZE : 0)
  if (subleaf === 0) return [Number(xcr0), size, size, 0]
  if (subleaf === 1) return [featureBits(features, 0xd, 1)[EAX], size, 0, 0]
  return subleaf === 2 && xcr0 & AVX ? [AVX_SIZE, LEGACY_AND_HEADER, 0, 0] : [0, 0, 0, 0]
}
