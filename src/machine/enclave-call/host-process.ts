import { EncluError, hex, InternalError } from '../../base/index.ts'
import {
  clone,
  signalName,
  type Answer,
  type SignalInfo,
  type Syscall,
  type Task,
  type Wait,
} from '../../linux/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { R11, R8, R9, RBX, RCX, RDI, RDX, RSI, RSP } from '../../spec/x86/index.ts'
import { ENTER_ENCLAVE } from '../../vdso/index.ts'
import { PATIENCE, pause } from '../patience.ts'
import { programPort } from '../program-port.ts'
import { badArgument } from './arguments.ts'
import { GuestMemory } from './guest-memory.ts'
import { HOST_PROGRAM, hostProgram, OWN_CALLS } from './host-program.ts'
import { PendingCall, type CallOutcome, type CallRequest } from './pending-call.ts'
import type { Processor, StartProcessor } from './processor.ts'
import { SHAPES, type HandlerFrame } from './shapes.ts'
import { refuse, SystemCalls } from './system-calls.ts'

/** Room for what an enclave puts on the stack of its caller; the lowest page stays without rights. */
const STACK_SIZE = 256 * 1024
const GUARD_SIZE = 4096
/** Top of the stack: the structure of the call, and below it the arguments that are passed on the stack. */
const STRUCTURE_SIZE = 256
const ARGUMENTS_SIZE = 32

/** Microtasks that code outside has for its reaction: some for each `async` function that a call is wrapped in. */
const LISTENING = 32

const { CLONE } = linux
const THREAD = CLONE.VM | CLONE.FS | CLONE.FILES | CLONE.SIGHAND | CLONE.THREAD

/** A thread of the host program, and the call that it makes. */
interface Thread {
  readonly task: Task
  /** Where the structure is, for callers that bring none. */
  readonly structure: number
  call: PendingCall | undefined
}

/**
 * The process that the enclaves of the library live in. Each call under way has a thread of its own, so calls can run at the same
 * time, also from within handlers; the kernel's scheduler takes turns, the same in every run.
 */
export class HostProcess {
  readonly memory: GuestMemory
  readonly systemCalls: SystemCalls
  readonly processor: Processor
  private readonly main: Task
  private readonly threads = new Map<Task, Thread>()
  /** Calls that wait for a thread. */
  private readonly queue: PendingCall[] = []
  private readonly underWay = new Set<PendingCall>()
  /** The registers with which every thread begins, and begins anew. */
  private readonly blank: Uint8Array
  private readonly target: bigint
  private pumping = false
  /** A call has ended, or a handler has been called that answers later. */
  private told = false
  /** Nothing works any more after a bug of ours. */
  private broken: { readonly error: unknown } | undefined

  constructor(start: StartProcessor) {
    this.processor = start(programPort(hostProgram()), {
      ownCalls: new Map([this.nextRow(), this.handlerRow()].map((row) => [row.number, row])),
      onDeadlySignal: (task, info) => this.failBySignal(task, info),
    })
    const { kernel, state, vdso } = this.processor
    this.main = kernel.current
    this.blank = state.save()
    this.target = BigInt(this.main.space.vdso + (vdso.symbols.get(ENTER_ENCLAVE)?.offset ?? 0))
    this.systemCalls = new SystemCalls(kernel, this.main)
    this.memory = new GuestMemory(this.main.memory, this.systemCalls)
    this.threads.set(this.main, { task: this.main, structure: this.allocateStack(), call: undefined })
  }

  /** Makes a call. Rejects with what its handler threw, with the reason of its signal, or with an EncluError. */
  call(request: CallRequest): Promise<CallOutcome> {
    const call = new PendingCall(request, (aborted) => this.stop(aborted, request.signal?.reason))
    if (this.broken) call.reject(this.broken.error)
    else if (request.signal?.aborted) call.reject(request.signal.reason)
    else this.begin(call)
    return call.outcome
  }

  /** Ends all calls of one owner; settles when none of its code runs any more. */
  async stopAll(owner: object, reason: unknown): Promise<void> {
    const calls = [...this.underWay].filter((call) => call.request.owner === owner)
    for (const call of calls) this.stop(call, reason)
    await Promise.allSettled(calls.map((call) => call.outcome))
  }

  private begin(call: PendingCall): void {
    this.underWay.add(call)
    const forget = (): void => void this.underWay.delete(call)
    call.outcome.then(forget, forget)
    this.queue.push(call)
    const idle = [...this.threads.values()].filter((thread) => !thread.call).length
    if (idle < this.queue.length) this.spawn()
    this.wake()
  }

  private stop(call: PendingCall, reason: unknown): void {
    call.stopped ??= { reason }
    const at = this.queue.indexOf(call)
    if (at >= 0) this.queue.splice(at, 1)
    // Its guest code is not running: the thread finds out when it would go on.
    if (at >= 0 || call.inHandler) call.reject(call.stopped.reason)
    this.wake()
  }

