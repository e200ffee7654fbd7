import { alignDown } from '../base/index.ts'
import { STATE, USER_END, type CpuState, type Ram } from '../cpu/index.ts'
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
import type { Enclave } from './enclave.ts'
import type { EpcPage } from './epc.ts'
import type { EncluContext } from './leaf.ts'

/** How the ENCLU leaves reach what their registers point to. */

/**
 * Deviation: addresses of the kernel's half count as not canonical, so what would be a #PF or a fetch fault there is a #GP(0). No
 * program can have anything there.
 */
export const isCanonical = (address: number | bigint): boolean => address < USER_END

/**
 * A register as a number: exact below 2^53; a larger one stays larger and so is not canonical. No bigint is made on the way, as
 * enclave entry is hot.
 */
export function register({ ram }: CpuState, n: number): number {
  const at = STATE.GPR / 4 + 2 * n
  return (ram.u32[at + 1] ?? 0) * 0x1_0000_0000 + (ram.u32[at] ?? 0)
}

/** Sets a register to an address. */
export const setRegister = ({ ram }: CpuState, n: number, value: number): void => set64(ram, STATE.GPR + 8 * n, value)

/** Eight bytes of the state block, from an address. */
export function set64({ u32 }: Ram, at: number, value: number): void {
  // Remainders of doubles are slow.
  u32[at / 4] = value >>> 0
  u32[at / 4 + 1] = (value / 0x1_0000_0000) >>> 0
}

/** SECS.BASEADDR + an offset that a TCS gives; 64-bit linear addresses wrap around. */
export function enclaveAddress(enclave: Enclave, page: EpcPage, field: number, more = 0): number {
  const offset = page.number(field)
  if (offset < USER_END) return enclave.BASEADDR + offset + more
  const high = BigInt(page.number(field + 4) % 0x1_0000_0000)
  const low = BigInt(offset % 0x1_0000_0000)
  return Number(BigInt.asUintN(64, (high << 32n) + low + BigInt(enclave.BASEADDR + more)))
}

/**
 * The EPC page that a linear address resolves to. Faults as an access of this kind would: first as paging demands (no SGX bit), then
 * #PF with the SGX bit if the page is not in the EPC.
 */
export function resolveEpc(
  { sgx, memory, refuse }: EncluContext,
  address: number,
  access: 'R' | 'W',
  operand: string,
): EpcPage {
  if (!isCanonical(address)) return refuse.GP(`${operand} is canonical`)
  const { frame } = memory.translate(address, access)
  const page = sgx.epc.pageAt(frame)
  return page ?? refuse.PF(address, epcmFaultCode(access), `${operand} resolves within an EPC`)
}

/** PF_ERROR bits of a fault that the EPCM causes for an implicit write, as for the TCS and the SSA. */
export const EPCM_WRITE = PF_ERROR.SGX | PF_ERROR.P | PF_ERROR.U | PF_ERROR.W

/** "is within CR_ELRANGE", for an operand of a leaf that runs inside. */
export const isInElrange = ({ sgx }: EncluContext, address: number): boolean =>
  sgx.mode?.enclave.contains(address) ?? false

/** An operand in a plain page of the enclave that runs: the EPCM checks that EACCEPT, EMODPE and others make on it. */
export function checkOperandPage(
  { sgx, refuse }: EncluContext,
  page: EpcPage,
  address: number,
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
  if (page.ENCLAVEADDRESS !== alignDown(address, 4096)) PF(`ENCLAVEADDRESS = ${operand} & ~FFFH`)
}

