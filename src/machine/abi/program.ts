import { invariant, once } from '../../base/index.ts'
import * as elf from '../../spec/elf/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { GPR } from '../../spec/x86/index.ts'
import type { Code, VdsoAbi } from '../../vdso/index.ts'
import { bytesOf, plainLayout, secinfoOf, tcsPage, type AddStep, type PlainLayout } from '../enclave-call/index.ts'
import { executable } from '../guest-elf.ts'
import type { Call, EnclaveEvent } from './call.ts'
import { DRIVER, HANDLER } from './code.ts'
import { ENCLAVE_CODE, EVENT_SIZE } from './enclave-code.ts'
import { CELLS, DATA, DATA_SIZE, ENCLAVE, HEAP, NOTHING, READ_ONLY, STACK, TEXT } from './layout.ts'
import { place } from './listing.ts'
import { signSigstruct } from './sign.ts'
import { wrapper } from './wrappers.ts'

/** Builds the measuring program: an ELF file whose data say which calls it makes. */

const PAGE = 4096
const EENTER = 2n
const RUN_SIZE = 256
const EXCEPTION_SIZE = 32
/** What a handler pointer or `run` leaves behind, so that fields which stay can be told from fields which are written. */
const STALE = { function: 77, vector: 78, error: 79, address: 80n } as const

interface Piece {
  readonly code: Code
  readonly at: number
}

/** A call with its places. */
export interface PlacedCall {
  readonly call: Call
  readonly registers: readonly bigint[]
  readonly structure: { readonly at: number; readonly size: number }
}

export interface Program {
  readonly file: Uint8Array
  readonly calls: readonly PlacedCall[]
  readonly driver: Piece
  readonly handler: Piece
  readonly wrappers: readonly Piece[]
  /** Where the driver is when a call has come back. */
  readonly returned: number
}

/** The initialised data, filled from HEAP up. */
class Data {
  readonly bytes = new Uint8Array(DATA_SIZE)
  private readonly view = new DataView(this.bytes.buffer)
  private end = HEAP

  allocate(size: number, align = 8): number {
    const at = Math.ceil(this.end / align) * align
    this.end = at + size
    invariant(this.end <= NOTHING, 'the measuring program has no room for so many calls')
    return at
  }
  words(...values: readonly (bigint | number)[]): number {
    const at = this.allocate(8 * values.length)
    values.forEach((value, i) => this.set(at + 8 * i, value))
    return at
  }
  put(bytes: Uint8Array, align = 8): number {
    const at = this.allocate(bytes.length, align)
    this.write(at, bytes)
    return at
  }
  set(at: number, value: bigint | number): void {
    this.view.setBigUint64(at - DATA, BigInt.asUintN(64, BigInt(value)), true)
  }
  write(at: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, at - DATA)
  }
  u32(at: number, value: number): void {
    this.view.setUint32(at - DATA, value, true)
  }
}

export function buildProgram(abi: VdsoAbi, functionOffset: number, calls: readonly Call[]): Program {
  const driver = { code: place(DRIVER), at: TEXT }
  const handler = { code: place(HANDLER), at: TEXT + 0x400 }
  const [all, minimal] = (['all', 'minimal'] as const).map((style, i) => ({
    code: place(wrapper(abi, style)),
    at: TEXT + 0x500 + 0x100 * i,
  })) as [Piece, Piece]
  const data = new Data()
  data.set(CELLS.vdso_call, functionOffset)
  data.set(CELLS.wrapper_all, all.at)
  data.set(CELLS.wrapper_minimal, minimal.at)
  data.set(CELLS.table, setupTable(data))
  const placed = calls.map((call, i) => placeCall(data, abi, call, i, handler.at))
  data.set(CELLS.current, data.words(...placed.flatMap(({ block }) => block), 0))
  const text = new Uint8Array(PAGE)
  for (const { code, at } of [driver, handler, all, minimal]) text.set(code.bytes, at - TEXT)
  return {
    file: executable(TEXT, [
      { at: TEXT, bytes: text, p_flags: elf.PF_R | elf.PF_X },
      { at: DATA, bytes: data.bytes, p_flags: elf.PF_R | elf.PF_W },
    ]),
    calls: placed,
    driver,
    handler,
    wrappers: [all, minimal],
    returned: TEXT + (driver.code.labels.get('returned') ?? 0),
  }
}

