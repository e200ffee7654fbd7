import { invariant } from '../base/index.ts'
import { Fault, type CpuState, type Ram } from '../cpu/index.ts'
import type { HostPort } from '../port/index.ts'
import type { Sgx } from '../sgx/index.ts'
import * as linux from '../spec/linux/index.ts'
import { callSyscall, rerunSyscall } from './dispatch.ts'
import { AddressSpace } from './mm/address-space.ts'
import { ImageBacking } from './mm/anonymous.ts'
import { deliver, hasDeliverable } from './signal/delivery.ts'
import { serveFault } from './signal/faults.ts'
import type { SignalInfo } from './signal/info.ts'
import { sendToGroup } from './signal/send.ts'
import type { Syscall } from './syscall.ts'
import { Futexes } from './task/futexes.ts'
import { Interleaving } from './task/interleaving.ts'
import type { Process } from './task/process.ts'
import { createRandom } from './random.ts'
import { expireTimers, nextExpiry, nextExpiryWhileRunning } from './task/timers.ts'
import { startFirst } from './task/spawn.ts'
import type { Task } from './task/task.ts'
import { UnknownSyscalls } from './unknown-syscalls.ts'
import { Vfs } from './vfs/vfs.ts'
import type { Grants } from './vfs/sandbox.ts'

/** Virtual time, supplied by the machine: nanoseconds since start, from the number of instructions retired. */
export interface Clock {
  now(): bigint
  /** Every task waits and nothing can happen before `time`. */
  skipTo(time: bigint): void
}

/** The vDSO image, as src/vdso builds it. Offsets in the image. */
export interface KernelVdso {
  readonly bytes: Uint8Array
  /** Pages of zeros in front of it: the clocks that a foreign image reads, and finds absent. */
  readonly dataPages?: number
  readonly exceptionTable: readonly { readonly ip: number; readonly fixup: number }[]
}

/** What the processor reports about itself and the kernel passes on (getauxval(3)). */
export interface ProcessorFacts {
  /** AT_HWCAP: CPUID.1:EDX. */
  readonly hwcap: number
  readonly hwcap2?: number
}

/** What the machine does when the kernel changes who runs. */
export interface KernelHooks {
  /** After the state block was exchanged: SGX's part of the processor follows. */
  readonly onSwitch?: (from: Task | undefined, to: Task) => void
  /** The current task is in an enclave and must leave it (asynchronous exit): a signal frame is about to be made. */
  readonly leaveEnclave?: (task: Task) => void
  /**
   * A signal is about to end the process that the task belongs to. True: someone has seen to it, and the task goes on with the
   * registers that it has now.
   */
  readonly onDeadlySignal?: (task: Task, info: SignalInfo) => boolean
  /** A task has ended, and nobody will come back to where it was; its memory is still there. */
  readonly onExit?: (task: Task) => void
  /** One line of --strace. */
  readonly onTrace?: (line: string) => void
  /** Something that the user should know, such as a path that was not granted. */
  readonly onNotice?: (text: string) => void
}

export interface KernelOptions extends KernelHooks {
  readonly ram: Ram
  readonly state: CpuState
  readonly port: HostPort
  readonly clock: Clock
  readonly grants: Grants
  readonly seed?: bigint
  /** Slices and turns are drawn from it; a round robin with long slices when absent. */
  readonly scheduleSeed?: bigint
  readonly vdso?: KernelVdso
  readonly processor?: ProcessorFacts
  /** A system call that Linux has and enclu has not: end the run with ERR_UNIMPLEMENTED, or answer -ENOSYS. */
  readonly unknownSyscall?: 'stop' | 'enosys'
  readonly uid?: number
  readonly gid?: number
  readonly hostname?: string
  /** System calls beyond those of Linux, by number: how a program of ours talks to the machine. */
  readonly ownCalls?: ReadonlyMap<number, Syscall>
  /** The processor's SGX; without it there are no SGX devices. */
  readonly sgx?: Sgx
  /** Text of /proc/cpuinfo. */
  readonly cpuinfo?: () => string
}

/** Virtual nanoseconds that a task may have the processor while others could run. */
const TIME_SLICE = 4_000_000n
/** Of the first process: an ordinary number, since programs treat process 1 specially. */
const FIRST_PID = 1000

/**
 * The kernel: processes, their memory, files and signals. It serves what the machine hands it (syscall, fault, interrupt) for the
 * current task, and says who runs next (schedule). One processor, deterministic order.
 */
