import { fstatSync, readSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { ConsolePort, HostError } from '../port/index.ts'
import { attempt } from './attempt.ts'

const RETRY_MS = 5
const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** Node or the shell may have made a stream non-blocking; the port's calls block. */
function blocking(call: () => number): number | HostError {
  for (;;) {
    const answer = attempt(call)
    if (typeof answer === 'number' || answer.error !== 'EAGAIN') return answer
    Atomics.wait(sleeper, 0, 0, RETRY_MS)
  }
}

/** A descriptor that the shell closed (`<&-`) reads as end of file. */
const isOpen = (fd: number): boolean => typeof attempt(() => fstatSync(fd).mode) === 'number'

export const nodeConsole: ConsolePort = {
  read(into) {
    if (!isOpen(0)) return 0
    const answer = blocking(() => readSync(0, into))
    // What Windows says at the end of a pipe.
    return typeof answer !== 'number' && answer.error === 'EOF' ? 0 : answer
  },
  write(fd, data) {
    let done = 0
    while (done < data.length) {
      const n = blocking(() => writeSync(fd, data, done))
      if (typeof n !== 'number') return done > 0 ? done : n
      done += n
    }
    return done
  },
  isTerminal: (fd) => isatty(fd),
  windowSize(fd) {
    const stream = fd === 1 ? process.stdout : process.stderr
    const other = fd === 1 ? process.stderr : process.stdout
    if (!isatty(fd)) return undefined
    const shown = [stream, other].find((s) => s.isTTY)
    return { rows: shown?.rows ?? 24, columns: shown?.columns ?? 80 }
  },
}