/** Code, save areas, and as many TCS as an enclave could want; each fault that is not resumed uses one up. */
function enclaveLayout(): PlainLayout {
  const { base, size, nssa } = ENCLAVE
  const tcs = tcsPage({ OENTRY: BigInt(ENCLAVE.code), OSSA: BigInt(ENCLAVE.ssa), NSSA: nssa })
  const offset = (start: number, index = 0): bigint => BigInt(start + index * PAGE)
  return plainLayout({
    secs: { SIZE: BigInt(size), BASEADDR: BigInt(base) },
    steps: [
      { leaf: 'EADD', offset: offset(ENCLAVE.code), secinfo: 'rx', bytes: place(ENCLAVE_CODE).bytes },
      { leaf: 'EADD', offset: offset(ENCLAVE.ssa), secinfo: 'rw', length: nssa * PAGE },
      ...Array.from({ length: ENCLAVE.most }, (_, i): AddStep => {
        return { leaf: 'EADD', offset: offset(ENCLAVE.tcs, i), secinfo: 'tcs', bytes: tcs }
      }),
    ],
  })
}

const syscallNumbers = once(
  () => new Map(Object.entries(linux.SYSCALL_NAMES).map(([number, name]) => [name, Number(number)])),
)

/** The system calls that build the enclave, and the pages that the calls run on. */
function setupTable(data: Data): number {
  const rows: (number | bigint)[][] = []
  const call = (name: linux.SyscallName, ...args: (number | bigint)[]): void => {
    rows.push([syscallNumbers().get(name) ?? -1, ...args, ...new Array<number>(6 - args.length).fill(0)])
  }
  const DEVICE = 3
  const { PROT_READ: R, PROT_WRITE: W, PROT_EXEC: X, MAP_FIXED, MAP_SHARED } = linux
  const path = data.put(Uint8Array.from('/dev/sgx_enclave\0', (c) => c.charCodeAt(0)))
  const layout = enclaveLayout()
  call('open', path, linux.O.RDWR)
  call('mmap', ENCLAVE.base, ENCLAVE.size, linux.PROT_NONE, MAP_SHARED | MAP_FIXED, DEVICE)
  call('ioctl', DEVICE, linux.SGX_IOC.ENCLAVE_CREATE, data.words(data.put(layout.secs, PAGE)))
  for (const step of layout.steps) {
    if (step.leaf !== 'EADD') continue
    const { offset, length, flags } = step
    const source = data.put(bytesOf(step, 0, length), PAGE)
    const argument = data.words(source, offset, length, data.put(secinfoOf(flags), 64), linux.SGX_PAGE_MEASURE, 0)
    call('ioctl', DEVICE, linux.SGX_IOC.ENCLAVE_ADD_PAGES, argument)
  }
  const sigstruct = data.put(signSigstruct(layout), PAGE)
  call('ioctl', DEVICE, linux.SGX_IOC.ENCLAVE_INIT, data.words(sigstruct))
  const mapEnclave = (offset: number, count: number, prot: number): void =>
    call('mmap', ENCLAVE.base + offset, count * PAGE, prot, MAP_SHARED | MAP_FIXED, DEVICE)
  mapEnclave(ENCLAVE.code, 1, R | X)
  mapEnclave(ENCLAVE.ssa, ENCLAVE.nssa, R | W)
  mapEnclave(ENCLAVE.tcs, ENCLAVE.most, R | W)
  const privately = linux.MAP_PRIVATE | linux.MAP_ANONYMOUS | MAP_FIXED
  call('mmap', STACK.start, STACK.size, R | W, privately, -1)
  call('mprotect', NOTHING, PAGE, linux.PROT_NONE)
  call('mprotect', READ_ONLY, PAGE, R)
  return data.words(...rows.flat(), -1)
}

const enclaveLabels = once(() => place(ENCLAVE_CODE).labels)
const enclaveAddress = (label: string): number => ENCLAVE.base + ENCLAVE.code + (enclaveLabels().get(label) ?? -1)

