import { EncluError, hex } from '../base/index.ts'
import { CpuState, Fault, fault, Ram, STATE, type Exit, type View } from '../cpu/index.ts'
import { createDecoder, Evaluator, ROWS } from '../isa/index.ts'
import { ENCLU_LEAVES } from '../spec/sgx/index.ts'
import { RAX } from '../spec/x86/index.ts'
import { Kernel, SYSTEM_FOLDERS, type KernelOptions, type Task } from '../linux/index.ts'
import type { HostPort } from '../port/index.ts'
import { Sgx, SGX_PROFILES, type EnclaveMode } from '../sgx/index.ts'
import { Engine, type KeptTranslations } from '../translate/index.ts'
import { buildVdso, readVdso, type VdsoAbi, type VdsoImage } from '../vdso/index.ts'
import { VirtualClock } from './clock.ts'
import { cpuinfo } from './cpuinfo.ts'
import {
  EnclaveHost,
  type CreateEnclaveOptions,
  type Enclave,
  type EnclaveLayout,
  type GuestMemory,
  type Processor,
  type StartProcessor,
} from './enclave-call/index.ts'
import { encluPort } from './enclu-port.ts'
import { EnclaveViews } from './enclave-views.ts'
import { hwcap, hwcap2, type InstructionLevel } from './instruction-levels.ts'
import type { ExitStatus, MachineOptions, MachineStats } from './options.ts'
import { countsOf, exitStatus } from './outcome.ts'
import {
  cpuid,
  DEFAULT_PROCESSOR,
  levelOf,
  PROCESSORS,
  type CpuidAnswer,
  type ProcessorProfile,
} from './processor-profile.ts'
import { PATIENCE, pause, Wait } from './patience.ts'
import { programPort, PROGRAM_PATH } from './program-port.ts'
import { createRandom64 } from './random.ts'
import { describeMachine, type MachineReport } from './report.ts'
import { Stepper } from './stepper.ts'
import { enterText, eventText, fixupText } from './sgx-trace.ts'

/** Instructions that a task may run before the others have their turn, and before the host is looked at. */
const SLICE = 2_000_000
const ERESUME = BigInt(ENCLU_LEAVES.ERESUME.number)

/**
 * One emulated computer: a processor with SGX, its memory, and the part of Linux that runs one program and its children on it, or
 * enclaves that are called from TypeScript.
 */
export class Machine<A extends VdsoAbi = 'mainline'> {
  private readonly options: MachineOptions<A>
  private readonly port: HostPort
  private readonly processor: ProcessorProfile
  private readonly level: InstructionLevel
  private readonly ram = new Ram()
  private readonly state = new CpuState(this.ram)
  private readonly clock = new VirtualClock(() => this.ram.i32[STATE.FUEL / 4] ?? 0)
  private readonly sgx: Sgx | undefined
  private readonly enclaveViews: EnclaveViews | undefined
  private readonly vdso: VdsoImage
  private kernel: Kernel | undefined
  private engine: Engine | Stepper | undefined
  /** For debuggers' single steps. */
  private stepper: Stepper | undefined
  private systemCalls = 0
  /** Instructions that the current task may still run. */
  private fuel = SLICE
  private readonly wait = new Wait()
  private host: EnclaveHost<A> | undefined
  private closed = false

