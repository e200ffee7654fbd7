import { EncluError } from '../base/index.ts'
import type { ProcessorName } from '../api/index.ts'

/** The processor that --cpu names; undefined when it is left to the machine. */
export function processor(
  name: string | undefined,
  known: Readonly<Record<string, unknown>>,
): ProcessorName | undefined {
  if (name === undefined) return undefined
  if (Object.hasOwn(known, name)) return name as ProcessorName
  const names = Object.keys(known).join(', ')
  throw new EncluError('ERR_BAD_OPTION', `there is no processor '${name}' for --cpu; there are: ${names}`, {
    cpu: name,
  })
}
