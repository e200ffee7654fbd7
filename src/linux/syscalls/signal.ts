import * as linux from '../../spec/linux/index.ts'
import { RAX, RSP } from '../../spec/x86/index.ts'
import type { Kernel } from '../kernel.ts'
import { isOnStack, popFrame, setAlternateStack } from '../signal/frame.ts'
import { siginfoBytes, type SignalInfo } from '../signal/info.ts'
import { forceSignal, sendToProcess, sendToTask } from '../signal/send.ts'
import { bit, isMember, UNBLOCKABLE } from '../signal/state.ts'
import { syscall, type Answer, type SyscallContext } from '../syscall.ts'
import type { Process } from '../task/process.ts'
import type { Task } from '../task/task.ts'
import { readTimespec } from './time.ts'

/** signal(7): dispositions, masks, sending and waiting. Delivery is in signal/. */

const { EAGAIN, EFAULT, EINVAL, EPERM, ESRCH, SA } = linux

const SIGSET_SIZE = 8
/** Flags that rt_sigaction keeps; others read back as zero, so that a program can tell (sigaction(2)). */
const KNOWN_FLAGS =
  (SA.NOCLDSTOP |
    SA.NOCLDWAIT |
    SA.SIGINFO |
    SA.ONSTACK |
    SA.RESTART |
    SA.NODEFER |
    SA.RESETHAND |
    SA.EXPOSE_TAGBITS |
    SA.RESTORER) >>>
  0

// prettier-ignore
export const rt_sigaction = syscall(13, 'rt_sigaction', { signum: 'int', act: 'addr', oldact: 'addr', sigsetsize: 'size' }, {
  support: 'full', spec: 'sigaction(2)',
  run({ task }, { signum, act, oldact, sigsetsize }) {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL
    const given = act === 0 ? undefined : task.memory.struct(linux.kernel_sigaction, act)
    if (act !== 0 && !given) return -EFAULT
    if (signum < 1 || signum > linux.NSIG || (given && isMember(UNBLOCKABLE, signum))) return -EINVAL
    const { dispositions } = task.signals
    const old = dispositions.of(signum)
    if (given) {
      const flags = Number(given.sa_flags & BigInt(KNOWN_FLAGS))
      dispositions.set(signum, { handler: given.sa_handler, flags, restorer: given.sa_restorer, mask: given.sa_mask & ~UNBLOCKABLE })
      if (dispositions.isIgnored(signum)) discard(task.process, signum)
    }
    if (oldact === 0) return 0
    const told = { sa_handler: old.handler, sa_flags: BigInt(old.flags >>> 0), sa_restorer: old.restorer, sa_mask: old.mask }
    return task.memory.setStruct(linux.kernel_sigaction, oldact, told) ? 0 : -EFAULT
  },
})

/** POSIX: what is pending and becomes ignored is gone, blocked or not. */
function discard(process: Process, signo: number): void {
  process.pending.discard(bit(signo))
  for (const task of process.threads) task.signals.pending.discard(bit(signo))
}

// prettier-ignore
export const rt_sigprocmask = syscall(14, 'rt_sigprocmask', { how: 'int', set: 'addr', oldset: 'addr', sigsetsize: 'size' }, {
  support: 'full', spec: 'sigprocmask(2)',
  run({ task }, { how, set, oldset, sigsetsize }) {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL
    const { signals } = task
    const old = signals.mask
    if (set !== 0) {
      const given = task.memory.u64(set)
      if (given === undefined) return -EFAULT
      const wanted = given & ~UNBLOCKABLE
      if (how === linux.SIG_BLOCK) signals.mask |= wanted
      else if (how === linux.SIG_UNBLOCK) signals.mask &= ~wanted
      else if (how === linux.SIG_SETMASK) signals.mask = wanted
      else return -EINVAL
    }
    return oldset === 0 || task.memory.setU64(oldset, old) ? 0 : -EFAULT
  },
})

// prettier-ignore
export const rt_sigreturn = syscall(15, 'rt_sigreturn', {}, {
  support: 'full', spec: 'sigreturn(2)',
  run({ kernel, task }) {
    if (!popFrame(kernel, task)) forceSignal(task, { signo: linux.SIGSEGV, code: linux.SI_KERNEL })
    // RAX is one of the registers that were restored.
    return kernel.state.gpr(RAX)
  },
})

