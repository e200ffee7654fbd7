/** What is broken on purpose, one thing at a time, to see that a test notices (`npm run mutants`). */

/** A file of tests, all of them or only those whose full name matches. */
export interface Tests {
  readonly file: string
  readonly name?: RegExp
}

/** A behaviour that is broken by hand. */
export interface Mutant {
  readonly id: string
  /** The behaviour that is gone, in words of the manual or of the kernel. */
  readonly breaks: string
  readonly file: string
  /** Must be in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** Asked in this order, until one notices. */
  readonly tests: readonly Tests[]
}

/** A file in which every check, effect, bound and error code is broken in turn, found by its syntax. */
export interface Sweep {
  readonly file: string
  readonly tests: readonly Tests[]
}
