import { invariant } from '../base/index.ts'
import { Fault, STATE, type CpuState } from '../cpu/index.ts'
import { ARITHMETIC_MASK, RAX, RBP, RBX, RCX, RFLAGS, RSP, VECTOR } from '../spec/x86/index.ts'
import { EXINFO, EXITINFO, GPRSGX, MISCSELECT } from '../spec/sgx/index.ts'
import { leaveMode } from './entry.ts'
import { setRegister } from './operands.ts'
import type { EnclaveMode } from './mode.ts'
import type { Sgx } from './processor.ts'
import { saveXsave, synthesize, type X87Synthetic } from './xsave.ts'

/** Asynchronous enclave exit ("AEX Operational Detail"). */

/** "EXITINFO": these are always reported inside; #PF and #GP only if MISCSELECT says so. */
// prettier-ignore
const REPORTED: readonly number[] = [
  VECTOR.DE, VECTOR.DB, VECTOR.BP, VECTOR.BR, VECTOR.UD, VECTOR.MF, VECTOR.AC, VECTOR.XM,
]
const LOW_12_BITS = 0xfffn
const ERESUME_LEAF = 3n

export function aex(sgx: Sgx, state: CpuState, cause: Fault | undefined): Fault | undefined {
  const mode = sgx.mode
  invariant(mode, 'asynchronous exit outside enclave mode')
  const RIP = state.rip
  const { tcs } = mode.tcs
  const { CSSA, AEP } = tcs
  saveState(sgx, state, mode, cause)
  saveCause(state, mode, cause)

  const gpr = GPRSGX.view(state.ram.u8, mode.CR_GPR_PA)
  const { URSP, URBP } = gpr
  state.ram.clear(STATE.GPR, 128)
  state.setGpr(RAX, ERESUME_LEAF)
  setRegister(state, RBX, mode.CR_TCS_LA)
  state.setGpr(RCX, AEP)
  state.setGpr(RSP, URSP)
  state.setGpr(RBP, URBP)
  state.rip = Number(AEP)
  state.rflags &= ~BigInt(ARITHMETIC_MASK | RFLAGS.RF)
  synthesize(state, mode.enclave.XFRM, syntheticX87(cause))
  tcs.CSSA = CSSA + 1
  leaveMode(state, mode)
  sgx.mode = undefined
  sgx.counts.AEX++
  sgx.onEvent?.({ kind: 'AEX', fault: cause, RIP, AEP, TCS: BigInt(mode.CR_TCS_LA), frame: CSSA })
  return cause?.address === undefined ? cause : new Fault(cause.name, cause.errorCode, cause.address & ~LOW_12_BITS)
}

/** GPRs, RFLAGS, RIP, FS and GS into the GPR area, extended state into the XSAVE area. */
function saveState(sgx: Sgx, state: CpuState, mode: EnclaveMode, cause: Fault | undefined): void {
  const { CR_GPR_PA, CR_XSAVE_PAGE_0 } = mode
  sgx.epc.beforeWrite(CR_XSAVE_PAGE_0)
  sgx.epc.beforeWrite(CR_GPR_PA - (CR_GPR_PA % 4096))
  const gpr = GPRSGX.view(state.ram.u8, CR_GPR_PA)
  // The GPR area begins with the 16 registers in encoding order, as the state block does.
  state.ram.u8.copyWithin(CR_GPR_PA, STATE.GPR, STATE.GPR + 128)
  // TF is saved as 0; RF as the handler's stack would show it: 1 for a fault, so that an instruction breakpoint does not hit twice.
  const TRAPS: readonly number[] = [VECTOR.DB, VECTOR.BP, VECTOR.OF]
  const RF = cause && !TRAPS.includes(cause.vector) ? BigInt(RFLAGS.RF) : 0n
  gpr.RFLAGS = (state.rflags & ~BigInt(RFLAGS.TF | RFLAGS.RF)) | RF
  gpr.RIP = BigInt(state.rip)
  gpr.FSBASE = state.fsBase
  gpr.GSBASE = state.gsBase
  saveXsave(state, CR_XSAVE_PAGE_0, mode.enclave.XFRM)
}

/** EXITINFO, and EXINFO if the enclave selected it. */
function saveCause(state: CpuState, { enclave, CR_GPR_PA }: EnclaveMode, cause: Fault | undefined): void {
  const gpr = GPRSGX.view(state.ram.u8, CR_GPR_PA)
  gpr.EXITINFO = 0
  if (!cause) return
  const conditional = cause.vector === VECTOR.PF || cause.vector === VECTOR.GP
  const withExinfo = conditional && (enclave.MISCSELECT & MISCSELECT.EXINFO) !== 0
  if (!withExinfo && !REPORTED.includes(cause.vector)) return
  const type = cause.vector === VECTOR.BP ? EXITINFO.SOFTWARE : EXITINFO.HARDWARE
  gpr.EXITINFO = (EXITINFO.VALID | (type << EXITINFO.EXIT_TYPE_SHIFT) | cause.vector) >>> 0
  if (!withExinfo) return
  const exinfo = EXINFO.view(state.ram.u8, CR_GPR_PA - EXINFO.size)
  exinfo.MADDR = cause.address ?? 0n
  exinfo.ERRCD = cause.errorCode ?? 0
  exinfo.RESERVED = 0
}

/** "Processor Synthetic State on Asynchronous Enclave Exit", the rows that are not the INIT state. */
function syntheticX87(cause: Fault | undefined): X87Synthetic {
  const MF = cause?.vector === VECTOR.MF
  const XM = cause?.vector === VECTOR.XM
  return { FCW: MF ? 0x37e : 0x37f, FSW: MF ? 0x8081 : 0, MXCSR: XM ? 0x1f01 : 0x1fb0 }
}
