/** Host milliseconds without a look at the event loop: what Ctrl-C and an AbortSignal may have to wait. */
export const PATIENCE = 40

/** Lets the host's event loop run once. */
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** A wait that the user can end. */
export class Wait {
  private end: (() => void) | undefined

  /** What waits goes on at once. */
  interrupt(): void {
    this.end?.()
  }

  /** Until the user interrupts, or `milliseconds` are over. Rejects when aborted. */
  async until(signal: AbortSignal | undefined, milliseconds = Infinity): Promise<'user' | 'time'> {
    const until = performance.now() + milliseconds
    const why = await new Promise<'user' | 'time'>((resolve) => {
      const look = (): void => {
        if (performance.now() >= until) done('time')
        else if (signal?.aborted) done('user')
      }
      const timer = setInterval(look, Math.min(50, Math.max(1, milliseconds)))
      const done = (result: 'user' | 'time'): void => {
        clearInterval(timer)
        this.end = undefined
        resolve(result)
      }
      this.end = () => done('user')
    })
    signal?.throwIfAborted()
    return why
  }
}