  private allocateStack(): number {
    const start = this.memory.allocate(GUARD_SIZE + STACK_SIZE)
    this.memory.protect(start, GUARD_SIZE, 'none')
    return Number(start) + GUARD_SIZE + STACK_SIZE - STRUCTURE_SIZE
  }

  /** One more thread. Works whoever is on the processor: its registers are those of a beginning. */
  private spawn(): void {
    const { kernel, state } = this.processor
    const structure = this.allocateStack()
    const registers = state.save()
    state.load(this.blank)
    const none = { parentTid: 0, childTid: 0, tls: 0n, exitSignal: 0 }
    const pid = clone(kernel, this.main, { ...none, flags: THREAD, stack: BigInt(structure) })
    state.load(registers)
    const task = kernel.tasks.get(pid)
    if (!task) return refuse('clone', pid)
    this.threads.set(task, { task, structure, call: undefined })
  }

  /** Something has changed that a thread may wait for. */
  private wake(): void {
    this.processor.kernel.preempt()
    if (this.pumping) return
    this.pumping = true
    // Later, so that calls which are made together begin together.
    queueMicrotask(() => void this.pump())
  }

  /** Runs threads until all wait. Looks at the event loop now and then, so that signals and handlers can do something. */
  private async pump(): Promise<void> {
    const { kernel } = this.processor
    try {
      let looked = performance.now()
      for (let task = kernel.schedule(); task; task = kernel.schedule()) {
        this.turn(task)
        if (this.told) await this.listen()
        if (performance.now() - looked <= PATIENCE) continue
        await pause()
        looked = performance.now()
      }
    } catch (error) {
      this.broken = { error }
      for (const call of this.underWay) call.reject(error)
    }
    this.pumping = false
  }

  /**
   * Somebody outside has learnt something and may make another call, or answer: that happens now, and not at whatever moment
   * this host next looks at its event loop, so that runs are the same everywhere.
   */
  private async listen(): Promise<void> {
    this.told = false
    for (let i = 0; i < LISTENING; i++) await Promise.resolve()
  }

  private turn(task: Task): void {
    const thread = this.threads.get(task)
    if (thread?.call?.stopped) return this.abandon(thread, thread.call.stopped.reason)
    try {
      this.processor.slice()
    } catch (error) {
      // An instruction that is not implemented, or no memory left: the end of this call, and of no other.
      if (!(error instanceof EncluError) || !thread?.call) throw error
      this.abandon(thread, error)
    }
  }

  /** The call of the current thread ends here, as longjmp would end it: what was on the stack is forgotten. */
  private abandon(thread: Thread, reason: unknown): void {
    const { state, leaveEnclave } = this.processor
    if (state.inEnclave) leaveEnclave()
    state.load(this.blank)
    thread.call?.reject(reason)
    thread.call = undefined
    this.told = true
  }

  private failBySignal(task: Task, info: SignalInfo): boolean {
    const thread = this.threads.get(task)
    if (!thread?.call) return false
    this.abandon(thread, signalError(info, task, this.processor))
    return true
  }

  /** The row of `next`: a thread has come back from its call, and wants another. */
  private nextRow(): Syscall {
    return ownCall(OWN_CALLS.next, 'next_call', {}, (task, resumed) => {
      const thread = this.threadOf(task)
      if (!resumed && thread.call) this.finish(thread, thread.call)
      const call = this.queue.shift()
      return call ? this.place(thread, call) : { wait: () => this.queue.length > 0 }
    })
  }

  /** Registers, stack and structure as the call wants them. The answer goes into RAX, which is where v28 looks for the leaf. */
  private place(thread: Thread, call: PendingCall): number {
    const { state, abi } = this.processor
    const shape = SHAPES[abi]
    const { registers, values, function: leaf } = call.request
    thread.call = call
    const structure = values.structure ?? BigInt(thread.structure)
    const stack = thread.structure - ARGUMENTS_SIZE
    const words = shape.stack({ ...values, structure })
    try {
      if (values.structure === undefined) this.memory.write(structure, new Uint8Array(STRUCTURE_SIZE))
      this.memory.write(BigInt(stack), new Uint8Array(BigUint64Array.from(words).buffer))
      Object.assign(shape.live(this.memory, structure), shape.fields({ ...values, structure }))
    } catch (error) {
      this.abandon(thread, error)
      return 0
    }
    state.load(this.blank)
    const { rdi, rsi, rdx, r8, r9 } = registers
    const gprs = [
      [RDI, rdi],
      [RSI, rsi],
      [RDX, rdx],
      [RCX, BigInt(leaf)],
      [R8, r8],
      [R9, r9],
      [R11, this.target],
    ] as const
    for (const [register, value] of gprs) state.setGpr(register, value)
    state.setGpr(RSP, BigInt(stack))
    state.rip = HOST_PROGRAM.call
    return leaf
  }

