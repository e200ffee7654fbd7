/** XSAVE, XSAVEOPT, XSAVEC, XRSTOR and XGETBV. [SDM-1 "Managing State Using the XSAVE Feature Set"] */
import {
  componentsInUse,
  fault,
  restoreArea,
  saveComponents,
  saveMxcsr,
  XSAVE_AREA_SIZE,
  xrstorFaults,
} from '../cpu/index.ts'
import {
  MXCSR_RESET,
  RAX,
  RCX,
  RDX,
  XCOMP_COMPACTED,
  XSAVE_HEADER,
  XSAVE_HEADER_AT,
  XSTATE,
} from '../spec/x86/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { memory } from './operand.ts'

const ALIGNMENT = 64n
const HEADER_END = XSAVE_HEADER_AT + XSAVE_HEADER.size

/** RFBM: the enabled components that EDX:EAX asks for. */
function requested(e: Evaluator): bigint {
  const mask = ((e.reg(64, RDX) as bigint) << 32n) | BigInt.asUintN(32, e.reg(64, RAX) as bigint)
  return mask & e.state.xcr0
}

function areaAddress(e: Evaluator, i: Insn): bigint {
  const address = e.address(memory(i, 0)) as bigint
  // Checked to be canonical before it is checked to be aligned, as with FXSAVE.
  if (BigInt.asUintN(64, BigInt.asIntN(48, address)) !== address) e.linear(address, 1, 'R')
  if (address % ALIGNMENT) fault.GP(0)
  return address
}

/**
 * `size` bytes from the area's beginning on, all accessible: they lie in two pages at most. Processors look at the last byte before the
 * first one.
 */
function accessible(e: Evaluator, address: bigint, size: number, access: 'R' | 'W'): number {
  const at = e.linear(address, size, access)
  for (const end of [at + size - 1, at]) {
    if (access === 'W') e.view.writable(end)
    else e.view.readable(end)
  }
  return at
}

/**
 * What an instruction of the XSAVE kind writes: components (for XSAVEOPT and XSAVEC not those in their initial configuration), then the
 * header's words. `written` decides; the rest of the area stays as it is.
 */
const save =
  (kind: 'XSAVE' | 'XSAVEOPT' | 'XSAVEC') =>
  (e: Evaluator, i: Insn): void => {
    const { state } = e
    const address = areaAddress(e, i)
    const RFBM = requested(e)
    // To XSAVEC, SSE is in its initial configuration only while MXCSR is, too.
    const withMxcsr = kind === 'XSAVEC' && state.mxcsr !== MXCSR_RESET ? XSTATE.SSE : 0n
    const inUse = componentsInUse(state) | withMxcsr
    const written = kind === 'XSAVE' ? RFBM : RFBM & inUse
    const size = RFBM & XSTATE.AVX ? XSAVE_AREA_SIZE : HEADER_END
    const at = accessible(e, address, size, 'W')
    const area = e.view.read(at, size)
    saveComponents(state, area, written)
    const carriesMxcsr = kind === 'XSAVEC' ? written & XSTATE.SSE : RFBM & (XSTATE.SSE | XSTATE.AVX)
    if (carriesMxcsr) saveMxcsr(state, area)
    const header = XSAVE_HEADER.view(area, XSAVE_HEADER_AT)
    if (kind === 'XSAVEC') {
      header.XSTATE_BV = RFBM & inUse
      header.XCOMP_BV = RFBM | XCOMP_COMPACTED
    } else header.XSTATE_BV = (header.XSTATE_BV & ~RFBM) | (inUse & RFBM)
    e.view.write(at, area)
  }

function xrstor(e: Evaluator, i: Insn): void {
  const address = areaAddress(e, i)
  const RFBM = requested(e)
  const size = RFBM & XSTATE.AVX ? XSAVE_AREA_SIZE : HEADER_END
  const area = new Uint8Array(XSAVE_AREA_SIZE)
  area.set(e.view.read(accessible(e, address, size, 'R'), size))
  if (xrstorFaults(e.state, area, RFBM)) fault.GP(0)
  restoreArea(e.state, area, RFBM)
}

/** XCR0, or the components in use (ECX = 1). */
function xgetbv(e: Evaluator): void {
  const n = e.reg(32, RCX) as number
  if (n > 1) fault.GP(0)
  const value = n === 0 ? e.state.xcr0 : e.state.xcr0 & componentsInUse(e.state)
  e.setReg(32, RAX, Number(BigInt.asUintN(32, value)))
  e.setReg(32, RDX, Number(value >> 32n))
}

// prettier-ignore
export const XSAVE: readonly Row[] = [
  { mnemonic: 'XSAVE', opcode: 'NP 0F AE /4', operands: 'M', spec: 'XSAVE—Save Processor Extended States', feature: 'XSAVE', slow: save('XSAVE') },
  { mnemonic: 'XSAVE64', opcode: 'NP REX.W + 0F AE /4', operands: 'M', spec: 'XSAVE—Save Processor Extended States', feature: 'XSAVE', slow: save('XSAVE') },
  { mnemonic: 'XRSTOR', opcode: 'NP 0F AE /5', operands: 'M', spec: 'XRSTOR—Restore Processor Extended States', feature: 'XSAVE', slow: xrstor },
  { mnemonic: 'XRSTOR64', opcode: 'NP REX.W + 0F AE /5', operands: 'M', spec: 'XRSTOR—Restore Processor Extended States', feature: 'XSAVE', slow: xrstor },
  { mnemonic: 'XSAVEOPT', opcode: 'NP 0F AE /6', operands: 'M', spec: 'XSAVEOPT—Save Processor Extended States Optimized', feature: 'XSAVEOPT', slow: save('XSAVEOPT') },
  { mnemonic: 'XSAVEOPT64', opcode: 'NP REX.W + 0F AE /6', operands: 'M', spec: 'XSAVEOPT—Save Processor Extended States Optimized', feature: 'XSAVEOPT', slow: save('XSAVEOPT') },
  { mnemonic: 'XSAVEC', opcode: 'NP 0F C7 /4', operands: 'M', spec: 'XSAVEC—Save Processor Extended States With Compaction', feature: 'XSAVEC', slow: save('XSAVEC') },
  { mnemonic: 'XSAVEC64', opcode: 'NP REX.W + 0F C7 /4', operands: 'M', spec: 'XSAVEC—Save Processor Extended States With Compaction', feature: 'XSAVEC', slow: save('XSAVEC') },
  { mnemonic: 'XGETBV', opcode: 'NP 0F 01 D0', operands: '', spec: 'XGETBV—Get Value of Extended Control Register', feature: 'OSXSAVE', slow: xgetbv },
]
