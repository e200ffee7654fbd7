import { ATTRIBUTES, CPUID_12H, MISCSELECT, XSAVE_COMPONENT_END, type Since } from '../spec/sgx/index.ts'

/** Which SGX the emulated processor has: what CPUID leaf 12H tells, and what the leaves accept. */
export interface SgxProfile {
  readonly features: readonly Since[]
  /** CPUID.(EAX=12H,ECX=1):EBX:EAX: the ATTRIBUTES that ECREATE accepts. INIT is never one of them. */
  readonly ATTRIBUTES: bigint
  /** CPUID.(EAX=12H,ECX=1):EDX:ECX: of these components, an enclave may have those that the processor has at all. */
  readonly XFRM: bigint
  /** CPUID.(EAX=12H,ECX=0):EBX. */
  readonly MISCSELECT: number
  /** Base 2 logarithms of the enclave sizes that ECREATE refuses, for enclaves without and with MODE64BIT. */
  readonly maxSize32: number
  readonly maxSize64: number
  /** Bytes of EPC, and CPUID.(EAX=12H,ECX=2):ECX[3:0]: how it is protected. */
  readonly epcSize: number
  readonly epcProtection: number
}

const BASIC = ATTRIBUTES.DEBUG | ATTRIBUTES.MODE64BIT | ATTRIBUTES.PROVISIONKEY | ATTRIBUTES.EINITTOKEN_KEY
const MIB = 2 ** 20
/** x87, SSE, AVX, the three components of AVX-512, PKRU; XTILECFG and XTILEDATA (volume 1, "XSAVE-Supported Features"). */
const XFRM_AVX512_PKRU = 0x2e7n
const XFRM_AMX = 0x6_0000n

/**
 * The values that CPUID gives on real processors, less what no leaf or instruction here executes: EUPDATESVN (bit 10 of EAX) on both
 * servers, CET and EVERIFYREPORT2 on the newer one. A server has gigabytes of EPC; here all memory is 4 GiB.
 */
export const SGX_PROFILES = {
  /** Xeon E-2276G: no EDMM, no exception information. XFRM 1FH: MPX beside AVX. */
  sgx1: {
    features: ['SGX1'],
    ATTRIBUTES: BASIC,
    XFRM: 0x1fn,
    MISCSELECT: 0,
    maxSize32: 31,
    maxSize64: 36,
    epcSize: 0x5d8_0000,
    epcProtection: CPUID_12H.CONFIDENTIALITY_AND_INTEGRITY,
  },
  /** All that there is: EDMM, key separation and sharing, AEX-Notify. No real processor. */
  sgx2: {
    features: ['SGX1', 'SGX2', 'EDECCSSA'],
    ATTRIBUTES: BASIC | ATTRIBUTES.KSS | ATTRIBUTES.AEXNOTIFY,
    XFRM: XFRM_AVX512_PKRU,
    MISCSELECT: MISCSELECT.EXINFO,
    maxSize32: 31,
    maxSize64: 47,
    epcSize: 64 * MIB,
    epcProtection: CPUID_12H.CONFIDENTIALITY_AND_INTEGRITY,
  },
  /** Xeon Gold 5315Y. */
  icelake: {
    features: ['SGX1', 'SGX2'],
    ATTRIBUTES: BASIC | ATTRIBUTES.KSS,
    XFRM: XFRM_AVX512_PKRU,
    MISCSELECT: MISCSELECT.EXINFO,
    maxSize32: 31,
    maxSize64: 56,
    epcSize: 512 * MIB,
    epcProtection: CPUID_12H.CONFIDENTIALITY_ONLY,
  },
  /** Fourth generation Xeon Scalable. */
  'sapphire-rapids': {
    features: ['SGX1', 'SGX2', 'EDECCSSA'],
    ATTRIBUTES: BASIC | ATTRIBUTES.KSS | ATTRIBUTES.AEXNOTIFY,
    XFRM: XFRM_AVX512_PKRU | XFRM_AMX,
    MISCSELECT: MISCSELECT.EXINFO,
    maxSize32: 31,
    maxSize64: 56,
    epcSize: 512 * MIB,
    epcProtection: CPUID_12H.CONFIDENTIALITY_ONLY,
  },
} as const satisfies Record<string, SgxProfile>
export type SgxProfileName = keyof typeof SGX_PROFILES

/** Size of the XSAVE area, standard format, for the components in `XFRM`. */
export function xsaveSize(XFRM: bigint): number {
  let end = 0
  for (const [bit, size] of Object.entries(XSAVE_COMPONENT_END)) {
    if ((XFRM >> BigInt(bit)) & 1n) end = Math.max(end, size)
  }
  return end
}

export interface CpuidResult {
  readonly eax: number
  readonly ebx: number
  readonly ecx: number
  readonly edx: number
}

/** CPUID leaf 12H, "Intel SGX Resource Enumeration Leaves". */
export function cpuid12H(profile: SgxProfile, epc: { base: number; size: number }, subleaf: number): CpuidResult {
  const has = (feature: Since, bit: number): number => (profile.features.includes(feature) ? bit : 0)
  if (subleaf === 0) {
    return {
      eax:
        has('SGX1', CPUID_12H.SGX1) |
        has('SGX2', CPUID_12H.SGX2) |
        has('EVERIFYREPORT2', CPUID_12H.EVERIFYREPORT2) |
        has('EDECCSSA', CPUID_12H.EDECCSSA),
      ebx: profile.MISCSELECT,
      ecx: 0,
      edx: profile.maxSize32 | (profile.maxSize64 << 8),
    }
  }
  if (subleaf === 1) {
    const half = (n: bigint, high: boolean): number => Number(BigInt.asUintN(32, high ? n >> 32n : n))
    return {
      eax: half(profile.ATTRIBUTES, false),
      ebx: half(profile.ATTRIBUTES, true),
      ecx: half(profile.XFRM, false),
      edx: half(profile.XFRM, true),
    }
  }
  if (subleaf > 2) return { eax: 0, ebx: 0, ecx: 0, edx: 0 }
  const high = (n: number): number => Math.floor(n / 0x1_0000_0000)
  return {
    eax: ((epc.base & ~0xfff) | CPUID_12H.EPC_SECTION) >>> 0,
    ebx: high(epc.base),
    ecx: ((epc.size & ~0xfff) | profile.epcProtection) >>> 0,
    edx: high(epc.size),
  }
}
