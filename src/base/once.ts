/** A constant that is made when it is first asked for: what a run does not need shall not delay its start. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
