/** What a caller of the library did wrong, or a bad file: code -> what to do about it. The message may change, the code may not. */
// prettier-ignore
export const ERRORS = {
  ERR_NOT_FOUND:      'The program file does not exist.',
  ERR_NOT_EXECUTABLE: 'The program file is not an x86-64 Linux executable that can be run.',
  ERR_BAD_FILE:       'The file does not have the format it should have.',
  ERR_BAD_OPTION:     'An option has a value that it cannot have.',
  ERR_BAD_ARGUMENT:   'An argument of a library call has a type or a value that it cannot have.',
  ERR_BAD_ADDRESS:    'The guest has no memory at an address, or its memory does not allow the access.',
  ERR_REFUSED:        'The guest kernel refused what the library asked of it; details.errno says how, details.condition why.',
  ERR_GUEST_SIGNAL:   'Guest code did what ends a program with a signal; details.signal names it.',
  ERR_WRONG_STATE:    'The machine or the enclave is closed, or is used in another way already.',
  ERR_NO_MEMORY:      'The guest used all the memory that the emulated machine has.',
  ERR_UNIMPLEMENTED:  'The guest asked for something that enclu does not implement yet.',
} as const
/** What `EncluError.code` can be. */
export type ErrorCode = keyof typeof ERRORS

/** The one error class that leaves the library. `details` holds plain data for machines, `message` one sentence for people. */
export class EncluError extends Error {
  override readonly name = 'EncluError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}