export class Kernel {
  readonly options: KernelOptions
  readonly ram: Ram
  readonly state: CpuState
  readonly port: HostPort
  readonly clock: Clock
  /** Living tasks, in the order of the round robin. */
  readonly tasks = new Map<number, Task>()
  /** Processes, zombies included. */
  readonly processes = new Map<number, Process>()
  readonly futexes = new Futexes()
  readonly unknown: UnknownSyscalls
  /** getrandom(2), AT_RANDOM: `count` bytes of the seeded stream. */
  readonly random: (count: number) => Uint8Array
  readonly vfs: Vfs
  readonly uid: number
  readonly gid: number
  /** How the first process ended, as wait4(2) would tell. */
  exitStatus: number | undefined
  /** All tasks wait, one of them for input of the host: time does not pass by itself then. */
  waitsForInput = false
  /** Tasks remain, but none can ever run: all wait for each other or for a signal from outside. */
  stalled = false
  private running: Task | undefined
  private vdsoPages: ImageBacking | undefined
  private preempted = false
  /** Nothing has happened since the last look at signals, timers and other tasks. */
  private undisturbed = false
  private next: bigint | undefined
  private sliceStart = 0n
  private sliceLength = TIME_SLICE
  private readonly interleaving: Interleaving | undefined
  private lastPid = FIRST_PID - 1
  private accountedTo = 0n
  private readonly wallClockAtStart: bigint

  constructor(options: KernelOptions) {
    this.options = options
    this.ram = options.ram
    this.state = options.state
    this.port = options.port
    this.clock = options.clock
    this.uid = options.uid ?? 1000
    this.gid = options.gid ?? 1000
    this.random = createRandom(options.seed ?? 0n)
    this.interleaving = options.scheduleSeed === undefined ? undefined : new Interleaving(options.scheduleSeed)
    this.unknown = new UnknownSyscalls(options.unknownSyscall ?? 'stop')
    this.wallClockAtStart = options.port.wallClock()
    this.vfs = new Vfs(this)
  }

  /** The task on the processor. */
  get current(): Task {
    invariant(this.running, 'no task is running')
    return this.running
  }

  /** The first process, which adopts orphans. */
  get init(): Process | undefined {
    return this.processes.get(FIRST_PID)
  }

  /** Virtual nanoseconds since start: CLOCK_MONOTONIC. */
  now(): bigint {
    return this.clock.now()
  }
  /** CLOCK_REALTIME, nanoseconds. */
  realtime(): bigint {
    return this.wallClockAtStart + this.clock.now()
  }

  allocatePid(): number {
    return ++this.lastPid
  }

  /** Starts the first program. Throws ERR_NOT_FOUND or ERR_NOT_EXECUTABLE. */
  exec(path: string, argv: readonly string[], env: readonly string[]): Task {
    const task = startFirst(this, { path, argv: argv.length > 0 ? argv : [''], env })
    this.tasks.set(task.pid, task)
    this.switchTo(task)
    return task
  }

  createSpace(): AddressSpace {
    const { sgx } = this.options
    return new AddressSpace(this.ram, (frame) => {
      const mapping = sgx?.epc.hostMapping(frame)
      invariant(mapping, 'a page that is no EPC page was mapped as one')
      return mapping
    })
  }

  /** The vDSO's pages: the same for all processes, so that its code is translated once. */
  vdsoBacking({ bytes }: KernelVdso): ImageBacking {
    this.vdsoPages ??= new ImageBacking(this.ram, '[vdso]', bytes)
    this.vdsoPages.retain()
    return this.vdsoPages
  }

  /**
   * Who runs next, with its registers in the state block and its signals delivered; the current task if it can go on and has not been preempted.
   * Waits of tasks are looked at, timers expire, and virtual time jumps when all wait. `undefined` when no task is left, or
   * `stalled`.
   */
  schedule(): Task | undefined {
    // Entering and leaving enclaves comes here a million times a second.
    if (this.undisturbed) return this.running
    for (;;) {
      this.account()
      expireTimers(this)
      this.port.console.awaited = false
      const task = this.pick()
      if (!task) {
        if (!this.skipIdleTime()) return undefined
        continue
      }
      this.switchTo(task)
      if (task.call && (waitIsOver(task, this.now()) || !hasDeliverable(task))) {
        rerunSyscall(this, task)
        if (this.endStep('call')) this.fault(new Fault('DB'))
      }
      this.deliverSignals()
      if (task.state !== 'runnable' || task.process.state.is !== 'running' || task.tracing?.stop) continue
      this.undisturbed = true
      this.next = nextExpiryWhileRunning(this, task.process)
      return task
    }
  }

