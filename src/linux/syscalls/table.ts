import { invariant } from '../../base/index.ts'
import type { Syscall } from '../syscall.ts'
import * as futex from './futex.ts'
import * as identity from './identity.ts'
import * as io from './io.ts'
import * as mm from './mm.ts'
import * as process from './process.ts'
import * as random from './random.ts'
import * as resource from './resource.ts'
import * as sched from './sched.ts'
import * as signal from './signal.ts'
import * as thread from './thread.ts'
import * as time from './time.ts'
import * as wait from './wait.ts'

/** Every system call that is served: the rows that the files of this folder export. */

const TOPICS: readonly Readonly<Record<string, unknown>>[] = [
  io, mm, process, wait, signal, time, futex, thread, sched, identity, resource, random,
]

const isRow = (value: unknown): value is Syscall =>
  typeof value === 'object' && value !== null && 'number' in value && 'arguments' in value && 'run' in value

function collect(): ReadonlyMap<number, Syscall> {
  const rows = TOPICS.flatMap((topic) => Object.values(topic)).filter(isRow)
  const table = new Map<number, Syscall>()
  for (const row of rows.sort((a, b) => a.number - b.number)) {
    invariant(!table.has(row.number), `two rows have the system call number ${row.number}`)
    table.set(row.number, row)
  }
  return table
}

/** By number, in the order of numbers. */
export const SYSCALLS: ReadonlyMap<number, Syscall> = collect()
