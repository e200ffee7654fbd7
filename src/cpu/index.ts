/** Machine state in linear memory, guest memory and its page checks, faults, run-loop exits. Knows no instruction. */
export { STATE, VIEW, PAGE_SIZE, FRAMES_START } from './layout.ts'
export { Ram } from './ram.ts'
export { Fault, fault } from './fault.ts'
export { View, USER_END, checkCanonical, type Access, type Mapping, type PageSource } from './view.ts'
export { CpuState } from './state.ts'
export type { Exit } from './exit.ts'
