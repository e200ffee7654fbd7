import { SI_KERNEL, SIGALRM, SIGPROF, SIGVTALRM } from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import { sendToProcess } from '../signal/send.ts'
import type { IntervalTimer, Process } from './process.ts'

/** setitimer(2): which signal each timer sends. */
const SIGNALS = [SIGALRM, SIGVTALRM, SIGPROF] as const

/** The clock of a timer: time, or the process's time on the processor. There is no time inside the kernel, so the last two agree. */
export const timerClock = (kernel: Kernel, process: Process, which: number): bigint =>
  which === 0 ? kernel.now() : process.cpuTime

function expire(timer: IntervalTimer, now: bigint): boolean {
  if (timer.deadline === undefined || timer.deadline > now) return false
  // Missed periods do not pile up (setitimer(2): there is at most one pending signal).
  timer.deadline =
    timer.interval > 0n ? timer.deadline + timer.interval * ((now - timer.deadline) / timer.interval + 1n) : undefined
  return true
}

/** Sends the signals of timers that are due. */
export function expireTimers(kernel: Kernel): void {
  for (const process of kernel.processes.values()) {
    if (process.threads.size === 0) continue
    process.timers.forEach((timer, which) => {
      const signo = SIGNALS[which]
      if (signo && expire(timer, timerClock(kernel, process, which)))
        sendToProcess(kernel, process, { signo, code: SI_KERNEL })
    })
  }
}

/** The earliest time at which a timer or the timeout of a waiting task is due, if time passes for nobody else. */
export function nextExpiry(kernel: Kernel): bigint | undefined {
  let next: bigint | undefined
  const consider = (time: bigint | undefined): void => {
    if (time !== undefined && (next === undefined || time < next)) next = time
  }
  for (const process of kernel.processes.values()) if (process.threads.size > 0) consider(process.timers[0].deadline)
  for (const task of kernel.tasks.values()) if (task.process.state.is === 'running') consider(task.call?.wait.deadline)
  return next
}

/** As nextExpiry, for the process that runs: its own processor time passes too. */
export function nextExpiryWhileRunning(kernel: Kernel, process: Process): bigint | undefined {
  const times = [nextExpiry(kernel)]
  for (const timer of process.timers.slice(1)) {
    if (timer.deadline !== undefined) times.push(kernel.now() + timer.deadline - process.cpuTime)
  }
  return times.reduce((best, t) => (t !== undefined && (best === undefined || t < best) ? t : best), undefined)
}
