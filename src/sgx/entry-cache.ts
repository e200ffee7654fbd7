import { alignDown } from '../base/index.ts'
import { RBX, RCX } from '../spec/x86/index.ts'
import { TCS } from '../spec/sgx/index.ts'
import type { HostPages } from './enclave-pages.ts'
import type { Enclave } from './enclave.ts'
import type { EpcPage } from './epc.ts'
import type { EncluContext } from './leaf.ts'
import { isCanonical, register } from './operands.ts'
import type { SsaFrame } from './ssa.ts'

/** What the checks of EENTER found out: all of them but that TCS.STATE is INACTIVE. */
export interface EntryChecks {
  readonly tcs: EpcPage
  readonly enclave: Enclave
  readonly CSSA: number
  readonly ssa: SsaFrame
  readonly TMP_TARGET: number
  readonly fsBase: number
  readonly gsBase: number
}
interface Passed extends EntryChecks {
  readonly TCS_LA: number
  readonly memory: HostPages
  readonly memoryEpoch: number
  readonly epcmEpoch: number
}

const SLOTS = 16
const slotOf = (TCS_LA: number): number => (TCS_LA >>> 12) % SLOTS

/**
 * Entries that passed their checks, so that the next one on the same TCS need not make them again. They hold as long as the page
 * tables (`HostPages.epoch`), the EPCM and the contents of TCS pages (`Sgx.epcmEpoch`) are what they were and CSSA is the same: no
 * other state goes into them, but that the enclave is initialized, which stays so.
 */
export class EntryCache {
  private readonly slots = new Array<Passed | undefined>(SLOTS)

  find({ sgx, state, memory }: EncluContext): EntryChecks | undefined {
    const TCS_LA = register(state, RBX)
    const passed = this.slots[slotOf(TCS_LA)]
    const same =
      passed !== undefined &&
      passed.TCS_LA === TCS_LA &&
      passed.memory === memory &&
      passed.memoryEpoch === memory.epoch &&
      passed.epcmEpoch === sgx.epcmEpoch &&
      passed.CSSA === passed.tcs.uint32(TCS.fields.CSSA.offset) &&
      isCanonical(register(state, RCX))
    return same ? passed : undefined
  }

  add({ sgx, memory }: EncluContext, checks: EntryChecks): void {
    if (memory.epoch === undefined) return
    for (const place of [checks.tcs.frame, checks.ssa.CR_XSAVE_PAGE_0, checks.ssa.CR_GPR_PA]) {
      const page = sgx.epc.pageAt(alignDown(place, 4096))
      if (page) memory.watch?.(page.ENCLAVEADDRESS)
    }
    const TCS_LA = checks.tcs.ENCLAVEADDRESS
    const key = { TCS_LA, memory, memoryEpoch: memory.epoch, epcmEpoch: sgx.epcmEpoch }
    this.slots[slotOf(TCS_LA)] = { ...checks, ...key }
  }
}
