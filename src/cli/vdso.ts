import { readFileSync } from 'node:fs'
import { EncluError } from '../base/index.ts'
import type { MachineOptions, VdsoAbi } from '../api/index.ts'

/** The options about the vDSO, as `run` and `abi` have them. */
export interface VdsoChoice {
  readonly vdso?: string
  readonly vdsoImage?: string
  readonly vdsoFixup?: number
}

type Vdso = Pick<MachineOptions, 'vdso' | 'vdsoImage' | 'vdsoFixup'>

export function vdsoOptions(choice: VdsoChoice, known: Readonly<Record<VdsoAbi, string>>): Vdso {
  const { vdso, vdsoImage, vdsoFixup } = choice
  if (vdso !== undefined && vdsoImage !== undefined)
    throw new EncluError('ERR_BAD_OPTION', '--vdso and --vdso-image exclude each other', { vdso, vdsoImage })
  if (vdsoFixup !== undefined && vdsoImage === undefined)
    throw new EncluError('ERR_BAD_OPTION', '--vdso-fixup needs --vdso-image', { vdsoFixup })
  return {
    ...(vdso !== undefined && { vdso: abi(vdso, known) }),
    ...(vdsoImage !== undefined && { vdsoImage: readImage(vdsoImage) }),
    ...(vdsoFixup !== undefined && { vdsoFixup }),
  }
}

function abi(name: string, known: Readonly<Record<VdsoAbi, string>>): VdsoAbi {
  if (Object.hasOwn(known, name)) return name as VdsoAbi
  const names = Object.keys(known).join(', ')
  throw new EncluError('ERR_BAD_OPTION', `there is no vDSO '${name}' for --vdso; there are: ${names}`, { vdso: name })
}

function readImage(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file))
  } catch (e) {
    const reason = e instanceof Error ? e.message : String(e)
    throw new EncluError('ERR_BAD_OPTION', `the vDSO image cannot be read: ${reason}`, { file }, e)
  }
}
