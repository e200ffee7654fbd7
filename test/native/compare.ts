/** Puts an engine of ours beside the processor: the same states to both, every difference told so that it can be replayed. */
import { instructionFacts } from './instruction.ts'
import { RFLAGS_MASK, type NativeResult, type NativeState, type Oracle } from './oracle.ts'
import { codeAddress } from './random-state.ts'

export interface Engine {
  readonly name: string
  run(s: NativeState): NativeResult
}

/** What must not be compared, because the manual leaves it open. */
export interface Mask {
  /** RFLAGS bits. */
  undefinedFlags?: number
  /** GPR numbers, as the destination of BSF with a zero source. */
  undefinedGprs?: readonly number[]
  /** The registers after a fault in the middle of an instruction that may have done a part. */
  partialOnFault?: boolean
  /** Nothing is compared where either raises a fault. */
  notWithFaults?: boolean
  /** Bytes of the x87 image, as the last instruction and data pointers. */
  undefinedX87?: readonly { at: number; size: number }[]
  /** x87 registers may differ in their last bit, and C1 with it. */
  x87LastBit?: boolean
}

export interface Case {
  state: NativeState
  mask?: Mask
}

export interface Difference {
  what: string
  native: string
  engine: string
}

// prettier-ignore
const GPR_NAMES = ['RAX', 'RCX', 'RDX', 'RBX', 'RSP', 'RBP', 'RSI', 'RDI',
  'R8', 'R9', 'R10', 'R11', 'R12', 'R13', 'R14', 'R15'] as const
// prettier-ignore
const FLAG_NAMES = new Map([[1, 'CF'], [4, 'PF'], [0x10, 'AF'], [0x40, 'ZF'], [0x80, 'SF'], [0x400, 'DF'], [0x800, 'OF'],
  [0x4000, 'NT'], [0x40000, 'AC'], [0x200000, 'ID']])
const MXCSR_FLAGS = ['IE', 'DE', 'ZE', 'OE', 'UE', 'PE'] as const

const hex = (x: bigint | number, digits: number): string => x.toString(16).padStart(digits, '0')
const bytesHex = (b: Uint8Array): string => Array.from(b, (x) => hex(x, 2)).join(' ')

const flagsText = (rflags: number): string =>
  [...FLAG_NAMES].map(([bit, name]) => (rflags & bit ? name : name.toLowerCase())).join(' ')

const mxcsrText = (m: number): string =>
  `${hex(m, 4)} (${MXCSR_FLAGS.filter((_, i) => m & (1 << i)).join(' ') || 'no flags'})`

function faultText(r: NativeResult): string {
  if (r.died !== undefined) return `died: ${r.died}`
  if (!r.fault) return 'none'
  const { vector, errorCode, cr2, signal } = r.fault
  return `vector ${vector} error ${hex(errorCode, 1)} cr2 ${hex(cr2, 1)} signal ${signal}`
}

