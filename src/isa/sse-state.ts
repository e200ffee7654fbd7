/**
 * LDMXCSR, STMXCSR, FXSAVE and FXRSTOR. Of the x87 state the registers and the control, status and tag words are saved; STATE.X87_REGS
 * holds them by their physical numbers, the image by their places on the stack. [SDM-1 "x87 FPU State", SDM-2 "FXSAVE—Save x87 FPU,
 * MMX Technology, and SSE State"]
 *
 * Deviation: the last x87 opcode and its pointers (FOP, FIP, FDP) are not kept; FXSAVE writes zeros.
 */
import { fault, STATE } from '../cpu/index.ts'
import { MXCSR_MASK } from '../spec/x86/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { memory } from './operand.ts'
import { addressWithin } from './sse-operand.ts'

const IMAGE_SIZE = 512
/** The rest of the image is reserved or the software's own: processors check that it is there and leave it alone. */
const WRITTEN_SIZE = 416
// prettier-ignore
const IMAGE = { FCW: 0, FSW: 2, FTW: 4, MXCSR: 24, MXCSR_MASK: 28, ST: 32, XMM: 160 } as const
const EMPTY = 3
const STATUS = STATE.X87 + 2
const TAGS = STATE.X87 + 4

const loadMxcsr = (e: Evaluator, i: Insn): void => {
  const value = e.load(32, e.address(memory(i, 0))) as number
  if (value & ~MXCSR_MASK) fault.GP(0)
  e.state.mxcsr = value
}
const storeMxcsr = (e: Evaluator, i: Insn): void => e.store(32, e.address(memory(i, 0)), e.state.mxcsr)

/** The image's address, accessible. Processors look at the last byte before the first one. */
function imageAddress(e: Evaluator, i: Insn, access: 'R' | 'W'): number {
  const m = memory(i, 0)
  const address = e.address(m) as bigint
  // Unlike other aligned accesses, this one is checked to be canonical before anything else.
  if (BigInt.asUintN(64, BigInt.asIntN(48, address)) !== address) e.linear(address, 1, access)
  if (address % 16n) fault.GP(0)
  for (const end of [addressWithin(e, m, IMAGE_SIZE - 1), address]) {
    const at = e.linear(end, 1, access)
    if (access === 'W') e.view.writable(at)
    else e.view.readable(at)
  }
  return Number(address)
}

/** TOP, the physical number of ST(0). */
const topOf = (status: number): number => (status >> 11) & 7

/** The whole state as an image; both FXSAVE forms give it, as the pointers that they would show differently are zero. */
function fxsave(e: Evaluator, i: Insn): void {
  const at = imageAddress(e, i, 'W')
  const { dv, u8 } = e.state.ram
  const image = new Uint8Array(WRITTEN_SIZE)
  const out = new DataView(image.buffer)
  const status = dv.getUint16(STATUS, true)
  const tags = dv.getUint16(TAGS, true)
  out.setUint16(IMAGE.FCW, dv.getUint16(STATE.X87, true), true)
  out.setUint16(IMAGE.FSW, status, true)
  for (let n = 0; n < 8; n++) {
    if (((tags >> (2 * n)) & 3) !== EMPTY) image[IMAGE.FTW] = (image[IMAGE.FTW] ?? 0) | (1 << n)
    const from = STATE.X87_REGS + 16 * ((topOf(status) + n) & 7)
    image.set(u8.subarray(from, from + 10), IMAGE.ST + 16 * n)
  }
  out.setUint32(IMAGE.MXCSR, e.state.mxcsr, true)
  out.setUint32(IMAGE.MXCSR_MASK, MXCSR_MASK, true)
  image.set(u8.subarray(STATE.XMM, STATE.XMM + 256), IMAGE.XMM)
  e.view.write(at, image)
}

function fxrstor(e: Evaluator, i: Insn): void {
  const image = e.view.read(imageAddress(e, i, 'R'), IMAGE_SIZE)
  const source = new DataView(image.buffer)
  const mxcsr = source.getUint32(IMAGE.MXCSR, true)
  if (mxcsr & ~MXCSR_MASK) fault.GP(0)
  const { dv, u8 } = e.state.ram
  // Bit 6 of the control word always reads as 1, the reserved ones as 0.
  const control = (source.getUint16(IMAGE.FCW, true) & 0x1f3f) | 0x40
  // ES and B are not stored: they say that an unmasked exception is pending.
  const raised = source.getUint16(IMAGE.FSW, true) & 0x7f7f
  const status = raised & ~control & 0x3f ? raised | 0x8080 : raised
  let tags = 0
  for (let n = 0; n < 8; n++) {
    const physical = (topOf(status) + n) & 7
    const from = IMAGE.ST + 16 * n
    u8.set(image.subarray(from, from + 10), STATE.X87_REGS + 16 * physical)
    u8.fill(0, STATE.X87_REGS + 16 * physical + 10, STATE.X87_REGS + 16 * physical + 16)
  }
  for (let n = 0; n < 8; n++) {
    const present = ((image[IMAGE.FTW] ?? 0) >> n) & 1
    tags |= (present ? tagOf(dv, STATE.X87_REGS + 16 * n) : EMPTY) << (2 * n)
  }
  dv.setUint16(STATE.X87, control, true)
  dv.setUint16(STATUS, status, true)
  dv.setUint16(TAGS, tags, true)
  u8.set(image.subarray(IMAGE.XMM, IMAGE.XMM + 256), STATE.XMM)
  e.state.mxcsr = mxcsr
}

/** The image has one bit for each register; the rest of the tag follows from the value: valid 0, zero 1, special 2. */
function tagOf(dv: DataView, at: number): number {
  const exponent = dv.getUint16(at + 8, true) & 0x7fff
  const significand = dv.getBigUint64(at, true)
  if (exponent === 0 && significand === 0n) return 1
  return exponent === 0 || exponent === 0x7fff || significand >> 63n === 0n ? 2 : 0
}

// prettier-ignore
export const SSE_STATE: readonly Row[] = [
  { mnemonic: 'FXSAVE', opcode: 'NP 0F AE /0', operands: 'M', spec: 'FXSAVE—Save x87 FPU, MMX Technology, and SSE State', slow: fxsave },
  { mnemonic: 'FXSAVE64', opcode: 'NP REX.W + 0F AE /0', operands: 'M', spec: 'FXSAVE—Save x87 FPU, MMX Technology, and SSE State', slow: fxsave },
  { mnemonic: 'FXRSTOR', opcode: 'NP 0F AE /1', operands: 'M', spec: 'FXRSTOR—Restore x87 FPU, MMX, XMM, and MXCSR State', slow: fxrstor },
  { mnemonic: 'FXRSTOR64', opcode: 'NP REX.W + 0F AE /1', operands: 'M', spec: 'FXRSTOR—Restore x87 FPU, MMX, XMM, and MXCSR State', slow: fxrstor },
  { mnemonic: 'LDMXCSR', opcode: 'NP 0F AE /2', operands: 'Md', spec: 'LDMXCSR—Load MXCSR Register', slow: loadMxcsr },
  { mnemonic: 'STMXCSR', opcode: 'NP 0F AE /3', operands: 'Md', spec: 'STMXCSR—Store MXCSR Register State', slow: storeMxcsr },
]
