/** Instructions: rows and semantics over Ops<V>, the decoder they drive, and the evaluator that reads them. */
export type { Ops, Cpu, IntWidth, Width, FpRounding, FpWidth, AccessAttributes, JumpKind } from './ops.ts'
export type { Insn, Row, Operand, MemoryOperand } from './insn.ts'
export {
  RECIPES,
  RECIPE_NAMES,
  recipeOf,
  fopOf,
  fopRecipe,
  conditionText,
  CONDITION_NAMES,
  type FlagRecipe,
} from './flags.ts'
export { packLanes } from './lanes.ts'
export * as aesField from './aes-field.ts'
export { SIMD_OPS, type SimdOp } from './simd-ops.ts'
export { Evaluator, materializeFlags, type Environment } from './evaluator.ts'
export { EvalOps, type Value } from './eval-ops.ts'
export { createDecoder, decode, type Decode } from './decode.ts'
export { MAX_ITERATIONS } from './string.ts'
export { FAMILIES, ROWS } from './table.ts'
export { insnText, mnemonicOf } from './text.ts'
