import { STATE } from '../../cpu/index.ts'
import { ARITHMETIC_MASK, RAX, RCX, RFLAGS } from '../../spec/x86/index.ts'
import { GPRSGX, TCS_FLAGS } from '../../spec/sgx/index.ts'
import {
  checkEntryPoint,
  checkInactive,
  checkSegments,
  checkTcs,
  enterMode,
  saveOutsideStack,
  suppressTrapFlag,
} from '../entry.ts'
import { encluLeaf } from '../leaf.ts'
import { isCanonical, set64, setRegister } from '../operands.ts'
import { checkSsaFrame } from '../ssa.ts'
import { restoreXsave, xrstorProblem, xsaveArea } from '../xsave.ts'

/**
 * RFLAGS that come back from the SSA. RF is left out: it lives for one instruction and only matters to instruction breakpoints,
 * which there are none of.
 */
const RESTORED = BigInt(ARITHMETIC_MASK | RFLAGS.DF | RFLAGS.NT | RFLAGS.AC | RFLAGS.ID)

export const ERESUME = encluLeaf({
  name: 'ERESUME',
  inputs: { RBX: 'Address of a TCS', RCX: 'Address of AEP' },
  run(context) {
    const { state, nextRip, refuse } = context
    const { tcs, enclave } = checkTcs(context)
    const { CSSA, NSSA } = tcs.tcs
    if (CSSA === 0) return refuse.GP('TCS.CSSA > 0')
    let ssa = checkSsaFrame(context, enclave, tcs, CSSA - 1)
    const gpr = GPRSGX.view(state.ram.u8, ssa.CR_GPR_PA)
    const TMP_NOTIFY = (tcs.tcs.FLAGS & TCS_FLAGS.AEXNOTIFY) !== 0n && (gpr.AEXNOTIFY & 1) !== 0
    if (TMP_NOTIFY) {
      if (CSSA >= NSSA) return refuse.GP('TCS.CSSA < TCS.NSSA')
      ssa = checkSsaFrame(context, enclave, tcs, CSSA)
      const TMP_TARGET = checkEntryPoint(context, tcs, enclave)
      const { fsBase, gsBase } = checkSegments(context, tcs, enclave)
      checkInactive(context, tcs)
      const mode = enterMode(context, tcs, enclave, ssa)
      state.rip = TMP_TARGET
      // Erratum: printed after RIP := TMP_TARGET, "RCX := RIP" would give the enclave its own entry point. As in EENTER, it is the
      // address after ENCLU.
      setRegister(state, RCX, nextRip)
      setRegister(state, RAX, CSSA)
      saveOutsideStack(context, ssa)
      set64(state.ram, STATE.FS_BASE, fsBase)
      set64(state.ram, STATE.GS_BASE, gsBase)
      return suppressTrapFlag(state, mode)
    }

    const { RIP, FSBASE, GSBASE } = gpr
    if (!isCanonical(RIP)) return refuse.GP('the target address is canonical')
    if (!isCanonical(FSBASE)) return refuse.GP('TMP_FSBASE is canonical')
    if (!isCanonical(GSBASE)) return refuse.GP('TMP_GSBASE is canonical')
    checkInactive(context, tcs)
    const area = xsaveArea(state, ssa.CR_XSAVE_PAGE_0)
    const problem = xrstorProblem(area, enclave.XFRM)
    if (problem !== undefined) return refuse.GP(problem)

    const mode = enterMode(context, tcs, enclave, ssa)
    restoreXsave(state, ssa.CR_XSAVE_PAGE_0, enclave.XFRM)
    state.rip = Number(RIP)
    // The GPR area begins with the 16 registers in encoding order, as the state block does.
    state.ram.u8.copyWithin(STATE.GPR, ssa.CR_GPR_PA, ssa.CR_GPR_PA + 128)
    state.rflags = (state.rflags & ~RESTORED) | (gpr.RFLAGS & RESTORED)
    tcs.tcs.CSSA = CSSA - 1
    state.fsBase = FSBASE
    state.gsBase = GSBASE
    suppressTrapFlag(state, mode)
  },
})
