import { hex } from '../base/index.ts'
import { CpuState, Fault, Ram, STATE, type View } from '../cpu/index.ts'
import { Evaluator } from '../isa/index.ts'
import { Kernel, SYSTEM_FOLDERS, type Task } from '../linux/index.ts'
import { Sgx, SGX_PROFILES, type EnclaveMode, type SgxEvent } from '../sgx/index.ts'
import { Engine } from '../translate/index.ts'
import { buildVdso, readVdso, type VdsoImage } from '../vdso/index.ts'
import { VirtualClock } from './clock.ts'
import { EnclaveViews } from './enclave-views.ts'
import type { ExitStatus, MachineOptions, MachineStats } from './options.ts'
import { cpuid, DEFAULT_PROCESSOR, FEATURES_EDX, PROCESSORS } from './processor-profile.ts'
import { createRandom64 } from './random.ts'
import { Stepper } from './stepper.ts'
import { enterText, eventText, fixupText } from './sgx-trace.ts'

/** Instructions that a task may run before the others have their turn, and before the host is looked at. */
const SLICE = 2_000_000
/** Host milliseconds without a look at the event loop: what Ctrl-C may have to wait. */
const PATIENCE = 40

/** One emulated computer: a processor with SGX, its memory, and the part of Linux that runs one program and its children on it. */
export class Machine {
  private readonly options: MachineOptions
  private readonly ram = new Ram()
  private readonly state = new CpuState(this.ram)
  private readonly clock = new VirtualClock(() => this.ram.i32[STATE.FUEL / 4] ?? 0)
  private readonly sgx: Sgx | undefined
  private readonly enclaveViews: EnclaveViews | undefined
  private readonly vdso: VdsoImage
  private readonly transitions = { EENTER: 0, ERESUME: 0, EEXIT: 0, AEX: 0 }
  private readonly paging = { writtenOut: 0, loaded: 0 }
  private kernel: Kernel | undefined
  private engine: Engine | Stepper | undefined
  private systemCalls = 0
  /** Instructions that the current task may still run. */
  private fuel = SLICE
  private interrupted: (() => void) | undefined

  constructor(options: MachineOptions) {
    this.options = options
    this.vdso = options.vdsoImage ? readVdso(options.vdsoImage, options.vdsoFixup) : buildVdso(options.vdso)
    if (options.sgx === false) return
    const profile = SGX_PROFILES[PROCESSORS[options.cpu ?? DEFAULT_PROCESSOR].sgx]
    const { sha256, aesGcm } = options.port
    this.sgx = new Sgx(this.ram, {
      profile,
      epc: options.epcSize === undefined ? {} : { size: options.epcSize },
      ...(sha256 ? { sha256 } : {}),
      ...(aesGcm ? { aesGcm } : {}),
      ...(options.machineSeed === undefined ? {} : { machineSeed: options.machineSeed }),
    })
    this.sgx.onEvent = (e) => this.onSgxEvent(e)
    this.enclaveViews = new EnclaveViews(this.ram, this.sgx)
  }