function placeEvent(data: Data, e: EnclaveEvent): void {
  const leave = enclaveAddress(e.leave ?? 'keep')
  const at = data.words(e.fault ? enclaveAddress(e.fault) : leave)
  data.allocate(EVENT_SIZE - 8)
  const registers = ['RDI', 'RSI', 'RDX', 'R8', 'R9', 'R10', 'R11', 'R12', 'R13', 'R14', 'R15'] as const
  registers.forEach((name, i) => data.set(at + 8 + 8 * i, e.registers?.[name] ?? BigInt(0xe000 + i)))
  data.set(at + 0x60, e.moveRsp ?? 0)
  data.set(at + 0x68, e.directionFlag ? 1 : 0)
  data.set(at + 0x70, e.registers?.RCX ?? 0xe00c)
  data.set(at + 0x78, leave)
  data.set(at + 0x80, e.address ?? 0)
}

/** `run` with what the caller puts there, and values in the other fields that show whether they were written. */
function placeRun(data: Data, call: Call, tcs: bigint, handler: bigint): number {
  const at = call.runAt === undefined ? data.allocate(RUN_SIZE, RUN_SIZE) : Number(call.runAt)
  if (at < HEAP || at >= DATA + DATA_SIZE - RUN_SIZE) return at
  data.set(at, tcs)
  data.u32(at + 8, STALE.function)
  data.u32(at + 12, STALE.vector | (STALE.error << 16))
  data.set(at + 16, STALE.address)
  data.set(at + 24, handler)
  data.set(at + 32, 0x1234_5678)
  for (const [offset, bytes] of call.patch ?? []) data.write(at + offset, bytes)
  return at
}

/** `e` of the older shapes, with values that show whether it was written. */
function placeException(data: Data, { runAt }: Call): number {
  const untouched = new Uint8Array(EXCEPTION_SIZE).fill(0x5a)
  if (runAt === undefined) return data.put(untouched)
  const at = Number(runAt)
  if (at >= HEAP && at < DATA + DATA_SIZE - EXCEPTION_SIZE) data.write(at, untouched)
  return at
}

/** The block of the table of calls, in the order in which DRIVER reads it. */
function placeCall(
  data: Data,
  abi: VdsoAbi,
  call: Call,
  index: number,
  userHandler: number,
): PlacedCall & { readonly block: (bigint | number)[] } {
  invariant(index < ENCLAVE.most, 'the measuring enclave has no TCS for so many calls')
  const tcs = call.tcs ?? BigInt(ENCLAVE.base + ENCLAVE.tcs + index * PAGE)
  const handler = typeof call.handler === 'bigint' ? call.handler : call.handler ? BigInt(userHandler) : 0n
  const leaf = call.leaf ?? EENTER
  // No two calls alike: what one leaves on the stack must not look like what another had.
  const registers = GPR.map((name, n) => call.registers?.[name] ?? BigInt(0xc000 + n + 0x1_0000 * (index + 1)))
  registers[1] = leaf
  if (abi === 'v28' && call.leafInEax !== false) registers[0] = leaf
  registers[4] = BigInt(STACK.start + STACK.size - 64 + (call.shift ?? 0))
  const events = data.allocate(0)
  for (const e of call.events ?? [{}]) placeEvent(data, e)
  const answers = data.allocate(0)
  for (const { value, pop = 0 } of call.answers ?? []) data.words(value, pop)
  const isMainline = abi === 'mainline'
  const structure = isMainline
    ? { at: placeRun(data, call, tcs, handler), size: RUN_SIZE }
    : { at: placeException(data, call), size: EXCEPTION_SIZE }
  const e = call.report === false ? 0 : (call.runAt ?? structure.at)
  const args = isMainline ? [call.runAt ?? structure.at, 0, 0, 0] : [tcs, e, handler, 0x1234_5678]
  const cell = { direct: CELLS.vdso_call, all: CELLS.wrapper_all, minimal: CELLS.wrapper_minimal }[
    call.style ?? 'direct'
  ]
  const withoutRsp = registers.filter((_, n) => n !== 4)
  const block = [cell, registers[4], ...args, events, answers, 0, ...withoutRsp]
  // RSP at the call, below the four words.
  registers[4] -= 32n
  return { call, registers, structure, block }
}
