import { invariant } from '../../base/index.ts'
import type { VdsoAbi } from '../../vdso/index.ts'
import type { Call, CallRecord, Point } from './call.ts'

/** The paths through the vDSO whose instructions are counted, and the calls that take them. */

const EENTER = 2
const ERESUME = 3

/** Calls by name, all through a C function pointer. */
// prettier-ignore
export const PATH_CALLS: readonly Call[] = [
  { name: 'plain' },
  { name: 'handler',        handler: true, answers: [{ value: 0 }] },
  { name: 'again',          handler: true, answers: [{ value: EENTER }, { value: 0 }], events: [{}, {}] },
  { name: 'exception',      events: [{ fault: 'undefined' }] },
  { name: 'silent',         events: [{ fault: 'undefined' }], report: false },
  { name: 'resumed',        handler: true, answers: [{ value: ERESUME }, { value: 0 }], events: [{ fault: 'divide' }] },
  { name: 'low',            leaf: 1n },
  { name: 'high',           leaf: 4n },
  { name: 'reserved first', patch: [[40, Uint8Array.of(1)]] },
  { name: 'reserved last',  patch: [[255, Uint8Array.of(1)]] },
]

type Records = (name: string) => CallRecord

/** Instructions of the vDSO from the first `from` of a call to the next `to`. */
function between(record: CallRecord, from: Point, to: Point): number {
  const start = record.marks.findIndex((m) => m.point === from)
  const rest = record.marks.slice(start + 1)
  const length = rest.findIndex((m) => m.point === to)
  invariant(start >= 0 && length >= 0, `${record.call.name}: no way from ${from} to ${to}`)
  return rest.slice(0, length + 1).reduce((n, m) => n + m.vdso, 0)
}

const total = (record: CallRecord): number => record.marks.reduce((n, m) => n + m.vdso, 0)

interface Path {
  readonly title: string
  /** The shapes that have it; all when absent. */
  readonly only?: readonly VdsoAbi[]
  readonly count: (records: Records) => number
}

const ARGUMENTS = ['v28', 'v29', 'v29-misc'] as const
const MAINLINE = ['mainline'] as const

// prettier-ignore
const ROWS = {
  callToEnclu:        { title: 'call → ENCLU',                                     count: (r) => between(r('plain'), 'call', 'enclu') },
  exitToReturn:       { title: 'EEXIT → return, no handler',                       count: (r) => between(r('plain'), 'exit', 'return') },
  roundTrip:          { title: 'round trip, no handler',                           count: (r) => total(r('plain')) },
  exitToHandler:      { title: 'EEXIT → handler',                                  count: (r) => between(r('handler'), 'exit', 'handler') },
  handlerToReturn:    { title: 'handler → return',                                 count: (r) => between(r('handler'), 'handler-return', 'return') },
  roundTripHandler:   { title: 'round trip with handler',                          count: (r) => total(r('handler')) },
  handlerToEnclu:     { title: 'handler → ENCLU (enters again)',                   count: (r) => between(r('again'), 'handler-return', 'enclu') },
  roundTripAgain:     { title: 'round trip, handler enters once more',             count: (r) => total(r('again')) },
  exceptionToReturn:  { title: 'exception → return, no handler',                   count: (r) => between(r('exception'), 'exception', 'return') },
  exceptionSilent:    { title: 'the same, e is null',        only: ARGUMENTS,      count: (r) => between(r('silent'), 'exception', 'return') },
  exceptionToHandler: { title: 'exception → handler',                              count: (r) => between(r('resumed'), 'exception', 'handler') },
  roundTripResumed:   { title: 'round trip, handler resumes after an exception',   count: (r) => total(r('resumed')) },
  leafTooLow:         { title: 'leaf too low → return',                            count: (r) => total(r('low')) },
  leafTooHigh:        { title: 'leaf too high → return',                           count: (r) => total(r('high')) },
  reservedFirst:      { title: 'first reserved qword not zero → return', only: MAINLINE, count: (r) => total(r('reserved first')) },
  reservedLast:       { title: 'last reserved qword not zero → return',  only: MAINLINE, count: (r) => total(r('reserved last')) },
} as const satisfies Record<string, Path>
/** The name of a path in `PATHS`. */
export type PathName = keyof typeof ROWS

/** The ways through the function whose instructions are counted. */
export const PATHS: Readonly<Record<PathName, { readonly title: string }>> = ROWS

/** What Linux's own code of the mainline shape takes (6.1, without ENDBR64). A test measures it where a kernel can be had. */
// prettier-ignore
export const LINUX_COUNTS: Readonly<Record<PathName, number | undefined>> = {
  callToEnclu: 147, exitToReturn: 8, roundTrip: 155, exitToHandler: 15, handlerToReturn: 6, roundTripHandler: 168,
  handlerToEnclu: 147, roundTripAgain: 330, exceptionToReturn: 12, exceptionSilent: undefined, exceptionToHandler: 19,
  roundTripResumed: 334, leafTooLow: 11, leafTooHigh: 13, reservedFirst: 17, reservedLast: 147,
}

export function countPaths(abi: VdsoAbi, records: Records): Record<PathName, number | undefined> {
  const entries = Object.entries(ROWS).map(([name, path]: [string, Path]) => [
    name,
    path.only && !path.only.includes(abi) ? undefined : path.count(records),
  ])
  // The keys are those of ROWS.
  return Object.fromEntries(entries) as Record<PathName, number | undefined>
}
