import type { ErrorCode } from '../base/index.ts'
import type { ExitStatus } from '../api/index.ts'

/** Exit codes of our own: those of env(1), nohup(1) and the shells. */
export const EXIT = { USAGE: 2, FAILURE: 125, NOT_EXECUTABLE: 126, NOT_FOUND: 127 } as const

/** What the user is told about exit codes, in --help and in the README. */
// prettier-ignore
export const EXIT_CODES: readonly (readonly [code: string, meaning: string])[] = [
  ['the program\'s', 'it ended by itself'],
  ['128 + n',        'signal n ended it: 139 for SIGSEGV, 130 for Ctrl-C'],
  ['2',              'wrong use of enclu: an option, or a value of one'],
  ['125',            'enclu failed: it met something that it does not implement, ran out of memory, or has a bug'],
  ['126',            'the program cannot be run: not an x86-64 Linux executable, damaged, or not readable'],
  ['127',            'the program does not exist'],
]

// prettier-ignore
export const ERROR_EXIT_CODES = {
  ERR_NOT_FOUND:      EXIT.NOT_FOUND,
  ERR_NOT_EXECUTABLE: EXIT.NOT_EXECUTABLE,
  ERR_BAD_FILE:       EXIT.NOT_EXECUTABLE,
  ERR_BAD_OPTION:     EXIT.USAGE,
  ERR_BAD_ARGUMENT:   EXIT.FAILURE,
  ERR_BAD_ADDRESS:    EXIT.FAILURE,
  ERR_REFUSED:        EXIT.FAILURE,
  ERR_GUEST_SIGNAL:   EXIT.FAILURE,
  ERR_WRONG_STATE:    EXIT.FAILURE,
  ERR_NO_MEMORY:      EXIT.FAILURE,
  ERR_UNIMPLEMENTED:  EXIT.FAILURE,
} as const satisfies Record<ErrorCode, number>

export const exitCodeOf = (status: ExitStatus): number => (status.kind === 'exited' ? status.code : 128 + status.signal)
