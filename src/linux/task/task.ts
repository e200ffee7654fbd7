import type { View } from '../../cpu/index.ts'
import type { AddressSpace } from '../mm/address-space.ts'
import { UserMemory } from '../mm/user-memory.ts'
import type { TaskSignals } from '../signal/state.ts'
import type { Syscall, Wait } from '../syscall.ts'
import type { FdTable } from '../vfs/fd-table.ts'
import type { Process } from './process.ts'
import { USUAL_SCHEDULING } from './scheduling.ts'
import type { Tracing } from './tracing.ts'

/** Working directory and file mode mask: what CLONE_FS shares. */
export interface FsContext {
  cwd: string
  umask: number
}

/** A system call that waits, to be run again. */
export interface PendingCall {
  readonly row: Syscall
  /** Decoded arguments. */
  readonly values: Readonly<Record<string, number | bigint>>
  readonly wait: Wait
  /** Called once with the result, for --strace. */
  readonly finish?: ((answer: number | bigint | 'restarts') => void) | undefined
}

/**
 * What the kernel schedules: a thread. `pid` is Linux's word for the number of a thread (gettid), `tgid` for that of its process
 * (getpid).
 */
export class Task {
  pid: number
  readonly process: Process
  /** Registers while another task is on the processor (CpuState.save). */
  block: Uint8Array
  fds: FdTable
  fs: FsContext
  readonly signals: TaskSignals
  /** PR_SET_NAME: at most 15 bytes. */
  comm = ''
  /** Runs, waits in `call`, waits for a vfork child, or is gone. */
  state: 'runnable' | 'waiting' | 'vfork' | 'dead' = 'runnable'
  call: PendingCall | undefined
  /** set_tid_address(2): zeroed and woken when the task ends. */
  clearChildTid = 0
  /** set_robust_list(2). */
  robustList = 0
  /** The parent that waits until this task's exec or exit. */
  vforkParent: Task | undefined
  /** The last exception: what a signal frame shows as trapno, err and cr2. */
  trap = { number: 0, error: 0, cr2: 0n }
  /** It has a debugger (ptrace(2)). */
  tracing: Tracing | undefined
  /** What the SGX part of the processor remembers of this thread while another runs. The machine's. */
  enclave: unknown
  scheduling = USUAL_SCHEDULING
  /** Virtual nanoseconds on the processor. */
  cpuTime = 0n
  private current: AddressSpace
  private userMemory: UserMemory

  constructor(
    pid: number,
    process: Process,
    parts: { block: Uint8Array; space: AddressSpace; fds: FdTable; fs: FsContext; signals: TaskSignals },
  ) {
    this.pid = pid
    this.process = process
    this.block = parts.block
    this.current = parts.space
    this.userMemory = new UserMemory(parts.space)
    this.fds = parts.fds
    this.fs = parts.fs
    this.signals = parts.signals
    process.threads.add(this)
  }

  get tgid(): number {
    return this.process.pid
  }
  get ppid(): number {
    return this.process.parent?.pid ?? 1
  }
  get pgid(): number {
    return this.process.pgid
  }
  get sid(): number {
    return this.process.sid
  }

  get space(): AddressSpace {
    return this.current
  }
  set space(space: AddressSpace) {
    this.current = space
    this.userMemory = new UserMemory(space)
  }
  /** Memory as system calls reach it. */
  get memory(): UserMemory {
    return this.userMemory
  }
  /** Memory as the task's code outside enclaves sees it. */
  get view(): View {
    return this.current.view
  }
}
