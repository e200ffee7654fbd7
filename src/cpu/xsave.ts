/**
 * The XSAVE area, which XSAVE and its kin, signal frames and SSA frames share. Components lie at the same places in the standard and in the
 * compacted format, as there are only three of them. [SDM-1 "Managing State Using the XSAVE Feature Set"]
 */
import {
  FCW_RESET,
  MXCSR_MASK,
  MXCSR_RESET,
  XCOMP_COMPACTED,
  XSAVE_AVX,
  XSAVE_HEADER,
  XSAVE_HEADER_AT,
  XSAVE_LEGACY,
  XSTATE,
} from '../spec/x86/index.ts'
import { STATE } from './layout.ts'
import type { CpuState } from './state.ts'
import { loadX87Image, saveX87Image } from './x87-image.ts'

/** Up to the end of the last component that there is. */
export const XSAVE_AREA_SIZE = XSAVE_AVX.offset + XSAVE_AVX.size

const XMM = XSAVE_LEGACY.fields.XMM
/** The three words, and the registers. */
const X87_SIZE = STATE.X87_REGS - STATE.X87 + 128
const ALL_EMPTY = 0xffff

const isZero = (bytes: Uint8Array): boolean => bytes.every((b) => b === 0)
const x87Bytes = (state: CpuState): Uint8Array => state.ram.u8.subarray(STATE.X87, STATE.X87 + X87_SIZE)
const xmmBytes = (state: CpuState): Uint8Array => state.ram.u8.subarray(STATE.XMM, STATE.XMM + XMM.size)
const highBytes = (state: CpuState): Uint8Array =>
  state.ram.u8.subarray(STATE.YMM_HIGH, STATE.YMM_HIGH + XSAVE_AVX.size)

/**
 * XINUSE: the components that are not in their initial configuration. MXCSR does not count. A processor may take more for in use: Intel's
 * do not look at the registers.
 */
export function componentsInUse(state: CpuState): bigint {
  const { u16 } = state.ram
  const at = STATE.X87 / 2
  const x87 = u16[at] !== FCW_RESET || u16[at + 1] !== 0 || u16[at + 2] !== ALL_EMPTY
  let inUse = x87 || !isZero(x87Bytes(state).subarray(STATE.X87_REGS - STATE.X87)) ? XSTATE.X87 : 0n
  if (!isZero(xmmBytes(state))) inUse |= XSTATE.SSE
  if (!isZero(highBytes(state))) inUse |= XSTATE.AVX
  return inUse
}

/** Writes the components into `area`, of which the rest stays as it is: neither MXCSR nor the header is written. */
export function saveComponents(state: CpuState, area: Uint8Array, components: bigint): void {
  if (components & XSTATE.X87) saveX87Image(state, area)
  if (components & XSTATE.SSE) area.set(xmmBytes(state), XMM.offset)
  if (components & XSTATE.AVX) area.set(highBytes(state), XSAVE_AVX.offset)
}
/** MXCSR and MXCSR_MASK. */
export function saveMxcsr(state: CpuState, area: Uint8Array): void {
  const legacy = XSAVE_LEGACY.view(area)
  legacy.MXCSR = state.mxcsr
  legacy.MXCSR_MASK = MXCSR_MASK
}

/** The components become what `area` has. MXCSR is not one of them. */
export function loadComponents(state: CpuState, area: Uint8Array, components: bigint): void {
  if (components & XSTATE.X87) loadX87Image(state, area)
  if (components & XSTATE.SSE) xmmBytes(state).set(area.subarray(XMM.offset, XMM.offset + XMM.size))
  if (components & XSTATE.AVX) highBytes(state).set(area.subarray(XSAVE_AVX.offset, XSAVE_AVX.offset + XSAVE_AVX.size))
}
/** Precondition: no reserved bit is set. */
export function loadMxcsr(state: CpuState, area: Uint8Array): void {
  state.mxcsr = XSAVE_LEGACY.view(area).MXCSR
}

/** The initial configurations. MXCSR stays. */
export function initializeComponents(state: CpuState, components: bigint): void {
  if (components & XSTATE.X87) {
    const { u16 } = state.ram
    x87Bytes(state).fill(0)
    u16[STATE.X87 / 2] = FCW_RESET
    u16[STATE.X87 / 2 + 2] = ALL_EMPTY
  }
  if (components & XSTATE.SSE) xmmBytes(state).fill(0)
  if (components & XSTATE.AVX) highBytes(state).fill(0)
}

const isCompacted = (area: Uint8Array): boolean =>
  (XSAVE_HEADER.view(area, XSAVE_HEADER_AT).XCOMP_BV & XCOMP_COMPACTED) !== 0n
const isClear = (area: Uint8Array, from: number, to: number): boolean =>
  isZero(area.subarray(XSAVE_HEADER_AT + from, XSAVE_HEADER_AT + to))
const mxcsrIsLegal = (area: Uint8Array): boolean => (XSAVE_LEGACY.view(area).MXCSR & ~MXCSR_MASK) === 0

/** What is wrong with an area in the standard format: `enabled` are the components that there may be. */
export function standardProblem(area: Uint8Array, enabled: bigint): 'XSTATE_BV' | 'RESERVED' | 'MXCSR' | undefined {
  if (XSAVE_HEADER.view(area, XSAVE_HEADER_AT).XSTATE_BV & ~enabled) return 'XSTATE_BV'
  if (!isClear(area, 8, 24)) return 'RESERVED'
  return mxcsrIsLegal(area) ? undefined : 'MXCSR'
}

/** The area has an MXCSR that XRSTOR of the components in `RFBM` loads: from the compacted format only with SSE. */
export const xrstorLoadsMxcsr = (area: Uint8Array, RFBM: bigint): boolean =>
  (RFBM &
    (isCompacted(area) ? XSAVE_HEADER.view(area, XSAVE_HEADER_AT).XSTATE_BV & XSTATE.SSE : XSTATE.SSE | XSTATE.AVX)) !==
  0n

/** XRSTOR raises #GP for what the header says. */
export function headerFaults(state: CpuState, area: Uint8Array): boolean {
  const { XSTATE_BV, XCOMP_BV } = XSAVE_HEADER.view(area, XSAVE_HEADER_AT)
  if (!isCompacted(area)) return (XSTATE_BV & ~state.xcr0) !== 0n || !isClear(area, 8, 24)
  return (XCOMP_BV & ~(state.xcr0 | XCOMP_COMPACTED)) !== 0n || (XSTATE_BV & ~XCOMP_BV) !== 0n || !isClear(area, 16, 64)
}
/** XRSTOR of the components in `RFBM` raises #GP. */
export const xrstorFaults = (state: CpuState, area: Uint8Array, RFBM: bigint): boolean =>
  headerFaults(state, area) || (xrstorLoadsMxcsr(area, RFBM) && !mxcsrIsLegal(area))

/**
 * XRSTOR of the components in `RFBM`: those that XSTATE_BV says are there, and the initial configuration of the others. MXCSR comes
 * with SSE; in the standard format it comes with SSE or AVX, whatever XSTATE_BV says.
 */
export function restoreArea(state: CpuState, area: Uint8Array, RFBM: bigint): void {
  const { XSTATE_BV } = XSAVE_HEADER.view(area, XSAVE_HEADER_AT)
  loadComponents(state, area, RFBM & XSTATE_BV)
  initializeComponents(state, RFBM & ~XSTATE_BV)
  if (xrstorLoadsMxcsr(area, RFBM)) loadMxcsr(state, area)
  else if (RFBM & XSTATE.SSE) state.mxcsr = MXCSR_RESET
}
