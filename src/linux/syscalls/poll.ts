import { EBADF, EFAULT, EINVAL, POLL, RLIMIT_NOFILE, pollfd, timespec, timeval } from '../../spec/linux/index.ts'
import { UNBLOCKABLE } from '../signal/state.ts'
import { syscall, type Answer, type SyscallContext, type Wait } from '../syscall.ts'
import type { Task } from '../task/task.ts'
import type { FileDescription } from '../vfs/file.ts'

/** Waiting until one of several files is ready: poll(2), select(2). */

const GIGA = 1_000_000_000n

/** POLL bits of a file now. */
export function readiness(file: FileDescription): number {
  return (file.readable ? POLL.IN | POLL.RDNORM : 0) | (file.writable ? POLL.OUT | POLL.WRNORM : 0) | (file.hangup ?? 0)
}

/** What a call that waits for files carries from one run to the next. */
interface ReadyWait extends Wait {
  readonly timeout: bigint | undefined
}

interface Question {
  /** How many are ready; stores nothing. */
  readonly count: () => number
  /** Stores the result and answers. */
  readonly answer: (count: number) => Answer
  /** Nanoseconds from the first run; undefined waits for ever. */
  readonly timeout: bigint | undefined
}

/** Answers at once if something is ready or the time is over; waits otherwise. */
export function waitReady(c: SyscallContext, { count, answer, timeout }: Question): Answer {
  const { kernel, resumed } = c
  const deadline = resumed ? resumed.deadline : timeout === undefined ? undefined : kernel.now() + timeout
  const ready = count()
  if (ready !== 0 || (deadline !== undefined && deadline <= kernel.now())) return answer(ready)
  const wait: ReadyWait = { wait: () => count() !== 0, neverRestarts: true, timeout }
  return deadline === undefined ? wait : { ...wait, deadline }
}

interface Polled {
  readonly fd: number
  readonly events: number
}

/** The events of one entry of poll's array: negative descriptors are skipped, closed ones are POLLNVAL. */
function eventsOf(task: Task, { fd, events }: Polled): number {
  if (fd < 0) return 0
  const file = task.fds.file(fd)
  if (!file) return POLL.NVAL
  return readiness(file) & (events | POLL.ERR | POLL.HUP)
}

function pollFiles(c: SyscallContext, address: number, nfds: number, timeout: bigint | undefined): Answer {
  const { task } = c
  if (nfds > Number(task.process.limit(RLIMIT_NOFILE).cur)) return -EINVAL
  const bytes = task.memory.read(address, nfds * pollfd.size)
  if (!bytes) return -EFAULT
  const entries = Array.from({ length: nfds }, (_, i) => {
    const { fd, events } = pollfd.view(bytes, i * pollfd.size)
    return { fd: fd | 0, events }
  })
  return waitReady(c, {
    timeout,
    count: () => entries.reduce((sum, entry) => sum + (eventsOf(task, entry) ? 1 : 0), 0),
    answer(count) {
      entries.forEach((entry, i) => (pollfd.view(bytes, i * pollfd.size).revents = eventsOf(task, entry)))
      return task.memory.write(address, bytes) ? count : -EFAULT
    },
  })
}

export const poll = syscall(
  7,
  'poll',
  { fds: 'addr', nfds: 'size', timeout: 'int' },
  {
    support: 'partial',
    note: 'Standard input always counts as readable.',
    spec: 'poll(2)',
    run: (c, { fds, nfds, timeout }) => pollFiles(c, fds, nfds, timeout < 0 ? undefined : BigInt(timeout) * 1_000_000n),
  },
)

/** A relative time in user memory, in nanoseconds; NULL is undefined; else -errno. */
function timeoutAt(task: Task, address: number, layout: 'timespec' | 'timeval'): bigint | undefined | number {
  if (address === 0) return undefined
  const t = layout === 'timespec' ? task.memory.struct(timespec, address) : task.memory.struct(timeval, address)
  if (!t) return -EFAULT
  const [fraction, unit] = 'tv_nsec' in t ? [t.tv_nsec, 1n] : [t.tv_usec, 1000n]
  const seconds = BigInt.asIntN(64, t.tv_sec)
  const rest = BigInt.asIntN(64, fraction)
  if (seconds < 0n || rest < 0n) return -EINVAL
  // ppoll(2) wants a normal timespec; select(2) takes any number of microseconds.
  if (layout === 'timespec' && rest >= GIGA) return -EINVAL
  return seconds * GIGA + rest * unit
}

/** Stores what is left of a timeout, as Linux does; a failure is not reported. */
function storeRemaining(
  c: SyscallContext,
  address: number,
  layout: 'timespec' | 'timeval',
  timeout: bigint | undefined,
): void {
  if (address === 0 || timeout === undefined) return
  const deadline = c.resumed?.deadline ?? c.kernel.now() + timeout
  const left = deadline > c.kernel.now() ? deadline - c.kernel.now() : 0n
  const [seconds, rest] = [left / GIGA, left % GIGA]
  if (layout === 'timespec') c.task.memory.setStruct(timespec, address, { tv_sec: seconds, tv_nsec: rest })
  else c.task.memory.setStruct(timeval, address, { tv_sec: seconds, tv_usec: rest / 1000n })
}

/** Runs `call` under another signal mask, which a wait keeps (ppoll(2)). -EFAULT, -EINVAL for a bad mask. */
export function withMask(c: SyscallContext, sigmask: number, sigsetsize: number, call: () => Answer): Answer {
  const { signals, memory } = c.task
  if (sigmask !== 0 && !c.resumed) {
    if (sigsetsize !== 8) return -EINVAL
    const set = memory.u64(sigmask)
    if (set === undefined) return -EFAULT
    signals.savedMask = signals.mask
    signals.mask = set & ~UNBLOCKABLE
  }
  return call()
}