  constructor(options: MachineOptions<A> = {}) {
    this.options = options
    this.port = options.port ?? programPort(new Uint8Array(0))
    this.processor = PROCESSORS[options.cpu ?? DEFAULT_PROCESSOR]
    this.level = levelOf(this.processor)
    this.state.xcr0 = this.level.xcr0
    this.vdso = options.vdsoImage ? readVdso(options.vdsoImage, options.vdsoFixup) : buildVdso(options.vdso)
    if (options.sgx === false) return
    const profile = SGX_PROFILES[this.processor.sgx]
    const { sha256, aesGcm } = this.port
    this.sgx = new Sgx(this.ram, {
      profile,
      XCR0: this.level.xcr0,
      epc: options.epcSize === undefined ? {} : { size: options.epcSize },
      ...(sha256 ? { sha256 } : {}),
      ...(aesGcm ? { aesGcm } : {}),
      ...(options.machineSeed === undefined ? {} : { machineSeed: options.machineSeed }),
    })
    const { onSgx } = options
    if (onSgx) this.sgx.onEvent = (e) => onSgx(eventText(e))
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
    if (this.host || this.closed)
      throw new EncluError('ERR_WRONG_STATE', 'The machine is closed, or has enclaves of the library.')
    const kernel = this.createKernel(path, this.port)
    const engine = this.start(kernel, path, argv, env)
    // Not `performance`, which takes Node milliseconds to load; this clock may be set, forward or back.
    let looked = Date.now()
    while (kernel.exitStatus === undefined) {
      if (Math.abs(Date.now() - looked) > PATIENCE) {
        await pause()
        looked = Date.now()
        options.signal?.throwIfAborted()
      }
      if (kernel.schedule()) this.slice(kernel, engine)
      else if (kernel.waitsForInput) await this.untilInput(kernel, options.signal)
      else if (kernel.stalled) await this.wait.until(options.signal)
      else break
    }
    return exitStatus(kernel.exitStatus ?? 0)
  }

  /** What can spare a later machine of this version work. Of each part only what is more than this machine was given. */
  codeCache(): KeptTranslations {
    return this.engine instanceof Engine ? this.engine.keep() : {}
  }

  /** Memory of the process that the enclaves of this machine live in. */
  get memory(): GuestMemory {
    return this.enclaveHost().process.memory
  }

  /**
   * Builds an enclave through /dev/sgx_enclave, signs it if need be, and initializes it. The checks are those of the processor
   * and of the Linux driver.
   *
   * @throws EncluError ERR_BAD_ARGUMENT before anything has happened; ERR_REFUSED if the kernel or a leaf refuses, with
   *   details.errno and, for a leaf, details.condition: the check that failed
   */
  createEnclave(layout: EnclaveLayout, options: CreateEnclaveOptions = {}): Enclave<A> {
    return this.enclaveHost().create(layout, options)
  }