/** An operand of EGETKEY and EREPORT in a plain page of the enclave that runs, with their EPCM checks in their order. */
export function resolveDataPage(context: EncluContext, address: number, access: 'R' | 'W', operand: string): EpcPage {
  const { sgx, refuse } = context
  const page = resolveEpc(context, address, access, operand)
  const PF = (condition: string): never => refuse.PF(address, epcmFaultCode(access), `EPCM(${operand}).${condition}`)
  if (!page.VALID) PF('VALID = 1')
  if (page.BLOCKED) PF('BLOCKED = 0')
  if (page.PT !== 'PT_REG') PF('PT = PT_REG')
  if (page.ENCLAVESECS !== sgx.mode?.enclave.page) PF('ENCLAVESECS = CR_ACTIVE_SECS')
  if (page.PENDING) PF('PENDING = 0')
  if (page.MODIFIED) PF('MODIFIED = 0')
  if (page.ENCLAVEADDRESS !== alignDown(address, 4096)) PF(`ENCLAVEADDRESS = ${operand} & ~0FFFH`)
  if (access === 'R' ? !page.R : !page.W) PF(`${access} = 1`)
  return page
}

/** SECINFO.FLAGS from memory of the enclave; #GP if a reserved field is set. */
export function readSecinfo({ refuse }: EncluContext, page: EpcPage, address: number): SecinfoFlags {
  const bytes = page.bytes.subarray(address % 4096, (address % 4096) + SECINFO.size)
  const flags = secinfoFlags(bytes)
  return flags ?? refuse.GP('SECINFO reserved fields are zero')
}

export interface SecinfoFlags {
  /** All of them; bits 63:32 are reserved. */
  readonly FLAGS: number
  readonly R: boolean
  readonly W: boolean
  readonly X: boolean
  readonly PENDING: boolean
  readonly MODIFIED: boolean
  readonly PR: boolean
  /** undefined: a number that is no page type. */
  readonly PT: PageType | undefined
}

const RESERVED_LOW = Number(SECINFO_FLAGS_RESERVED & 0xffff_ffffn)
const RESERVED_HIGH = Number(SECINFO_FLAGS_RESERVED >> 32n)
const R = Number(SECINFO_FLAGS.R)
const W = Number(SECINFO_FLAGS.W)
const X = Number(SECINFO_FLAGS.X)
const PENDING = Number(SECINFO_FLAGS.PENDING)
const MODIFIED = Number(SECINFO_FLAGS.MODIFIED)
const PR = Number(SECINFO_FLAGS.PR)
const PT_SHIFT = Number(SECINFO_PAGE_TYPE_SHIFT)
/** From here on, SECINFO is reserved. */
const [[SECINFO_RESERVED_AT]] = SECINFO_RESERVED
const copy = new Uint8Array(SECINFO.size)
const words = new Int32Array(copy.buffer)

/** undefined if a reserved field is not zero. */
export function secinfoFlags(secinfo: Uint8Array): SecinfoFlags | undefined {
  // Without a bigint, and by words, as every page of an enclave comes here.
  copy.set(secinfo)
  const FLAGS = words[0] ?? 0
  if (FLAGS & RESERVED_LOW || (words[1] ?? 0) & RESERVED_HIGH) return undefined
  for (let k = SECINFO_RESERVED_AT / 4; k < words.length; k++) if (words[k] !== 0) return undefined
  return {
    FLAGS,
    R: (FLAGS & R) !== 0,
    W: (FLAGS & W) !== 0,
    X: (FLAGS & X) !== 0,
    PENDING: (FLAGS & PENDING) !== 0,
    MODIFIED: (FLAGS & MODIFIED) !== 0,
    PR: (FLAGS & PR) !== 0,
    PT: PAGE_TYPES[(FLAGS >> PT_SHIFT) & 0xff],
  }
}

/** Ends a leaf that has a result: RAX, ZF set for an error, CF, PF, AF, OF and SF cleared. */
export function finish({ state, nextRip }: EncluContext, code: SgxErrorCode): SgxErrorCode {
  state.setGpr(RAX, BigInt(code))
  state.rflags = (state.rflags & ~BigInt(ARITHMETIC_MASK)) | (code === 0 ? 0n : BigInt(RFLAGS.ZF))
  state.rip = nextRip
  return code
}
