import type { Fault } from '../cpu/index.ts'
import type { LeafName, PageType } from '../spec/sgx/index.ts'

/** What --trace-sgx prints. `condition` is the check that failed, in the manual's words; `heading` the page where it is printed. */
export type SgxEvent =
  | {
      readonly kind: 'leaf'
      readonly family: 'ENCLU' | 'ENCLS'
      readonly leaf: LeafName
      readonly heading: string
      readonly outcome: LeafOutcome
      readonly condition?: string
    }
  | {
      readonly kind: 'AEX'
      /** undefined for an interrupt. */
      readonly fault: Fault | undefined
      /** Where the enclave was interrupted; outside sees only the AEP. */
      readonly RIP: number
      readonly AEP: bigint
      readonly TCS: bigint
      /** Index of the SSA frame that was written. */
      readonly frame: number
    }
  | {
      /** EWB has written a page out, or ELDB or ELDU has loaded one. */
      readonly kind: 'paging'
      readonly what: 'written out' | 'loaded'
      readonly PT: PageType
      /** SECS.EID; 0 for PT_VA. */
      readonly EID: bigint
      readonly LINADDR: number
      /** EPC page. */
      readonly physicalAddress: number
    }

export type LeafOutcome =
  | { readonly is: 'done' }
  | { readonly is: 'code'; readonly code: number }
  | { readonly is: 'fault'; readonly fault: Fault }

export type SgxEventSink = (event: SgxEvent) => void
