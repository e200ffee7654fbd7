import { doctorText } from '../doctor-text.ts'
import { failWith } from '../failure.ts'
import { hostReport } from '../host-report.ts'
import { writeText } from '../output.ts'
import { processor } from '../processor.ts'
import type { RunOptions } from '../run-options.ts'
import { vdsoOptions } from '../vdso.ts'

/** The options of `enclu run` that change what the machine is; doctor has them too, and takes them from the same variables. */
export const DOCTOR_OPTIONS = [
  '--cpu',
  '--no-sgx',
  '--vdso',
  '--vdso-image',
  '--vdso-fixup',
  '--epc',
  '--machine-seed',
] as const
export const DOCTOR_FORMATS = ['text', 'json'] as const

export type DoctorOptions = { readonly format: (typeof DOCTOR_FORMATS)[number] } & Pick<
  RunOptions,
  'cpu' | 'sgx' | 'vdso' | 'vdsoImage' | 'vdsoFixup' | 'epc' | 'machineSeed'
>

/** `enclu doctor`. Returns the exit code: 0 if enclu can work on this host, 1 if not. */
export async function doctor({ format, cpu, sgx, epc, machineSeed, ...vdso }: DoctorOptions): Promise<number> {
  const [api, { nodeHost }] = await Promise.all([import('../../api/index.ts'), import('../../host-node/index.ts')])
  try {
    const port = nodeHost()
    const host = hostReport(port)
    const name = processor(cpu, api.PROCESSORS)
    const options = {
      port,
      sgx,
      ...(name && { cpu: name }),
      ...vdsoOptions(vdso, api.VDSO_ABIS),
      ...(epc !== undefined && { epcSize: epc }),
      ...(machineSeed !== undefined && { machineSeed }),
    }
    // Without its prerequisites there is no machine to be described.
    const machine = host.ready ? new api.Machine(options).describe() : undefined
    if (format === 'json')
      writeText(1, `${JSON.stringify({ schemaVersion: 1, ready: host.ready, host, machine }, bigintAsText)}\n`)
    else writeText(1, `${doctorText(host, machine).join('\n')}\n`)
    return host.ready ? 0 : 1
  } catch (e) {
    return failWith(e)
  }
}

/** A seed may be larger than what a JSON number holds exactly. */
const bigintAsText = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
