import { toHex } from '../base/index.ts'
import { SGX_DEVICES, SGX_ENCLAVE_BUILD, SGX_ENCLAVE_SGX2 } from '../linux/index.ts'
import { xsaveSize, type Sgx } from '../sgx/index.ts'
import {
  ATTRIBUTES,
  CPUID_12H,
  CPUID_7,
  ENCLS_LEAVES,
  ENCLU_LEAVES,
  EXINFO,
  GPRSGX,
  MISCSELECT,
} from '../spec/sgx/index.ts'
import { ENTER_ENCLAVE, type VdsoImage } from '../vdso/index.ts'
import { DEFAULT_LEVEL } from './instruction-levels.ts'
import type { CpuidAnswer, ProcessorProfile } from './processor-profile.ts'

/** What an emulated machine offers, as its guests find it: most of it is read with CPUID. For `enclu doctor`. */

/** One answer of CPUID, and what its bits say about SGX. */
export interface CpuidReport {
  readonly leaf: number
  readonly subleaf: number
  /** EAX, EBX, ECX, EDX. */
  readonly registers: CpuidAnswer
  readonly says: readonly string[]
}

/** A leaf of ENCLU or ENCLS. `since` is the feature that brought it. */
export interface LeafReport {
  readonly name: string
  readonly number: number
  readonly since: string
  readonly available: boolean
}

/** What its processor has of SGX. */
export interface SgxReport {
  readonly enclu: readonly LeafReport[]
  readonly encls: readonly LeafReport[]
  /** Names of the bits of SECS.ATTRIBUTES that ECREATE accepts. */
  readonly attributes: readonly string[]
  readonly kss: boolean
  readonly aexNotify: boolean
  readonly exinfo: boolean
  /** SECS.ATTRIBUTES.XFRM: its names, and how many bytes of an SSA frame are used with all of them. */
  readonly xfrm: readonly string[]
  readonly ssaBytes: number
  /** Base 2 logarithms of the sizes that are too large for an enclave, without and with MODE64BIT. */
  readonly maxSize32: number
  readonly maxSize64: number
  /** The sections of the EPC. */
  readonly epc: readonly { readonly base: number; readonly size: number; readonly protection: string }[]
  readonly keys: {
    /** The number that all keys derive from. */
    readonly machineSeed: bigint
    /** CPUSVN, in hexadecimal. */
    readonly CPUSVN: string
  }
  readonly devices: readonly { readonly path: string; readonly purpose: string }[]
  /** The requests of /dev/sgx_enclave; without SGX2 some of them are ENODEV. */
  readonly requests: readonly { readonly name: string; readonly available: boolean }[]
}

/** What an emulated machine offers. */
export interface MachineReport {
  /** `level` names the instruction set. */
  readonly processor: { readonly name: string; readonly summary: string; readonly level: string }
  readonly cpuid: readonly CpuidReport[]
  /** undefined: a machine without SGX. */
  readonly sgx: SgxReport | undefined
  readonly vdso: {
    readonly abi: string
    readonly bytes: number
    readonly symbols: readonly string[]
    readonly enclu: number
  }
}

interface Parts {
  readonly name: string
  readonly processor: ProcessorProfile
  readonly cpuid: (leaf: number, subleaf: number) => CpuidAnswer
  readonly sgx: Sgx | undefined
  readonly machineSeed: bigint
  readonly vdso: VdsoImage
  readonly vdsoName: string
}

export function describeMachine({ name, processor, cpuid, sgx, machineSeed, vdso, vdsoName }: Parts): MachineReport {
  const { summary, level = DEFAULT_LEVEL } = processor
  return {
    processor: { name, summary, level },
    cpuid: cpuidReports(cpuid),
    sgx: sgx && sgxReport(sgx, machineSeed, cpuid),
    vdso: {
      abi: vdsoName,
      bytes: vdso.bytes.length,
      symbols: [...vdso.symbols.keys()],
      enclu: vdso.labels.get('enclu') ?? vdso.symbols.get(ENTER_ENCLAVE)?.offset ?? 0,
    },
  }
}

const hex = (n: number | bigint): string => n.toString(16).toUpperCase()
const bit = (value: number, mask: number, yes: string, no: string): string => (value & mask ? yes : no)

/** Volume 1, "XSAVE-Supported Features". */
// prettier-ignore
const COMPONENTS: Readonly<Record<number, string>> = {
  0: 'x87', 1: 'SSE', 2: 'AVX', 3: 'MPX bounds', 4: 'MPX configuration', 5: 'AVX-512 masks', 6: 'AVX-512 ZMM', 7: 'AVX-512 ZMM16-31', 9: 'PKRU',
  17: 'AMX configuration', 18: 'AMX tiles',
}
const componentsOf = (XFRM: bigint): string[] =>
  Object.entries(COMPONENTS).flatMap(([n, name]) => ((XFRM >> BigInt(n)) & 1n ? [name] : []))

const PROTECTION: Readonly<Record<number, string>> = {
  [CPUID_12H.CONFIDENTIALITY_AND_INTEGRITY]: 'confidentiality and integrity',
  [CPUID_12H.CONFIDENTIALITY_ONLY]: 'confidentiality only',
}

const attributeNames = (value: bigint): string[] =>
  Object.entries(ATTRIBUTES).flatMap(([name, mask]) => (value & mask ? [name] : []))
const quad = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low)

