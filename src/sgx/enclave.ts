import type { Sha256 } from '../crypto/index.ts'
import { ATTRIBUTES, SECS } from '../spec/sgx/index.ts'
import type { EpcPage } from './epc.ts'

/**
 * What the processor knows of an enclave: its SECS, and the state that the SECS page holds beyond the printed structure. Made by
 * ECREATE; after that SIZE, BASEADDR, SSAFRAMESIZE, MISCSELECT, ATTRIBUTES and XFRM never change, so they are kept as plain values.
 */
export class Enclave {
  readonly page: EpcPage
  /** The SECS in EPC memory, live. */
  readonly SECS: ReturnType<typeof SECS.view>
  readonly BASEADDR: number
  readonly SIZE: number
  readonly SSAFRAMESIZE: number
  readonly MISCSELECT: number
  readonly ATTRIBUTES: bigint
  readonly XFRM: bigint
  readonly MODE64BIT: boolean
  readonly AEXNOTIFY: boolean
  /** Running MRENCLAVE. */
  readonly measurement: Sha256
  /** SECS.EID. */
  readonly EID: bigint
  /** ATTRIBUTES.INIT: EINIT has succeeded. */
  initialized = false
  /** KSS: set by EINIT, in the reserved bytes of a real SECS. */
  ISVEXTPRODID: Uint8Array = new Uint8Array(16)
  ISVFAMILYID: Uint8Array = new Uint8Array(16)
  /** EPC pages that belong to the enclave, without the SECS. */
  childCount = 0
  /** Logical processors inside. */
  threadCount = 0

  constructor(page: EpcPage, measurement: Sha256, EID: bigint) {
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
  }

  /** Is `address` in ELRANGE? */
  contains(address: number): boolean {
    return address >= this.BASEADDR && address < this.BASEADDR + this.SIZE
  }

  hasAttribute(bit: bigint): boolean {
    return (this.ATTRIBUTES & bit) !== 0n
  }
}