// prettier-ignore
export const sigaltstack = syscall(131, 'sigaltstack', { ss: 'addr', old_ss: 'addr' }, {
  support: 'full', spec: 'sigaltstack(2)',
  run({ kernel, task }, { ss, old_ss }) {
    const given = ss === 0 ? undefined : task.memory.struct(linux.stack_t, ss)
    if (ss !== 0 && !given) return -EFAULT
    const rsp = kernel.state.gpr(RSP)
    const old = task.signals.stack
    if (given) {
      const answer = setAlternateStack(task, { ss_sp: given.ss_sp, ss_size: given.ss_size, ss_flags: given.ss_flags }, rsp)
      if (answer < 0) return answer
    }
    if (old_ss === 0) return 0
    const use = old.ss_size === 0n ? linux.SS_DISABLE : isOnStack(old, rsp) ? linux.SS_ONSTACK : 0
    const told = { ss_sp: old.ss_sp, ss_size: old.ss_size, ss_flags: (use | (old.ss_flags & linux.SS_AUTODISARM)) >>> 0 }
    return task.memory.setStruct(linux.stack_t, old_ss, told) ? 0 : -EFAULT
  },
})

// prettier-ignore
export const rt_sigpending = syscall(127, 'rt_sigpending', { set: 'addr', sigsetsize: 'size' }, {
  support: 'full', spec: 'sigpending(2)',
  run({ task }, { set, sigsetsize }) {
    if (sigsetsize > SIGSET_SIZE) return -EINVAL
    const pending = (task.signals.pending.set | task.process.pending.set) & task.signals.mask
    const bytes = new Uint8Array(new BigUint64Array([pending]).buffer, 0, sigsetsize)
    return task.memory.write(set, bytes) ? 0 : -EFAULT
  },
})

/** pause(2): until a handler has run. */
const UNTIL_HANDLER = { wait: () => false, neverRestarts: true } as const

// prettier-ignore
export const pause = syscall(34, 'pause', {}, { support: 'full', spec: 'pause(2)', run: () => UNTIL_HANDLER })

// prettier-ignore
export const rt_sigsuspend = syscall(130, 'rt_sigsuspend', { mask: 'addr', sigsetsize: 'size' }, {
  support: 'full', spec: 'sigsuspend(2)',
  run({ task }, { mask, sigsetsize }) {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL
    const given = task.memory.u64(mask)
    if (given === undefined) return -EFAULT
    task.signals.savedMask = task.signals.mask
    task.signals.mask = given & ~UNBLOCKABLE
    return UNTIL_HANDLER
  },
})

// prettier-ignore
export const rt_sigtimedwait = syscall(128, 'rt_sigtimedwait', { set: 'addr', info: 'addr', timeout: 'addr', sigsetsize: 'size' }, {
  support: 'full', spec: 'sigtimedwait(2)',
  run({ kernel, task, resumed }, { set, info, timeout, sigsetsize }): Answer {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL
    const given = task.memory.u64(set)
    if (given === undefined) return -EFAULT
    const limit = timeout === 0 ? undefined : readTimespec(task, timeout)
    if (typeof limit === 'number') return limit
    const wanted = given & ~UNBLOCKABLE
    const taken = task.signals.pending.take(wanted) ?? task.process.pending.take(wanted)
    if (taken) return info === 0 || task.memory.write(info, siginfoBytes(taken)) ? taken.signo : -EFAULT
    const deadline = resumed?.deadline ?? (limit === undefined ? undefined : kernel.now() + limit)
    if (deadline !== undefined && kernel.now() >= deadline) return -EAGAIN
    const wait = (): boolean => ((task.signals.pending.set | task.process.pending.set) & wanted) !== 0n
    return { wait, neverRestarts: true, ...(deadline === undefined ? {} : { deadline }) }
  },
})

const sender = ({ process }: Task): { pid: number; uid: number } => ({ pid: process.pid, uid: process.credentials.uid })
const isSignal = (signo: number): boolean => signo >= 0 && signo <= linux.NSIG

