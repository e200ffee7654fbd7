import { EncluError } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { SIGSTRUCT } from '../../spec/sgx/index.ts'
import type { VdsoAbi } from '../../vdso/index.ts'
import { badArgument, checkSignal, checkU64, checkUnsigned } from './arguments.ts'
import type { BuiltEnclave } from './build.ts'
import { HOST_PROGRAM } from './host-program.ts'
import type { HostProcess } from './host-process.ts'
import type { CallRegisters, CallRequest } from './pending-call.ts'
import { SHAPES, type CallShapes } from './shapes.ts'

/** One call of the vDSO's function. All numbers are what a C caller could pass, however wrong. */
export interface EnterOptions<A extends VdsoAbi = 'mainline'> {
  /** What RDI, RSI, RDX, R8 and R9 hold when the enclave is entered. Default 0n. */
  readonly rdi?: bigint
  readonly rsi?: bigint
  readonly rdx?: bigint
  readonly r8?: bigint
  readonly r9?: bigint
  /** The leaf: 2 EENTER (default), 3 ERESUME. The function answers -22 (-EINVAL) to any other. */
  readonly function?: number
  /** Address of the TCS. Default: the enclave's first. */
  readonly tcs?: bigint
  /** Called when the enclave has left, by EEXIT or by an exception. A bigint is the address of guest code. */
  readonly handler?: CallShapes[A]['handler'] | bigint
  /** What the handler is handed on: `run.user_data`, or `misc` of v29-misc; v28 and v29 have none. */
  readonly userData?: bigint
  /**
   * Address of the structure in guest memory: `run`, or `e` of the older shapes, where 0n is NULL. The machine brings a structure of its
   * own when absent. Of `run`, only the fields given here are written: `tcs`, `handler`, `userData`.
   */
  readonly run?: bigint
  /**
   * Ends the call, also while the enclave spins: it leaves by an asynchronous exit, as for any interrupt, and `enter` rejects with
   * the signal's reason. The state inside stays in the SSA frame, so that the TCS can be resumed with function 3.
   */
  readonly signal?: AbortSignal
}

/** What the function returned, and what it and the enclave left behind. */
export interface EnterResult<A extends VdsoAbi = 'mainline'> {
  /** EAX: 0, -22 (-EINVAL), -14 (-EFAULT, older shapes), or what the handler returned. */
  readonly result: number
  /**
   * A copy of the structure when the function returned: `sgx_enclave_run`, or `sgx_enclave_exception` of the older shapes.
   *
   * @throws EncluError ERR_BAD_ADDRESS if `run` was an address that cannot be read
   */
  readonly run: CallShapes[A]['structure']
  /** RDI, RSI, RDX, R8, R9 when the function returned; after EEXIT without a handler, what the enclave left there. */
  readonly registers: CallRegisters
}

/** An enclave that has been built and initialized. Made by `Machine.createEnclave`. */
export class Enclave<A extends VdsoAbi = 'mainline'> {
  /** Its address. */
  readonly base: bigint
  /** SECS.SIZE: bytes of address space. */
  readonly size: number
  /** Addresses of its TCS pages, in the order in which they were added. */
  readonly tcs: readonly bigint[]
  /** The measurement that the processor computed and EINIT compared: 32 bytes. */
  readonly MRENCLAVE: Uint8Array
  /** The hash of the signer's public key: 32 bytes. */
  readonly MRSIGNER: Uint8Array
  /** The signature structure that it was initialized with: 1808 bytes. */
  readonly sigstruct: Uint8Array
  readonly #process: HostProcess
  readonly #device: number
  #closed = false

  /** @internal Made by the machine. */
  constructor(process: HostProcess, built: BuiltEnclave, sigstruct: Uint8Array) {
    this.#process = process
    this.#device = built.device
    this.base = built.base
    this.size = built.size
    this.tcs = built.tcs
    this.sigstruct = sigstruct.slice()
    const { ENCLAVEHASH, MODULUS } = SIGSTRUCT.view(this.sigstruct)
    this.MRENCLAVE = ENCLAVEHASH.slice()
    this.MRSIGNER = sha256(MODULUS)
  }

