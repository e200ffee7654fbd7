import { STATE } from '../../cpu/index.ts'
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
import { set64, setRegister } from '../operands.ts'
import { checkSsaFrame } from '../ssa.ts'

export const EENTER = encluLeaf({
  name: 'EENTER',
  inputs: { RBX: 'Address of a TCS', RCX: 'Address of AEP' },
  run(context) {
    const { sgx, state, nextRip } = context
    const checks = sgx.entryCache.find(context) ?? check(context)
    const { tcs, enclave, CSSA, ssa, TMP_TARGET, fsBase, gsBase } = checks
    checkInactive(context, tcs)

    const mode = enterMode(context, tcs, enclave, ssa)
    setRegister(state, RCX, nextRip)
    state.rip = TMP_TARGET
    setRegister(state, RAX, CSSA)
    saveOutsideStack(context, ssa)
    set64(state.ram, STATE.FS_BASE, fsBase)
    set64(state.ram, STATE.GS_BASE, gsBase)
    suppressTrapFlag(state, mode)
    sgx.lastEntry = checks
  },
})

function check(context: EncluContext): EntryChecks {
  const { tcs, enclave } = checkTcs(context)
  const { CSSA, NSSA } = tcs.tcs
  if (CSSA >= NSSA) return context.refuse.GP('TCS.CSSA < TCS.NSSA')
  const ssa = checkSsaFrame(context, enclave, tcs, CSSA)
  const TMP_TARGET = checkEntryPoint(context, tcs, enclave)
  const { fsBase, gsBase } = checkSegments(context, tcs, enclave)
  const checks = { tcs, enclave, CSSA, ssa, TMP_TARGET, fsBase, gsBase }
  context.sgx.entryCache.add(context, checks)
  return checks
}
