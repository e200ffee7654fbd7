/** Facts of the Intel SDM, volume 3D: structures, bits, codes, leaf numbers. No behaviour. */
export * from './structures.ts'
export * from './constants.ts'
export * from './leaves.ts'
/** An SSA frame begins with these. */
export { XSAVE_HEADER, XSAVE_LEGACY } from '../x86/index.ts'
