import type { CpuidReport, LeafReport, MachineReport, SgxReport } from '../api/index.ts'
import type { HostReport } from './host-report.ts'

/** What `enclu doctor` found, as lines for people. */

const WIDTH = 22
const row = (label: string, text: string): string => `  ${label.padEnd(WIDTH)}${text}`.trimEnd()
const yesNo = (value: boolean): string => (value ? 'yes' : 'no')
const register = (value: number): string => (value >>> 0).toString(16).toUpperCase().padStart(8, '0')

export function doctorText(host: HostReport, machine: MachineReport | undefined): string[] {
  return [...hostLines(host), ...(machine ? machineLines(machine) : []), '', verdict(host)]
}

function hostLines(host: HostReport): string[] {
  const crypto = (native: boolean): string => (native ? "the host's own" : 'ours (slower)')
  return [
    'Host',
    row('platform', host.platform),
    row('SHA-256', crypto(host.nativeSha256)),
    row('AES-GCM', crypto(host.nativeAesGcm)),
    ...host.prerequisites.map(({ what, found, met }) => row(met ? 'ok' : 'MISSING', `${what} (${found})`)),
  ]
}

function machineLines({ processor, cpuid, sgx, vdso }: MachineReport): string[] {
  return [
    '',
    `Processor ${processor.name}: ${processor.summary}`,
    row('instructions', processor.level),
    ...cpuid.flatMap(cpuidLines),
    '',
    ...(sgx ? sgxLines(sgx) : ['SGX', row('', 'none: ENCLU is #UD, and there is no /dev/sgx_enclave')]),
    '',
    'vDSO',
    row('shape', `${vdso.abi}, ${vdso.bytes} bytes, ENCLU at ${vdso.enclu.toString(16).toUpperCase()}H`),
    row('exports', vdso.symbols.join(', ')),
  ]
}

function cpuidLines({ leaf, subleaf, registers, says }: CpuidReport): string[] {
  const [eax, ebx, ecx, edx] = registers.map(register)
  const name = `${leaf.toString(16).toUpperCase()}H.${subleaf}`
  return [row(`CPUID ${name}`, `EAX ${eax} EBX ${ebx} ECX ${ecx} EDX ${edx}`), ...says.map((text) => row('', text))]
}

/** Leaves by what brought them, in their order. */
function leafLines(family: string, leaves: readonly LeafReport[]): string[] {
  const groups = new Map<string, LeafReport[]>()
  for (const leaf of leaves) {
    const label = leaf.available ? leaf.since : `no ${leaf.since}`
    groups.set(label, [...(groups.get(label) ?? []), leaf])
  }
  return Array.from(groups, ([label, members], i) =>
    row(i === 0 ? family : '', `${label}: ${members.map((l) => l.name).join(', ')}`),
  )
}

const MIB = 2 ** 20

function sgxLines(sgx: SgxReport): string[] {
  const requests = (available: boolean): string =>
    sgx.requests
      .filter((r) => r.available === available)
      .map(({ name }) => name.replace('SGX_IOC_ENCLAVE_', ''))
      .join(', ')
  const refused = requests(false)
  return [
    'SGX',
    ...leafLines('ENCLU', sgx.enclu),
    ...leafLines('ENCLS', sgx.encls),
    row('ATTRIBUTES', sgx.attributes.join(', ')),
    row('KSS', yesNo(sgx.kss)),
    row('AEX-Notify', yesNo(sgx.aexNotify)),
    row('EXINFO', yesNo(sgx.exinfo)),
    row('XFRM', `${sgx.xfrm.join(', ')}: an SSA frame uses ${sgx.ssaBytes} bytes`),
    row('enclave size', `below 2^${sgx.maxSize64} bytes, below 2^${sgx.maxSize32} outside 64-bit mode`),
    ...sgx.epc.map(({ base, size, protection }) =>
      row('EPC', `${size / MIB} MiB at ${base.toString(16).toUpperCase()}H, ${size / 4096} pages (${protection})`),
    ),
    row(
      'keys',
      `of machine seed ${sgx.keys.machineSeed}, CPUSVN ${sgx.keys.CPUSVN}; not Intel's: no quote convinces others`,
    ),
    ...sgx.devices.map(({ path, purpose }) => row(path, purpose)),
    row('requests', requests(true)),
    ...(refused ? [row('', `ENODEV: ${refused}`)] : []),
  ]
}

const verdict = ({ ready, prerequisites }: HostReport): string =>
  ready
    ? 'enclu can run SGX programs here.'
    : `enclu cannot run here: it needs ${prerequisites
        .filter(({ met }) => !met)
        .map(({ what }) => what)
        .join(', ')}.`
