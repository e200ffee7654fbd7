/** The x87 part of an FXSAVE image: its first 160 bytes but MXCSR. [SDM-2 "FXSAVE—Save x87 FPU, MMX Technology, and SSE State"] */
import { STATE, type CpuState } from '../cpu/index.ts'
import { controlWord, EMPTY, tagOf, withSummary } from './x87-state.ts'

const IMAGE = { FCW: 0, FSW: 2, FTW: 4, ST: 32 } as const
const TAGS = STATE.X87 + 4

/** TOP, the physical number of ST(0). */
const topOf = (status: number): number => (status >> 11) & 7

/** Registers go by their places on the stack, tags by physical numbers. */
export function saveX87Image(state: CpuState, image: Uint8Array): void {
  const { dv, u8 } = state.ram
  const out = new DataView(image.buffer, image.byteOffset)
  const status = dv.getUint16(STATE.X87 + 2, true)
  const tags = dv.getUint16(TAGS, true)
  out.setUint16(IMAGE.FCW, dv.getUint16(STATE.X87, true), true)
  out.setUint16(IMAGE.FSW, status, true)
  for (let n = 0; n < 8; n++) {
    if (((tags >> (2 * n)) & 3) !== EMPTY) image[IMAGE.FTW] = (image[IMAGE.FTW] ?? 0) | (1 << n)
    const from = STATE.X87_REGS + 16 * ((topOf(status) + n) & 7)
    image.set(u8.subarray(from, from + 10), IMAGE.ST + 16 * n)
  }
}

export function loadX87Image(state: CpuState, image: Uint8Array): void {
  const { dv, u8 } = state.ram
  const source = new DataView(image.buffer, image.byteOffset)
  const control = controlWord(source.getUint16(IMAGE.FCW, true))
  const status = withSummary(source.getUint16(IMAGE.FSW, true), control)
  for (let n = 0; n < 8; n++) {
    const at = STATE.X87_REGS + 16 * ((topOf(status) + n) & 7)
    u8.set(image.subarray(IMAGE.ST + 16 * n, IMAGE.ST + 16 * n + 10), at)
    u8.fill(0, at + 10, at + 16)
  }
  // The image has one bit for each register; the rest of the tag follows from the value.
  let tags = 0
  for (let n = 0; n < 8; n++) {
    const at = STATE.X87_REGS + 16 * n
    const value = (BigInt(dv.getUint16(at + 8, true)) << 64n) | dv.getBigUint64(at, true)
    tags |= (((image[IMAGE.FTW] ?? 0) >> n) & 1 ? tagOf(value) : EMPTY) << (2 * n)
  }
  dv.setUint16(STATE.X87, control, true)
  dv.setUint16(STATE.X87 + 2, status, true)
  dv.setUint16(TAGS, tags, true)
}
