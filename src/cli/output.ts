import { closeSync, openSync, writeSync } from 'node:fs'
import { EncluError } from '../base/index.ts'

const RETRY_MS = 2
const sleeper = new Int32Array(new SharedArrayBuffer(4))

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/**
 * Writes all of `text`, in order with what the guest writes to the same stream, and before the process can end. A reader that
 * has gone away (EPIPE) is no error: nobody wants the text any more.
 */
export function writeText(fd: number, text: string): void {
  const data = Buffer.from(text)
  for (let done = 0; done < data.length;) {
    try {
      done += writeSync(fd, data, done)
    } catch (e) {
      if (codeOf(e) !== 'EAGAIN') return
      // The stream is non-blocking and its reader is slow.
      Atomics.wait(sleeper, 0, 0, RETRY_MS)
    }
  }
}

export const printLine = (line: string): void => writeText(1, `${line}\n`)

/** What enclu says to its user, as opposed to what the guest prints. */
export const say = (text: string): void => writeText(2, `enclu: ${text}\n`)

/** Where traces and statistics go: stderr, or the file of -D. */
export interface Log {
  readonly line: (text: string) => void
  readonly close: () => void
}

export function openLog(file: string | undefined): Log {
  if (file === undefined) return { line: (text) => writeText(2, `${text}\n`), close: () => {} }
  let fd: number
  try {
    fd = openSync(file, 'w')
  } catch (e) {
    throw new EncluError('ERR_BAD_OPTION', `the log file ${file} cannot be written (${String(codeOf(e))})`, { file }, e)
  }
  return { line: (text) => writeText(fd, `${text}\n`), close: () => closeSync(fd) }
}
