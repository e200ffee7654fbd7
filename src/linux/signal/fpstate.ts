/**
 * The floating-point state in a signal frame: an FXSAVE image, or where the processor has extended state an XSAVE area in the standard
 * format, with the kernel's words about it in the bytes that are the software's.
 */
import {
  initializeComponents,
  loadComponents,
  loadMxcsr,
  restoreArea,
  saveComponents,
  saveMxcsr,
  XSAVE_AREA_SIZE,
  xrstorFaults,
  componentsInUse,
  type CpuState,
} from '../../cpu/index.ts'
import {
  _fpx_sw_bytes,
  FP_XSTATE_MAGIC1,
  FP_XSTATE_MAGIC2,
  FP_XSTATE_MAGIC2_SIZE,
  fpstate,
} from '../../spec/linux/index.ts'
import { MXCSR_MASK, MXCSR_RESET, XSAVE_HEADER, XSAVE_HEADER_AT, XSTATE } from '../../spec/x86/index.ts'

const LEGACY = XSTATE.X87 | XSTATE.SSE
const ALL = LEGACY | XSTATE.AVX
const EXTENDED_SIZE = XSAVE_AREA_SIZE + FP_XSTATE_MAGIC2_SIZE

const isExtended = (state: CpuState): boolean => (state.xcr0 & ~LEGACY) !== 0n

/** Bytes that `saveFpstate` gives. */
export const fpstateSize = (state: CpuState): number => (isExtended(state) ? EXTENDED_SIZE : fpstate.size)

export function saveFpstate(state: CpuState): Uint8Array {
  const image = new Uint8Array(fpstateSize(state))
  saveComponents(state, image, state.xcr0 & ALL)
  saveMxcsr(state, image)
  if (!isExtended(state)) return image
  const xfeatures = state.xcr0 & ALL
  // For programs that look at the legacy region alone, x87 and SSE count as there.
  XSAVE_HEADER.view(image, XSAVE_HEADER_AT).XSTATE_BV = (componentsInUse(state) & xfeatures) | LEGACY
  const sw = _fpx_sw_bytes.view(fpstate.view(image).sw_reserved)
  sw.magic1 = FP_XSTATE_MAGIC1
  sw.extended_size = EXTENDED_SIZE
  sw.xfeatures = xfeatures
  sw.xstate_size = XSAVE_AREA_SIZE
  new DataView(image.buffer).setUint32(XSAVE_AREA_SIZE, FP_XSTATE_MAGIC2, true)
  return image
}

/** What the frame says of the state beyond the legacy region: its components, or undefined where there is none to be taken. */
function extendedFeatures(state: CpuState, image: Uint8Array): bigint | undefined {
  if (!isExtended(state) || image.length < EXTENDED_SIZE) return undefined
  const sw = _fpx_sw_bytes.view(fpstate.view(image).sw_reserved)
  const { magic1, extended_size, xstate_size } = sw
  const sizesFit = xstate_size >= fpstate.size + XSAVE_HEADER.size && xstate_size <= XSAVE_AREA_SIZE
  if (magic1 !== FP_XSTATE_MAGIC1 || !sizesFit || xstate_size > extended_size) return undefined
  const magic2 = new DataView(image.buffer, image.byteOffset).getUint32(xstate_size, true)
  return magic2 === FP_XSTATE_MAGIC2 ? sw.xfeatures & state.xcr0 & ALL : undefined
}

/**
 * rt_sigreturn(2)'s part; `image` has fpstateSize bytes, or those of the legacy region where no more can be read. What the frame does
 * not have gets its initial configuration. False where the processor raises #GP: a reserved bit is set.
 */
export function restoreFpstate(state: CpuState, image: Uint8Array): boolean {
  const features = extendedFeatures(state, image)
  if (features === undefined) {
    if ((fpstate.view(image).mxcsr & ~MXCSR_MASK) !== 0) return false
    initializeComponents(state, state.xcr0 & ALL & ~LEGACY)
    loadComponents(state, image, LEGACY)
    loadMxcsr(state, image)
    return true
  }
  if (xrstorFaults(state, image, features)) return false
  initializeComponents(state, state.xcr0 & ALL & ~features)
  restoreArea(state, image, features)
  return true
}

/** As after FNINIT and with zeroed vector registers: what a handler starts with. */
export function resetFpstate(state: CpuState): void {
  initializeComponents(state, state.xcr0 & ALL)
  state.mxcsr = MXCSR_RESET
}
