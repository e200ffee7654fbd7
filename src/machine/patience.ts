/** Host milliseconds without a look at the event loop: what Ctrl-C and an AbortSignal may have to wait. */
export const PATIENCE = 40

/** Lets the host's event loop run once. */
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))
