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
import type { EntryChecks } from '../entry-cache.ts'
import { encluLeaf, type EncluContext } from '../leaf.ts'
import { setRegister } from '../operands.ts'
import { checkSsaFrame } from '../ssa.ts'

export const EENTER = encluLeaf({
  name: 'EENTER',
  inputs: { RBX: 'Address of a TCS', RCX: 'Address of AEP' },
  run(context) {
    const { sgx, state, nextRip } = context
    const { tcs, enclave, CSSA, ssa, TMP_TARGET, fsBase, gsBase } = sgx.entryCache.find(context) ?? check(context)
    checkInactive(context, tcs)

    const mode = enterMode(context, tcs, enclave, ssa)
    setRegister(state, RCX, nextRip)
    state.rip = TMP_TARGET
    setRegister(state, RAX, CSSA)
    saveOutsideStack(context, ssa)
    state.fsBase = fsBase
    state.gsBase = gsBase
    suppressTrapFlag(state, mode)
  },
})

function check(context: EncluContext): EntryChecks {
  const { tcs, enclave } = checkTcs(context)
  const { CSSA, NSSA } = tcs.tcs
  if (CSSA >= NSSA) return context.refuse.GP('TCS.CSSA < TCS.NSSA')
  const ssa = checkSsaFrame(context, enclave, tcs, CSSA)
  const TMP_TARGET = checkEntryPoint(context, tcs, enclave)
  const segments = checkSegments(context, tcs, enclave)
  const [fsBase, gsBase] = [BigInt(segments.fsBase), BigInt(segments.gsBase)]
  const checks = { tcs, enclave, CSSA, ssa, TMP_TARGET, fsBase, gsBase }
  context.sgx.entryCache.add(context, checks)
  return checks
}
