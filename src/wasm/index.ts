/** Writes WebAssembly modules; knows wasm, not x86. */
export { OP, SIMD, TYPE, type OpName, type ValueType } from './opcodes.ts'
export { ByteWriter, Code } from './code.ts'
export { ModuleWriter } from './module.ts'
export { hasRelaxedSimd } from './relaxed.ts'
