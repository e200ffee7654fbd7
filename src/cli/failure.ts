import { EncluError } from '../base/index.ts'
import { ERROR_EXIT_CODES, EXIT } from './exit-codes.ts'
import { say, writeText } from './output.ts'

const isDebug = (): boolean => (process.env['ENCLU_DEBUG'] ?? '0') !== '0'

/** One sentence for the user, the stack only with ENCLU_DEBUG=1. Returns the exit code. */
export function failWith(error: unknown): number {
  if (isDebug()) writeText(2, `${describe(error)}\n`)
  if (error instanceof EncluError) {
    say(error.message)
    return ERROR_EXIT_CODES[error.code]
  }
  const what = error instanceof Error ? error.message : String(error)
  say(
    `internal error (${what}): this is a bug of enclu, please report it with the command and its output under ENCLU_DEBUG=1`,
  )
  return EXIT.FAILURE
}

/** With every cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const details = error instanceof EncluError ? ` ${JSON.stringify(error.details, bigintAsHex)}` : ''
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`
  return `${error.stack ?? error.message}${details}${cause}`
}

const bigintAsHex = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `0x${value.toString(16)}` : value
