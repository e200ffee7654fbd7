import { PAGE_SIZE, STATE, type CpuState } from '../cpu/index.ts'
import { MXCSR_MASK } from '../spec/x86/index.ts'
import { XSAVE_HEADER, XSAVE_LEGACY } from '../spec/sgx/index.ts'

/**
 * The XSAVE area of an SSA frame, standard format as with REX.W: x87 and SSE in the legacy region, then the header ("Processor
 * Extended States and AEX"). The processor has no further components yet.
 */

const LEGACY_BYTES = XSAVE_LEGACY.size
const X87_COMPONENT = 1n
const SSE_COMPONENT = 2n
const REGISTER_STRIDE = 16
const REGISTER_BYTES = 10

/** Values of FCW, FSW and MXCSR that differ from the INIT state after an asynchronous exit. */
export interface X87Synthetic {
  readonly FCW: number
  readonly FSW: number
  readonly MXCSR: number
}

const x87 = (state: CpuState): { FCW: number; FSW: number; FTW: number } => {
  const at = STATE.X87 / 2
  const { u16 } = state.ram
  return { FCW: u16[at] ?? 0, FSW: u16[at + 1] ?? 0, FTW: u16[at + 2] ?? 0 }
}

/** ST(i) is physical register (TOP + i) mod 8. */
const physical = (FSW: number, i: number): number => (((FSW >> 11) & 7) + i) & 7
const x87Register = (state: CpuState, n: number): Uint8Array => {
  const at = STATE.X87_REGS + REGISTER_STRIDE * n
  return state.ram.u8.subarray(at, at + REGISTER_BYTES)
}

/** XSAVE of the components in XFRM. Bytes 464 to 511 stay as they are, as XSAVE leaves them. */
export function saveXsave(state: CpuState, area: Uint8Array, XFRM: bigint): void {
  const legacy = XSAVE_LEGACY.view(area)
  const { FCW, FSW, FTW } = x87(state)
  legacy.FCW = FCW
  legacy.FSW = FSW
  let abridged = 0
  for (let n = 0; n < 8; n++) if (((FTW >> (2 * n)) & 3) !== 3) abridged |= 1 << n
  legacy.FTW = abridged
  area[5] = 0
  legacy.FOP = 0
  legacy.FIP = 0n
  legacy.FDP = 0n
  legacy.MXCSR = state.mxcsr
  legacy.MXCSR_MASK = MXCSR_MASK
  legacy.ST.fill(0)
  for (let i = 0; i < 8; i++) legacy.ST.set(x87Register(state, physical(FSW, i)), REGISTER_STRIDE * i)
  for (let n = 0; n < 16; n++) legacy.XMM.set(state.xmm(n), 16 * n)
  const header = XSAVE_HEADER.view(area, LEGACY_BYTES)
  header.XSTATE_BV = XFRM & (X87_COMPONENT | SSE_COMPONENT)
  header.XCOMP_BV = 0n
  header.RESERVED.fill(0, 0, 8)
}

/** Would XRSTOR of the area raise #GP? The condition that does not hold, or undefined. */
export function xrstorProblem(area: Uint8Array, XFRM: bigint): string | undefined {
  const header = XSAVE_HEADER.view(area, LEGACY_BYTES)
  if ((header.XSTATE_BV & ~XFRM) !== 0n) return 'XSTATE_BV is a subset of SECS.ATTRIBUTES.XFRM'
  if (area.subarray(LEGACY_BYTES + 8, LEGACY_BYTES + 24).some((b) => b !== 0)) {
    return 'offsets 520-535 of the XSAVE area are 0'
  }
  if ((XSAVE_LEGACY.view(area).MXCSR & ~MXCSR_MASK) !== 0) return 'no reserved bit of MXCSR is set'
  return undefined
}

/** XRSTOR of the components in XFRM. Preconditions: xrstorProblem found none. */
export function restoreXsave(state: CpuState, area: Uint8Array): void {
  const legacy = XSAVE_LEGACY.view(area)
  const { XSTATE_BV } = XSAVE_HEADER.view(area, LEGACY_BYTES)
  initX87(state)
  if (XSTATE_BV & X87_COMPONENT) {
    for (let i = 0; i < 8; i++) {
      const from = REGISTER_STRIDE * i
      x87Register(state, physical(legacy.FSW, i)).set(legacy.ST.subarray(from, from + REGISTER_BYTES))
    }
    setX87(state, legacy.FCW, legacy.FSW, fullTagWord(state, legacy.FTW))
  }
  for (let n = 0; n < 16; n++) {
    if (XSTATE_BV & SSE_COMPONENT) state.xmm(n).set(legacy.XMM.subarray(16 * n, 16 * n + 16))
    else state.xmm(n).fill(0)
  }
  // The standard form loads MXCSR whether XSTATE_BV[1] is set or not (volume 1, "Standard Form of XRSTOR").
  state.mxcsr = legacy.MXCSR
}

/** The INIT state of x87 and SSE, with the exceptions that an asynchronous exit makes. */
export function synthesize(state: CpuState, { FCW, FSW, MXCSR }: X87Synthetic): void {
  initX87(state)
  setX87(state, FCW, FSW, 0xffff)
  for (let n = 0; n < 16; n++) state.xmm(n).fill(0)
  state.mxcsr = MXCSR
}

function initX87(state: CpuState): void {
  setX87(state, 0x37f, 0, 0xffff)
  for (let n = 0; n < 8; n++) x87Register(state, n).fill(0)
}

function setX87(state: CpuState, FCW: number, FSW: number, FTW: number): void {
  const at = STATE.X87 / 2
  const { u16 } = state.ram
  u16[at] = FCW
  u16[at + 1] = FSW
  u16[at + 2] = FTW
}

/** Volume 1, "x87 FPU Tag Word", from the abridged form: 0 valid, 1 zero, 2 special, 3 empty. */
function fullTagWord(state: CpuState, abridged: number): number {
  let tags = 0
  for (let n = 0; n < 8; n++) tags |= (abridged & (1 << n) ? tagOf(x87Register(state, n)) : 3) << (2 * n)
  return tags
}

function tagOf(register: Uint8Array): number {
  const exponent = ((register[9] ?? 0) & 0x7f) * 256 + (register[8] ?? 0)
  if (exponent === 0 && register.subarray(0, 8).every((b) => b === 0)) return 1
  const integerBit = ((register[7] ?? 0) & 0x80) !== 0
  return exponent === 0 || exponent === 0x7fff || !integerBit ? 2 : 0
}

/** The XSAVE area is at the start of the frame's first page and fits in it: what is supported ends at 576 bytes. */
export const xsaveArea = (state: CpuState, frame: number): Uint8Array => state.ram.u8.subarray(frame, frame + PAGE_SIZE)
