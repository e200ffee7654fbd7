import { equalBytes } from '../../base/index.ts'
import { aesCmac, sha256, verifyRsa3072 } from '../../crypto/index.ts'
import {
  ATTRIBUTES,
  EINITTOKEN,
  EINITTOKEN_RESERVED,
  KEYNAME,
  SGX_ERROR,
  SIGSTRUCT,
  SIGSTRUCT_HEADER,
  SIGSTRUCT_HEADER2,
  SIGSTRUCT_RESERVED,
  SIGSTRUCT_SIGNED,
  VENDOR_INTEL,
  type SgxErrorCode,
} from '../../spec/sgx/index.ts'
import type { Enclave } from '../enclave.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf, reservedIsZero } from '../leaf.ts'
import type { Sgx } from '../processor.ts'
import type { Refusals } from '../refuse.ts'

export interface EinitArguments {
  readonly secs: EpcPage
  /** 1808 bytes. */
  readonly sigstruct: Uint8Array
  /** 304 bytes; all zero when there is no launch enclave. */
  readonly token: Uint8Array
}

/** Constant mask of all ATTRIBUTES that can only be set for authorized enclaves. */
const CONTROLLED_ATTRIBUTES = ATTRIBUTES.EINITTOKEN_KEY

export const EINIT = enclsLeaf<EinitArguments, SgxErrorCode>({
  leaf: 'EINIT',
  inputs: { sigstruct: 'Address of SIGSTRUCT', secs: 'Address of SECS', token: 'Address of EINITTOKEN' },
  run(sgx, { secs, sigstruct, token }, refuse) {
    const {
      SGX_INVALID_SIG_STRUCT,
      SGX_INVALID_SIGNATURE,
      SGX_INVALID_MEASUREMENT,
      SGX_INVALID_ATTRIBUTE,
      SGX_INVALID_EINITTOKEN,
    } = SGX_ERROR
    const TMP_SIG = SIGSTRUCT.view(sigstruct)
    const TMP_TOKEN = EINITTOKEN.view(token)
    if (!equalBytes(TMP_SIG.HEADER, SIGSTRUCT_HEADER)) {
      return refuse.code(SGX_INVALID_SIG_STRUCT, 'SIGSTRUCT.HEADER = 06000000E10000000000010000000000h')
    }
    if (TMP_SIG.VENDOR !== 0 && TMP_SIG.VENDOR !== VENDOR_INTEL) {
      return refuse.code(SGX_INVALID_SIG_STRUCT, 'SIGSTRUCT.VENDOR = 0 or 00008086h')
    }
    if (!equalBytes(TMP_SIG.HEADER2, SIGSTRUCT_HEADER2)) {
      return refuse.code(SGX_INVALID_SIG_STRUCT, 'SIGSTRUCT.HEADER2 = 01010000600000006000000001000000h')
    }
    if (TMP_SIG.EXPONENT !== 3) return refuse.code(SGX_INVALID_SIG_STRUCT, 'SIGSTRUCT.EXPONENT = 3')
    if (!reservedIsZero(sigstruct, SIGSTRUCT_RESERVED)) {
      return refuse.code(SGX_INVALID_SIG_STRUCT, 'SIGSTRUCT reserved space is 0')
    }
    const signed = SIGSTRUCT_SIGNED.map(([offset, size]) => sigstruct.subarray(offset, offset + size))
    if (!verifyRsa3072(TMP_SIG.MODULUS, TMP_SIG.SIGNATURE, TMP_SIG.Q1, TMP_SIG.Q2, signed)) {
      return refuse.code(SGX_INVALID_SIGNATURE, 'the signature verifies with the embedded public key, q1 and q2')
    }
    const { enclave } = secs
    if (!secs.VALID) return refuse.PF(secs.physicalAddress, 0, 'EPCM(DS:RCX).VALID = 1')
    if (!enclave) return refuse.PF(secs.physicalAddress, 0, 'EPCM(DS:RCX).PT = PT_SECS')
    if (TMP_SIG.ISVFAMILYID.some((b) => b !== 0) && !enclave.hasAttribute(ATTRIBUTES.KSS)) {
      return refuse.code(SGX_INVALID_SIG_STRUCT, 'SIGSTRUCT.ISVFAMILYID = 0 or SECS.ATTRIBUTES.KSS = 1')
    }
    if (enclave.initialized) return refuse.GP('the enclave is not already initialized')

    const TMP_MRENCLAVE = enclave.measurement.digest()
    if (!equalBytes(TMP_SIG.ENCLAVEHASH, TMP_MRENCLAVE)) {
      return refuse.code(SGX_INVALID_MEASUREMENT, 'SIGSTRUCT.ENCLAVEHASH = TMP_MRENCLAVE')
    }
    const TMP_MRSIGNER = sha256(TMP_SIG.MODULUS)
    const authorized = equalBytes(TMP_MRSIGNER, lepubkeyhashBytes(sgx.IA32_SGXLEPUBKEYHASH))
    if (enclave.ATTRIBUTES & CONTROLLED_ATTRIBUTES && !authorized) {
      return refuse.code(SGX_INVALID_ATTRIBUTE, 'no controlled ATTRIBUTES, or MRSIGNER = IA32_SGXLEPUBKEYHASH')
    }
    const { ATTRIBUTEMASK, XFRMMASK, MISCMASK } = TMP_SIG
    if ((enclave.ATTRIBUTES & ATTRIBUTEMASK) !== (TMP_SIG.ATTRIBUTES & ATTRIBUTEMASK)) {
      return refuse.code(SGX_INVALID_ATTRIBUTE, 'SECS.ATTRIBUTES = SIGSTRUCT.ATTRIBUTES under ATTRIBUTEMASK')
    }
    if ((enclave.XFRM & XFRMMASK) !== (TMP_SIG.XFRM & XFRMMASK)) {
      return refuse.code(SGX_INVALID_ATTRIBUTE, 'SECS.ATTRIBUTES.XFRM = SIGSTRUCT.ATTRIBUTES.XFRM under ATTRIBUTEMASK')
    }
    if ((enclave.MISCSELECT & MISCMASK) !== (TMP_SIG.MISCSELECT & MISCMASK)) {
      return refuse.code(SGX_INVALID_ATTRIBUTE, 'SECS.MISCSELECT = SIGSTRUCT.MISCSELECT under MISCMASK')
    }
    if (TMP_TOKEN.VALID & 1) {
      const refused = checkToken(sgx, enclave, token, { TMP_MRENCLAVE, TMP_MRSIGNER }, refuse)
      if (refused !== SGX_ERROR.SGX_SUCCESS) return refused
    } else if (!authorized) {
      return refuse.code(SGX_INVALID_EINITTOKEN, 'EINITTOKEN.VALID[0] = 1 or MRSIGNER = IA32_SGXLEPUBKEYHASH')
    }

    enclave.SECS.MRENCLAVE = TMP_MRENCLAVE
    enclave.SECS.MRSIGNER = TMP_MRSIGNER
    enclave.SECS.ISVPRODID = TMP_SIG.ISVPRODID
    enclave.SECS.ISVSVN = TMP_SIG.ISVSVN
    enclave.ISVEXTPRODID = TMP_SIG.ISVEXTPRODID.slice()
    enclave.ISVFAMILYID = TMP_SIG.ISVFAMILYID.slice()
    enclave.SECS.ATTRIBUTES |= ATTRIBUTES.INIT
    enclave.initialized = true
    return SGX_ERROR.SGX_SUCCESS
  },
})

