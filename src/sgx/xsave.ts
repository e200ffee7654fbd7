import {
  initializeComponents,
  PAGE_SIZE,
  restoreArea,
  saveComponents,
  saveMxcsr,
  standardProblem,
  STATE,
  type CpuState,
} from '../cpu/index.ts'
import { XSAVE_HEADER, XSAVE_HEADER_AT, XSTATE } from '../spec/x86/index.ts'

/** The XSAVE area of an SSA frame: standard format, the components in XFRM ("Processor Extended States and AEX"). */

const ALL = XSTATE.X87 | XSTATE.SSE | XSTATE.AVX

/** Values of FCW, FSW and MXCSR that differ from the INIT state after an asynchronous exit. */
export interface X87Synthetic {
  readonly FCW: number
  readonly FSW: number
  readonly MXCSR: number
}

/** XSAVE of the components in XFRM at byte offset `at`. Bytes 464 to 511 stay as they are, as XSAVE leaves them. */
export function saveXsave(state: CpuState, at: number, XFRM: bigint): void {
  const area = xsaveArea(state, at)
  saveComponents(state, area, XFRM & ALL)
  saveMxcsr(state, area)
  const header = XSAVE_HEADER.view(area, XSAVE_HEADER_AT)
  header.XSTATE_BV = XFRM & ALL
  header.XCOMP_BV = 0n
  area.fill(0, XSAVE_HEADER_AT + 16, XSAVE_HEADER_AT + 24)
}

const PROBLEMS = {
  XSTATE_BV: 'XSTATE_BV is a subset of SECS.ATTRIBUTES.XFRM',
  RESERVED: 'offsets 520-535 of the XSAVE area are 0',
  MXCSR: 'no reserved bit of MXCSR is set',
} as const

/** Would XRSTOR of the area raise #GP? The condition that does not hold, or undefined. */
export function xrstorProblem(area: Uint8Array, XFRM: bigint): string | undefined {
  const problem = standardProblem(area, XFRM)
  return problem && PROBLEMS[problem]
}

/** XRSTOR of the components in XFRM from byte offset `at`. Preconditions: xrstorProblem found none. */
export const restoreXsave = (state: CpuState, at: number, XFRM: bigint): void =>
  restoreArea(state, xsaveArea(state, at), XFRM & ALL)

/** The INIT state of the components in XFRM, with the exceptions that an asynchronous exit makes. */
export function synthesize(state: CpuState, XFRM: bigint, { FCW, FSW, MXCSR }: X87Synthetic): void {
  initializeComponents(state, XFRM & ALL)
  state.ram.u16[STATE.X87 / 2] = FCW
  state.ram.u16[STATE.X87 / 2 + 1] = FSW
  state.mxcsr = MXCSR
}

/** The XSAVE area is at the start of the frame's first page and fits in it: what is supported ends at 832 bytes. */
export const xsaveArea = (state: CpuState, frame: number): Uint8Array => state.ram.u8.subarray(frame, frame + PAGE_SIZE)
