import { invariant } from '../base/index.ts'
import { STATE, type CpuState, type Ram } from '../cpu/index.ts'
import { RBP, RBX, RCX, RSP } from '../spec/x86/index.ts'
import { GPRSGX, TCS, TCS_FLAGS } from '../spec/sgx/index.ts'
import type { Enclave } from './enclave.ts'
import type { EpcPage } from './epc.ts'
import type { EncluContext } from './leaf.ts'
import { TCS_STATE, type EnclaveMode } from './mode.ts'
import { enclaveAddress, EPCM_WRITE, isCanonical, register, resolveEpc } from './operands.ts'
import type { SsaFrame } from './ssa.ts'

/** What EENTER and ERESUME do alike. CET is not part of the processor, so its checks hold by construction. */

const { FLAGS, OSSA, OENTRY, AEP, OFSBASE, OGSBASE } = TCS.fields
const DBGOPTIN = Number(TCS_FLAGS.DBGOPTIN)
const INACTIVE = Number(TCS_STATE.INACTIVE)
const ACTIVE = Number(TCS_STATE.ACTIVE)
const AEXNOTIFY = Number(TCS_FLAGS.AEXNOTIFY)

/** The checks from the alignment of RBX to AEXNOTIFY, in the order in which both Operation sections print them. */
export function checkTcs(context: EncluContext): { tcs: EpcPage; enclave: Enclave } {
  const { sgx, state, refuse } = context
  const TCS_LA = register(state, RBX)
  if (TCS_LA % 4096 !== 0) return refuse.GP('DS:RBX is 4KByte Aligned')
  // Undefined: the kind of access for the error code; the processor goes on to write the TCS.
  const tcs = resolveEpc(context, TCS_LA, 'W', 'DS:RBX')
  if (!isCanonical(register(state, RCX))) return refuse.GP('CS:RCX is canonical')
  const PF = (condition: string): never => refuse.PF(TCS_LA, EPCM_WRITE, `EPCM(DS:RBX).${condition}`)
  if (!tcs.VALID) PF('VALID = 1')
  if (tcs.BLOCKED) PF('BLOCKED = 0')
  if (tcs.ENCLAVEADDRESS !== TCS_LA) PF('ENCLAVEADDRESS = DS:RBX')
  if (tcs.PT !== 'PT_TCS') PF('PT = PT_TCS')
  if (tcs.PENDING) PF('PENDING = 0')
  if (tcs.MODIFIED) PF('MODIFIED = 0')
  if (tcs.low12(OSSA.offset) !== 0) return refuse.GP('TCS.OSSA is 4KByte Aligned')
  if (tcs.low12(OFSBASE.offset) !== 0) return refuse.GP('TCS.OFSBASE is 4KByte Aligned')
  if (tcs.low12(OGSBASE.offset) !== 0) return refuse.GP('TCS.OGSBASE is 4KByte Aligned')
  const enclave = tcs.ENCLAVESECS?.enclave
  invariant(enclave, 'a valid TCS belongs to an enclave')
  const flags = tcs.number(FLAGS.offset)
  if (flags > DBGOPTIN + AEXNOTIFY) return refuse.GP('TCS.FLAGS has no reserved bit set')
  if (!enclave.initialized) return refuse.GP('the enclave is initialized')
  if (!enclave.MODE64BIT) return refuse.GP('TMP_MODE64 = SECS.ATTRIBUTES.MODE64BIT')
  const isSubset = enclave.XFRM === sgx.XCR0 || (enclave.XFRM & sgx.XCR0) === enclave.XFRM
  if (!isSubset) return refuse.GP('SECS.ATTRIBUTES.XFRM is a subset of XCR0')
  if (!(flags & DBGOPTIN) && ((flags & AEXNOTIFY) !== 0) !== enclave.AEXNOTIFY) {
    return refuse.GP('TCS.FLAGS.DBGOPTIN = 1 or TCS.FLAGS.AEXNOTIFY = SECS.ATTRIBUTES.AEXNOTIFY')
  }
  return { tcs, enclave }
}

/** TCS.OENTRY as an address. */
export function checkEntryPoint({ refuse }: EncluContext, tcs: EpcPage, enclave: Enclave): number {
  const TMP_TARGET = enclaveAddress(enclave, tcs, OENTRY.offset)
  if (!isCanonical(TMP_TARGET)) return refuse.GP('the target address is canonical')
  return TMP_TARGET
}

