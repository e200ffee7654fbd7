import { ATTRIBUTES, SECS } from '../spec/sgx/index.ts'
import type { EpcPage } from './epc.ts'
import type { Measurement } from './measurement.ts'
import type { EnclaveMode } from './mode.ts'

/**
 * SECS.EID. The manual leaves its place in the SECS to the processor, as that of all that software cannot see: here it is the end
 * of the page, so that it is written out and loaded with the page.
 */
const EID_OFFSET = 4088

/**
 * What the processor knows of an enclave: its SECS, and the state that the SECS page holds beyond the printed structure. Made by
 * ECREATE; after that SIZE, BASEADDR, SSAFRAMESIZE, MISCSELECT, ATTRIBUTES and XFRM never change, so they are kept as plain values.
 */
export class Enclave {
  /** The SECS page. Another one after EWB and ELDU; while the SECS is written out, one that is no longer its own. */
  page: EpcPage
  /** The SECS in EPC memory, live. */
  SECS: ReturnType<typeof SECS.view>
  readonly BASEADDR: number
  readonly SIZE: number
  readonly SSAFRAMESIZE: number
  readonly MISCSELECT: number
  readonly ATTRIBUTES: bigint
  readonly XFRM: bigint
  readonly MODE64BIT: boolean
  readonly AEXNOTIFY: boolean
  /** Running MRENCLAVE. */
  readonly measurement: Measurement
  /** SECS.EID. */
  readonly EID: bigint
  /** Counts the tracking cycles that ETRACK has begun. */
  epoch = 0
  /** ATTRIBUTES.INIT: EINIT has succeeded. */
  initialized = false
  /** KSS: set by EINIT, in the reserved bytes of a real SECS. */
  ISVEXTPRODID: Uint8Array = new Uint8Array(16)
  ISVFAMILYID: Uint8Array = new Uint8Array(16)
  /** EPC pages that belong to the enclave, without the SECS. */
  childCount = 0
  /** Logical processors inside. */
  readonly threads: EnclaveMode[] = []

  constructor(page: EpcPage, measurement: Measurement, EID: bigint) {
    const secs = SECS.view(page.bytes)
    this.page = page
    this.SECS = secs
    this.BASEADDR = Number(secs.BASEADDR)
    this.SIZE = Number(secs.SIZE)
    this.SSAFRAMESIZE = secs.SSAFRAMESIZE
    this.MISCSELECT = secs.MISCSELECT
    this.ATTRIBUTES = secs.ATTRIBUTES
    this.XFRM = secs.XFRM
    this.MODE64BIT = this.hasAttribute(ATTRIBUTES.MODE64BIT)
    this.AEXNOTIFY = this.hasAttribute(ATTRIBUTES.AEXNOTIFY)
    this.measurement = measurement
    this.EID = EID
    new DataView(page.bytes.buffer, page.frame).setBigUint64(EID_OFFSET, EID, true)
  }

  /** ELDU has brought the SECS back, into another page. */
  moveTo(page: EpcPage): void {
    this.page = page
    this.SECS = SECS.view(page.bytes)
    page.enclave = this
  }

  /** All logical processors that were inside before the epoch after `epoch` began have left since. */
  isTracked(epoch: number): boolean {
    return epoch < this.epoch && this.threads.every((mode) => mode.epoch > epoch)
  }

  /** Is `address` in ELRANGE? */
  contains(address: number): boolean {
    return address >= this.BASEADDR && address < this.BASEADDR + this.SIZE
  }

  hasAttribute(bit: bigint): boolean {
    return (this.ATTRIBUTES & bit) !== 0n
  }
}

/** SECS.EID of the page. */
export const eidOf = (secs: EpcPage): bigint =>
  new DataView(secs.bytes.buffer, secs.frame).getBigUint64(EID_OFFSET, true)
