import * as linux from '../../spec/linux/index.ts'
import { structBytes } from '../mm/user-memory.ts'
import { siginfoBytes } from '../signal/info.ts'
import { syscall, type Answer, type SyscallContext } from '../syscall.ts'
import { reap, tracerHasSeenEnd } from '../task/life.ts'
import type { Process } from '../task/process.ts'
import type { Task } from '../task/task.ts'
import { traceesOf, type TraceStop } from '../task/tracing.ts'
import { rusageBytes } from './resource.ts'

/** Waiting for children: wait(2). */

const { ECHILD, EFAULT, EINVAL, ESRCH } = linux

/** Whom to wait for: a process, or a thread that is traced, by its numbers. */
type Which = (who: { readonly pid: number; readonly pgid: number }) => boolean

/** A change of state that may be reported: of a child, or of a tracee. */
interface Event {
  readonly child: Process
  readonly pid: number
  /** A ptrace-stop. */
  readonly stop?: TraceStop
  readonly status: number
  readonly code: number
  /** What siginfo tells: exit code or signal. */
  readonly value: number
}

const CONTINUED_STATUS = 0xffff

/** `asTracer`: nobody else is to be told before. */
function eventOf(child: Process, options: number, asTracer = false): Event | undefined {
  const { state, unreported, pid } = child
  if (state.is === 'zombie' && options & linux.WEXITED && (asTracer || !child.tracer)) {
    const signo = state.status & 0x7f
    return {
      child,
      pid,
      status: state.status,
      code: signo ? linux.CLD_KILLED : linux.CLD_EXITED,
      value: signo || state.status >> 8,
    }
  }
  if (state.is === 'stopped' && unreported === 'stopped' && options & linux.WSTOPPED) {
    return { child, pid, status: (state.signo << 8) | 0x7f, code: linux.CLD_STOPPED, value: state.signo }
  }
  if (state.is === 'running' && unreported === 'continued' && options & linux.WCONTINUED) {
    return { child, pid, status: CONTINUED_STATUS, code: linux.CLD_CONTINUED, value: linux.SIGCONT }
  }
  return undefined
}

/** ptrace(2): a stop of a tracee is told whatever the options are. */
function stopOf(tracee: Task): Event | undefined {
  const stop = tracee.tracing?.stop
  if (!stop || stop.reported) return undefined
  const { process: child, pid } = tracee
  return { child, pid, stop, status: (stop.signo << 8) | 0x7f, code: linux.CLD_TRAPPED, value: stop.signo }
}

/** Children made by clone with another exit signal than SIGCHLD are waited for on request only. */
function isKind(child: Process, options: number): boolean {
  if (options & linux.__WALL) return true
  return (child.exitSignal !== linux.SIGCHLD) === ((options & linux.__WCLONE) !== 0)
}

function consume({ kernel, task }: SyscallContext, { child, stop }: Event, options: number): void {
  if (options & linux.WNOWAIT) return
  if (stop) {
    stop.reported = true
    return
  }
  child.unreported = undefined
  if (child.state.is !== 'zombie') return
  if (child.tracer) return tracerHasSeenEnd(kernel, child)
  task.process.childrenCpuTime += child.cpuTime + child.childrenCpuTime
  reap(kernel, child)
}

/** The first event of a child that `which` names, a wait for one, or -ECHILD; `undefined` with WNOHANG and no event. */
function find(
  { kernel, task }: SyscallContext,
  which: Which,
  options: number,
): Event | Extract<Answer, object> | number | undefined {
  const children = (): Process[] => [...task.process.children].filter((child) => isKind(child, options) && which(child))
  const tracees = (): Task[] =>
    traceesOf(kernel, task.process).filter((t) => which({ pid: t.pid, pgid: t.process.pgid }))
  const ended = (): Process[] => [...kernel.processes.values()].filter((p) => p.tracer === task.process && which(p))
  const event = (): Event | undefined =>
    [
      ...tracees().map(stopOf),
      ...ended().map((process) => eventOf(process, options, true)),
      ...children().map((child) => eventOf(child, options)),
    ].find((e) => e !== undefined)
  const nobody = (): boolean => children().length + tracees().length + ended().length === 0
  if (nobody()) return -ECHILD
  const found = event()
  if (found || options & linux.WNOHANG) return found
  return { wait: () => event() !== undefined || nobody() }
}

// prettier-ignore
export const wait4 = syscall(61, 'wait4', { pid: 'int', wstatus: 'addr', options: 'flags', rusage: 'addr' }, {
  support: 'full', spec: 'wait4(2)',
  run(c, { pid, wstatus, options, rusage }) {
    const known = linux.WNOHANG | linux.WUNTRACED | linux.WCONTINUED | linux.__WNOTHREAD | linux.__WCLONE | linux.__WALL
    if ((options & ~known) !== 0) return -EINVAL
    if (pid === -0x8000_0000) return -ESRCH
    const group = pid === 0 ? c.task.pgid : -pid
    const which: Which = pid > 0 ? (child) => child.pid === pid : pid === -1 ? () => true : (child) => child.pgid === group
    const found = find(c, which, options | linux.WEXITED)
    if (found === undefined) return 0
    if (typeof found === 'number' || 'wait' in found) return found
    if (wstatus !== 0 && !c.task.memory.setU32(wstatus, found.status)) return -EFAULT
    if (rusage !== 0 && !c.task.memory.write(rusage, rusageBytes(found.child.cpuTime + found.child.childrenCpuTime))) return -EFAULT
    consume(c, found, options)
    return found.pid
  },
})

// prettier-ignore
export const waitid = syscall(247, 'waitid', { idtype: 'int', id: 'int', infop: 'addr', options: 'flags', rusage: 'addr' }, {
  support: 'partial', note: 'P_PIDFD fails with EINVAL.', spec: 'waitid(2)',
  run(c, { idtype, id, infop, options, rusage }) {
    const known =
      linux.WNOHANG | linux.WNOWAIT | linux.WEXITED | linux.WSTOPPED | linux.WCONTINUED | linux.__WNOTHREAD | linux.__WCLONE | linux.__WALL
    if ((options & ~known) !== 0 || (options & (linux.WEXITED | linux.WSTOPPED | linux.WCONTINUED)) === 0) return -EINVAL
    const which = whichOf(c, idtype, id)
    if (!which) return -EINVAL
    const found = find(c, which, options)
    if (typeof found === 'number' || (found && 'wait' in found)) return found
    if (infop !== 0 && !c.task.memory.write(infop, infoOf(found))) return -EFAULT
    if (!found) return 0
    if (rusage !== 0 && !c.task.memory.write(rusage, rusageBytes(found.child.cpuTime + found.child.childrenCpuTime))) return -EFAULT
    consume(c, found, options)
    return 0
  },
})

function whichOf({ task }: SyscallContext, idtype: number, id: number): Which | undefined {
  if (idtype === linux.P_ALL) return () => true
  if (idtype === linux.P_PID) return id > 0 ? (child) => child.pid === id : undefined
  if (idtype !== linux.P_PGID || id < 0) return undefined
  const group = id === 0 ? task.pgid : id
  return (child) => child.pgid === group
}

function infoOf(event: Event | undefined): Uint8Array {
  if (!event) return structBytes(linux.siginfo_t, {})
  const { child, pid, code, value } = event
  return siginfoBytes({ signo: linux.SIGCHLD, code, pid, uid: child.credentials.uid, status: value })
}