const PPOLL = { fds: 'addr', nfds: 'size', tmo_p: 'addr', sigmask: 'addr', sigsetsize: 'size' } as const

export const ppoll = syscall(271, 'ppoll', PPOLL, {
  support: 'partial',
  note: 'Standard input always counts as readable.',
  spec: 'poll(2)',
  run(c, { fds, nfds, tmo_p, sigmask, sigsetsize }) {
    const timeout = c.resumed ? (c.resumed as ReadyWait).timeout : timeoutAt(c.task, tmo_p, 'timespec')
    if (typeof timeout === 'number') return timeout
    return withMask(c, sigmask, sigsetsize, () => {
      const answer = pollFiles(c, fds, nfds, timeout)
      if (typeof answer !== 'object') storeRemaining(c, tmo_p, 'timespec', timeout)
      return answer
    })
  },
})

const FD_SETSIZE = 1024
const WORD_BITS = 64
/** For each of select's three sets: the poll bits that make a descriptor ready in it (select(2), "Correspondence"). */
const READY = [POLL.IN | POLL.RDNORM | POLL.HUP | POLL.ERR, POLL.OUT | POLL.WRNORM | POLL.ERR, POLL.PRI] as const

interface FdSet {
  readonly address: number
  readonly bytes: Uint8Array
  readonly ready: number
}

const fdsIn = (set: FdSet, nfds: number): number[] =>
  Array.from({ length: nfds }, (_, fd) => fd).filter((fd) => ((set.bytes[fd >> 3] ?? 0) >> (fd & 7)) & 1)

function fdSetsAt(task: Task, addresses: readonly number[], nfds: number): readonly FdSet[] | number {
  const size = Math.ceil(nfds / WORD_BITS) * 8
  const sets: FdSet[] = []
  for (const [i, address] of addresses.entries()) {
    if (address === 0) continue
    const bytes = task.memory.read(address, size)
    if (!bytes) return -EFAULT
    sets.push({ address, bytes, ready: READY[i] ?? 0 })
  }
  return sets
}

interface Select {
  readonly nfds: number
  readonly sets: readonly number[]
  readonly timeout: bigint | undefined
}

function selectFiles(c: SyscallContext, { nfds, sets: addresses, timeout }: Select): Answer {
  const { task } = c
  if (nfds < 0) return -EINVAL
  const count = Math.min(nfds, Math.max(FD_SETSIZE, task.fds.limit))
  const sets = fdSetsAt(task, addresses, count)
  if (typeof sets === 'number') return sets
  const wanted = sets.map((set) => ({ ...set, fds: fdsIn(set, count) }))
  if (wanted.some(({ fds }) => fds.some((fd) => !task.fds.file(fd)))) return -EBADF
  const ready = (fd: number, mask: number): boolean => {
    const file = task.fds.file(fd)
    return file !== undefined && (readiness(file) & mask) !== 0
  }
  const total = (): number => wanted.reduce((sum, set) => sum + set.fds.filter((fd) => ready(fd, set.ready)).length, 0)
  return waitReady(c, {
    timeout,
    count: total,
    answer(found) {
      for (const set of wanted) {
        const out = new Uint8Array(set.bytes.length)
        for (const fd of set.fds) if (ready(fd, set.ready)) out[fd >> 3] = (out[fd >> 3] ?? 0) | (1 << (fd & 7))
        if (!task.memory.write(set.address, out)) return -EFAULT
      }
      return found
    },
  })
}

const SELECT = { nfds: 'int', readfds: 'addr', writefds: 'addr', exceptfds: 'addr', timeout: 'addr' } as const

export const select = syscall(23, 'select', SELECT, {
  support: 'partial',
  note: 'Standard input always counts as readable.',
  spec: 'select(2)',
  run(c, { nfds, readfds, writefds, exceptfds, timeout: at }) {
    const timeout = c.resumed ? (c.resumed as ReadyWait).timeout : timeoutAt(c.task, at, 'timeval')
    if (typeof timeout === 'number') return timeout
    const answer = selectFiles(c, { nfds, sets: [readfds, writefds, exceptfds], timeout })
    if (typeof answer !== 'object') storeRemaining(c, at, 'timeval', timeout)
    return answer
  },
})

export const pselect6 = syscall(
  270,
  'pselect6',
  { ...SELECT, sigmask: 'addr' },
  {
    support: 'partial',
    note: 'Standard input always counts as readable.',
    spec: 'select(2)',
    run(c, { nfds, readfds, writefds, exceptfds, timeout: at, sigmask }) {
      const timeout = c.resumed ? (c.resumed as ReadyWait).timeout : timeoutAt(c.task, at, 'timespec')
      if (typeof timeout === 'number') return timeout
      // The last argument points to a pair: the mask's address and its size.
      const mask = sigmask === 0 ? 0n : c.task.memory.u64(sigmask)
      const size = sigmask === 0 ? 0n : c.task.memory.u64(sigmask + 8)
      if (mask === undefined || size === undefined) return -EFAULT
      return withMask(c, Number(mask), Number(size), () => {
        const answer = selectFiles(c, { nfds, sets: [readfds, writefds, exceptfds], timeout })
        if (typeof answer !== 'object') storeRemaining(c, at, 'timespec', timeout)
        return answer
      })
    },
  },
)
