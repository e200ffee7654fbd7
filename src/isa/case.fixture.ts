/**
 * Hand-written cases of the integer families, and what cases of all families become. A case says what a reader of the manual would check by hand; it
 * becomes a state of test/native, so that the evaluator, translated code and the processor itself can all be asked.
 */
import { differences } from '../../test/native/compare.ts'
import {
  CODE_BASE,
  DATA_BASE,
  WINDOW_OFFSET,
  WINDOW_SIZE,
  type NativeResult,
  type NativeState,
} from '../../test/native/oracle.ts'
import { fromHex } from '../base/index.ts'
import { GPR, RDI, RFLAGS, RSP, VECTOR, type GprName, type VectorName } from '../spec/x86/index.ts'

/** Where the instruction is. */
export const CODE = BigInt(CODE_BASE)
/** What [rdi] is, unless the case says otherwise: 64 bytes into the window, with a page boundary 64 bytes further. */
export const MEM = BigInt(DATA_BASE + WINDOW_OFFSET + 64)
/** Mapped after MEM + 64; nothing is mapped in front of FIRST or behind LAST. */
export const FIRST = BigInt(DATA_BASE)
export const LAST = BigInt(DATA_BASE + 0x1fff)

type Flag = 'CF' | 'PF' | 'AF' | 'ZF' | 'SF' | 'OF' | 'DF'
type Values = Readonly<Partial<Record<GprName | 'RIP' | 'FSBASE', bigint>>> & Readonly<Partial<Record<Flag, 0 | 1>>>

export interface Case {
  /** As insnText prints it. */
  readonly asm: string
  /** Hex; several when one text has several encodings. */
  readonly code: string | readonly string[]
  /** Not given: registers 0, but RDI = MEM and RSP = MEM + 8; flags 0; memory 0. `mem`: hex bytes at MEM. */
  readonly in?: Values & { readonly mem?: string }
  /** Registers and memory that are not given stay, RIP goes on; flags that are not given are not looked at. */
  readonly out?: Values & {
    readonly mem?: string
    readonly fault?: VectorName
    readonly errorCode?: number
    readonly CR2?: bigint
    readonly exit?: string
  }
  readonly why: string
  /** Why the processor of this machine is not asked. */
  readonly notNative?: string
}

const FLAGS: readonly Flag[] = ['CF', 'PF', 'AF', 'ZF', 'SF', 'OF', 'DF']
const flagBits = (v: Values): number => FLAGS.reduce((bits, f) => (v[f] ? bits | RFLAGS[f] : bits), 0)
const givenFlags = (v: Values): number => FLAGS.reduce((bits, f) => (v[f] === undefined ? bits : bits | RFLAGS[f]), 0)

const codesOf = (c: Case): Uint8Array[] => [c.code].flat().map((hex) => fromHex(hex.replaceAll(' ', '')))

function memory(base: Uint8Array, hex: string | undefined): Uint8Array {
  const mem = base.slice()
  mem.set(fromHex((hex ?? '').replaceAll(' ', '')), 64)
  return mem
}

function stateOf(c: Case, code: Uint8Array): NativeState {
  const given = c.in ?? {}
  const defaults: Readonly<Record<number, bigint>> = { [RDI]: MEM, [RSP]: MEM + 8n }
  return {
    code,
    gpr: BigUint64Array.from(GPR, (name, n) => given[name] ?? defaults[n] ?? 0n),
    rflags: RFLAGS.FIXED | RFLAGS.IF | flagBits(given),
    mxcsr: 0x1f80,
    xmm: new Uint8Array(256),
    mem: memory(new Uint8Array(WINDOW_SIZE), given.mem),
    prot: ['rw', 'rw'],
    fsBase: given.FSBASE ?? 0n,
    gsBase: 0n,
  }
}

function wanted(c: Case, s: NativeState): NativeResult {
  const out = c.out ?? {}
  const vector = out.fault === undefined ? undefined : VECTOR[out.fault]
  const rip = out.RIP ?? (vector === undefined ? CODE + BigInt(s.code.length) : CODE)
  return {
    gpr: BigUint64Array.from(GPR, (name, n) => out[name] ?? s.gpr[n] ?? 0n),
    rip,
    rflags: flagBits(out) & givenFlags(out),
    mxcsr: s.mxcsr,
    xmm: s.xmm,
    mem: memory(s.mem, out.mem),
    fsBase: out.FSBASE ?? s.fsBase ?? 0n,
    gsBase: 0n,
    ...(vector !== undefined && { fault: { signal: 0, vector, errorCode: out.errorCode ?? 0, cr2: out.CR2 ?? 0n } }),
  }
}

/** What is wrong about `result`; empty when the case holds. */
function judge(c: Case, s: NativeState, result: NativeResult): string[] {
  const expected = wanted(c, s)
  const undefinedFlags = ~givenFlags(c.out ?? {})
  const exact = { ...result, ...(result.fault && { fault: { ...result.fault, signal: 0 } }) }
  const found = differences(expected, exact, { undefinedFlags }).map(
    (d) => `${d.what}: wanted ${d.native}, got ${d.engine}`,
  )
  const { exit } = result as NativeResult & { exit?: string }
  if (exit !== undefined && exit !== c.out?.exit) found.push(`exit ${exit}, wanted ${c.out?.exit}`)
  return found
}

/** Registers and memory by name, as the cases of other families see them. */
export type Seen = Readonly<Record<string, string | number | bigint | readonly string[] | undefined>>

/** A case of any family, ready for any engine. A case with several encodings becomes several. */
export interface RunnableCase {
  readonly asm: string
  readonly why: string
  readonly state: NativeState
  /** What is wrong about `result`; empty when the case holds. */
  readonly judge: (result: NativeResult) => string[]
  readonly notNative: boolean
}

export const runnable = (c: Case): RunnableCase[] =>
  codesOf(c).map((code) => {
    const state = stateOf(c, code)
    return { ...c, state, notNative: c.notNative !== undefined, judge: (result) => judge(c, state, result) }
  })

/** The same for a family whose cases say by name what is to be seen. */
export function runnableBy<C extends { readonly asm: string; readonly why: string }>(
  stateFor: (c: C) => NativeState,
  judgeBy: (c: C, s: NativeState, result: NativeResult) => { wanted: Seen; seen: Seen },
): (c: C) => RunnableCase[] {
  return (c) => {
    const state = stateFor(c)
    const wrong = (result: NativeResult): string[] => {
      const { wanted, seen } = judgeBy(c, state, result)
      return Object.keys(wanted)
        .filter((k) => text(wanted[k]) !== text(seen[k]))
        .map((k) => `${k}: wanted ${text(wanted[k])}, got ${text(seen[k])}`)
    }
    return [{ asm: c.asm, why: c.why, state, notNative: false, judge: wrong }]
  }
}
const text = (v: Seen[string]): string =>
  typeof v === 'bigint' || typeof v === 'number' ? `0x${v.toString(16)}` : String(v)
