import { EncluError, hex } from '../base/index.ts'

/** The one error that reading an ELF file can end in. */
export function notExecutable(message: string, details: Readonly<Record<string, unknown>> = {}): never {
  throw new EncluError('ERR_NOT_EXECUTABLE', message, details)
}

/** Stops unless `size` bytes at `offset` are in the file. `what` is the subject of the sentence. */
export function requireBytes(file: Uint8Array, offset: number, size: number, what: string): void {
  if (offset + size > file.length)
    notExecutable(
      `The file is truncated: it ends at ${hex(file.length)}, but ${what} takes ${hex(size)} bytes at ${hex(offset)}.`,
      { offset, size, fileSize: file.length },
    )
}
