/**
 * Recorded answers of a real processor: for nearly every row a few states, and what came of them. They stand in for the processor where
 * there is none. `npm run vectors:record` writes rows.json.gz; this is its form.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { fromHex, toHex } from '../../src/base/index.ts'
import { WINDOW_SIZE, type NativeFault, type NativeResult, type NativeState } from '../native/oracle.ts'
import { codeAddress } from '../native/random-state.ts'

const FILE = join(import.meta.dirname, 'rows.json.gz')

/** Stretches of bytes: where they start, and hex. */
type Stretches = readonly (readonly [at: number, hex: string])[]

const PARTS = { gpr: 128, xmm: 256, ymmHigh: 256, mem: WINDOW_SIZE, x87: 160 } as const
type Part = keyof typeof PARTS
const NAMES = Object.keys(PARTS) as Part[]

/** What is not zero before the instruction, and what differs after it. */
type Bytes = Readonly<Partial<Record<Part, Stretches>>>

interface Before extends Bytes {
  readonly code: string
  readonly rflags: number
  readonly mxcsr: number
  readonly prot?: NativeState['prot']
  readonly bases?: readonly [fs: string, gs: string]
}
interface After extends Bytes {
  /** Relative to the instruction's end. */
  readonly rip?: string
  readonly rflags?: number
  readonly mxcsr?: number
  readonly bases?: readonly [fs: string, gs: string]
  readonly stray?: readonly [start: number, hex: string]
  readonly fault?: readonly [signal: number, vector: number, errorCode: number, cr2: string]
}
export type Vector = readonly [Before, After]

/** By the row, as `nameOf` calls it. */
export type Vectors = Readonly<Record<string, readonly Vector[]>>

/** Stretches in which `now` differs from `before`; a gap of a few bytes does not part them. */
function changed(now: Uint8Array, before: Uint8Array): Stretches {
  const out: [number, string][] = []
  let [start, end] = [-1, -1]
  const close = (): void => {
    if (start >= 0) out.push([start, toHex(now.slice(start, end))])
  }
  now.forEach((b, at) => {
    if (b === before[at]) return
    if (start < 0 || at - end > 4) {
      close()
      start = at
    }
    end = at + 1
  })
  close()
  return out
}
function put(bytes: Uint8Array, stretches: Stretches = []): Uint8Array {
  for (const [at, hex] of stretches) bytes.set(fromHex(hex), at)
  return bytes
}

const bytesOf = (s: NativeState | NativeResult, part: Part): Uint8Array | undefined =>
  part === 'gpr' ? new Uint8Array(s.gpr.buffer, s.gpr.byteOffset, 128) : s[part]
const isThere = (_: Part, stretches: Stretches): boolean => stretches.length > 0

function parts(now: NativeState | NativeResult, before?: NativeState): Bytes {
  const entries = NAMES.flatMap((part): [Part, Stretches][] => {
    const bytes = bytesOf(now, part)
    return bytes ? [[part, changed(bytes, (before && bytesOf(before, part)) ?? new Uint8Array(PARTS[part]))]] : []
  })
  // Before the instruction an empty list says that the part is looked at.
  return Object.fromEntries(
    entries.filter(([part, x]) => isThere(part, x) || (!before && (part === 'x87' || part === 'ymmHigh'))),
  )
}

const basesOf = ({ fsBase, gsBase }: NativeState | NativeResult): readonly [string, string] | undefined =>
  fsBase === undefined ? undefined : [fsBase.toString(16), (gsBase ?? 0n).toString(16)]
const big = (hex: string): bigint => BigInt(`0x${hex}`)

/** The instruction starts at the usual place. */
export function vectorOf(s: NativeState, r: NativeResult): Vector {
  const next = codeAddress(s) + BigInt(s.code.length)
  const bases = basesOf(s)
  const before: Before = {
    code: toHex(s.code),
    rflags: Number(s.rflags),
    mxcsr: s.mxcsr,
    ...(s.prot.some((p) => p !== 'rw') && { prot: s.prot }),
    ...(bases && { bases }),
    ...parts(s),
  }
  const after = basesOf(r)
  return [
    before,
    {
      ...(r.rip !== next && { rip: BigInt.asUintN(64, r.rip - next).toString(16) }),
      ...(r.rflags !== Number(s.rflags) && { rflags: r.rflags }),
      ...(r.mxcsr !== s.mxcsr && { mxcsr: r.mxcsr }),
      ...(after && String(after) !== String(bases) && { bases: after }),
      ...(r.stray && { stray: [r.stray.start, toHex(r.stray.bytes)] as const }),
      ...(r.fault && { fault: [r.fault.signal, r.fault.vector, r.fault.errorCode, r.fault.cr2.toString(16)] as const }),
      ...parts(r, s),
    },
  ]
}

const gprOf = (bytes: Uint8Array): BigUint64Array => new BigUint64Array(bytes.buffer, bytes.byteOffset, 16)
const base = (bases: readonly [string, string] | undefined): { fsBase: bigint; gsBase: bigint } | undefined =>
  bases && { fsBase: big(bases[0]), gsBase: big(bases[1]) }

export function stateOf([before]: Vector): NativeState {
  const part = (name: Part): Uint8Array => put(new Uint8Array(PARTS[name]), before[name])
  return {
    code: fromHex(before.code),
    gpr: gprOf(part('gpr')),
    rflags: before.rflags,
    mxcsr: before.mxcsr,
    xmm: part('xmm'),
    mem: part('mem'),
    prot: before.prot ?? ['rw', 'rw'],
    ...(before.x87 && { x87: part('x87') }),
    ...(before.ymmHigh && { ymmHigh: part('ymmHigh') }),
    ...base(before.bases),
  }
}

const faultOf = ([signal, vector, errorCode, cr2]: NonNullable<After['fault']>): NativeFault => ({
  signal,
  vector,
  errorCode,
  cr2: big(cr2),
})

/** What the processor gave. */
export function resultOf(v: Vector): NativeResult {
  const [before, after] = v
  const s = stateOf(v)
  const part = (name: Part): Uint8Array => put((bytesOf(s, name) ?? new Uint8Array(PARTS[name])).slice(), after[name])
  const next = codeAddress(s) + BigInt(s.code.length)
  return {
    gpr: gprOf(part('gpr')),
    rip: BigInt.asUintN(64, next + big(after.rip ?? '0')),
    rflags: after.rflags ?? before.rflags,
    mxcsr: after.mxcsr ?? before.mxcsr,
    xmm: part('xmm'),
    mem: part('mem'),
    ...(before.x87 && { x87: part('x87') }),
    ...(before.ymmHigh && { ymmHigh: part('ymmHigh') }),
    ...base(after.bases ?? before.bases),
    ...(after.stray && { stray: { start: after.stray[0], bytes: fromHex(after.stray[1]) } }),
    ...(after.fault && { fault: faultOf(after.fault) }),
  }
}

export const readVectors = (): Vectors => JSON.parse(gunzipSync(readFileSync(FILE)).toString('utf8')) as Vectors
/** Returns the size of the file. */
export function writeVectors(vectors: Vectors): number {
  const file = gzipSync(JSON.stringify(vectors), { level: 9 })
  writeFileSync(FILE, file)
  return file.length
}
export const recordedRows = (): ReadonlySet<string> => new Set(Object.keys(readVectors()))
