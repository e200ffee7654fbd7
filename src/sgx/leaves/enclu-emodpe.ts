import { isAligned } from '../../base/index.ts'
import { RBX, RCX } from '../../spec/x86/index.ts'
import { epcmFaultCode } from '../enclave-pages.ts'
import { encluLeaf } from '../leaf.ts'
import { checkOperandPage, isInElrange, readSecinfo, register, resolveEpc } from '../operands.ts'

export const EMODPE = encluLeaf({
  name: 'EMODPE',
  inputs: { RBX: 'Address of a SECINFO', RCX: 'Address of the destination EPC page' },
  run(context) {
    const { sgx, state, nextRip, refuse } = context
    const secinfoAddress = register(state, RBX)
    const address = register(state, RCX)
    if (!isAligned(secinfoAddress, 64)) return refuse.GP('DS:RBX is 64Byte Aligned')
    if (!isAligned(address, 4096)) return refuse.GP('DS:RCX is 4KByte Aligned')
    if (!isInElrange(context, secinfoAddress)) return refuse.GP('DS:RBX is within CR_ELRANGE')
    if (!isInElrange(context, address)) return refuse.GP('DS:RCX is within CR_ELRANGE')
    const secinfoPage = resolveEpc(context, secinfoAddress, 'R', 'DS:RBX')
    const page = resolveEpc(context, address, 'R', 'DS:RCX')
    checkOperandPage(context, secinfoPage, secinfoAddress, 'R', 'DS:RBX')
    const SECINFO = readSecinfo(context, secinfoPage, secinfoAddress)

    const PF = (condition: string): never => refuse.PF(address, epcmFaultCode('R'), `EPCM(DS:RCX).${condition}`)
    if (!page.VALID) PF('VALID = 1')
    if (page.PENDING) PF('PENDING = 0')
    if (page.MODIFIED) PF('MODIFIED = 0')
    if (page.BLOCKED) PF('BLOCKED = 0')
    if (page.PT !== 'PT_REG') PF('PT = PT_REG')
    if (page.ENCLAVESECS !== sgx.mode?.enclave.page) PF('ENCLAVESECS = CR_ACTIVE_SECS')
    if (page.ENCLAVEADDRESS !== address) PF('ENCLAVEADDRESS = DS:RCX')
    if (!page.R && !SECINFO.R && SECINFO.W)
      return refuse.GP('EPCM(DS:RCX).R = 1 or SECINFO.FLAGS.R = 1 or SECINFO.FLAGS.W = 0')
    page.R ||= SECINFO.R
    page.W ||= SECINFO.W
    page.X ||= SECINFO.X
    // Code may be where the frames of the SSA are.
    sgx.forgetTransitions()
    state.rip = nextRip
  },
})