/** TMP_FSBASE and TMP_GSBASE as the TCS gives them, checked. */
export function checkSegments(
  context: EncluContext,
  tcs: EpcPage,
  enclave: Enclave,
): { fsBase: number; gsBase: number } {
  const fsBase = enclaveAddress(enclave, tcs, OFSBASE.offset)
  const gsBase = enclaveAddress(enclave, tcs, OGSBASE.offset)
  if (!isCanonical(fsBase)) return context.refuse.GP('TMP_FSBASE is canonical')
  if (!isCanonical(gsBase)) return context.refuse.GP('TMP_GSBASE is canonical')
  return { fsBase, gsBase }
}

export function checkInactive({ refuse }: EncluContext, tcs: EpcPage): void {
  if (tcs.number(TCS.fields.STATE.offset) !== INACTIVE) refuse.GP('TCS.STATE = INACTIVE')
}

/** Sets CR_ENCLAVE_MODE and the other control registers, and locks the TCS. AEP is RCX, so RCX must still be the input. */
export function enterMode({ sgx, state }: EncluContext, tcs: EpcPage, enclave: Enclave, ssa: SsaFrame): EnclaveMode {
  const { ram } = state
  tcs.setNumber(TCS.fields.STATE.offset, ACTIVE)
  copy64(ram, STATE.GPR + 8 * RCX, tcs.frame + AEP.offset)
  copy64(ram, STATE.FS_BASE, STATE.CR_SAVE)
  copy64(ram, STATE.GS_BASE, STATE.CR_SAVE + 8)
  copy64(ram, STATE.XCR0, STATE.CR_SAVE + 16)
  const mode = sgx.modeFor({
    enclave,
    tcs,
    CR_TCS_LA: tcs.ENCLAVEADDRESS,
    CR_GPR_PA: ssa.CR_GPR_PA,
    CR_XSAVE_PAGE_0: ssa.CR_XSAVE_PAGE_0,
    CR_DBGOPTIN: (tcs.number(FLAGS.offset) & DBGOPTIN) !== 0,
    epoch: enclave.epoch,
    CR_SAVE_TF: state.trapFlag,
  })
  enclave.threads.push(mode)
  sgx.mode = mode
  ram.u32[STATE.ENCLAVE / 4] = tcs.insideNumber
  state.xcr0 = enclave.XFRM
  return mode
}

/** "Save the outside RSP and RBP so they can be restored on interrupt or EEXIT". */
export function saveOutsideStack({ state, sgx }: EncluContext, { CR_GPR_PA }: SsaFrame): void {
  sgx.epc.beforeWrite(CR_GPR_PA)
  copy64(state.ram, STATE.GPR + 8 * RSP, CR_GPR_PA + GPRSGX.fields.URSP.offset)
  copy64(state.ram, STATE.GPR + 8 * RBP, CR_GPR_PA + GPRSGX.fields.URBP.offset)
}

/** Eight bytes in linear memory, both places aligned. */
function copy64({ u32 }: Ram, from: number, to: number): void {
  u32[to / 4] = u32[from / 4] ?? 0
  u32[to / 4 + 1] = u32[from / 4 + 1] ?? 0
}

/** "RFLAGS.TF is cleared on opt-out entry." */
export function suppressTrapFlag(state: CpuState, mode: EnclaveMode): void {
  if (!mode.CR_DBGOPTIN) state.trapFlag = false
}

/** EEXIT and an asynchronous exit: FS, GS, XCR0 and TF as they were outside, the TCS free, out of enclave mode. */
export function leaveMode(state: CpuState, mode: EnclaveMode): void {
  const { ram } = state
  copy64(ram, STATE.CR_SAVE, STATE.FS_BASE)
  copy64(ram, STATE.CR_SAVE + 8, STATE.GS_BASE)
  copy64(ram, STATE.CR_SAVE + 16, STATE.XCR0)
  if (!mode.CR_DBGOPTIN) state.trapFlag = mode.CR_SAVE_TF
  mode.tcs.setNumber(TCS.fields.STATE.offset, INACTIVE)
  leaveEnclave(mode)
  state.inEnclave = false
}

/** One logical processor less inside. */
export function leaveEnclave(mode: EnclaveMode): void {
  const { threads } = mode.enclave
  const at = threads.lastIndexOf(mode)
  if (at === threads.length - 1) threads.pop()
  else if (at >= 0) threads.splice(at, 1)
}
