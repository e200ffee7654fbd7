import { USER_END } from '../cpu/index.ts'
import { ARITHMETIC_MASK, PF_ERROR, RAX, RFLAGS } from '../spec/x86/index.ts'
import {
  PAGE_TYPES,
  SECINFO,
  SECINFO_FLAGS,
  SECINFO_FLAGS_RESERVED,
  SECINFO_PAGE_TYPE_SHIFT,
  SECINFO_RESERVED,
  type PageType,
  type SgxErrorCode,
} from '../spec/sgx/index.ts'
import { epcmFaultCode } from './enclave-pages.ts'
import type { EpcPage } from './epc.ts'
import { reservedIsZero, type EncluContext } from './leaf.ts'

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

/** "is within CR_ELRANGE", for an operand of a leaf that runs inside. */
export function isInElrange({ sgx }: EncluContext, address: bigint): boolean {
  const enclave = sgx.mode?.enclave
  return enclave !== undefined && address < BigInt(USER_END) && enclave.contains(Number(address))
}

/** An operand in a plain page of the enclave that runs: the EPCM checks that EACCEPT, EMODPE and others make on it. */
export function checkOperandPage(
  { sgx, refuse }: EncluContext,
  page: EpcPage,
  address: bigint,
  access: 'R' | 'W',
  operand: string,
): void {
  const PF = (condition: string): never =>
    refuse.PF(address, epcmFaultCode(access), `EPCM(${operand} & ~FFFH).${condition}`)
  if (!page.VALID) PF('VALID = 1')
  if (access === 'R' ? !page.R : !page.W) PF(`${access} = 1`)
  if (page.PENDING) PF('PENDING = 0')
  if (page.MODIFIED) PF('MODIFIED = 0')
  if (page.BLOCKED) PF('BLOCKED = 0')
  if (page.PT !== 'PT_REG') PF('PT = PT_REG')
  if (page.ENCLAVESECS !== sgx.mode?.enclave.page) PF('ENCLAVESECS = CR_ACTIVE_SECS')
  // Erratum: EACCEPT and EACCEPTCOPY print "DS:RBX & FFFH" and "DS:RBX"; the page's address is meant, as in EMODPE.
  if (page.ENCLAVEADDRESS !== Number(address - (address & 0xfffn))) PF(`ENCLAVEADDRESS = ${operand} & ~FFFH`)
}

/** SECINFO.FLAGS from memory of the enclave; #GP if a reserved field is set. */
export function readSecinfo({ refuse }: EncluContext, page: EpcPage, address: bigint): SecinfoFlags {
  const bytes = page.bytes.subarray(Number(address & 0xfffn), Number(address & 0xfffn) + SECINFO.size)
  const flags = secinfoFlags(bytes)
  return flags ?? refuse.GP('SECINFO reserved fields are zero')
}

export interface SecinfoFlags {
  readonly R: boolean
  readonly W: boolean
  readonly X: boolean
  readonly PENDING: boolean
  readonly MODIFIED: boolean
  readonly PR: boolean
  /** undefined: a number that is no page type. */
  readonly PT: PageType | undefined
}

/** undefined if a reserved field is not zero. */
export function secinfoFlags(secinfo: Uint8Array): SecinfoFlags | undefined {
  const { FLAGS } = SECINFO.view(secinfo)
  if (FLAGS & SECINFO_FLAGS_RESERVED || !reservedIsZero(secinfo, SECINFO_RESERVED)) return undefined
  const has = (bit: bigint): boolean => (FLAGS & bit) !== 0n
  return {
    R: has(SECINFO_FLAGS.R),
    W: has(SECINFO_FLAGS.W),
    X: has(SECINFO_FLAGS.X),
    PENDING: has(SECINFO_FLAGS.PENDING),
    MODIFIED: has(SECINFO_FLAGS.MODIFIED),
    PR: has(SECINFO_FLAGS.PR),
    PT: PAGE_TYPES[Number((FLAGS >> SECINFO_PAGE_TYPE_SHIFT) & 0xffn)],
  }
}

/** Ends a leaf that has a result: RAX, ZF set for an error, CF, PF, AF, OF and SF cleared. */
export function finish({ state, nextRip }: EncluContext, code: SgxErrorCode): SgxErrorCode {
  state.setGpr(RAX, BigInt(code))
  state.rflags = (state.rflags & ~BigInt(ARITHMETIC_MASK)) | (code === 0 ? 0n : BigInt(RFLAGS.ZF))
  state.rip = nextRip
  return code
}
