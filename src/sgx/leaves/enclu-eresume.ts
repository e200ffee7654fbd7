import { ARITHMETIC_MASK, GPR, RAX, RCX, RFLAGS } from '../../spec/x86/index.ts'
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
import { isCanonical, linear } from '../operands.ts'
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
    const { CSSA, NSSA, FLAGS, OFSBASE, OGSBASE } = tcs.tcs
    if (CSSA === 0) return refuse.GP('TCS.CSSA > 0')
    let ssa = checkSsaFrame(context, enclave, tcs, CSSA - 1)
    const gpr = GPRSGX.view(state.ram.u8, ssa.CR_GPR_PA)
    const TMP_NOTIFY = (FLAGS & TCS_FLAGS.AEXNOTIFY) !== 0n && (gpr.AEXNOTIFY & 1) !== 0
    let TMP_TARGET: number
    if (TMP_NOTIFY) {
      if (CSSA >= NSSA) return refuse.GP('TCS.CSSA < TCS.NSSA')
      ssa = checkSsaFrame(context, enclave, tcs, CSSA)
      TMP_TARGET = checkEntryPoint(context, tcs, enclave)
    } else {
      if (!isCanonical(gpr.RIP)) return refuse.GP('the target address is canonical')
      TMP_TARGET = Number(gpr.RIP)
    }
    const BASEADDR = BigInt(enclave.BASEADDR)
    const { fsBase, gsBase } = TMP_NOTIFY
      ? checkSegments(context, linear(OFSBASE + BASEADDR), linear(OGSBASE + BASEADDR))
      : checkSegments(context, gpr.FSBASE, gpr.GSBASE)
    checkInactive(context, tcs)
    const area = xsaveArea(state, ssa.CR_XSAVE_PAGE_0)
    const problem = TMP_NOTIFY ? undefined : xrstorProblem(area, enclave.XFRM)
    if (problem !== undefined) return refuse.GP(problem)

    const mode = enterMode(context, tcs, enclave, ssa)
    if (TMP_NOTIFY) {
      // Erratum: printed after RIP := TMP_TARGET, "RCX := RIP" would give the enclave its own entry point. As in EENTER, it is the
      // address after ENCLU.
      state.setGpr(RCX, BigInt(nextRip))
      state.setGpr(RAX, BigInt(CSSA))
      saveOutsideStack(context, ssa)
    } else {
      restoreXsave(state, area)
      for (let n = 0; n < 16; n++) state.setGpr(n, gpr[GPR[n] ?? 'RAX'])
      state.rflags = (state.rflags & ~RESTORED) | (gpr.RFLAGS & RESTORED)
      tcs.tcs.CSSA = CSSA - 1
    }
    state.rip = TMP_TARGET
    state.fsBase = fsBase
    state.gsBase = gsBase
    suppressTrapFlag(state, mode)
  },
})
