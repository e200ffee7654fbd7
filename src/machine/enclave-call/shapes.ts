import type { StructView } from '../../base/index.ts'
import * as linux from '../../spec/linux/index.ts'
import type { VdsoAbi } from '../../vdso/index.ts'
import type { GuestMemory } from './guest-memory.ts'
import { liveStructure, structureValues } from './structures.ts'

/** The four shapes of the call: which structure, which arguments on the stack, what a handler is given. */

/** struct sgx_enclave_run of Linux 5.11 and later. Fields and what they mean are those of uapi/asm/sgx.h. */
export interface sgx_enclave_run {
  /** Address of the TCS. */
  tcs: bigint
  /** The ENCLU function that was executed last: EEXIT (4), or the one that an exception has come from. */
  function: number
  /** Of the last exception; an EEXIT leaves these three as they are. */
  exception_vector: number
  exception_error_code: number
  exception_addr: bigint
  /** Address of the handler, or 0n. */
  user_handler: bigint
  user_data: bigint
  /** 216 bytes, which must be zero. */
  reserved: Uint8Array
}

/** struct sgx_enclave_exception of the patches of March 2020: what the last exception was. */
export interface sgx_enclave_exception {
  /** The leaf that the exception has come from. */
  leaf: number
  trapnr: number
  error_code: number
  address: bigint
}

/** What a handler returns: above 0 the leaf to go on with (2 EENTER, 3 ERESUME), else what the call returns. */
export type HandlerAnswer = number | Promise<number>

/**
 * A handler for the call of Linux 5.11 and later, with the arguments of the C prototype. `run` is the structure in guest memory: reading and
 * assigning its fields reads and writes the guest's bytes. What the handler throws ends the call and comes out of `enter`.
 */
export type UserHandler = (
  rdi: bigint,
  rsi: bigint,
  rdx: bigint,
  rsp: bigint,
  r8: bigint,
  r9: bigint,
  run: sgx_enclave_run,
) => HandlerAnswer

/**
 * A handler for the calls of the patches of March 2020: `ret` is 0 after EEXIT and -14 (-EFAULT) after an exception, `e` is undefined
 * where the caller passed NULL, and v29-misc alone has `misc`.
 */
export type EarlyHandler = (
  rdi: bigint,
  rsi: bigint,
  rdx: bigint,
  ursp: bigint,
  r8: bigint,
  r9: bigint,
  tcs: bigint,
  ret: number,
  e: sgx_enclave_exception | undefined,
  misc: bigint,
) => HandlerAnswer

/** What the shapes of the patches of March 2020 have in common. */
export interface EarlyShape {
  readonly handler: EarlyHandler
  readonly structure: sgx_enclave_exception
}

/** What each vDSO has: the handler's type, and the structure that tells what happened. */
export interface CallShapes {
  readonly mainline: { readonly handler: UserHandler; readonly structure: sgx_enclave_run }
  readonly v28: EarlyShape
  readonly v29: EarlyShape
  readonly 'v29-misc': EarlyShape
}

/** The values that a call begins with. */
export interface CallValues {
  readonly structure: bigint
  readonly tcs: bigint | undefined
  readonly handler: bigint | undefined
  readonly userData: bigint | undefined
}

/** The processor and the stack when a handler is called. */
export interface HandlerFrame {
  /** RDI, RSI, RDX, RSP of the enclave's end, R8, R9. */
  readonly registers: readonly [bigint, bigint, bigint, bigint, bigint, bigint]
  /** Arguments 7 and up. */
  readonly stack: (index: number) => bigint
}

// Any of the types above: which one is the machine's own knowledge.
type AnyHandler = (...values: readonly unknown[]) => unknown

interface Shape {
  readonly size: number
  /** The structure at an address. */
  readonly live: (memory: GuestMemory, address: bigint) => object
  /** Its fields in a copy of its bytes. */
  readonly decode: (bytes: Uint8Array) => unknown
  /** The structure is `run`, in which the caller says what it wants; else it is only what comes back. */
  readonly isRun: boolean
  /** Whether the caller can hand a value to the handler. */
  readonly hasUserData: boolean
  /** Words on the stack, lowest first. */
  readonly stack: (values: CallValues) => readonly bigint[]
  /** What is written into the structure: only what the caller gave. */
  readonly fields: (values: CallValues) => Partial<StructView<typeof linux.sgx_enclave_run.fields>>
  readonly callHandler: (handler: AnyHandler, memory: GuestMemory, frame: HandlerFrame) => unknown
}

const given = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>

const MAINLINE: Shape = {
  size: linux.sgx_enclave_run.size,
  live: (memory, address) => liveStructure(linux.sgx_enclave_run, memory, address),
  decode: (bytes) => structureValues(linux.sgx_enclave_run, bytes),
  isRun: true,
  hasUserData: true,
  stack: ({ structure }) => [structure],
  fields: ({ tcs, handler, userData }) =>
    given({ tcs, user_handler: handler, user_data: userData }) as ReturnType<Shape['fields']>,
  callHandler: (handler, memory, { registers, stack }) =>
    handler(...registers, liveStructure(linux.sgx_enclave_run, memory, stack(0))),
}

const early = (hasUserData: boolean): Shape => ({
  size: linux.sgx_enclave_exception.size,
  live: (memory, address) => liveStructure(linux.sgx_enclave_exception, memory, address),
  decode: (bytes) => structureValues(linux.sgx_enclave_exception, bytes),
  isRun: false,
  hasUserData,
  stack: ({ structure, tcs = 0n, handler = 0n, userData = 0n }) => [tcs, structure, handler, userData],
  fields: () => ({}),
  callHandler(handler, memory, { registers, stack }) {
    const pointer = stack(2)
    const e = pointer === 0n ? undefined : liveStructure(linux.sgx_enclave_exception, memory, pointer)
    const ret = Number(BigInt.asIntN(32, stack(1)))
    return handler(...registers, stack(0), ret, e, hasUserData ? stack(3) : 0n)
  },
})

export const SHAPES: Readonly<Record<VdsoAbi, Shape>> = {
  mainline: MAINLINE,
  v28: early(false),
  v29: early(false),
  'v29-misc': early(true),
}