/** "Only 192 bytes of EINITTOKEN are CMACed". */
const TOKEN_MACED = 192

/** An EINITTOKEN that says it is valid: from a launch enclave, for this enclave. */
function checkToken(
  sgx: Sgx,
  enclave: Enclave,
  token: Uint8Array,
  { TMP_MRENCLAVE, TMP_MRSIGNER }: Readonly<Record<'TMP_MRENCLAVE' | 'TMP_MRSIGNER', Uint8Array>>,
  refuse: Refusals,
): SgxErrorCode {
  const { SGX_SUCCESS, SGX_INVALID_EINITTOKEN, SGX_INVALID_CPUSVN, SGX_INVALID_MEASUREMENT, SGX_INVALID_ATTRIBUTE } =
    SGX_ERROR
  const { secrets } = sgx
  const TMP_TOKEN = EINITTOKEN.view(token)
  const { DEBUG } = ATTRIBUTES
  if (TMP_TOKEN.MASKEDATTRIBUTESLE & DEBUG && !enclave.hasAttribute(DEBUG)) {
    const condition = 'EINITTOKEN.MASKEDATTRIBUTESLE.DEBUG = 0 or SECS.ATTRIBUTES.DEBUG = 1'
    return refuse.code(SGX_INVALID_EINITTOKEN, condition)
  }
  if (TMP_TOKEN.VALID !== 1 || !reservedIsZero(token, EINITTOKEN_RESERVED)) {
    return refuse.code(SGX_INVALID_EINITTOKEN, 'EINITTOKEN reserved space is clear')
  }
  if (secrets.isBeyond(TMP_TOKEN.CPUSVNLE)) {
    return refuse.code(SGX_INVALID_CPUSVN, 'EINITTOKEN.CPUSVNLE is not beyond CR_CPUSVN')
  }
  const TMP_EINITTOKENKEY = secrets.deriveKey({
    KEYNAME: KEYNAME.EINITTOKEN_KEY,
    ISVPRODID: TMP_TOKEN.ISVPRODIDLE,
    ISVSVN: TMP_TOKEN.ISVSVNLE,
    SGXOWNEREPOCH: secrets.CR_SGXOWNEREPOCH,
    ATTRIBUTES: TMP_TOKEN.MASKEDATTRIBUTESLE,
    XFRM: TMP_TOKEN.MASKEDXFRMLE,
    MRSIGNER: lepubkeyhashBytes(sgx.IA32_SGXLEPUBKEYHASH),
    KEYID: TMP_TOKEN.KEYID,
    SEAL_KEY_FUSES: secrets.CR_SEAL_FUSES,
    CPUSVN: TMP_TOKEN.CPUSVNLE,
    MISCSELECT: TMP_TOKEN.MASKEDMISCSELECTLE,
  })
  if (!equalBytes(TMP_TOKEN.MAC, aesCmac(TMP_EINITTOKENKEY, token.subarray(0, TOKEN_MACED)))) {
    return refuse.code(SGX_INVALID_EINITTOKEN, 'EINITTOKEN.MAC is of the launch key and the token')
  }
  if (!equalBytes(TMP_TOKEN.MRENCLAVE, TMP_MRENCLAVE) || !equalBytes(TMP_TOKEN.MRSIGNER, TMP_MRSIGNER)) {
    return refuse.code(SGX_INVALID_MEASUREMENT, 'EINITTOKEN.MRENCLAVE and MRSIGNER are those of the enclave')
  }
  if (TMP_TOKEN.ATTRIBUTES !== enclave.ATTRIBUTES || TMP_TOKEN.XFRM !== enclave.XFRM) {
    return refuse.code(SGX_INVALID_ATTRIBUTE, 'EINITTOKEN.ATTRIBUTES = SECS.ATTRIBUTES')
  }
  return SGX_SUCCESS
}

/** The four MSRs hold the hash in order, each little endian. */
function lepubkeyhashBytes(msrs: readonly bigint[]): Uint8Array {
  const out = new DataView(new ArrayBuffer(32))
  msrs.forEach((value, i) => out.setBigUint64(8 * i, value, true))
  return new Uint8Array(out.buffer)
}
