import { EncluError, equalBytes } from '../../base/index.ts'
import { sha256, verifyRsa3072 } from '../../crypto/index.ts'
import {
  ATTRIBUTES,
  EINITTOKEN,
  SGX_ERROR,
  SIGSTRUCT,
  SIGSTRUCT_HEADER,
  SIGSTRUCT_HEADER2,
  SIGSTRUCT_RESERVED,
  SIGSTRUCT_SIGNED,
  VENDOR_INTEL,
  type SgxErrorCode,
} from '../../spec/sgx/index.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf, reservedIsZero } from '../leaf.ts'

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
    if (secs.PT !== 'PT_SECS' || !enclave) return refuse.PF(secs.physicalAddress, 0, 'EPCM(DS:RCX).PT = PT_SECS')
    if (TMP_SIG.ISVFAMILYID.some((b) => b !== 0) && !enclave.hasAttribute(ATTRIBUTES.KSS)) {
      return refuse.code(SGX_INVALID_SIG_STRUCT, 'SIGSTRUCT.ISVFAMILYID = 0 or SECS.ATTRIBUTES.KSS = 1')
    }
    if (enclave.initialized) return refuse.GP('the enclave is not already initialized')

    const TMP_MRENCLAVE = Uint8Array.from(enclave.measurement.copy().digest())
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
      throw new EncluError('ERR_UNIMPLEMENTED', 'EINIT with a valid EINITTOKEN is not implemented yet.', {
        leaf: 'EINIT',
      })
    }
    if (!authorized) {
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

/** The four MSRs hold the hash in order, each little endian. */
function lepubkeyhashBytes(msrs: readonly bigint[]): Uint8Array {
  const out = new DataView(new ArrayBuffer(32))
  msrs.forEach((value, i) => out.setBigUint64(8 * i, value, true))
  return new Uint8Array(out.buffer)
}
