/** What the translator of instructions and the compiler of regions tell each other. */
import type { FlagRecipe, Insn, IntWidth, JumpKind } from '../isa/index.ts'
import type { Code } from '../wasm/index.ts'
import type { BlockAccess } from './affine.ts'
import type { Node } from './node.ts'
import type { RegisterSet } from './register-flow.ts'

/** What one instruction does, found by running its text once without emitting. */
export interface InsnFacts {
  readonly accesses: BlockAccess[]
  readsFlags: boolean
  /** Sets all six, always. */
  setsFlags: boolean
  /** May leave the region before it has done anything. */
  mayExit: boolean
  /** But for the flags. */
  reads: RegisterSet
  writes: RegisterSet
}

/** The wasm locals of a region function, in this order; XMM registers are declared only where used. */
export interface RegionLocals {
  readonly view: number
  readonly fop: number
  readonly fa: number
  readonly fb: number
  readonly fc: number
  readonly fuel: number
  readonly rip: number
  readonly exit: number
  readonly fpFast: number
  readonly fs: number
  readonly gs: number
}
/** GPR n is local FIRST_GPR + n, XMM n is local FIRST_XMM + n; local 0 is the parameter. */
export const FIRST_GPR = 1
export const FIRST_XMM = FIRST_GPR + 16
/** Bits 255:128 of the vector registers; a region that has these has the XMM locals, too. */
export const FIRST_YMM_HIGH = FIRST_XMM + 16

/** Registers that a region touches. */
export interface Touched {
  readonly gpr: Set<number>
  readonly gprWritten: Set<number>
  readonly xmm: Set<number>
  readonly xmmWritten: Set<number>
  readonly ymmHigh: Set<number>
  readonly ymmHighWritten: Set<number>
  flags: boolean
  fpFast: boolean
  fs: boolean
  gs: boolean
}
export const noneTouched = (): Touched => ({
  gpr: new Set(),
  gprWritten: new Set(),
  xmm: new Set(),
  xmmWritten: new Set(),
  ymmHigh: new Set(),
  ymmHighWritten: new Set(),
  flags: false,
  fpFast: false,
  fs: false,
  gs: false,
})

/** In the order that FIRST_GPR and its like say. */
export function declareLocals(code: Code, { xmm, ymmHigh }: Touched): RegionLocals {
  for (let n = 0; n < 16; n++) code.local('i64')
  const vectors = ymmHigh.size > 0 ? 32 : xmm.size > 0 ? 16 : 0
  for (let n = 0; n < vectors; n++) code.local('v128')
  return {
    view: code.local('i32'),
    fop: code.local('i32'),
    fa: code.local('i64'),
    fb: code.local('i64'),
    fc: code.local('i64'),
    fuel: code.local('i32'),
    rip: code.local('i64'),
    exit: code.local('i32'),
    fpFast: code.local('i32'),
    fs: code.local('i64'),
    gs: code.local('i64'),
  }
}

/** Where an instruction wants to go, for the block that ends with it. */
export interface Terminator {
  readonly kind: JumpKind
  readonly target: number | Node
  readonly condition: Node | undefined
}

/** The recipe that the flag locals are known to hold at this point. */
export type KnownFlags =
  | {
      readonly recipe: FlagRecipe
      readonly w: IntWidth
      /** How many of the locals fa, fb, fc it looks at. */
      readonly inputs: number
    }
  | undefined

/** What is known at the end of a block; holds in the next one, too, if no other leads there. */
export interface Known {
  readonly flags: KnownFlags
  /** XMM lanes that hold a normal number or zero, as 'width:lane' by local. */
  readonly soundLanes: ReadonlyMap<number, ReadonlySet<string>>
}

/** What the translator needs of the region it writes into. */
export interface RegionContext {
  readonly code: Code
  readonly locals: RegionLocals
  /** Level of the block whose end is the epilogue for the instruction being translated. */
  readonly exitLevel: number
  /** Calls flags(fop, fa, fb, fc): i32, as of Dispatcher. */
  readonly callFlags: (code: Code) => Code
  /** Pages are expected where the low half of their address says. */
  readonly atHome: boolean
  /** Makes sure that the flag locals hold the flags, where they may still be in memory. */
  fetchFlags?(): void
  /** A number that tells the run loop to let the evaluator execute this instruction. */
  exitFor(insn: Insn): number
}
