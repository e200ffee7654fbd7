/** Our own bug. Never caught below the cli; asks for a report. */
export class InternalError extends Error {
  override readonly name = 'InternalError'
}

/** Throws InternalError unless `condition` holds: for what only a bug of ours can break. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw new InternalError(what)
}

/** Marks a switch as exhaustive for the compiler, and stops the run if it was not. */
export function unreachable(value: never): never {
  throw new InternalError(`unreachable: ${String(value)}`)
}