  /** Closes all enclaves; nothing can be done with the machine then. Its memory goes with the object. */
  async close(): Promise<void> {
    this.closed = true
    await this.host?.close()
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private enclaveHost(): EnclaveHost<A> {
    if (this.closed || (this.kernel && !this.host))
      throw new EncluError('ERR_WRONG_STATE', 'The machine is closed, or runs a program.')
    return (this.host ??= new EnclaveHost<A>(
      (port, hooks) => this.startProcessor(port, hooks),
      this.options.seed ?? 0n,
    ))
  }

  private startProcessor(...[port, hooks]: Parameters<StartProcessor>): Processor {
    const kernel = this.createKernel(PROGRAM_PATH, port, hooks)
    const engine = this.start(kernel, PROGRAM_PATH, [PROGRAM_PATH], [])
    return {
      kernel,
      state: this.state,
      sgx: this.sgx,
      vdso: this.vdso,
      abi: this.options.vdso ?? 'mainline',
      slice: () => this.slice(kernel, engine),
      leaveEnclave: () => this.leaveEnclave(),
    }
  }

  /** Brings the first program into memory, and makes what will run it. */
  private start(kernel: Kernel, path: string, argv: readonly string[], env: readonly string[]): Engine | Stepper {
    this.kernel = kernel
    const task = kernel.exec(path, argv, env)
    const evaluator = new Evaluator(this.state, task.view, {
      cpuid: (leaf, subleaf) => this.cpuid(leaf, subleaf),
      timestamp: () => this.clock.now(),
      sgx2: this.sgx?.profile.features.includes('SGX2') ?? false,
      decode: createDecoder(ROWS, this.level.features),
      random: createRandom64(this.options.seed ?? 0n),
    })
    this.stepper = new Stepper(this.state, evaluator, () => {})
    return (this.engine = this.createEngine(evaluator))
  }

  /** What the CPUID instruction answers: EAX, EBX, ECX, EDX. */
  cpuid(leaf: number, subleaf = 0): CpuidAnswer {
    return cpuid(leaf, subleaf, { processor: this.processor, sgx: this.sgx })
  }

  /** What this machine offers to its guests. */
  describe(): MachineReport {
    const { options, processor, sgx, vdso } = this
    return describeMachine({
      name: options.cpu ?? DEFAULT_PROCESSOR,
      processor,
      cpuid: (leaf, subleaf) => this.cpuid(leaf, subleaf),
      sgx,
      machineSeed: options.machineSeed ?? 0n,
      vdso,
      vdsoName: options.vdsoImage ? 'foreign' : (options.vdso ?? 'mainline'),
    })
  }

  /** Sends a signal to the foreground process group, as a terminal does for Ctrl-C (SIGINT is 2). */
  interrupt(signal: number): void {
    this.kernel?.interrupt(signal)
    this.wait.interrupt()
  }

  stats(): MachineStats {
    const { clock, engine, sgx, systemCalls } = this
    return countsOf({ instructions: clock.retired, systemCalls, engine: engine?.stats, sgx })
  }

  private createKernel(path: string, port: HostPort, hooks: Partial<KernelOptions> = {}): Kernel {
    const { allowRead = [], allowWrite = [], deny = [], seed, scheduleSeed, onNotice, onSyscall } = this.options
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : port.workingDirectory
    return new Kernel({
      ram: this.ram,
      state: this.state,
      port,
      clock: this.clock,
      grants: {
        read: [folder, port.workingDirectory, ...SYSTEM_FOLDERS, ...allowRead, ...allowWrite],
        write: allowWrite,
        never: deny,
      },
      vdso: this.vdso,
      cpuinfo: () => cpuinfo((leaf, subleaf) => this.cpuid(leaf, subleaf), this.clock.hertz),
      processor: { hwcap: hwcap(this.level.features), hwcap2: hwcap2(this.level.features) },
      uid: port.uid,
      gid: port.gid,
      onSwitch: (from, to) => this.switchEnclave(from, to),
      leaveEnclave: () => this.leaveEnclave(),
      onExit: (task) => this.abandonEnclave(task),
      ...(seed === undefined ? {} : { seed }),
      ...(scheduleSeed === undefined ? {} : { scheduleSeed }),
      ...(onNotice ? { onNotice } : {}),
      ...(onSyscall ? { onTrace: onSyscall } : {}),
      ...(this.sgx ? { sgx: this.sgx } : {}),
      ...hooks,
    })
  }

  private createEngine(evaluator: Evaluator): Engine | Stepper {
    const { state, options, kernel, sgx } = this
    const { onStep } = options
    if (!onStep) {
      const { translate = true, translateAfter: hot, codeCache, nativeCode } = options
      const isWatched = (): boolean => kernel?.isStepping === true || this.trapFlag
      return new Engine(state, evaluator, {
        translate,
        ...(sgx &&
          kernel &&
          !options.onSgx && {
            enclu: encluPort({ sgx, kernel, state }, isWatched, () => this.currentView(kernel.current)),
          }),
        ...(hot !== undefined && { hot }),
        ...(codeCache && { kept: codeCache }),
        ...(nativeCode && { native: nativeCode }),
      })
    }
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
    if (kernel.isStepping || this.trapFlag) return this.singleStep(kernel, engine)
    const next = kernel.nextEvent()
    const untilNext = next === undefined ? SLICE : Number(next - this.clock.now())
    const fuel = Math.max(1, Math.min(this.fuel, untilNext, kernel.sliceLeft() ?? SLICE))
    const exit = this.execute(kernel, engine, fuel)
    // What is left stays with a task that only enters and leaves an enclave: others wait for their turn.
    const left = this.fuel - fuel + (this.ram.i32[STATE.FUEL / 4] ?? 0)
    this.fuel = exit.kind === 'enclu' && left > 0 ? left : SLICE
    if (exit.kind === 'enclu' && left <= 0) kernel.preempt()
    this.serve(kernel, exit)
  }

  /** RFLAGS.TF; where the code of an enclave that is not opted in runs, as it was outside. */
  private get trapFlag(): boolean {
    const mode = this.sgx?.mode
    return mode?.CR_DBGOPTIN === false ? mode.CR_SAVE_TF : this.state.trapFlag
  }

  /**
   * One instruction of a task with TF or whose debugger asked for it, and #DB ("Single Step Debug"). The code of an enclave that is not
   * opted in counts as one; ERESUME of one that is clears what is pending, so that the trap comes after the instruction behind it. So
   * does SYSCALL, as Linux returns by IRET.
   */
  private singleStep(kernel: Kernel, engine: Engine | Stepper): void {
    const { trapFlag } = this
    this.sgx?.forgetTransitions()
    const isOptedOut = (): boolean => this.sgx?.mode?.CR_DBGOPTIN === false
    const exit = isOptedOut() ? this.execute(kernel, engine, SLICE) : this.execute(kernel, this.stepper ?? engine, 1)
    const resumes = exit.kind === 'enclu' && !this.sgx?.mode && (this.state.gpr(RAX) & 0xffff_ffffn) === ERESUME
    const faulted = this.serve(kernel, exit)
    if (faulted || isOptedOut() || (resumes && this.sgx?.mode)) return
    const traps = trapFlag && exit.kind !== 'syscall' && this.stepper?.traps !== false
    if (kernel.endStep() || traps) this.fault(kernel, new Fault('DB'))
  }

  private execute(kernel: Kernel, engine: Engine | Stepper, fuel: number): Exit {
    engine.setView(this.currentView(kernel.current))
    this.clock.start(fuel)
    const exit = engine.run(fuel)
    this.clock.stop()
    return exit
  }

  /** Returns whether there was an exception. */
  private serve(kernel: Kernel, exit: Exit): boolean {
    switch (exit.kind) {
      case 'budget':
        kernel.preempt()
        return false
      case 'syscall':
        this.systemCalls++
        kernel.syscall()
        return false
      case 'enclu':
        return this.enclu(kernel)
      case 'fault':
        this.fault(kernel, exit.fault)
        return true
    }
  }

  private currentView(task: Task): View {
    const mode = this.sgx?.mode
    return mode && this.enclaveViews ? this.enclaveViews.view(task.space, mode.enclave) : task.view
  }

  /** Returns whether it faulted. */
  private enclu(kernel: Kernel): boolean {
    const { sgx, state } = this
    if (this.options.onSgx && sgx && !sgx.mode && this.isVdsoEnclu(kernel))
      this.options.onSgx(enterText(state, `ENCLU[EAX=${hex(state.gpr(0) & 0xffff_ffffn)}]`))
    try {
      // A processor without SGX does not know the instruction.
      if (!sgx) return fault.UD()
      sgx.enclu(state, kernel.current.space)
      this.clock.retire(1)
      return false
    } catch (e) {
      if (!(e instanceof Fault)) throw e
      this.fault(kernel, e)
      return true
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

  /** All tasks wait, one of them for input: time passes as on the host until input, a timer or the user. */
  private async untilInput(kernel: Kernel, signal: AbortSignal | undefined): Promise<void> {
    const next = kernel.nextEvent()
    const wait = next === undefined ? undefined : Number(next - this.clock.now()) / 1e6
    const came = await Promise.race([this.port.console.input().then(() => 'input'), this.wait.until(signal, wait)])
    if (came === 'time' && next !== undefined) this.clock.skipTo(next)
    this.wait.interrupt()
  }
}

/** undefined if it faults. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (e) {
    if (e instanceof Fault) return undefined
    throw e
  }
}
