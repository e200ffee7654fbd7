import { fstatSync, readSync, statSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { isHostError, type ConsolePort, type HostError } from '../port/index.ts'
import { attempt } from './attempt.ts'

const RETRY_MS = 5
/** Bytes of input that wait here at most before the sender has to. */
const MOST_QUEUED = 1 << 20
const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** Node or the shell may have made a stream non-blocking; the port's calls block. */
function blocking(call: () => number): number | HostError {
  for (;;) {
    const answer = attempt(call)
    if (typeof answer === 'number' || answer.error !== 'EAGAIN') return answer
    Atomics.wait(sleeper, 0, 0, RETRY_MS)
  }
}

/** What surely is none is not left to node:tty, which takes milliseconds to load. */
function isTerminal(fd: number): boolean {
  const file = attempt(() => fstatSync(fd))
  if (isHostError(file) || !file.isCharacterDevice()) return false
  return file.rdev !== statSync('/dev/null', { throwIfNoEntry: false })?.rdev && isatty(fd)
}

/** A descriptor that the shell closed (`<&-`) reads as end of file. */
const isOpen = (fd: number): boolean => typeof attempt(() => fstatSync(fd).mode) === 'number'

/**
 * Standard input. A regular file answers at once, so it is read as it is; a terminal, pipe or socket is read by Node as data comes,
 * because a blocking read would keep Ctrl-C from being seen.
 */
class Input {
  awaited = false
  private readonly queue: Uint8Array[] = []
  private queued = 0
  private ended = false
  private started = false
  private tell: (() => void) | undefined
  private readonly isFile = attempt(() => (fstatSync(0).isFile() ? 1 : 0)) === 1

  get readable(): boolean {
    this.start()
    const ready = this.isFile || this.queue.length > 0 || this.ended
    if (!ready) this.awaited = true
    return ready
  }

  read(into: Uint8Array): number | HostError | undefined {
    if (!isOpen(0)) return 0
    if (this.isFile) return blocking(() => readSync(0, into))
    this.start()
    const first = this.queue[0]
    if (!first) return this.ended ? 0 : undefined
    const n = Math.min(first.length, into.length)
    into.set(first.subarray(0, n))
    if (n < first.length) this.queue[0] = first.subarray(n)
    else this.queue.shift()
    this.queued -= n
    if (this.queued < MOST_QUEUED) process.stdin.resume()
    return n
  }

  input(): Promise<void> {
    return this.readable ? Promise.resolve() : new Promise((resolve) => (this.tell = resolve))
  }

  private start(): void {
    if (this.started || this.isFile) return
    this.started = true
    const end = (): void => {
      this.ended = true
      this.tell?.()
    }
    process.stdin.on('data', (data: Uint8Array) => {
      this.queue.push(data)
      this.queued += data.length
      if (this.queued >= MOST_QUEUED) process.stdin.pause()
      this.tell?.()
    })
    process.stdin.on('end', end)
    process.stdin.on('error', end)
  }
}

const standardInput = new Input()

export const nodeConsole: ConsolePort = {
  read: (into) => standardInput.read(into),
  get readable() {
    return standardInput.readable
  },
  get awaited() {
    return standardInput.awaited
  },
  set awaited(value) {
    standardInput.awaited = value
  },
  input: () => standardInput.input(),
  write(fd, data) {
    let done = 0
    while (done < data.length) {
      const n = blocking(() => writeSync(fd, data, done))
      if (typeof n !== 'number') return done > 0 ? done : n
      done += n
    }
    return done
  },
  isTerminal,
  windowSize(fd) {
    const stream = fd === 1 ? process.stdout : process.stderr
    const other = fd === 1 ? process.stderr : process.stdout
    if (!isTerminal(fd)) return undefined
    const shown = [stream, other].find((s) => s.isTTY)
    return { rows: shown?.rows ?? 24, columns: shown?.columns ?? 80 }
  },
}
