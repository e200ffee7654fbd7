/** What a machine says of a run: how it ended, and counts. */
import type { Sgx } from '../sgx/index.ts'
import { noStats, type EngineStats } from '../translate/index.ts'
import type { ExitStatus, MachineStats } from './options.ts'

/** From wait4's encoding. */
export function exitStatus(status: number): ExitStatus {
  const signal = status & 0x7f
  return signal === 0 ? { kind: 'exited', code: (status >> 8) & 0xff } : { kind: 'killed', signal }
}

/** Who counts. */
export interface Counted {
  readonly instructions: number
  readonly systemCalls: number
  /** undefined before anything has run. */
  readonly engine: EngineStats | undefined
  /** undefined in a machine without SGX. */
  readonly sgx: Sgx | undefined
}

export function countsOf({ instructions, systemCalls, engine, sgx }: Counted): MachineStats {
  const { evaluated, regions, translatedInsns, keptRegions, keptCompiled, handovers } = engine ?? noStats()
  const epc = sgx?.epc
  const completed = (leaf: 'EENTER' | 'ERESUME' | 'EEXIT'): number => sgx?.completed(leaf) ?? 0
  const { AEX = 0, writtenOut = 0, loaded = 0 } = sgx?.counts ?? {}
  return {
    instructions,
    evaluated,
    regions,
    translatedInstructions: translatedInsns,
    keptRegions,
    keptCompiled,
    handovers,
    systemCalls,
    transitions: { EENTER: completed('EENTER'), ERESUME: completed('ERESUME'), EEXIT: completed('EEXIT'), AEX },
    paging: { writtenOut, loaded },
    epc: epc ? { pages: epc.pageCount, inUse: epc.pageCount - epc.freeCount } : { pages: 0, inUse: 0 },
  }
}
