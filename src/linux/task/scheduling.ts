import * as linux from '../../spec/linux/index.ts'

const { EPERM } = linux

/** Scheduling attributes of a thread. Threads take turns whatever these are. */
export interface Scheduling {
  readonly policy: number
  /** -20 to 19. */
  readonly nice: number
  readonly resetOnFork: boolean
  /** Nanoseconds; undefined: the kernel's own. */
  readonly slice: bigint | undefined
}

export const USUAL_SCHEDULING: Scheduling = {
  policy: linux.SCHED_OTHER,
  nice: 0,
  resetOnFork: false,
  slice: undefined,
}
/** What Linux 6.12 gives a thread at a time where there is one processor. */
export const USUAL_SLICE = 750_000n
const [LEAST_SLICE, MOST_SLICE] = [100_000n, 100_000_000n]

/** sched(7), "Resetting scheduling policy for child processes": what it resets no guest has. */
export const inherited = (s: Scheduling): Scheduling => ({ ...s, resetOnFork: false })

export const isRealTime = (policy: number): boolean => policy === linux.SCHED_FIFO || policy === linux.SCHED_RR
export const isNormal = (policy: number): boolean =>
  [linux.SCHED_OTHER, linux.SCHED_BATCH, linux.SCHED_IDLE].some((p) => p === policy)

export const clampNice = (nice: number): number => Math.min(Math.max(nice, -20), 19)
export const clampSlice = (slice: bigint): bigint | undefined =>
  slice === 0n ? undefined : slice < LEAST_SLICE ? LEAST_SLICE : slice > MOST_SLICE ? MOST_SLICE : slice

/** What a thread without privileges becomes that has `now` and wants `wanted`, or a negative errno. */
export function changed(now: Scheduling, wanted: Scheduling): Scheduling | number {
  const { policy, nice, resetOnFork } = wanted
  if (!isNormal(policy)) return -EPERM
  const isIdle = policy === linux.SCHED_IDLE
  if (!isIdle && (nice < now.nice || now.policy === linux.SCHED_IDLE)) return -EPERM
  if (now.resetOnFork && !resetOnFork) return -EPERM
  return isIdle ? { ...now, policy, resetOnFork } : wanted
}