/** Signal 0 only asks whether the process is there. All belong to one user, so all may be sent to. */
function killProcess({ kernel, task }: SyscallContext, process: Process, signo: number): number {
  if (!isSignal(signo)) return -EINVAL
  if (signo !== 0) sendToProcess(kernel, process, { signo, code: linux.SI_USER, ...sender(task) })
  return 0
}

const processOf = (kernel: Kernel, pid: number): Process | undefined =>
  kernel.processes.get(pid) ?? kernel.tasks.get(pid)?.process

// prettier-ignore
export const kill = syscall(62, 'kill', { pid: 'int', sig: 'int' }, {
  support: 'full', spec: 'kill(2)',
  run(c, { pid, sig }) {
    if (pid > 0) {
      const process = processOf(c.kernel, pid)
      return process ? killProcess(c, process, sig) : -ESRCH
    }
    if (pid === -0x8000_0000) return -ESRCH
    const all = [...c.kernel.processes.values()]
    const group = pid === 0 ? c.task.pgid : -pid
    const targets = pid === -1 ? all.filter((p) => p !== c.task.process) : all.filter((p) => p.pgid === group)
    if (targets.length === 0) return -ESRCH
    return targets.map((process) => killProcess(c, process, sig)).find((answer) => answer < 0) ?? 0
  },
})

function killThread({ kernel, task }: SyscallContext, tgid: number | undefined, pid: number, signo: number): number {
  if (pid <= 0 || (tgid !== undefined && tgid <= 0)) return -EINVAL
  const target = kernel.tasks.get(pid)
  if (!target || (tgid !== undefined && target.tgid !== tgid)) return -ESRCH
  if (!isSignal(signo)) return -EINVAL
  if (signo !== 0) sendToTask(kernel, target, { signo, code: linux.SI_TKILL, ...sender(task) })
  return 0
}

// prettier-ignore
export const tkill = syscall(200, 'tkill', { tid: 'int', sig: 'int' }, {
  support: 'full', spec: 'tkill(2)',
  run: (c, { tid, sig }) => killThread(c, undefined, tid, sig),
})
// prettier-ignore
export const tgkill = syscall(234, 'tgkill', { tgid: 'int', tid: 'int', sig: 'int' }, {
  support: 'full', spec: 'tgkill(2)',
  run: (c, { tgid, tid, sig }) => killThread(c, tgid, tid, sig),
})

/** The siginfo of a queued signal. Only to itself may a process send one that looks like the kernel's or kill's. */
function queuedInfo(c: SyscallContext, target: number, signo: number, address: number): SignalInfo | number {
  const raw = c.task.memory.read(address, linux.siginfo_t.size)
  if (!raw) return -EFAULT
  const view = linux.siginfo_t.view(raw)
  const code = view.si_code | 0
  if ((code >= 0 || code === linux.SI_TKILL) && target !== c.task.tgid) return -EPERM
  view.si_signo = signo
  return { signo, code, raw }
}

// prettier-ignore
export const rt_sigqueueinfo = syscall(129, 'rt_sigqueueinfo', { tgid: 'int', sig: 'int', info: 'addr' }, {
  support: 'full', spec: 'rt_sigqueueinfo(2)',
  run(c, { tgid, sig, info }) {
    const queued = queuedInfo(c, tgid, sig, info)
    if (typeof queued === 'number') return queued
    const process = processOf(c.kernel, tgid)
    if (!process) return -ESRCH
    if (!isSignal(sig)) return -EINVAL
    if (sig !== 0) sendToProcess(c.kernel, process, queued)
    return 0
  },
})
// prettier-ignore
export const rt_tgsigqueueinfo = syscall(297, 'rt_tgsigqueueinfo', { tgid: 'int', tid: 'int', sig: 'int', info: 'addr' }, {
  support: 'full', spec: 'rt_sigqueueinfo(2)',
  run(c, { tgid, tid, sig, info }) {
    const queued = queuedInfo(c, tgid, sig, info)
    if (typeof queued === 'number') return queued
    if (tid <= 0 || tgid <= 0) return -EINVAL
    const target = c.kernel.tasks.get(tid)
    if (!target || target.tgid !== tgid) return -ESRCH
    if (!isSignal(sig)) return -EINVAL
    if (sig !== 0) sendToTask(c.kernel, target, queued)
    return 0
  },
})
