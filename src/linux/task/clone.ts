import * as linux from '../../spec/linux/index.ts'
import { RAX, RSP } from '../../spec/x86/index.ts'
import type { Kernel } from '../kernel.ts'
import { NO_ALTERNATE_STACK, TaskSignals } from '../signal/state.ts'
import { Process } from './process.ts'
import { inherited } from './scheduling.ts'
import { useView } from './spawn.ts'
import { Task } from './task.ts'

/** clone(2), fork(2), vfork(2), clone3(2). */

const { CLONE } = linux

export interface CloneRequest {
  /** CLONE_* without the exit signal. */
  readonly flags: number
  readonly exitSignal: number
  /** RSP of the child; 0 keeps the parent's. */
  readonly stack: bigint
  readonly parentTid: number
  readonly childTid: number
  readonly tls: bigint
}

const has = (flags: number, flag: number): boolean => Math.floor(flags / flag) % 2 === 1

const NAMESPACES = [
  CLONE.NEWNS,
  CLONE.NEWCGROUP,
  CLONE.NEWUTS,
  CLONE.NEWIPC,
  CLONE.NEWUSER,
  CLONE.NEWPID,
  CLONE.NEWNET,
  CLONE.NEWTIME,
]

/** The checks of copy_process, in its order. */
function refusal(flags: number): number {
  if (has(flags, CLONE.NEWNS) && has(flags, CLONE.FS)) return -linux.EINVAL
  if (has(flags, CLONE.NEWUSER) && has(flags, CLONE.FS)) return -linux.EINVAL
  if (has(flags, CLONE.THREAD) && !has(flags, CLONE.SIGHAND)) return -linux.EINVAL
  if (has(flags, CLONE.SIGHAND) && !has(flags, CLONE.VM)) return -linux.EINVAL
  if (has(flags, CLONE.PIDFD) || has(flags, CLONE.INTO_CGROUP)) return -linux.EINVAL
  // Namespaces need privileges that no guest has.
  return NAMESPACES.some((flag) => has(flags, flag)) ? -linux.EPERM : 0
}

/** The child's number, or a negative errno. The parent waits if CLONE_VFORK asks for it. */
export function clone(kernel: Kernel, parent: Task, request: CloneRequest): number {
  const { flags } = request
  const refused = refusal(flags)
  if (refused < 0) return refused
  const pid = kernel.allocatePid()
  const child = new Task(pid, processOf(kernel, parent, pid, request), {
    block: new Uint8Array(),
    space: has(flags, CLONE.VM) ? parent.space.retain() : parent.space.fork(),
    fds: has(flags, CLONE.FILES) ? parent.fds.share() : parent.fds.copy(),
    fs: has(flags, CLONE.FS) ? parent.fs : { ...parent.fs },
    signals: signalsOf(parent, flags),
  })
  child.comm = parent.comm
  child.scheduling = inherited(parent.scheduling)
  child.trap = parent.trap
  if (has(flags, CLONE.PARENT_SETTID)) parent.memory.setU32(request.parentTid, pid)
  if (has(flags, CLONE.CHILD_SETTID)) child.memory.setU32(request.childTid, pid)
  if (has(flags, CLONE.CHILD_CLEARTID)) child.clearChildTid = request.childTid
  child.block = firstBlock(kernel, child, request)
  kernel.tasks.set(pid, child)
  if (has(flags, CLONE.VFORK)) {
    child.vforkParent = parent
    parent.state = 'vfork'
  }
  return pid
}

function processOf(kernel: Kernel, parent: Task, pid: number, { flags, exitSignal }: CloneRequest): Process {
  if (has(flags, CLONE.THREAD)) return parent.process
  const asSibling = has(flags, CLONE.PARENT)
  const signo = asSibling ? parent.process.exitSignal : exitSignal
  const process = new Process(pid, parent.process, parent.process.credentials, signo, kernel.now())
  if (asSibling) {
    parent.process.children.delete(process)
    process.parent = parent.process.parent
    process.parent?.children.add(process)
  }
  const { executable, commandLine, environment, dumpable, noNewPrivs } = parent.process
  Object.assign(process, { executable, commandLine, environment, dumpable, noNewPrivs })
  kernel.processes.set(pid, process)
  return process
}

function signalsOf(parent: Task, flags: number): TaskSignals {
  const { dispositions, mask, stack } = parent.signals
  const shares = has(flags, CLONE.SIGHAND)
  const own = has(flags, CLONE.CLEAR_SIGHAND) ? dispositions.afterExec() : dispositions.copy()
  const signals = new TaskSignals(shares ? dispositions : own)
  signals.mask = mask
  // sigaltstack(2): a thread that shares memory but not the stack starts without one; vfork keeps it.
  const dropped = has(flags, CLONE.VM) && !has(flags, CLONE.VFORK)
  signals.stack = dropped ? NO_ALTERNATE_STACK : stack
  return signals
}

/** The child's registers: the parent's, with RAX = 0 and what the request sets. Made in the state block, which is put back. */
function firstBlock(kernel: Kernel, child: Task, { flags, stack, tls }: CloneRequest): Uint8Array {
  const { state } = kernel
  const parents = state.save()
  state.setGpr(RAX, 0n)
  if (stack !== 0n) state.setGpr(RSP, stack)
  if (has(flags, CLONE.SETTLS)) state.fsBase = tls
  useView(kernel, child)
  const block = state.save()
  state.load(parents)
  return block
}
