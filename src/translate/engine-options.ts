import type { NativeCode } from './native-code.ts'
import type { EncluPort } from './transitions.ts'

export interface EngineStats {
  /** Executed by the evaluator; the rest of the retired instructions ran translated. */
  evaluated: number
  regions: number
  translatedInsns: number
  /** Regions of earlier runs that were used. */
  keptRegions: number
  /** Of those, in modules that the host had compiled in an earlier run. */
  keptCompiled: number
  /** Checks of translated code that sent an instruction to the evaluator. */
  handovers: number
}

/** Before anything has run. */
export const noStats = (): EngineStats => ({
  evaluated: 0,
  regions: 0,
  translatedInsns: 0,
  keptRegions: 0,
  keptCompiled: 0,
  handovers: 0,
})

export interface EngineOptions {
  /** false: everything by the evaluator. */
  readonly translate?: boolean
  /** Runs of a block before it is translated. */
  readonly hot?: number
  /** What earlier engines of this version have kept, and that this one shall keep, too: see KeptTranslations. Absent: nothing is. */
  readonly kept?: KeptTranslations
  /** Absent: nothing is kept of what the host has compiled. */
  readonly native?: NativeCode
  /** Without it, ENCLU ends `run`. */
  readonly enclu?: EncluPort
}

/** What spares later runs work, as bytes. */
export interface KeptTranslations {
  /** Handlers of threaded code, which are good for any program. */
  readonly handlers?: Uint8Array
  /** Code of one program on a processor with these features. */
  readonly program?: Uint8Array
}
