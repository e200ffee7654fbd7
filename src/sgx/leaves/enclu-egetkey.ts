import { invariant, isAligned } from '../../base/index.ts'
import { RBX, RCX } from '../../spec/x86/index.ts'
import {
  ATTRIBUTES,
  KEYNAME,
  KEYPOLICY,
  KEYPOLICY_KSS,
  KEYPOLICY_RESERVED,
  KEYREQUEST,
  KEYREQUEST_RESERVED,
  SGX_ERROR,
  type SgxErrorCode,
} from '../../spec/sgx/index.ts'
import type { Enclave } from '../enclave.ts'
import { encluLeaf, reservedIsZero } from '../leaf.ts'
import { finish, isInElrange, register, resolveDataPage } from '../operands.ts'
import type { Refusals } from '../refuse.ts'
import type { KeyDependencies, Secrets } from '../secrets.ts'

type Keyrequest = ReturnType<typeof KEYREQUEST.view>
/** "Attributes that must always be include INIT & DEBUG". */
const REQUIRED_SEALING_MASK = ATTRIBUTES.INIT | ATTRIBUTES.DEBUG

export const EGETKEY = encluLeaf({
  name: 'EGETKEY',
  inputs: { RBX: 'Address to a KEYREQUEST', RCX: 'Address of the OUTPUTDATA' },
  run(context) {
    const { sgx, state, refuse } = context
    const requestAddress = register(state, RBX)
    const outputAddress = register(state, RCX)
    if (!isAligned(requestAddress, 512)) return refuse.GP('DS:RBX is 512Byte aligned')
    if (!isInElrange(context, requestAddress)) return refuse.GP('DS:RBX is within CR_ELRANGE')
    const requestPage = resolveDataPage(context, requestAddress, 'R', 'DS:RBX')
    if (!isAligned(outputAddress, 16)) return refuse.GP('DS:RCX is 16Byte aligned')
    if (!isInElrange(context, outputAddress)) return refuse.GP('DS:RCX is within CR_ELRANGE')
    const outputPage = resolveDataPage(context, outputAddress, 'W', 'DS:RCX')

    const bytes = requestPage.bytes.slice(requestAddress % 4096, (requestAddress % 4096) + KEYREQUEST.size)
    const request = KEYREQUEST.view(bytes)
    if (!reservedIsZero(bytes, KEYREQUEST_RESERVED)) return refuse.GP('KEYREQUEST.RESERVED = 0')
    if (request.KEYPOLICY & KEYPOLICY_RESERVED) return refuse.GP('KEYREQUEST.KEYPOLICY.RESERVED = 0')
    const enclave = sgx.mode?.enclave
    invariant(enclave, 'ENCLU has checked CR_ENCLAVE_MODE')
    if (!enclave.hasAttribute(ATTRIBUTES.KSS)) {
      const KSS = 'SECS.ATTRIBUTES.KSS = 1'
      if (request.KEYPOLICY & KEYPOLICY_KSS) return refuse.GP(`KEYREQUEST.KEYPOLICY & 003CH = 0 or ${KSS}`)
      if (request.CONFIGSVN > 0) return refuse.GP(`KEYREQUEST.CONFIGSVN = 0 or ${KSS}`)
    }
    const { secrets } = sgx
    const code = checkRequest(enclave, secrets, request, refuse)
    if (code !== SGX_ERROR.SGX_SUCCESS) return finish(context, code)

    sgx.epc.beforeWrite(outputPage.frame)
    outputPage.bytes.set(secrets.deriveKey(dependencies(enclave, secrets, request)), outputAddress % 4096)
    return finish(context, SGX_ERROR.SGX_SUCCESS)
  },
})

