import { invariant } from '../../base/index.ts'
import type { Syscall } from '../syscall.ts'
import * as attributes from './attributes.ts'
import * as directory from './directory.ts'
import * as epoll from './epoll.ts'
import * as file from './file.ts'
import * as futex from './futex.ts'
import * as identity from './identity.ts'
import * as io from './io.ts'
import * as links from './links.ts'
import * as mm from './mm.ts'
import * as pipe from './pipe.ts'
import * as poll from './poll.ts'
import * as privileged from './privileged.ts'
import * as process from './process.ts'
import * as ptrace from './ptrace.ts'
import * as random from './random.ts'
import * as resource from './resource.ts'
import * as sched from './sched.ts'
import * as signal from './signal.ts'
import * as socket from './socket.ts'
import * as stat from './stat.ts'
import * as thread from './thread.ts'
import * as time from './time.ts'
import * as unconfigured from './unconfigured.ts'
import * as wait from './wait.ts'
import * as xattr from './xattr.ts'

/** Every system call that is served: the rows that the files of this folder export. */

// prettier-ignore
const TOPICS: readonly Readonly<Record<string, unknown>>[] = [
  io, file, stat, attributes, xattr, directory, links, pipe, poll, epoll, socket, mm, process, wait, signal, time, futex, thread, sched, identity, resource, random, ptrace,
  privileged, unconfigured,
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