  /** The time slice of the current task is over, or a time that nextEvent told has come. */
  preempt(): void {
    this.preempted = true
    this.undisturbed = false
  }

  /** PTRACE_SINGLESTEP: the current task is to execute one instruction and then trap. */
  get isStepping(): boolean {
    return this.current.tracing?.step === 'next'
  }

  /** It has executed it: is there a #DB now? A system call that waits traps when it returns. */
  endStep(after: 'next' | 'call' = 'next'): boolean {
    const { tracing, call, state } = this.current
    if (!tracing || tracing.step !== after || state === 'dead') return false
    tracing.step = call ? 'call' : undefined
    return !call
  }

  /** Virtual nanoseconds until the current task has to let others run, if that is for the kernel to say. */
  sliceLeft(): number | undefined {
    return this.interleaving && Number(this.sliceStart + this.sliceLength - this.clock.now())
  }

  /** When the next timer or timeout is due, as schedule found: for the machine's instruction budget. */
  nextEvent(): bigint | undefined {
    return this.next
  }

  /** Serves the SYSCALL that the current task has just executed. RIP is behind it. */
  syscall(): void {
    this.undisturbed = false
    callSyscall(this, this.current)
  }

  /** An exception of the current task, which is outside enclaves now: the vDSO's fix-up, or a signal. */
  fault(fault: Fault): void {
    this.undisturbed = false
    serveFault(this, this.current, fault)
  }

  /** Delivers what is pending for the current task, before it goes on. It may end or stop. */
  deliverSignals(): void {
    if (this.current.state !== 'dead') deliver(this, this.current)
  }

  /** A signal from the host's user, such as SIGINT: to the processes of the first process's group. */
  interrupt(signo: number): void {
    this.stalled = false
    this.undisturbed = false
    if (this.init) sendToGroup(this, this.init.pgid, { signo, code: linux.SI_KERNEL })
  }

  /** Charges the current task for the time since the last call. */
  account(): void {
    const now = this.clock.now()
    if (this.running) {
      this.running.cpuTime += now - this.accountedTo
      this.running.process.cpuTime += now - this.accountedTo
    }
    this.accountedTo = now
  }

  /** The current task has gone; its registers are not kept. */
  leaveProcessor(task: Task): void {
    this.tasks.delete(task.pid)
    if (this.running === task) this.account()
  }

  private switchTo(task: Task): void {
    if (this.running === task) return
    const from = this.running
    if (from && from.state !== 'dead') from.block = this.state.save()
    this.running = task
    this.state.load(task.block)
    this.startSlice()
    this.options.onSwitch?.(from, task)
  }

  private startSlice(): void {
    this.preempted = false
    this.sliceStart = this.accountedTo
    if (this.interleaving) this.sliceLength = BigInt(this.interleaving.slice())
  }

  /** The current task until it waits or is preempted, then another one that can run. */
  private pick(): Task | undefined {
    const { running } = this
    // A task that makes one system call after another never uses up the machine's budget.
    const expired = this.preempted || this.accountedTo - this.sliceStart >= this.sliceLength
    if (running && !expired && canRun(running, this.accountedTo)) return running
    this.startSlice()
    const ring = [...this.tasks.values()].filter((task) => canRun(task, this.accountedTo))
    return this.interleaving ? this.interleaving.choose(ring) : next(ring, running)
  }

  private skipIdleTime(): boolean {
    const next = nextExpiry(this)
    this.next = next
    this.waitsForInput = this.port.console.awaited
    if (this.waitsForInput) return false
    this.stalled = next === undefined && this.tasks.size > 0
    if (next === undefined) return false
    const before = this.clock.now()
    this.clock.skipTo(next)
    invariant(this.clock.now() > before, 'the clock did not advance')
    // Nobody was on the processor meanwhile.
    this.accountedTo = this.clock.now()
    return true
  }
}

/** Round robin: tasks are in the order of their numbers. */
const next = (ring: readonly Task[], running: Task | undefined): Task | undefined =>
  ring.find((task) => running && task.pid > running.pid) ?? ring[0]

function canRun(task: Task, now: bigint): boolean {
  if (task.process.state.is !== 'running' || task.tracing?.stop) return false
  if (task.state === 'runnable') return true
  return task.state === 'waiting' && (hasDeliverable(task) || waitIsOver(task, now))
}

function waitIsOver({ call }: Task, now: bigint): boolean {
  return call !== undefined && ((call.wait.deadline !== undefined && call.wait.deadline <= now) || call.wait.wait())
}
