import { invariant } from '../../base/index.ts'
import { RBX, RCX } from '../../spec/x86/index.ts'
import { leaveMode } from '../entry.ts'
import { encluLeaf } from '../leaf.ts'
import { isCanonical } from '../operands.ts'

export const EEXIT = encluLeaf({
  name: 'EEXIT',
  inputs: { RBX: 'Target address outside the enclave' },
  run({ sgx, state, refuse }) {
    const { mode } = sgx
    invariant(mode, 'ENCLU has checked CR_ENCLAVE_MODE')
    const target = state.gpr(RBX)
    if (!isCanonical(target)) return refuse.GP('RBX is canonical')
    // Deviation: no single-step #DB is made pending for RFLAGS.TF; whoever executes instructions looks at TF afterwards.
    state.rip = Number(target)
    state.setGpr(RCX, mode.tcs.tcs.AEP)
    leaveMode(state, mode)
    sgx.mode = undefined
  },
})
