/** Mutants that nobody could notice, with the reason. `npm run mutants` leaves them out, and refuses one that there is no more. */
export const UNOBSERVABLE: Readonly<Record<string, string>> = {}
