import { isAligned } from '../../base/index.ts'
import { RBX, RCX, RDX } from '../../spec/x86/index.ts'
import { SGX_ERROR } from '../../spec/sgx/index.ts'
import { encluLeaf } from '../leaf.ts'
import { checkOperandPage, finish, isInElrange, readSecinfo, register, resolveEpc } from '../operands.ts'

export const EACCEPTCOPY = encluLeaf({
  name: 'EACCEPTCOPY',
  inputs: {
    RBX: 'Address of a SECINFO',
    RCX: 'Address of the destination EPC page',
    RDX: 'Address of the source EPC page',
  },
  run(context) {
    const { sgx, state, refuse } = context
    const [secinfoAddress, address, sourceAddress] = [register(state, RBX), register(state, RCX), register(state, RDX)]
    if (!isAligned(secinfoAddress, 64)) return refuse.GP('DS:RBX is 64Byte Aligned')
    if (!isAligned(address, 4096)) return refuse.GP('DS:RCX is 4KByte Aligned')
    if (!isAligned(sourceAddress, 4096)) return refuse.GP('DS:RDX is 4KByte Aligned')
    if (!isInElrange(context, secinfoAddress)) return refuse.GP('DS:RBX is within CR_ELRANGE')
    if (!isInElrange(context, address)) return refuse.GP('DS:RCX is within CR_ELRANGE')
    if (!isInElrange(context, sourceAddress)) return refuse.GP('DS:RDX is within CR_ELRANGE')
    const secinfoPage = resolveEpc(context, secinfoAddress, 'R', 'DS:RBX')
    const page = resolveEpc(context, address, 'W', 'DS:RCX')
    const source = resolveEpc(context, sourceAddress, 'R', 'DS:RDX')
    checkOperandPage(context, secinfoPage, secinfoAddress, 'R', 'DS:RBX')
    const SECINFO = readSecinfo(context, secinfoPage, secinfoAddress)
    if (!SECINFO.R && SECINFO.W) return refuse.GP('SECINFO.FLAGS.R = 1 or SECINFO.FLAGS.W = 0')
    if (SECINFO.PT !== 'PT_REG') return refuse.GP('SECINFO.FLAGS.PT = PT_REG')
    // Erratum: for R the manual prints EPCM(DS:RCX) among the checks of the source, and for BLOCKED EPCM(DS:RDX) among those of
    // the destination.
    checkOperandPage(context, source, sourceAddress, 'R', 'DS:RDX')
    const pending =
      page.VALID &&
      page.PENDING &&
      !page.MODIFIED &&
      !page.BLOCKED &&
      page.PT === 'PT_REG' &&
      page.ENCLAVESECS === sgx.mode?.enclave.page &&
      page.R &&
      page.W &&
      !page.X &&
      page.ENCLAVEADDRESS === address
    if (!pending) {
      const condition = 'EPCM(DS:RCX) is a pending page of EAUG'
      return finish(context, refuse.code(SGX_ERROR.SGX_PAGE_ATTRIBUTES_MISMATCH, condition))
    }
    sgx.epc.beforeWrite(page.frame)
    page.bytes.set(source.bytes)
    page.R = SECINFO.R
    page.W = SECINFO.W
    page.X = SECINFO.X
    page.PENDING = false
    return finish(context, SGX_ERROR.SGX_SUCCESS)
  },
})
