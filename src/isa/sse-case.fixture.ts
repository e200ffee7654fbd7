/** Hand-written cases of the vector families, and short names for vectors: lanes from the lowest, the rest zero. */
import { DATA_BASE, WINDOW_OFFSET, WINDOW_SIZE, type NativeResult, type NativeState } from '../../test/native/oracle.ts'
import { fromHex } from '../base/index.ts'
import { ARITHMETIC_MASK, MXCSR_RESET, RAX, RCX, RDI, RDX, RFLAGS, VECTOR } from '../spec/x86/index.ts'
import type { Seen } from './case.fixture.ts'

export interface SseRegisters {
  readonly RAX?: bigint
  readonly RCX?: bigint
  readonly RDX?: bigint
  readonly XMM0?: bigint
  readonly XMM1?: bigint
  readonly XMM2?: bigint
  /** 256 bits; instead of the XMM register of that number. */
  readonly YMM0?: bigint
  readonly YMM1?: bigint
  readonly YMM2?: bigint
  readonly MXCSR?: number
  /** The status flags. */
  readonly RFLAGS?: number
  /** 16 bytes at [rdi], which is aligned. */
  readonly mem?: bigint
}

export interface SseCase {
  /** As insnText prints it. */
  readonly asm: string
  readonly code: string
  /** Not given: zero, MXCSR as after reset. */
  readonly in: SseRegisters
  /** What is not given is not looked at; after a fault the registers must be as before. */
  readonly out: SseRegisters & { readonly fault?: 'GP' | 'XM' | 'UD'; readonly memAt1?: bigint }
  readonly why: string
}

const vector = (w: number, lanes: readonly (number | bigint)[]): bigint =>
  lanes.reduce((v: bigint, x, k) => v | (BigInt.asUintN(w, BigInt(x)) << BigInt(w * k)), 0n)
export const i8 = (...lanes: number[]): bigint => vector(8, lanes)
export const i16 = (...lanes: number[]): bigint => vector(16, lanes)
export const i32 = (...lanes: number[]): bigint => vector(32, lanes)
export const i64 = (...lanes: (number | bigint)[]): bigint => vector(64, lanes)
export const f32 = (...lanes: number[]): bigint => i32(...new Uint32Array(Float32Array.from(lanes).buffer))
export const f64 = (...lanes: number[]): bigint => i64(...new BigUint64Array(Float64Array.from(lanes).buffer))
/** 256 bits of two halves. */
export const ymm = (low: bigint, high: bigint): bigint => low | (high << 128n)
/** Bytes as they lie in memory, the lowest first. */
export const hex = (text: string): bigint => i8(...fromHex(text.replaceAll(' ', '')))

export const SAMPLE = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210n
export const CF = RFLAGS.CF
export const PF = RFLAGS.PF
export const ZF = RFLAGS.ZF
export const SF = RFLAGS.SF
export const OF = RFLAGS.OF

/** Where [rdi] points, in the window. */
const OFFSET = 64

export const vectorAt = (bytes: Uint8Array, at: number): bigint => i8(...bytes.subarray(at, at + 16))
export function putVector(bytes: Uint8Array, at: number, v: bigint | undefined): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 16)
  view.setBigUint64(0, BigInt.asUintN(64, v ?? 0n), true)
  view.setBigUint64(8, BigInt.asUintN(64, (v ?? 0n) >> 64n), true)
}

export function stateOf(c: SseCase): NativeState {
  const gpr = new BigUint64Array(16)
  gpr[RAX] = c.in.RAX ?? 0n
  gpr[RCX] = c.in.RCX ?? 0n
  gpr[RDX] = c.in.RDX ?? 0n
  gpr[RDI] = BigInt(DATA_BASE + WINDOW_OFFSET + OFFSET)
  const xmm = new Uint8Array(256)
  const ymmHigh = new Uint8Array(256)
  const wide = [c.in.YMM0, c.in.YMM1, c.in.YMM2]
  for (const [n, v] of [c.in.XMM0, c.in.XMM1, c.in.XMM2].entries()) {
    putVector(xmm, 16 * n, v ?? wide[n])
    putVector(ymmHigh, 16 * n, (wide[n] ?? 0n) >> 128n)
  }
  const mem = new Uint8Array(WINDOW_SIZE)
  putVector(mem, OFFSET, c.in.mem)
  return {
    code: fromHex(c.code.replaceAll(' ', '')),
    gpr,
    xmm,
    mem,
    rflags: RFLAGS.FIXED | RFLAGS.IF | (c.in.RFLAGS ?? 0),
    mxcsr: c.in.MXCSR ?? MXCSR_RESET,
    prot: ['rw', 'rw'],
    ...(Object.keys({ ...c.in, ...c.out }).some((k) => k.startsWith('YMM')) && { ymmHigh }),
  }
}

const wholeVector = (r: Pick<NativeResult, 'xmm' | 'ymmHigh'>, n: number): bigint =>
  ymm(vectorAt(r.xmm, 16 * n), vectorAt(r.ymmHigh ?? new Uint8Array(256), 16 * n))
const observed = (r: Pick<NativeResult, 'gpr' | 'xmm' | 'ymmHigh' | 'mxcsr' | 'rflags' | 'mem'>): Seen => ({
  RAX: r.gpr[RAX],
  RCX: r.gpr[RCX],
  RDX: r.gpr[RDX],
  XMM0: vectorAt(r.xmm, 0),
  XMM1: vectorAt(r.xmm, 16),
  XMM2: vectorAt(r.xmm, 32),
  YMM0: wholeVector(r, 0),
  YMM1: wholeVector(r, 1),
  YMM2: wholeVector(r, 2),
  MXCSR: r.mxcsr,
  RFLAGS: Number(r.rflags) & ARITHMETIC_MASK,
  mem: vectorAt(r.mem, OFFSET),
  memAt1: vectorAt(r.mem, OFFSET + 1),
})

/** What the case wants to be seen, and what was. */
export function judge(c: SseCase, s: NativeState, result: NativeResult): { wanted: Seen; seen: Seen } {
  const { fault, ...out } = c.out
  const given = Object.entries(out as Readonly<Record<string, bigint | number>>).map(([k, v]) => [
    k,
    typeof v === 'bigint' ? BigInt.asUintN(k.startsWith('R') ? 64 : k.startsWith('Y') ? 256 : 128, v) : v,
  ])
  const before = observed({ ...s, rflags: Number(s.rflags) })
  const wanted: Seen = {
    fault: fault && VECTOR[fault],
    ...(fault && { ...before, MXCSR: result.mxcsr }),
    ...(Object.fromEntries(given) as Seen),
  }
  const all: Seen = { ...observed(result), fault: result.fault?.vector }
  return { wanted, seen: Object.fromEntries(Object.keys(wanted).map((k) => [k, all[k]])) }
}