/** Leaf, subleaf, what the answer says. In the order in which software asks. */
// prettier-ignore
const QUESTIONS: readonly (readonly [leaf: number, subleaf: number, says: (r: CpuidAnswer) => readonly string[]])[] = [
  [0x0, 0, ([eax]) => [`the highest leaf is ${hex(eax)}H`]],
  [0x1, 0, ([eax]) => [family(eax)]],
  [0x7, 0, ([, ebx, ecx]) => [
    bit(ebx, CPUID_7.SGX, 'SGX', 'no SGX'),
    bit(ecx, CPUID_7.SGX_LC, 'launch control: the kernel may take any signer', 'no launch control'),
  ]],
  [0xd, 0, ([eax]) => [eax === 0 ? 'no XSAVE: XCR0 is fixed' : `XCR0: ${componentsOf(BigInt(eax)).join(', ')}`]],
  [0x12, 0, ([eax, ebx, , edx]) => [
    bit(eax, CPUID_12H.SGX1, 'SGX1', 'no SGX1'),
    bit(eax, CPUID_12H.SGX2, 'SGX2 (EDMM)', 'no SGX2'),
    bit(eax, CPUID_12H.EDECCSSA, 'EDECCSSA', 'no EDECCSSA'),
    bit(ebx, MISCSELECT.EXINFO, 'MISCSELECT: EXINFO', 'MISCSELECT: nothing'),
    `enclaves below 2^${edx & 0xff} bytes, 2^${(edx >>> 8) & 0xff} in 64-bit mode`,
  ]],
  [0x12, 1, ([eax, ebx, ecx, edx]) => [
    `ATTRIBUTES: ${attributeNames(quad(eax, ebx)).join(', ')}`,
    `XFRM: ${componentsOf(quad(ecx, edx)).join(', ')}`,
  ]],
]

function family(signature: number): string {
  const base = (signature >>> 8) & 0xf
  const model = ((signature >>> 4) & 0xf) | (base === 6 || base === 15 ? (signature >>> 12) & 0xf0 : 0)
  return `family ${base + (base === 15 ? (signature >>> 20) & 0xff : 0)}, model ${model}, stepping ${signature & 0xf}`
}

function cpuidReports(cpuid: Parts['cpuid']): CpuidReport[] {
  const [highest] = cpuid(0, 0)
  const reports = QUESTIONS.filter(([leaf]) => leaf <= highest).map(([leaf, subleaf, says]): CpuidReport => {
    const registers = cpuid(leaf, subleaf)
    return { leaf, subleaf, registers, says: says(registers) }
  })
  if (highest < CPUID_12H.LEAF) return reports
  const says = epcSections(cpuid).map(
    ({ base, size, protection }) => `EPC section of ${size / 2 ** 20} MiB at ${hex(base)}H, ${protection}`,
  )
  return [
    ...reports,
    ...[...says, 'no further section'].map((text, i) => {
      const subleaf = FIRST_EPC_SUBLEAF + i
      return { leaf: CPUID_12H.LEAF, subleaf, registers: cpuid(CPUID_12H.LEAF, subleaf), says: [text] }
    }),
  ]
}

const FIRST_EPC_SUBLEAF = 2

/** Sub-leaves are asked until one says that it is invalid. */
function epcSections(cpuid: Parts['cpuid']): SgxReport['epc'] {
  const sections = []
  for (let subleaf = FIRST_EPC_SUBLEAF; ; subleaf++) {
    const section = sectionOf(cpuid(CPUID_12H.LEAF, subleaf))
    if (!section) return sections
    sections.push(section)
  }
}

function sectionOf([eax, ebx, ecx, edx]: CpuidAnswer): SgxReport['epc'][number] | undefined {
  if ((eax & 0xf) !== CPUID_12H.EPC_SECTION) return undefined
  const value = (low: number, high: number): number => (high & 0xf_ffff) * 2 ** 32 + ((low & ~0xfff) >>> 0)
  return { base: value(eax, ebx), size: value(ecx, edx), protection: PROTECTION[ecx & 0xf] ?? 'unknown protection' }
}

const leaves = (
  table: Readonly<Record<string, { readonly number: number; readonly since: string }>>,
  features: readonly string[],
): LeafReport[] =>
  Object.entries(table).map(([name, { number, since }]) => ({
    name,
    number,
    since,
    available: features.includes(since),
  }))

function sgxReport(sgx: Sgx, machineSeed: bigint, cpuid: Parts['cpuid']): SgxReport {
  const { features, ATTRIBUTES: allowed, XFRM, MISCSELECT: misc, maxSize32, maxSize64 } = sgx.profile
  const attributes = attributeNames(allowed)
  return {
    enclu: leaves(ENCLU_LEAVES, features),
    encls: leaves(ENCLS_LEAVES, features),
    attributes,
    kss: attributes.includes('KSS'),
    aexNotify: attributes.includes('AEXNOTIFY'),
    exinfo: (misc & MISCSELECT.EXINFO) !== 0,
    xfrm: componentsOf(XFRM),
    ssaBytes: xsaveSize(XFRM) + GPRSGX.size + (misc & MISCSELECT.EXINFO ? EXINFO.size : 0),
    maxSize32,
    maxSize64,
    epc: epcSections(cpuid),
    keys: { machineSeed, CPUSVN: toHex(sgx.secrets.CR_CPUSVN) },
    devices: Object.entries(SGX_DEVICES).map(([name, purpose]) => ({ path: `/dev/${name}`, purpose })),
    requests: [
      ...SGX_ENCLAVE_BUILD.map(({ name }) => ({ name, available: true })),
      ...SGX_ENCLAVE_SGX2.map(({ name }) => ({ name, available: features.includes('SGX2') })),
    ],
  }
}
