import { PAGE_SIZE, STATE, type CpuState } from '../cpu/index.ts'
import { MXCSR_MASK } from '../spec/x86/index.ts'
import { XSAVE_HEADER, XSAVE_LEGACY } from '../spec/sgx/index.ts'

/**
 * The XSAVE area of an SSA frame, standard format as with REX.W: x87 and SSE in the legacy region, then the header ("Processor
 * Extended States and AEX"). The processor has no further components yet.
 */

const LEGACY = XSAVE_LEGACY.fields
const HEADER = XSAVE_HEADER.fields
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
/** Byte offset of a physical register. */
const x87Register = (n: number): number => STATE.X87_REGS + REGISTER_STRIDE * n

/** XSAVE of the components in XFRM at byte offset `at`. Bytes 464 to 511 stay as they are, as XSAVE leaves them. */
export function saveXsave(state: CpuState, at: number, XFRM: bigint): void {
  const { dv, u8 } = state.ram
  const { FCW, FSW, FTW } = x87(state)
  let abridged = 0
  for (let n = 0; n < 8; n++) if (((FTW >> (2 * n)) & 3) !== 3) abridged |= 1 << n
  u8.fill(0, at, at + LEGACY.XMM.offset)
  dv.setUint16(at + LEGACY.FCW.offset, FCW, true)
  dv.setUint16(at + LEGACY.FSW.offset, FSW, true)
  dv.setUint8(at + LEGACY.FTW.offset, abridged)
  dv.setUint32(at + LEGACY.MXCSR.offset, state.mxcsr, true)
  dv.setUint32(at + LEGACY.MXCSR_MASK.offset, MXCSR_MASK, true)
  for (let i = 0; i < 8; i++) {
    const from = x87Register(physical(FSW, i))
    u8.copyWithin(at + LEGACY.ST.offset + REGISTER_STRIDE * i, from, from + REGISTER_BYTES)
  }
  u8.copyWithin(at + LEGACY.XMM.offset, STATE.XMM, STATE.XMM + LEGACY.XMM.size)
  const header = at + LEGACY_BYTES
  dv.setBigUint64(header + HEADER.XSTATE_BV.offset, XFRM & (X87_COMPONENT | SSE_COMPONENT), true)
  u8.fill(0, header + HEADER.XCOMP_BV.offset, header + 24)
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

/** XRSTOR of the components in XFRM from byte offset `at`. Preconditions: xrstorProblem found none. */
export function restoreXsave(state: CpuState, at: number): void {
  const { dv, u8 } = state.ram
  const XSTATE_BV = dv.getBigUint64(at + LEGACY_BYTES + HEADER.XSTATE_BV.offset, true)
  initX87(state)
  if (XSTATE_BV & X87_COMPONENT) {
    const FSW = dv.getUint16(at + LEGACY.FSW.offset, true)
    for (let i = 0; i < 8; i++) {
      const from = at + LEGACY.ST.offset + REGISTER_STRIDE * i
      u8.copyWithin(x87Register(physical(FSW, i)), from, from + REGISTER_BYTES)
    }
    const FTW = fullTagWord(state, dv.getUint8(at + LEGACY.FTW.offset))
    setX87(state, dv.getUint16(at + LEGACY.FCW.offset, true), FSW, FTW)
  }
  if (XSTATE_BV & SSE_COMPONENT) {
    u8.copyWithin(STATE.XMM, at + LEGACY.XMM.offset, at + LEGACY.XMM.offset + LEGACY.XMM.size)
  } else {
    u8.fill(0, STATE.XMM, STATE.XMM + LEGACY.XMM.size)
  }
  // The standard form loads MXCSR whether XSTATE_BV[1] is set or not (volume 1, "Standard Form of XRSTOR").
  state.mxcsr = dv.getUint32(at + LEGACY.MXCSR.offset, true)
}

/** The INIT state of x87 and SSE, with the exceptions that an asynchronous exit makes. */
export function synthesize(state: CpuState, { FCW, FSW, MXCSR }: X87Synthetic): void {
  initX87(state)
  setX87(state, FCW, FSW, 0xffff)
  state.ram.u8.fill(0, STATE.XMM, STATE.XMM + LEGACY.XMM.size)
  state.mxcsr = MXCSR
}

function initX87(state: CpuState): void {
  setX87(state, 0x37f, 0, 0xffff)
  state.ram.u8.fill(0, STATE.X87_REGS, STATE.X87_REGS + 8 * REGISTER_STRIDE)
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
  for (let n = 0; n < 8; n++)
    tags |=
      (abridged & (1 << n) ? tagOf(state.ram.u8.subarray(x87Register(n), x87Register(n) + REGISTER_BYTES)) : 3) <<
      (2 * n)
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
