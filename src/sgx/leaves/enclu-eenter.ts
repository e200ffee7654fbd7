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
import { setRegister } from '../operands.ts'
import { checkSsaFrame } from '../ssa.ts'

export const EENTER = encluLeaf({
  name: 'EENTER',
  inputs: { RBX: 'Address of a TCS', RCX: 'Address of AEP' },
  run(context) {
    const { state, nextRip, refuse } = context
    const { tcs, enclave } = checkTcs(context)
    const { CSSA, NSSA } = tcs.tcs
    if (CSSA >= NSSA) return refuse.GP('TCS.CSSA < TCS.NSSA')
    const ssa = checkSsaFrame(context, enclave, tcs, CSSA)
    const TMP_TARGET = checkEntryPoint(context, tcs, enclave)
    const { fsBase, gsBase } = checkSegments(context, tcs, enclave)
    checkInactive(context, tcs)

    const mode = enterMode(context, tcs, enclave, ssa)
    setRegister(state, RCX, nextRip)
    state.rip = TMP_TARGET
    setRegister(state, RAX, CSSA)
    saveOutsideStack(context, ssa)
    state.fsBase = BigInt(fsBase)
    state.gsBase = BigInt(gsBase)
    suppressTrapFlag(state, mode)
  },
})