  private finish(thread: Thread, call: PendingCall): void {
    const { state, abi } = this.processor
    const address = call.request.values.structure ?? BigInt(thread.structure)
    thread.call = undefined
    this.told = true
    call.resolve({
      result: Number(BigInt.asIntN(32, state.gpr(RBX))),
      registers: {
        rdi: state.gpr(RDI),
        rsi: state.gpr(RSI),
        rdx: state.gpr(RDX),
        r8: state.gpr(R8),
        r9: state.gpr(R9),
      },
      structure: this.main.memory.read(Number(address), SHAPES[abi].size),
    })
  }

  /** The row of `handler`: the function has called the `user_handler`. */
  private handlerRow(): Syscall {
    const args = { rdi: 'u64', rsi: 'u64', rdx: 'u64', rsp: 'u64', r8: 'u64', r9: 'u64' } as const
    return ownCall(OWN_CALLS.handler, 'user_handler', args, (task, resumed, values) => {
      const thread = this.threadOf(task)
      const { call } = thread
      // Guest code can jump there without a call of ours being under way.
      if (!call) return -linux.ENOSYS
      if (!resumed) this.askHandler(call, values)
      return this.answerOf(thread, call)
    })
  }

  private askHandler(call: PendingCall, values: Readonly<Record<string, bigint>>): void {
    const { rdi = 0n, rsi = 0n, rdx = 0n, rsp = 0n, r8 = 0n, r9 = 0n } = values
    const { state, abi } = this.processor
    // Behind the return address.
    const first = Number(state.gpr(RSP)) + 8
    const stack: HandlerFrame['stack'] = (i) => this.main.memory.u64(first + 8 * i) ?? 0n
    const { handler } = call.request
    call.answer = undefined
    call.inHandler = true
    try {
      if (!handler)
        throw new EncluError('ERR_BAD_ARGUMENT', 'The guest called the handler of a call that was given none.')
      const frame: HandlerFrame = { registers: [rdi, rsi, rdx, rsp, r8, r9], stack }
      const value = SHAPES[abi].callHandler(handler, this.memory, frame)
      if (!isPromise(value)) call.answer = { value }
      else this.await(call, value)
    } catch (thrown) {
      call.answer = { thrown }
    }
  }

  private await(call: PendingCall, promise: PromiseLike<unknown>): void {
    this.told = true
    const answered = (answer: NonNullable<PendingCall['answer']>): void => {
      call.answer = answer
      this.wake()
    }
    promise.then(
      (value) => answered({ value }),
      (thrown: unknown) => answered({ thrown }),
    )
  }

  private answerOf(thread: Thread, call: PendingCall): Answer {
    const { answer, stopped } = call
    if (!stopped && !answer) return { wait: () => (call.answer ?? call.stopped) !== undefined }
    call.inHandler = false
    const ending = stopped ? { thrown: stopped.reason } : checkAnswer(answer)
    if (typeof ending === 'number') return ending
    this.abandon(thread, ending.thrown)
    return 0
  }

  private threadOf(task: Task): Thread {
    const thread = this.threads.get(task)
    if (!thread) throw new InternalError('a task that is no thread of the host program')
    return thread
  }
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

/** The int that a handler returns, or what ends the call instead. */
function checkAnswer(answer: PendingCall['answer']): number | { readonly thrown: unknown } {
  if (!answer || 'thrown' in answer) return answer ?? { thrown: undefined }
  const { value } = answer
  if (typeof value === 'number' && (value | 0) === value) return value
  try {
    return badArgument(`The handler returned ${String(value)}; it must return a whole number from -2^31 to 2^31 - 1.`)
  } catch (thrown) {
    return { thrown }
  }
}

const ownCall = (
  number: number,
  name: string,
  args: Syscall['arguments'],
  run: (task: Task, resumed: Wait | undefined, values: Readonly<Record<string, bigint>>) => Answer,
): Syscall => ({
  number,
  name,
  arguments: args,
  support: 'full',
  spec: '',
  run: ({ task, resumed }, values: Readonly<Record<string, bigint>>) => run(task, resumed, values),
})

function signalError({ signo, address }: SignalInfo, task: Task, { state }: Processor): EncluError {
  const signal = signalName(signo)
  const { number: vector, error: errorCode } = task.trap
  const at = address === undefined ? '' : `, address ${hex(address)}`
  return new EncluError(
    'ERR_GUEST_SIGNAL',
    `The call ended with ${signal} (exception ${vector} at ${hex(state.rip)}${at}), which kills a program that does not handle it.`,
    { signal, vector, errorCode, rip: BigInt(state.rip), ...(address === undefined ? {} : { address }) },
  )
}
