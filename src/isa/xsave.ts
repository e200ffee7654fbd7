/** XSAVE, XSAVEOPT, XSAVEC, XRSTOR and XGETBV. [SDM-1 "Managing State Using the XSAVE Feature Set"] */
import {
  componentsInUse,
  fault,
  headerFaults,
  restoreArea,
  saveComponents,
  saveMxcsr,
  XSAVE_AREA_SIZE,
  xrstorFaults,
  xrstorLoadsMxcsr,
} from '../cpu/index.ts'
import {
  MXCSR_RESET,
  RAX,
  RCX,
  RDX,
  XCOMP_COMPACTED,
  XSAVE_AVX,
  XSAVE_HEADER,
  XSAVE_HEADER_AT,
  XSAVE_LEGACY,
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

/** The parts of an area that are accessed, in ascending order: offsets of their first and last byte. */
type Parts = readonly (readonly [number, number])[]
const { MXCSR, ST, XMM } = XSAVE_LEGACY.fields
const partsOf = (components: bigint, withMxcsr: boolean): Parts => [
  ...(components & XSTATE.X87 ? [[0, MXCSR.offset - 1] as const] : []),
  ...(withMxcsr ? [[MXCSR.offset, ST.offset - 1] as const] : []),
  ...(components & XSTATE.X87 ? [[ST.offset, XMM.offset - 1] as const] : []),
  ...(components & XSTATE.SSE ? [[XMM.offset, XMM.offset + XMM.size - 1] as const] : []),
  [XSAVE_HEADER_AT, HEADER_END - 1],
  ...(components & XSTATE.AVX ? [[XSAVE_AVX.offset, XSAVE_AREA_SIZE - 1] as const] : []),
]

/** Where the area is, all its `parts` accessible. Processors look at the last byte of all before the others. */
function accessible(e: Evaluator, address: bigint, parts: Parts, access: 'R' | 'W'): number {
  const end = parts.at(-1)?.[1] ?? 0
  const at = e.linear(address, end + 1, access)
  for (const byte of [end, ...parts.flat()]) {
    if (access === 'W') e.view.writable(at + byte)
    else e.view.readable(at + byte)
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
    const byMxcsr = kind === 'XSAVEC' && state.mxcsr !== MXCSR_RESET ? XSTATE.SSE : 0n
    const inUse = componentsInUse(state) | byMxcsr
    const written = kind === 'XSAVE' ? RFBM : RFBM & inUse
    const withMxcsr = kind === 'XSAVEC' ? written & XSTATE.SSE : RFBM & (XSTATE.SSE | XSTATE.AVX)
    const parts = partsOf(written, withMxcsr !== 0n)
    const at = accessible(e, address, parts, 'W')
    const area = new Uint8Array(XSAVE_AREA_SIZE)
    area.set(e.view.read(at + XSAVE_HEADER_AT, XSAVE_HEADER.size), XSAVE_HEADER_AT)
    saveComponents(state, area, written)
    if (withMxcsr) saveMxcsr(state, area)
    const header = XSAVE_HEADER.view(area, XSAVE_HEADER_AT)
    if (kind === 'XSAVEC') {
      header.XSTATE_BV = RFBM & inUse
      header.XCOMP_BV = RFBM | XCOMP_COMPACTED
    } else header.XSTATE_BV = (header.XSTATE_BV & ~RFBM) | (inUse & RFBM)
    for (const [first, last] of parts) e.view.write(at + first, area.slice(first, last + 1))
  }

function xrstor(e: Evaluator, i: Insn): void {
  const address = areaAddress(e, i)
  const RFBM = requested(e)
  const at = e.linear(address, HEADER_END, 'R')
  const area = new Uint8Array(XSAVE_AREA_SIZE)
  // Processors look at XCOMP_BV first.
  e.view.readable(at + XSAVE_HEADER_AT + XSAVE_HEADER.fields.XCOMP_BV.offset)
  area.set(e.view.read(at + XSAVE_HEADER_AT, XSAVE_HEADER.size), XSAVE_HEADER_AT)
  if (headerFaults(e.state, area)) fault.GP(0)
  const { XSTATE_BV, XCOMP_BV } = XSAVE_HEADER.view(area, XSAVE_HEADER_AT)
  // They look at the ends of what the area has a place for, even where the header says that it is not there.
  const places = XCOMP_BV & XCOMP_COMPACTED ? RFBM & XCOMP_BV : RFBM
  const x87: Parts = places & XSTATE.X87 ? [[0, 0]] : []
  const avx: Parts = places & XSTATE.AVX ? [[XSAVE_AREA_SIZE - 1, XSAVE_AREA_SIZE - 1]] : []
  const withMxcsr = (places & XSTATE.SSE) !== 0n || xrstorLoadsMxcsr(area, RFBM)
  const parts = [...x87, ...partsOf(RFBM & XSTATE_BV, withMxcsr), ...avx]
  accessible(e, address, parts, 'R')
  for (const [first, last] of parts) area.set(e.view.read(at + first, last + 1 - first), first)
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
