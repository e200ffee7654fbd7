import type { HostError } from '../port/index.ts'

/** Runs a call of node:fs; a system error becomes its POSIX name, everything else is a bug and goes on. */
export function attempt<T>(call: () => T): T | HostError {
  try {
    return call()
  } catch (e) {
    // This is the border: node's exceptions become plain answers here.
    if (e instanceof Error && 'syscall' in e && 'code' in e && typeof e.code === 'string') return { error: e.code }
    throw e
  }
}

/** For calls that answer nothing. */
export function outcome(call: () => void): HostError | undefined {
  return attempt(() => {
    call()
    return undefined
  })
}
