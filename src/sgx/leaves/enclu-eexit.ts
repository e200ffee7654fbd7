import { invariant } from '../../base/index.ts'
import { RBX, RCX } from '../../spec/x86/index.ts'
import { TCS } from '../../spec/sgx/index.ts'
import { leaveMode } from '../entry.ts'
import { encluLeaf } from '../leaf.ts'
import { isCanonical, register, setRegister } from '../operands.ts'

export const EEXIT = encluLeaf({
  name: 'EEXIT',
  inputs: { RBX: 'Target address outside the enclave' },
  run({ sgx, state, refuse }) {
    const { mode } = sgx
    invariant(mode, 'ENCLU has checked CR_ENCLAVE_MODE')
    const target = register(state, RBX)
    if (!isCanonical(target)) return refuse.GP('RBX is canonical')
    // Deviation: no single-step #DB is made pending for RFLAGS.TF; whoever executes instructions looks at TF afterwards.
    state.rip = target
    setRegister(state, RCX, mode.tcs.number(TCS.fields.AEP.offset))
    leaveMode(state, mode)
    sgx.mode = undefined
  },
})
