import type { Enclave } from './enclave.ts'
import type { EpcPage } from './epc.ts'

/**
 * What a logical processor remembers while it is inside an enclave (table "Control Registers used by Intel SGX"; the manual's names).
 * CR_ENCLAVE_MODE is 1 exactly while there is such an object. A plain object: the kernel keeps it with a task that does not run.
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
  readonly CR_SAVE_FS_base: bigint
  readonly CR_SAVE_GS_base: bigint
  readonly CR_SAVE_XCR0: bigint
  readonly CR_DBGOPTIN: boolean
  /** The enclave's tracking epoch when this logical processor entered. */
  epoch: number
  /** RFLAGS.TF outside, when the entry was not opt-in for debugging. */
  readonly CR_SAVE_TF: boolean
}

/** TCS.STATE: the manual leaves the encoding to the processor. */
export const TCS_STATE = { INACTIVE: 0n, ACTIVE: 1n } as const
