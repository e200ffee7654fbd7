import { RAX, RCX } from '../../spec/x86/index.ts'
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
import { linear } from '../operands.ts'
import { checkSsaFrame } from '../ssa.ts'

export const EENTER = encluLeaf({
  name: 'EENTER',
  inputs: { RBX: 'Address of a TCS', RCX: 'Address of AEP' },
  run(context) {
    const { state, nextRip, refuse } = context
    const { tcs, enclave } = checkTcs(context)
    const { CSSA, NSSA, OFSBASE, OGSBASE } = tcs.tcs
    if (CSSA >= NSSA) return refuse.GP('TCS.CSSA < TCS.NSSA')
    const ssa = checkSsaFrame(context, enclave, tcs, CSSA)
    const TMP_TARGET = checkEntryPoint(context, tcs, enclave)
    const BASEADDR = BigInt(enclave.BASEADDR)
    const { fsBase, gsBase } = checkSegments(context, linear(OFSBASE + BASEADDR), linear(OGSBASE + BASEADDR))
    checkInactive(context, tcs)

    const mode = enterMode(context, tcs, enclave, ssa)
    state.setGpr(RCX, BigInt(nextRip))
    state.rip = TMP_TARGET
    state.setGpr(RAX, BigInt(CSSA))
    saveOutsideStack(context, ssa)
    state.fsBase = fsBase
    state.gsBase = gsBase
    suppressTrapFlag(state, mode)
  },
})