  /**
   * Calls the enclave through `__vdso_sgx_enter_enclave()` of the machine's vDSO. Calls may be made while others are under way, also
   * from handlers: each runs on a thread of its own, and threads take turns, the same in every run.
   *
   * The promise is rejected with what the handler threw (the call is forgotten then, as after longjmp, and everything else is
   * as it was), with the reason of `signal`, or with an EncluError: ERR_BAD_ARGUMENT before anything has happened;
   * ERR_GUEST_SIGNAL where a program would get SIGSEGV, SIGTRAP and the like, such as for a `run` that is no memory; ERR_UNIMPLEMENTED
   * for an instruction that enclu does not have; ERR_WRONG_STATE once the enclave is closed.
   *
   * @example
   * ```ts
   * import { Machine, tcsPage } from 'enclu'
   *
   * const code = Uint8Array.of(
   *   0x48, 0x8d, 0x34, 0x37, // lea rsi, [rdi + rsi]
   *   0x48, 0x89, 0xcb, //       mov rbx, rcx: where EENTER came from
   *   0xb8, 4, 0, 0, 0, //       mov eax, 4: EEXIT
   *   0x0f, 0x01, 0xd7, //       enclu
   * )
   * const enclave = new Machine().createEnclave({
   *   secs: { SIZE: 0x4000n },
   *   steps: [
   *     { leaf: 'EADD', offset: 0x0000n, secinfo: 'tcs', bytes: tcsPage({ OENTRY: 0x1000n, OSSA: 0x2000n }) },
   *     { leaf: 'EADD', offset: 0x1000n, secinfo: 'rx', bytes: code },
   *     { leaf: 'EADD', offset: 0x2000n, secinfo: 'rw', length: 4096 },
   *   ],
   * })
   * const { result, run, registers } = await enclave.enter({ rdi: 2n, rsi: 40n })
   * console.log(result, run.function, registers.rsi) // 0 4 42n
   * ```
   */
  async enter(options: EnterOptions<A> = {}): Promise<EnterResult<A>> {
    if (this.#closed) throw closed()
    const request = this.#request(options)
    const { structure, result, registers } = await this.#process.call(request)
    const { abi } = this.#process.processor
    if (structure) return { result, run: SHAPES[abi].decode(structure) as EnterResult<A>['run'], registers }
    const address = request.values.structure
    return {
      result,
      registers,
      get run(): never {
        const message = 'The structure of the call is at an address that cannot be read.'
        throw new EncluError('ERR_BAD_ADDRESS', message, { address })
      },
    }
  }

  /** Ends all calls that are under way with ERR_WRONG_STATE, and gives the enclave's memory back. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#process.stopAll(this, closed())
    this.#process.memory.free(this.base, this.size)
    this.#process.systemCalls.call('close', { fd: this.#device })
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #request(options: EnterOptions<A>): CallRequest {
    if (typeof options !== 'object' || options === null) badArgument('What enter() is given must be an object.')
    const { handler, userData } = options
    const shape = SHAPES[this.#process.processor.abi]
    const given = (name: 'tcs' | 'userData' | 'run'): bigint | undefined =>
      options[name] === undefined ? undefined : checkU64(name, options[name])
    const isCode = typeof handler === 'function'
    if (handler !== undefined && !isCode && typeof handler !== 'bigint')
      badArgument('handler must be a function, or a bigint that is the address of guest code.')
    if (userData !== undefined && !shape.hasUserData)
      badArgument(`userData cannot be handed on: the call of ${this.#process.processor.abi} has no such argument.`)
    const structure = given('run')
    // A caller that brings its own run has said there what it wants.
    const tcs = given('tcs') ?? (structure === undefined || !shape.isRun ? (this.tcs[0] ?? 0n) : undefined)
    return {
      registers: {
        rdi: checkU64('rdi', options.rdi),
        rsi: checkU64('rsi', options.rsi),
        rdx: checkU64('rdx', options.rdx),
        r8: checkU64('r8', options.r8),
        r9: checkU64('r9', options.r9),
      },
      function: checkUnsigned('function', options.function, 32, EENTER),
      values: { structure, tcs, handler: isCode ? HOST_PROGRAM.handler : handler, userData: given('userData') },
      handler: isCode ? (handler as CallRequest['handler']) : undefined,
      owner: this,
      signal: checkSignal(options.signal),
    }
  }
}

const EENTER = 2

const closed = (): EncluError => new EncluError('ERR_WRONG_STATE', 'The enclave is closed.')
