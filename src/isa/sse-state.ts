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
import { loadX87Image, saveX87Image } from './x87-image.ts'

const IMAGE_SIZE = 512
/** The rest of the image is reserved or the software's own: processors check that it is there and leave it alone. */
const WRITTEN_SIZE = 416
// prettier-ignore
const IMAGE = { MXCSR: 24, MXCSR_MASK: 28, XMM: 160 } as const

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

/** The whole state as an image; both FXSAVE forms give it, as the pointers that they would show differently are zero. */
function fxsave(e: Evaluator, i: Insn): void {
  const at = imageAddress(e, i, 'W')
  const image = new Uint8Array(WRITTEN_SIZE)
  const out = new DataView(image.buffer)
  saveX87Image(e.state, image)
  out.setUint32(IMAGE.MXCSR, e.state.mxcsr, true)
  out.setUint32(IMAGE.MXCSR_MASK, MXCSR_MASK, true)
  image.set(e.state.ram.u8.subarray(STATE.XMM, STATE.XMM + 256), IMAGE.XMM)
  e.view.write(at, image)
}

function fxrstor(e: Evaluator, i: Insn): void {
  const image = e.view.read(imageAddress(e, i, 'R'), IMAGE_SIZE)
  const source = new DataView(image.buffer)
  const mxcsr = source.getUint32(IMAGE.MXCSR, true)
  if (mxcsr & ~MXCSR_MASK) fault.GP(0)
  loadX87Image(e.state, image)
  e.state.ram.u8.set(image.subarray(IMAGE.XMM, IMAGE.XMM + 256), STATE.XMM)
  e.state.mxcsr = mxcsr
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