function laneText(xmm: Uint8Array, i: number): string {
  const view = new DataView(xmm.buffer, xmm.byteOffset + 16 * i, 16)
  return `${hex(view.getBigUint64(8, true), 16)}_${hex(view.getBigUint64(0, true), 16)}`
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

function strayText(r: NativeResult): string {
  if (!r.stray) return 'none'
  const shown = bytesHex(r.stray.bytes.subarray(0, 32))
  return `+${hex(r.stray.start, 1)} ${shown}${r.stray.bytes.length > 32 ? ` … (${r.stray.bytes.length})` : ''}`
}

/** The first changed stretch of the window, both readings. */
function windowDifference(native: Uint8Array, engine: Uint8Array): Difference | undefined {
  if (sameBytes(native, engine)) return undefined
  const first = native.findIndex((x, i) => x !== engine[i])
  const last = native.length - 1 - [...native].reverse().findIndex((x, i) => x !== engine[engine.length - 1 - i])
  const cut = (b: Uint8Array): string => bytesHex(b.subarray(first, last + 1))
  return { what: `mem +${hex(first, 2)}`, native: cut(native), engine: cut(engine) }
}

function withoutUndefinedX87(image: Uint8Array, mask: Mask): Uint8Array {
  const copy = image.slice()
  for (const { at, size } of mask.undefinedX87 ?? []) copy.fill(0, at, at + size)
  return copy
}

const X87_C1 = 0x200
const NOTHING = new Uint8Array(0)
/** Makes `engine` what `native` is where the difference is that of neighbours. */
function forgiveLastBits(native: Uint8Array, engine: Uint8Array): void {
  const a = new DataView(native.buffer, native.byteOffset)
  const b = new DataView(engine.buffer, engine.byteOffset)
  if (engine.length !== native.length) return
  b.setUint16(2, (b.getUint16(2, true) & ~X87_C1) | (a.getUint16(2, true) & X87_C1), true)
  for (let at = 32; at < 160; at += 16) {
    const distance = magnitude(a, at) - magnitude(b, at)
    if (distance <= 1n && distance >= -1n && a.getUint8(at + 9) >> 7 === b.getUint8(at + 9) >> 7)
      engine.set(native.subarray(at, at + 10), at)
  }
}
/** The exponent and the significand below its leading bit as one number: that of the next larger value is larger by 1. */
const magnitude = (v: DataView, at: number): bigint =>
  (BigInt(v.getUint16(at + 8, true) & 0x7fff) << 63n) | BigInt.asUintN(63, v.getBigUint64(at, true))

function compareX87(native: NativeResult, engine: NativeResult, mask: Mask): Difference[] {
  if (!native.x87) return []
  const a = withoutUndefinedX87(native.x87, mask)
  const b = engine.x87 ? withoutUndefinedX87(engine.x87, mask) : new Uint8Array(0)
  if (mask.x87LastBit) forgiveLastBits(a, b)
  return sameBytes(a, b) ? [] : [{ what: 'x87', native: bytesHex(a), engine: bytesHex(b) }]
}

/** All that differs; an empty list is agreement. */
export function differences(native: NativeResult, engine: NativeResult, mask: Mask = {}): Difference[] {
  if (mask.notWithFaults && (native.fault ?? engine.fault)) return []
  const found: Difference[] = []
  const note = (what: string, a: string, b: string): void => {
    if (a !== b) found.push({ what, native: a, engine: b })
  }
  note('fault', faultText(native), faultText(engine))
  if (native.died !== undefined) return found
  note('RIP', hex(native.rip, 16), hex(engine.rip, 16))
  if (native.fault && mask.partialOnFault) return found
  for (let i = 0; i < 16; i++) {
    if (mask.undefinedGprs?.includes(i)) continue
    if (native.gpr[i] !== engine.gpr[i])
      note(GPR_NAMES[i] ?? '', hex(native.gpr[i] ?? 0n, 16), hex(engine.gpr[i] ?? 0n, 16))
  }
  const compared = RFLAGS_MASK & ~(mask.undefinedFlags ?? 0)
  if ((native.rflags & compared) !== (engine.rflags & compared))
    note('RFLAGS', flagsText(native.rflags & compared), flagsText(engine.rflags & compared))
  if (native.mxcsr !== engine.mxcsr) note('MXCSR', mxcsrText(native.mxcsr), mxcsrText(engine.mxcsr))
  if (!sameBytes(native.xmm, engine.xmm))
    for (let i = 0; i < 16; i++) note(`XMM${i}`, laneText(native.xmm, i), laneText(engine.xmm, i))
  const [high, ours] = [native.ymmHigh, engine.ymmHigh]
  if (high && !sameBytes(high, ours ?? NOTHING))
    for (let i = 0; i < 16; i++) note(`YMM${i} high`, laneText(high, i), ours ? laneText(ours, i) : 'absent')
  const window = windowDifference(native.mem, engine.mem)
  if (window) found.push(window)
  if (native.stray || engine.stray) note('stray', strayText(native), strayText(engine))
  found.push(...compareX87(native, engine, mask))
  if (native.fsBase !== undefined && engine.fsBase !== undefined) {
    note('FS base', hex(native.fsBase, 16), hex(engine.fsBase, 16))
    note('GS base', hex(native.gsBase ?? 0n, 16), hex(engine.gsBase ?? 0n, 16))
  }
  return found
}

const highText = (high: Uint8Array): string[] =>
  Array.from({ length: 16 }, (_, i) => `  YMM${i} high ${laneText(high, i)}`)

/** The state before the instruction, as text. */
export function stateText(s: NativeState): string {
  const gprs = GPR_NAMES.map((n, i) => `${n.padEnd(3)} ${hex(s.gpr[i] ?? 0n, 16)}`)
  const rows = [0, 4, 8, 12].map((i) => `  ${gprs.slice(i, i + 4).join('  ')}`)
  const xmms = Array.from({ length: 16 }, (_, i) => `XMM${i}`.padEnd(5) + ' ' + laneText(s.xmm, i))
  const lanes = [0, 2, 4, 6, 8, 10, 12, 14].map((i) => `  ${xmms.slice(i, i + 2).join('  ')}`)
  return [
    `  code ${bytesHex(s.code)} at ${hex(codeAddress(s), 1)}, pages ${s.prot.join('/')}${s.codePage1 === false ? ', no code page 1' : ''}`,
    ...rows,
    `  RFLAGS ${flagsText(Number(s.rflags))}  MXCSR ${mxcsrText(s.mxcsr)}`,
    ...lanes,
    ...(s.ymmHigh ? highText(s.ymmHigh) : []),
    ...[0, 64, 128, 192].map((i) => `  mem +${hex(i, 2)} ${bytesHex(s.mem.subarray(i, i + 64))}`),
  ].join('\n')
}

/** One failure, complete enough to be understood without the machine that made it. */
export function failureText(s: NativeState, engine: string, found: readonly Difference[]): string {
  const lines = found.map((d) => `  ${d.what}\n    native ${d.native}\n    ${engine.padEnd(6)} ${d.engine}`)
  return `${instructionFacts(s.code, codeAddress(s)).text}\n${lines.join('\n')}\nbefore:\n${stateText(s)}`
}

export interface Comparison {
  compared: number
  failed: number
  /** The first failures, at most `limit`. */
  failures: string[]
}

export interface CompareOptions {
  /** How many failures to describe; all are counted. */
  limit?: number
  batch?: number
}

/** Flags that iced-x86 calls undefined are masked unless the case has a mask of its own. */
const maskOf = (c: Case): Mask => c.mask ?? { undefinedFlags: instructionFacts(c.state.code).undefinedFlags }

/** Runs `cases` on both. The processor works on the next batch while the engine catches up. */
export async function compareEngine(
  oracle: Oracle,
  engine: Engine,
  cases: Iterable<Case>,
  options: CompareOptions = {},
): Promise<Comparison> {
  const result: Comparison = { compared: 0, failed: 0, failures: [] }
  const check = (batch: readonly Case[], natives: readonly NativeResult[]): void => {
    natives.forEach((native, i) => {
      const c = batch[i]
      if (!c) return
      const found = differences(native, engine.run(c.state), maskOf(c))
      result.compared++
      if (found.length === 0) return
      result.failed++
      if (result.failures.length < (options.limit ?? 5)) result.failures.push(failureText(c.state, engine.name, found))
    })
  }
  let waiting: { batch: Case[]; natives: Promise<NativeResult[]> } | undefined
  for (const batch of chunks(cases, options.batch ?? 2000)) {
    const natives = oracle.run(batch.map((c) => c.state))
    if (waiting) check(waiting.batch, await waiting.natives)
    waiting = { batch, natives }
  }
  if (waiting) check(waiting.batch, await waiting.natives)
  return result
}

function* chunks<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = []
  for (const item of items) {
    chunk.push(item)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
