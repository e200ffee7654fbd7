import { failWith } from '../failure.ts'
import { writeText } from '../output.ts'
import { vdsoOptions, type VdsoChoice } from '../vdso.ts'

export const ABI_FORMATS = ['text', 'json', 'svg'] as const
export type AbiFormat = (typeof ABI_FORMATS)[number]

export interface AbiOptions extends Omit<VdsoChoice, 'vdso'> {
  readonly format: AbiFormat
}

/** `enclu abi`. Returns the exit code. */
export async function abi({ format, ...choice }: AbiOptions): Promise<number> {
  const [api, { abiText }, { abiPicture }] = await Promise.all([
    import('../../api/index.ts'),
    import('../abi-tables.ts'),
    import('../abi-picture.ts'),
  ])
  try {
    const { vdsoImage: bytes, vdsoFixup: fixup } = vdsoOptions(choice, api.VDSO_ABIS)
    const foreign = bytes && { name: 'the image', bytes, ...(fixup !== undefined && { fixup }) }
    const report = await api.measureAbi(foreign)
    if (format === 'json') writeText(1, `${JSON.stringify({ schemaVersion: 1, ...report })}\n`)
    else writeText(1, format === 'svg' ? abiPicture(report) : `${abiText(report).join('\n')}\n`)
    return 0
  } catch (e) {
    return failWith(e)
  }
}
