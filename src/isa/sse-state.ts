/** LDMXCSR, STMXCSR, FXSAVE and FXRSTOR. */
import { fault, loadComponents, loadMxcsr, saveComponents, saveMxcsr } from '../cpu/index.ts'
import { MXCSR_MASK, XSAVE_LEGACY, XSTATE } from '../spec/x86/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { get, memory, put } from './operand.ts'
import { addressWithin } from './sse-operand.ts'

/** The rest of the image is reserved or the software's own: processors check that it is there and leave it alone. */
const WRITTEN_SIZE = XSAVE_LEGACY.fields.XMM.offset + XSAVE_LEGACY.fields.XMM.size
const LEGACY = XSTATE.X87 | XSTATE.SSE

/** The image's address, accessible. Processors look at the last byte before the first one. */
function imageAddress(e: Evaluator, i: Insn, access: 'R' | 'W'): number {
  const m = memory(i, 0)
  const address = e.address(m) as bigint
  // Unlike other aligned accesses, this one is checked to be canonical before anything else.
  if (BigInt.asUintN(64, BigInt.asIntN(48, address)) !== address) e.linear(address, 1, access)
  if (address % 16n) fault.GP(0)
  for (const end of [addressWithin(e, m, XSAVE_LEGACY.size - 1), address]) {
    const at = e.linear(end, 1, access)
    if (access === 'W') e.view.writable(at)
    else e.view.readable(at)
  }
  return Number(address)
}

/** The whole state as an image; both FXSAVE forms give it, as the pointers that they would show differently are zero. */
function fxsave(e: Evaluator, i: Insn): void {
  const at = imageAddress(e, i, 'W')
  const image = new Uint8Array(XSAVE_LEGACY.size)
  saveComponents(e.state, image, LEGACY)
  saveMxcsr(e.state, image)
  e.view.write(at, image.subarray(0, WRITTEN_SIZE))
}

function fxrstor(e: Evaluator, i: Insn): void {
  const image = e.view.read(imageAddress(e, i, 'R'), XSAVE_LEGACY.size)
  if (XSAVE_LEGACY.view(image).MXCSR & ~MXCSR_MASK) fault.GP(0)
  loadComponents(e.state, image, LEGACY)
  loadMxcsr(e.state, image)
}

// prettier-ignore
export const SSE_STATE: readonly Row[] = [
  { mnemonic: 'FXSAVE', opcode: 'NP 0F AE /0', operands: 'M', spec: 'FXSAVE—Save x87 FPU, MMX Technology, and SSE State', slow: fxsave },
  { mnemonic: 'FXSAVE64', opcode: 'NP REX.W + 0F AE /0', operands: 'M', spec: 'FXSAVE—Save x87 FPU, MMX Technology, and SSE State', slow: fxsave },
  { mnemonic: 'FXRSTOR', opcode: 'NP 0F AE /1', operands: 'M', spec: 'FXRSTOR—Restore x87 FPU, MMX, XMM, and MXCSR State', slow: fxrstor },
  { mnemonic: 'FXRSTOR64', opcode: 'NP REX.W + 0F AE /1', operands: 'M', spec: 'FXRSTOR—Restore x87 FPU, MMX, XMM, and MXCSR State', slow: fxrstor },
  { mnemonic: 'LDMXCSR', opcode: 'NP 0F AE /2', operands: 'Md', spec: 'LDMXCSR—Load MXCSR Register', op: (m, i) => m.setMxcsr(get(m, i, 0)) },
  { mnemonic: 'STMXCSR', opcode: 'NP 0F AE /3', operands: 'Md', spec: 'STMXCSR—Store MXCSR Register State', op: (m, i) => put(m, i, 0, m.mxcsr()) },
]
