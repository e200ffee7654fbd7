/** Machine state in linear memory, guest memory and its page checks, faults, run-loop exits. Knows no instruction. */
export { STATE, STEADY_PAGES, VIEW, JUMP, TRANSITIONS, PAGE_SIZE, FRAMES_START } from './layout.ts'
export { homeOf, Ram } from './ram.ts'
export { Fault, fault } from './fault.ts'
export { View, USER_END, checkCanonical, type Access, type Mapping, type PageSource } from './view.ts'
export { CpuState } from './state.ts'
export { controlWord, loadX87Image, saveX87Image, tagOf, withSummary } from './x87-image.ts'
export {
  componentsInUse,
  headerFaults,
  initializeComponents,
  loadComponents,
  loadMxcsr,
  restoreArea,
  saveComponents,
  saveMxcsr,
  standardProblem,
  xrstorFaults,
  xrstorLoadsMxcsr,
  XSAVE_AREA_SIZE,
} from './xsave.ts'
export type { Exit } from './exit.ts'
export type { Transition } from './transition.ts'
