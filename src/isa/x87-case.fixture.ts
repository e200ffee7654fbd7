/** Hand-written cases of the x87 families: a stack, what an instruction makes of it, and the status flags that tell of it. */
import { DATA_BASE, WINDOW_OFFSET, WINDOW_SIZE, type NativeResult, type NativeState } from '../../test/native/oracle.ts'
import { fromHex, toHex } from '../base/index.ts'
import { RAX, RDI, RFLAGS, VECTOR, FCW_RESET, FSW } from '../spec/x86/index.ts'
import { exactly } from './softfloat/extended.ts'
import { DOUBLE, unpack } from './softfloat/format.ts'
import type { Seen } from './case.fixture.ts'
import { putVector, vectorAt } from './sse-case.fixture.ts'

/** Where [rdi] points. */
const OFFSET = 64
const MEM = BigInt(DATA_BASE + WINDOW_OFFSET + OFFSET)

/** A number, or the 80 bits of what is none. */
export type X87Value = number | bigint

interface X87Registers {
  /** ST(0) first; all others are empty. */
  readonly ST?: readonly X87Value[]
  readonly FCW?: number
  /** Names of status flags: 'PE C1'. TOP follows from the stack. */
  readonly FSW?: string
  readonly RAX?: bigint
  readonly RFLAGS?: number
  readonly XMM0?: bigint
  /** Hex bytes at [rdi]. */
  readonly mem?: string
}

export interface X87Case {
  /** As insnText prints it. */
  readonly asm: string
  readonly code: string
  /** Not given: an empty stack, no status flag, the control word of FNINIT, zeros. */
  readonly in: X87Registers
  /** `ST`, `FSW` and `FCW` that are not given stay; the others are not looked at then. `TOP`: of an empty stack, where it is not 0. */
  readonly out: X87Registers & { readonly fault?: 'MF'; readonly TOP?: number }
  readonly why: string
}

/** What an invalid operation gives. */
export const INDEFINITE = 0xffff_c000_0000_0000_0000n
export const QNAN = 0x7fff_c000_0000_0000_1234n
export const SNAN = 0x7fff_8000_0000_0000_1234n
export const DENORMAL = 1n
/** The largest number, the smallest normal one, and one unit above 1. */
export const LARGEST = 0x7ffe_ffff_ffff_ffff_ffffn
export const SMALLEST = 0x0001_8000_0000_0000_0000n
export const ABOVE_ONE = 0x3fff_8000_0000_0000_0001n

const doubleBits = new DataView(new ArrayBuffer(8))
function bitsOf(v: X87Value): bigint {
  if (typeof v === 'bigint') return v
  doubleBits.setFloat64(0, v)
  return exactly(unpack(DOUBLE, doubleBits.getBigUint64(0)))
}
/** The bytes of a value in memory: a single, a double, an extended real. */
export const m32 = (v: number): string => toHex(new Uint8Array(Float32Array.of(v).buffer))
export const m64 = (v: number): string => toHex(new Uint8Array(Float64Array.of(v).buffer))
export function m80(v: X87Value): string {
  const bytes = new DataView(new ArrayBuffer(10))
  bytes.setBigUint64(0, BigInt.asUintN(64, bitsOf(v)), true)
  bytes.setUint16(8, Number(bitsOf(v) >> 64n), true)
  return toHex(new Uint8Array(bytes.buffer))
}

const statusBits = (names: string | undefined): number =>
  (names ?? '').split(' ').reduce((bits, name) => bits | (FSW[name as keyof typeof FSW] ?? 0), 0)
const statusText = (status: number): string =>
  Object.entries(FSW)
    .filter(([name, bit]) => name !== 'TOP' && status & bit)
    .map(([name]) => name)
    .join(' ')

export function stateOf(c: X87Case): NativeState {
  const gpr = new BigUint64Array(16)
  gpr[RAX] = c.in.RAX ?? 0n
  gpr[RDI] = MEM
  const mem = new Uint8Array(WINDOW_SIZE)
  mem.set(fromHex((c.in.mem ?? '').replaceAll(' ', '')), OFFSET)
  const xmm = new Uint8Array(256)
  putVector(xmm, 0, c.in.XMM0)
  const stack = c.in.ST ?? []
  const top = (8 - stack.length) & 7
  const x87 = new Uint8Array(160)
  const image = new DataView(x87.buffer)
  image.setUint16(0, c.in.FCW ?? FCW_RESET, true)
  image.setUint16(2, statusBits(c.in.FSW) | (top << 11), true)
  stack.forEach((v, k) => {
    x87[4] = (x87[4] ?? 0) | (1 << ((top + k) & 7))
    x87.set(fromHex(m80(v)), 32 + 16 * k)
  })
  return {
    code: fromHex(c.code.replaceAll(' ', '')),
    gpr,
    mem,
    x87,
    rflags: RFLAGS.FIXED | RFLAGS.IF | (c.in.RFLAGS ?? 0),
    mxcsr: 0x1f80,
    xmm,
    prot: ['rw', 'rw'],
  }
}

const hex80 = (v: bigint): string => v.toString(16).padStart(20, '0')

/** What the case wants to be seen, and what was. */
export function judge(c: X87Case, s: NativeState, result: NativeResult): { wanted: Seen; seen: Seen } {
  const image = result.x87 ?? new Uint8Array(160)
  const view = new DataView(image.buffer, image.byteOffset, 160)
  const status = view.getUint16(2, true)
  const top = (status >> 11) & 7
  const stack: string[] = []
  for (let k = 0; k < 8 && ((image[4] ?? 0) >> ((top + k) & 7)) & 1; k++)
    stack.push(hex80((BigInt(view.getUint16(40 + 16 * k, true)) << 64n) | view.getBigUint64(32 + 16 * k, true)))
  const size = (c.out.mem ?? '').replaceAll(' ', '').length / 2
  const wanted = {
    ST: (c.out.ST ?? c.in.ST ?? []).map((v) => hex80(bitsOf(v))),
    FSW: statusText(statusBits(c.out.FSW ?? c.in.FSW)),
    FCW: c.out.FCW ?? c.in.FCW ?? FCW_RESET,
    fault: c.out.fault === undefined ? undefined : VECTOR[c.out.fault],
    ...(c.out.TOP !== undefined && { TOP: c.out.TOP }),
    ...(c.out.RAX !== undefined && { RAX: c.out.RAX }),
    ...(c.out.RFLAGS !== undefined && { RFLAGS: c.out.RFLAGS }),
    ...(c.out.XMM0 !== undefined && { XMM0: c.out.XMM0 }),
    ...(c.out.mem !== undefined && { mem: c.out.mem.replaceAll(' ', '') }),
  }
  const all: Seen = {
    ST: stack,
    FSW: statusText(status),
    FCW: view.getUint16(0, true),
    fault: result.fault?.vector,
    TOP: top,
    RAX: result.gpr[RAX],
    RFLAGS: result.rflags & (RFLAGS.CF | RFLAGS.PF | RFLAGS.ZF | RFLAGS.OF | RFLAGS.SF | RFLAGS.AF),
    XMM0: vectorAt(result.xmm, 0),
    mem: toHex(result.mem.slice(OFFSET, OFFSET + size)),
  }
  return { wanted, seen: Object.fromEntries(Object.keys(wanted).map((k) => [k, all[k]])) }
}
