/** Whoever gets the signals of the terminal: the machine. */
export interface Interruptible {
  interrupt(signal: number): void
}

// prettier-ignore
const FORWARDED = { SIGINT: 2, SIGTERM: 15 } as const

const IMPATIENCE_MS = 1000

/**
 * Gives SIGINT and SIGTERM to the guest, as a terminal gives them to a program. The same signal twice within a second ends
 * enclu at once, for guests that do not listen. Returns what undoes it.
 */
export function forwardSignals(machine: Interruptible): () => void {
  const undo = Object.entries(FORWARDED).map(([name, number]) => {
    let last = -Infinity
    const listener = (): void => {
      const now = performance.now()
      if (now - last < IMPATIENCE_MS) process.exit(128 + number)
      last = now
      machine.interrupt(number)
    }
    process.on(name, listener)
    return () => process.off(name, listener)
  })
  return () => undo.forEach((off) => off())
}