  /**
   * Runs a program until it ends. `argv[0]` is the program's name as it sees it. Yields to the host's event loop regularly, so
   * `interrupt` and `signal` work. Aborting rejects with the signal's reason.
   */
  async run(
    path: string,
    argv: readonly string[],
    env: readonly string[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<ExitStatus> {
    const kernel = (this.kernel = this.createKernel(path))
    const task = kernel.exec(path, argv, env)
    const evaluator = new Evaluator(this.state, task.view, {
      cpuid: (leaf, subleaf) => cpuid(leaf, subleaf, this.sgx),
      timestamp: () => this.clock.now(),
      sgx2: this.sgx?.profile.features.includes('SGX2') ?? false,
      random: createRandom64(this.options.seed ?? 0n),
    })
    const engine = (this.engine = this.createEngine(evaluator))
    let looked = performance.now()
    while (kernel.exitStatus === undefined) {
      if (performance.now() - looked > PATIENCE) {
        await pause()
        looked = performance.now()
        options.signal?.throwIfAborted()
      }
      if (kernel.schedule()) this.slice(kernel, engine)
      else if (kernel.waitsForInput) await this.untilInput(kernel, options.signal)
      else if (kernel.stalled) await this.untilInterrupted(options.signal)
      else break
    }
    return exitStatus(kernel.exitStatus ?? 0)
  }

  /** Sends a signal to the foreground process group, as a terminal does for Ctrl-C (SIGINT is 2). */
  interrupt(signal: number): void {
    this.kernel?.interrupt(signal)
    this.interrupted?.()
  }

  stats(): MachineStats {
    const e = this.engine?.stats
    return {
      instructions: this.clock.retired,
      evaluated: e?.evaluated ?? 0,
      regions: e?.regions ?? 0,
      translatedInstructions: e?.translatedInsns ?? 0,
      handovers: e?.handovers ?? 0,
      systemCalls: this.systemCalls,
      transitions: { ...this.transitions },
      paging: { ...this.paging },
    }
  }

  private createKernel(path: string): Kernel {
    const { port, allowRead = [], allowWrite = [], seed, onNotice, onSyscall } = this.options
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : port.workingDirectory
    return new Kernel({
      ram: this.ram,
      state: this.state,
      port,
      clock: this.clock,
      grants: {
        read: [folder, port.workingDirectory, ...SYSTEM_FOLDERS, ...allowRead, ...allowWrite],
        write: allowWrite,
      },
      vdso: this.vdso,
      processor: { hwcap: FEATURES_EDX },
      uid: port.uid,
      gid: port.gid,
      onSwitch: (from, to) => this.switchEnclave(from, to),
      leaveEnclave: () => this.leaveEnclave(),
      onExit: (task) => this.abandonEnclave(task),
      ...(seed === undefined ? {} : { seed }),
      ...(onNotice ? { onNotice } : {}),
      ...(onSyscall ? { onTrace: onSyscall } : {}),
      ...(this.sgx ? { sgx: this.sgx } : {}),
    })
  }

  private createEngine(evaluator: Evaluator): Engine | Stepper {
    const { state, options, kernel } = this
    const { onStep } = options
    if (!onStep) return new Engine(state, evaluator, { translate: options.translate ?? true })
    const step = {
      gpr: (n: number) => state.gpr(n),
      read: (address: number, length: number) => attempt(() => evaluator.view.read(address, length)),
    }
    const observe = (): void => {
      const { rip, inEnclave, rflags } = state
      onStep({ ...step, rip, inEnclave, rflags, vdso: kernel?.current.space.vdso ?? 0 })
    }
    return new Stepper(state, evaluator, observe)
  }

  /** Runs the current task until something happens, and sees to that. */
  private slice(kernel: Kernel, engine: Engine | Stepper): void {
    const next = kernel.nextEvent()
    const untilNext = next === undefined ? SLICE : Number(next - this.clock.now())
    const fuel = Math.max(1, Math.min(this.fuel, untilNext))
    engine.setView(this.currentView(kernel.current))
    this.clock.start(fuel)
    const exit = engine.run(fuel)
    // What is left stays with a task that only enters and leaves an enclave: others wait for their turn.
    const left = this.fuel - fuel + (this.ram.i32[STATE.FUEL / 4] ?? 0)
    this.clock.stop()
    this.fuel = exit.kind === 'enclu' && left > 0 ? left : SLICE
    if (exit.kind === 'enclu' && left <= 0) kernel.preempt()
    switch (exit.kind) {
      case 'budget':
        kernel.preempt()
        return
      case 'syscall':
        this.systemCalls++
        kernel.syscall()
        return
      case 'enclu':
        return this.enclu(kernel)
      case 'fault':
        return this.fault(kernel, exit.fault)
    }
  }

  private currentView(task: Task): View {
    const mode = this.sgx?.mode
    return mode && this.enclaveViews ? this.enclaveViews.view(task.space, mode.enclave) : task.view
  }

  private enclu(kernel: Kernel): void {
    const { sgx, state } = this
    // A processor without SGX does not know the instruction.
    if (!sgx) return this.fault(kernel, new Fault('UD'))
    if (this.options.onSgx && !sgx.mode && this.isVdsoEnclu(kernel))
      this.options.onSgx(enterText(state, `ENCLU[EAX=${hex(state.gpr(0) & 0xffff_ffffn)}]`))
    try {
      sgx.enclu(state, kernel.current.space)
      this.clock.retire(1)
    } catch (e) {
      if (!(e instanceof Fault)) throw e
      this.fault(kernel, e)
    }
  }

  /** An exception: out of the enclave first, then the kernel. */
  private fault(kernel: Kernel, fault: Fault): void {
    const seen = this.sgx?.mode ? (this.sgx.aex(this.state, fault) ?? fault) : fault
    if (this.options.onSgx && this.isVdsoEnclu(kernel)) this.options.onSgx(fixupText(seen))
    kernel.fault(seen)
  }

  private isVdsoEnclu(kernel: Kernel): boolean {
    const { vdso } = kernel.current.space
    return vdso !== 0 && this.vdso.exceptionTable.some((x) => vdso + x.ip === this.state.rip)
  }

  private leaveEnclave(): void {
    if (this.sgx?.mode) this.sgx.aex(this.state)
  }

  /** The interrupt that ends a task also takes it out of its enclave: others may go on using it. */
  private abandonEnclave(task: Task): void {
    const { sgx } = this
    if (!sgx) return
    const isCurrent = this.kernel?.current === task
    const mode = isCurrent ? sgx.mode : (task.enclave as EnclaveMode | undefined)
    if (mode) sgx.abandon(mode)
    task.enclave = undefined
    if (isCurrent) sgx.mode = undefined
  }

  /** What SGX keeps in the processor goes with the task. */
  private switchEnclave(from: Task | undefined, to: Task): void {
    if (!this.sgx) return
    if (from) from.enclave = this.sgx.mode
    // The slot is the machine's alone: it only ever holds what is put there above.
    this.sgx.mode = to.enclave as EnclaveMode | undefined
  }

  private onSgxEvent(e: SgxEvent): void {
    if (e.kind === 'AEX') this.transitions.AEX++
    else if (e.kind === 'paging') this.paging[e.what === 'loaded' ? 'loaded' : 'writtenOut']++
    else if (e.outcome.is === 'done' && (e.leaf === 'EENTER' || e.leaf === 'ERESUME' || e.leaf === 'EEXIT'))
      this.transitions[e.leaf]++
    this.options.onSgx?.(eventText(e))
  }

  /** All tasks wait, one of them for input: time passes as on the host until input, a timer or the user. */
  private async untilInput(kernel: Kernel, signal: AbortSignal | undefined): Promise<void> {
    const next = kernel.nextEvent()
    const wait = next === undefined ? undefined : Number(next - this.clock.now()) / 1e6
    const came = await Promise.race([
      this.options.port.console.input().then(() => 'input'),
      this.untilInterrupted(signal, wait),
    ])
    if (came === 'time' && next !== undefined) this.clock.skipTo(next)
    this.interrupted?.()
  }

  /** Until the user interrupts, or `milliseconds` are over. Rejects when aborted. */
  private async untilInterrupted(signal: AbortSignal | undefined, milliseconds = Infinity): Promise<'user' | 'time'> {
    const until = performance.now() + milliseconds
    const why = await new Promise<'user' | 'time'>((resolve) => {
      const look = (): void => {
        if (performance.now() >= until) done('time')
        else if (signal?.aborted) done('user')
      }
      const timer = setInterval(look, Math.min(50, Math.max(1, milliseconds)))
      const done = (result: 'user' | 'time'): void => {
        clearInterval(timer)
        this.interrupted = undefined
        resolve(result)
      }
      this.interrupted = () => done('user')
    })
    signal?.throwIfAborted()
    return why
  }
}

/** Lets the host's event loop run once. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** undefined if it faults. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (e) {
    if (e instanceof Fault) return undefined
    throw e
  }
}

/** From wait4's encoding. */
function exitStatus(status: number): ExitStatus {
  const signal = status & 0x7f
  return signal === 0 ? { kind: 'exited', code: (status >> 8) & 0xff } : { kind: 'killed', signal }
}