/** The checks of each case of "CASE (DS:RBX.KEYNAME)". A report key has none. */
function checkRequest(enclave: Enclave, secrets: Secrets, request: Keyrequest, refuse: Refusals): SgxErrorCode {
  const { SGX_SUCCESS, SGX_INVALID_ATTRIBUTE, SGX_INVALID_CPUSVN, SGX_INVALID_ISVSVN, SGX_INVALID_KEYNAME } = SGX_ERROR
  const { KEYNAME: name, ISVSVN, CONFIGSVN } = request
  const isProvisioning = name === KEYNAME.PROVISION_KEY || name === KEYNAME.PROVISION_SEAL_KEY
  if (name === KEYNAME.REPORT_KEY) return SGX_SUCCESS
  if (name > KEYNAME.SEAL_KEY) return refuse.code(SGX_INVALID_KEYNAME, 'the value of KEYNAME is valid')
  if (name === KEYNAME.EINITTOKEN_KEY && !enclave.hasAttribute(ATTRIBUTES.EINITTOKEN_KEY)) {
    return refuse.code(SGX_INVALID_ATTRIBUTE, 'SECS.ATTRIBUTES.EINITTOKEN_KEY = 1')
  }
  if (isProvisioning && !enclave.hasAttribute(ATTRIBUTES.PROVISIONKEY)) {
    return refuse.code(SGX_INVALID_ATTRIBUTE, 'SECS.ATTRIBUTES.PROVISIONKEY = 1')
  }
  if (secrets.isBeyond(request.CPUSVN)) {
    return refuse.code(SGX_INVALID_CPUSVN, 'KEYREQUEST.CPUSVN is not beyond current CPU configuration')
  }
  if (ISVSVN > enclave.SECS.ISVSVN) return refuse.code(SGX_INVALID_ISVSVN, 'KEYREQUEST.ISVSVN <= SECS.ISVSVN')
  // Erratum: the case of PROVISION_SEAL_KEY does not print this check, but its key depends on CONFIGSVN, and the text above says
  // "The caller may not request a key for an SVN beyond the current … enclave configuration's SVN".
  const hasConfig = name === KEYNAME.SEAL_KEY || name === KEYNAME.PROVISION_SEAL_KEY
  if (hasConfig && CONFIGSVN > enclave.SECS.CONFIGSVN) {
    return refuse.code(SGX_INVALID_ISVSVN, 'KEYREQUEST.CONFIGSVN <= SECS.CONFIGSVN')
  }
  return SGX_SUCCESS
}

/** TMP_KEYDEPENDENCIES of each key. */
function dependencies(enclave: Enclave, secrets: Secrets, request: Keyrequest): KeyDependencies {
  const secs = enclave.SECS
  const { CR_SGXOWNEREPOCH: SGXOWNEREPOCH, CR_SEAL_FUSES: SEAL_KEY_FUSES, CR_CPUSVN } = secrets
  const { KEYNAME: name, KEYPOLICY: policy, KEYID, ATTRIBUTEMASK, XFRMMASK } = request
  if (name === KEYNAME.REPORT_KEY) {
    const { ATTRIBUTES: attributes, XFRM, MRENCLAVE, MISCSELECT, CONFIGID, CONFIGSVN } = secs
    const identity = { ATTRIBUTES: attributes, XFRM, MRENCLAVE, MISCSELECT, CONFIGID, CONFIGSVN }
    return { KEYNAME: name, ...identity, KEYID, SGXOWNEREPOCH, SEAL_KEY_FUSES, CPUSVN: CR_CPUSVN }
  }
  const common = {
    KEYNAME: name,
    ISVSVN: request.ISVSVN,
    ISVPRODID: secs.ISVPRODID,
    ATTRIBUTES: (ATTRIBUTEMASK | REQUIRED_SEALING_MASK) & secs.ATTRIBUTES,
    XFRM: XFRMMASK & secs.XFRM,
    MRSIGNER: secs.MRSIGNER,
    CPUSVN: request.CPUSVN,
    MISCSELECT: (request.MISCMASK & secs.MISCSELECT) >>> 0,
  }
  if (name === KEYNAME.EINITTOKEN_KEY) return { ...common, SGXOWNEREPOCH, KEYID, SEAL_KEY_FUSES }
  const masks = { ATTRIBUTEMASK, XFRMMASK, MISCMASK: ~request.MISCMASK >>> 0 }
  if (name === KEYNAME.PROVISION_KEY) return { ...common, ...masks }

  const has = (bit: number): boolean => (policy & bit) !== 0
  const chosen = {
    KEYPOLICY: policy,
    ISVPRODID: has(KEYPOLICY.NOISVPRODID) ? 0 : secs.ISVPRODID,
    ...(has(KEYPOLICY.ISVFAMILYID) && { ISVFAMILYID: enclave.ISVFAMILYID }),
    ...(has(KEYPOLICY.ISVEXTPRODID) && { ISVEXTPRODID: enclave.ISVEXTPRODID }),
    ...(has(KEYPOLICY.CONFIGID) && { CONFIGID: secs.CONFIGID, CONFIGSVN: request.CONFIGSVN }),
  }
  if (name === KEYNAME.PROVISION_SEAL_KEY) return { ...common, ...masks, ...chosen, SEAL_KEY_FUSES }
  return {
    ...common,
    ...masks,
    ...chosen,
    MRENCLAVE: has(KEYPOLICY.MRENCLAVE) ? secs.MRENCLAVE : new Uint8Array(32),
    MRSIGNER: has(KEYPOLICY.MRSIGNER) ? secs.MRSIGNER : new Uint8Array(32),
    SGXOWNEREPOCH,
    KEYID,
    SEAL_KEY_FUSES,
  }
}
