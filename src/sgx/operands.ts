import { USER_END } from '../cpu/index.ts'
import { PF_ERROR } from '../spec/x86/index.ts'
import { epcmFaultCode } from './enclave-pages.ts'
import type { EpcPage } from './epc.ts'
import type { EncluContext } from './leaf.ts'

/** How the ENCLU leaves reach what their registers point to. */

/**
 * Deviation: addresses of the kernel's half count as not canonical, so what would be a #PF or a fetch fault there is a #GP(0). No
 * program can have anything there.
 */
export const isCanonical = (address: bigint): boolean => address < BigInt(USER_END)

export const isAligned = (address: bigint, size: bigint): boolean => (address & (size - 1n)) === 0n

/** 64-bit linear addresses wrap around. */
export const linear = (address: bigint): bigint => BigInt.asUintN(64, address)

/**
 * The EPC page that a linear address resolves to. Faults as an access of this kind would: first as paging demands (no SGX bit), then
 * #PF with the SGX bit if the page is not in the EPC.
 */
export function resolveEpc(
  { sgx, memory, refuse }: EncluContext,
  address: bigint,
  access: 'R' | 'W',
  operand: string,
): EpcPage {
  if (!isCanonical(address)) return refuse.GP(`${operand} is canonical`)
  const { frame } = memory.translate(Number(address), access)
  const page = sgx.epc.pageAt(frame)
  return page ?? refuse.PF(address, epcmFaultCode(access), `${operand} resolves within an EPC`)
}

/** PF_ERROR bits of a fault that the EPCM causes for an implicit write, as for the TCS and the SSA. */
export const EPCM_WRITE = PF_ERROR.SGX | PF_ERROR.P | PF_ERROR.U | PF_ERROR.W
