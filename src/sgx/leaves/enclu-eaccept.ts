import { invariant, isAligned } from '../../base/index.ts'
import { RBX, RCX } from '../../spec/x86/index.ts'
import { ATTRIBUTES, SGX_ERROR, TCS_FLAGS, TCS_RESERVED } from '../../spec/sgx/index.ts'
import { epcmFaultCode } from '../enclave-pages.ts'
import { encluLeaf, reservedIsZero } from '../leaf.ts'
import { TCS_STATE } from '../mode.ts'
import {
  checkOperandPage,
  finish,
  isInElrange,
  readSecinfo,
  register,
  resolveEpc,
  type SecinfoFlags,
} from '../operands.ts'

/** "Check that the combination of requested PT, PENDING, and MODIFIED is legal", on a processor without CET. */
const isAcceptable = ({ PT, PR, PENDING, MODIFIED }: SecinfoFlags): boolean =>
  (PT === 'PT_REG' && (PR || PENDING) && !MODIFIED) ||
  ((PT === 'PT_TCS' || PT === 'PT_TRIM') && !PR && !PENDING && MODIFIED)

export const EACCEPT = encluLeaf({
  name: 'EACCEPT',
  inputs: { RBX: 'Address of a SECINFO', RCX: 'Address of the destination EPC page' },
  run(context) {
    const { sgx, state, refuse } = context
    const secinfoAddress = register(state, RBX)
    const address = register(state, RCX)
    if (!isAligned(secinfoAddress, 64)) return refuse.GP('DS:RBX is 64Byte Aligned')
    if (!isInElrange(context, secinfoAddress)) return refuse.GP('DS:RBX is within CR_ELRANGE')
    const secinfoPage = resolveEpc(context, secinfoAddress, 'R', 'DS:RBX')
    checkOperandPage(context, secinfoPage, secinfoAddress, 'R', 'DS:RBX')
    const SECINFO = readSecinfo(context, secinfoPage, secinfoAddress)
    if (!isAligned(address, 4096)) return refuse.GP('DS:RCX is 4KByte Aligned')
    if (!isInElrange(context, address)) return refuse.GP('DS:RCX is within CR_ELRANGE')
    const page = resolveEpc(context, address, 'R', 'DS:RCX')
    if (!isAcceptable(SECINFO)) return refuse.GP('SECINFO.FLAGS.PT, PENDING, MODIFIED and PR go together')

    const enclave = sgx.mode?.enclave
    invariant(enclave, 'ENCLU has checked CR_ENCLAVE_MODE')
    const PF = (condition: string): never => refuse.PF(address, epcmFaultCode('R'), `EPCM(DS:RCX).${condition}`)
    if (!page.VALID) PF('VALID = 1')
    if (page.BLOCKED) PF('BLOCKED = 0')
    if (page.PT !== 'PT_REG' && page.PT !== 'PT_TCS' && page.PT !== 'PT_TRIM') PF('PT is PT_REG, PT_TCS or PT_TRIM')
    if (page.ENCLAVESECS !== enclave.page) PF('ENCLAVESECS = CR_ACTIVE_SECS')

    const same =
      page.ENCLAVEADDRESS === address &&
      page.PENDING === SECINFO.PENDING &&
      page.MODIFIED === SECINFO.MODIFIED &&
      page.R === SECINFO.R &&
      page.W === SECINFO.W &&
      page.X === SECINFO.X &&
      page.PT === SECINFO.PT
    if (!same) {
      const condition = 'the accept request matches current EPC page settings'
      return finish(context, refuse.code(SGX_ERROR.SGX_PAGE_ATTRIBUTES_MISMATCH, condition))
    }
    const { trackingEpoch } = page
    if (trackingEpoch !== undefined && !enclave.isTracked(trackingEpoch)) {
      return finish(context, refuse.code(SGX_ERROR.SGX_NOT_TRACKED, 'all required threads have left the enclave'))
    }
    if (page.PT === 'PT_TCS') {
      const { tcs } = page
      if (!reservedIsZero(page.bytes, TCS_RESERVED)) return refuse.GP('TCS.RESERVED = 0')
      if (tcs.FLAGS & TCS_FLAGS.DBGOPTIN) return refuse.GP('TCS.FLAGS.DBGOPTIN = 0')
      if (tcs.CSSA >= tcs.NSSA) return refuse.GP('TCS.CSSA < TCS.NSSA')
      if (tcs.AEP !== 0n) return refuse.GP('TCS.AEP = 0')
      if (tcs.STATE !== TCS_STATE.INACTIVE) return refuse.GP('TCS.STATE = 0')
      if (!enclave.hasAttribute(ATTRIBUTES.MODE64BIT)) {
        if ((tcs.FSLIMIT & tcs.GSLIMIT & 0xfff) !== 0xfff) return refuse.GP('TCS.FSLIMIT and GSLIMIT & FFFH = FFFH')
      }
    }
    page.PENDING = false
    page.MODIFIED = false
    page.PR = false
    page.trackingEpoch = undefined
    return finish(context, SGX_ERROR.SGX_SUCCESS)
  },
})
