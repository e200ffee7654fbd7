import { invariant } from '../../base/index.ts'
import { encluLeaf } from '../leaf.ts'
import { checkSsaFrame } from '../ssa.ts'

export const EDECCSSA = encluLeaf({
  name: 'EDECCSSA',
  inputs: {},
  run(context) {
    const { sgx, state, nextRip, refuse } = context
    const { mode } = sgx
    invariant(mode, 'ENCLU has checked CR_ENCLAVE_MODE')
    const { tcs, enclave } = mode
    const { CSSA } = tcs.tcs
    if (CSSA === 0) return refuse.GP('CR_TCS_PA.CSSA > 0')
    const { CR_GPR_PA, CR_XSAVE_PAGE_0 } = checkSsaFrame(context, enclave, tcs, CSSA - 1)
    tcs.tcs.CSSA = CSSA - 1
    mode.CR_GPR_PA = CR_GPR_PA
    mode.CR_XSAVE_PAGE_0 = CR_XSAVE_PAGE_0
    sgx.forgetTransitions()
    state.rip = nextRip
  },
})
