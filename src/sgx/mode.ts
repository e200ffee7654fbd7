import type { Enclave } from './enclave.ts'
import type { EpcPage } from './epc.ts'

/**
 * What a logical processor remembers while it is inside an enclave (table "Control Registers used by Intel SGX"; the manual's names).
 * CR_ENCLAVE_MODE is 1 exactly while there is such an object. A plain object: the kernel keeps it with a task that does not run, and
 * the rest, CR_SAVE_FS_base, CR_SAVE_GS_base and CR_SAVE_XCR0, in the state block (STATE.CR_SAVE).
 */
export interface EnclaveMode {
  /** CR_ACTIVE_SECS and CR_ELRANGE. */
  readonly enclave: Enclave
  /** CR_TCS_PA. */
  readonly tcs: EpcPage
  readonly CR_TCS_LA: number
  /** Byte offsets in linear memory of the current SSA frame's GPR and XSAVE areas. EDECCSSA moves them. */
  CR_GPR_PA: number
  CR_XSAVE_PAGE_0: number
  readonly CR_DBGOPTIN: boolean
  /** The enclave's tracking epoch when this logical processor entered. */
  epoch: number
  /** RFLAGS.TF outside, when the entry was not opt-in for debugging. */
  readonly CR_SAVE_TF: boolean
}

export function isSameMode(a: EnclaveMode, b: EnclaveMode): boolean {
  return (
    a.enclave === b.enclave &&
    a.tcs === b.tcs &&
    a.CR_TCS_LA === b.CR_TCS_LA &&
    a.CR_GPR_PA === b.CR_GPR_PA &&
    a.CR_XSAVE_PAGE_0 === b.CR_XSAVE_PAGE_0 &&
    a.CR_DBGOPTIN === b.CR_DBGOPTIN &&
    a.epoch === b.epoch &&
    a.CR_SAVE_TF === b.CR_SAVE_TF
  )
}

/** STATE.ENCLAVE outside; inside it is `EpcPage.insideNumber` of the TCS. */
export const ENCLAVE_OUTSIDE = 0

/** TCS.STATE: the manual leaves the encoding to the processor. */
export const TCS_STATE = { INACTIVE: 0n, ACTIVE: 1n } as const
