/** Facts of the Intel 64 architecture, no behaviour. */
export { RFLAGS, ARITHMETIC_FLAGS, ARITHMETIC_MASK, ARITHMETIC_PLACES, type ArithmeticFlag } from './rflags.ts'
export { VECTOR, PF_ERROR, type VectorName } from './vectors.ts'
export * from './registers.ts'
export * from './xsave.ts'
export * from './x87.ts'
