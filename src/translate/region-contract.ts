/** What regions, those who make them and those who call them must agree on. */
import type { Insn } from '../isa/index.ts'
import type { Code } from '../wasm/index.ts'

/** What a region function or the dispatcher returns. From FIRST_EXIT on: a place of the engine's, whose instruction is for the evaluator. */
export const RETURN = {
  /** Go on at STATE.RIP. */
  CONTINUE: 0,
  /** Fuel is used up. */
  BUDGET: 1,
  /** The engine holds an Exit for the run loop. */
  EXIT: 2,
  /** Give up nested guest calls and go on at STATE.RIP. */
  UNWIND: 3,
} as const
export const FIRST_EXIT = 16

/** What a region expects of the memory that it works on. */
export interface RegionManner {
  /** One check for several accesses of a block: off where their spans kept crossing pages. */
  readonly combine: boolean
  /** Pages are at home: off where they were not. */
  readonly atHome: boolean
}

export const USUAL_MANNER: RegionManner = { combine: true, atHome: true }

/** Where a region tells the engine about the places it can be left from. Each gets a number, counted in its module. */
export interface Numbers {
  /** For "execute this instruction exactly"; `completed` instructions before it are not yet taken from the fuel. */
  exit(insn: Insn, completed: number): number
  /** For LAST_JUMP when this indirect jump leaves. */
  jump(insn: Insn): number
}

/** What the regions of one module share: how to call the dispatcher's functions, and more. */
export interface ModuleParts {
  readonly enter: (code: Code) => Code
  readonly slow: (code: Code) => Code
  readonly flags: (code: Code) => Code
  /** Global: what the module's first place is counted from. */
  readonly places: number
  /** Regions of the same module, by guest address. */
  readonly regions: ReadonlyMap<number, number>
}

/** Guest calls nested inside translated code: deeper ones unwind, because the host's stack is finite. */
export const MAX_DEPTH = 300
