/**
 * The x87 part of an FXSAVE image or XSAVE area: its first 160 bytes but MXCSR. [SDM-2 "FXSAVE—Save x87 FPU, MMX Technology, and SSE State",
 * SDM-1 "x87 FPU State"]
 *
 * Deviation: the last x87 opcode and its pointers (FOP, FIP, FDP) are not kept; they are zero in every image.
 */
import { EMPTY, FCW as CONTROL, FCW_DEFINED, FCW_FIXED, FSW as STATUS, XSAVE_LEGACY } from '../spec/x86/index.ts'
import { STATE } from './layout.ts'
import type { CpuState } from './state.ts'

const { FCW, FSW, FTW, MXCSR, ST } = XSAVE_LEGACY.fields
const TAGS = STATE.X87 + 4

/** Bit 6 of the control word always reads as 1, the reserved bits as 0. */
export const controlWord = (value: number): number => (value & FCW_DEFINED) | FCW_FIXED

/** ES and B say that an unmasked exception is pending: they follow from the rest. */
export const withSummary = (status: number, control: number): number =>
  status & ~control & CONTROL.MASKS ? status | STATUS.ES | STATUS.B : status & ~(STATUS.ES | STATUS.B)

/** The tag of a register that is not empty: valid 0, zero 1, special 2. [SDM-1 "x87 FPU Tag Word"] */
export function tagOf(value: bigint): number {
  const exponent = Number(value >> 64n) & 0x7fff
  const significand = BigInt.asUintN(64, value)
  if (exponent === 0 && significand === 0n) return 1
  return exponent === 0 || exponent === 0x7fff || significand >> 63n === 0n ? 2 : 0
}

/** TOP, the physical number of ST(0). */
const topOf = (status: number): number => (status >> 11) & 7

/** Writes bytes 0 to 23 and 32 to 159: registers go by their places on the stack, tags by physical numbers. */
export function saveX87Image(state: CpuState, image: Uint8Array): void {
  image.fill(0, 0, MXCSR.offset)
  image.fill(0, ST.offset, ST.offset + ST.size)
  const { dv, u8 } = state.ram
  const out = new DataView(image.buffer, image.byteOffset)
  const status = dv.getUint16(STATE.X87 + 2, true)
  const tags = dv.getUint16(TAGS, true)
  out.setUint16(FCW.offset, dv.getUint16(STATE.X87, true), true)
  out.setUint16(FSW.offset, status, true)
  for (let n = 0; n < 8; n++) {
    if (((tags >> (2 * n)) & 3) !== EMPTY) image[FTW.offset] = (image[FTW.offset] ?? 0) | (1 << n)
    const from = STATE.X87_REGS + 16 * ((topOf(status) + n) & 7)
    image.set(u8.subarray(from, from + 10), ST.offset + 16 * n)
  }
}

export function loadX87Image(state: CpuState, image: Uint8Array): void {
  const { dv, u8 } = state.ram
  const source = new DataView(image.buffer, image.byteOffset)
  const control = controlWord(source.getUint16(FCW.offset, true))
  const status = withSummary(source.getUint16(FSW.offset, true), control)
  for (let n = 0; n < 8; n++) {
    const at = STATE.X87_REGS + 16 * ((topOf(status) + n) & 7)
    u8.set(image.subarray(ST.offset + 16 * n, ST.offset + 16 * n + 10), at)
    u8.fill(0, at + 10, at + 16)
  }
  // The image has one bit for each register; the rest of the tag follows from the value.
  let tags = 0
  for (let n = 0; n < 8; n++) {
    const at = STATE.X87_REGS + 16 * n
    const value = (BigInt(dv.getUint16(at + 8, true)) << 64n) | dv.getBigUint64(at, true)
    tags |= (((image[FTW.offset] ?? 0) >> n) & 1 ? tagOf(value) : EMPTY) << (2 * n)
  }
  dv.setUint16(STATE.X87, control, true)
  dv.setUint16(STATE.X87 + 2, status, true)
  dv.setUint16(TAGS, tags, true)
}
