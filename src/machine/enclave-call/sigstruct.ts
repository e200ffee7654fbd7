import {
  bigIntToLittleEndian,
  generateRsa3072Key,
  readRsa3072Key,
  RSA3072_SIZE,
  rsa3072Quotients,
  signRsa3072,
  type Rsa3072Key,
  type Rsa3072KeySource,
} from '../../crypto/index.ts'
import { SECS, SIGSTRUCT, SIGSTRUCT_HEADER, SIGSTRUCT_HEADER2, SIGSTRUCT_SIGNED } from '../../spec/sgx/index.ts'
import { checkBytes, checkU64, checkUnsigned } from './arguments.ts'
import { measureLayout, plainLayout, type EnclaveLayout, type PlainLayout } from './layout.ts'

/** Signs enclaves: everything of a SIGSTRUCT but the key comes from the layout or from its fields. */

/** Fields of SIGSTRUCT that the signer chooses, named and sized as in the manual. */
export interface SigstructFields {
  /** 0, or 0x8086 for Intel. Default 0. */
  readonly VENDOR?: number
  /** Digits yyyymmdd in hex: 0x20261122. Default 0. */
  readonly DATE?: number
  readonly SWDEFINED?: number
  /** Default: that of the SECS. */
  readonly MISCSELECT?: number
  /** Bits of MISCSELECT that EINIT compares. Default 0. */
  readonly MISCMASK?: number
  /** Default: that of the SECS. A debug enclave has ATTRIBUTES.DEBUG in both. */
  readonly ATTRIBUTES?: bigint
  /** Bits of ATTRIBUTES that EINIT compares. Default 0n. */
  readonly ATTRIBUTEMASK?: bigint
  /** Default: that of the SECS. */
  readonly XFRM?: bigint
  /** Bits of XFRM that EINIT compares. Default 0n. */
  readonly XFRMMASK?: bigint
  /** Default 0. */
  readonly ISVPRODID?: number
  readonly ISVSVN?: number
  /** 16 bytes each, with ATTRIBUTES.KSS. Default zeros. */
  readonly ISVFAMILYID?: Uint8Array
  readonly ISVEXTPRODID?: Uint8Array
}

/** The 1808 bytes. */
export function signLayout(layout: PlainLayout, key: Rsa3072Key, fields: SigstructFields = {}): Uint8Array {
  const secs = SECS.view(layout.secs)
  const out = new Uint8Array(SIGSTRUCT.size)
  const sig = SIGSTRUCT.view(out)
  sig.HEADER = SIGSTRUCT_HEADER
  sig.HEADER2 = SIGSTRUCT_HEADER2
  sig.VENDOR = checkUnsigned('VENDOR', fields.VENDOR, 32)
  sig.DATE = checkUnsigned('DATE', fields.DATE, 32)
  sig.SWDEFINED = checkUnsigned('SWDEFINED', fields.SWDEFINED, 32)
  sig.MISCSELECT = checkUnsigned('MISCSELECT', fields.MISCSELECT, 32, secs.MISCSELECT)
  sig.MISCMASK = checkUnsigned('MISCMASK', fields.MISCMASK, 32)
  sig.ATTRIBUTES = checkU64('ATTRIBUTES', fields.ATTRIBUTES, secs.ATTRIBUTES)
  sig.ATTRIBUTEMASK = checkU64('ATTRIBUTEMASK', fields.ATTRIBUTEMASK)
  sig.XFRM = checkU64('XFRM', fields.XFRM, secs.XFRM)
  sig.XFRMMASK = checkU64('XFRMMASK', fields.XFRMMASK)
  sig.ISVPRODID = checkUnsigned('ISVPRODID', fields.ISVPRODID, 16)
  sig.ISVSVN = checkUnsigned('ISVSVN', fields.ISVSVN, 16)
  sig.ISVFAMILYID = checkBytes('ISVFAMILYID', fields.ISVFAMILYID, 16)
  sig.ISVEXTPRODID = checkBytes('ISVEXTPRODID', fields.ISVEXTPRODID, 16)
  sig.ENCLAVEHASH = measureLayout(layout)
  sig.MODULUS = bigIntToLittleEndian(key.n, RSA3072_SIZE)
  sig.EXPONENT = 3
  const signed = SIGSTRUCT_SIGNED.map(([at, size]) => out.subarray(at, at + size))
  sig.SIGNATURE = bigIntToLittleEndian(signRsa3072(key, signed), RSA3072_SIZE)
  const { Q1, Q2 } = rsa3072Quotients(sig.MODULUS, sig.SIGNATURE)
  sig.Q1 = Q1
  sig.Q2 = Q2
  return out
}

/**
 * Signs an enclave, as a build server would: nothing of it needs a machine.
 *
 * @param key RSA-3072 with exponent 3: PEM text (PKCS #8 or PKCS #1), a JSON Web Key, or { n, d }
 * @returns a SIGSTRUCT: 1808 bytes
 * @throws EncluError ERR_BAD_ARGUMENT
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { elfLayout, Machine, signEnclave } from 'enclu'
 *
 * const layout = elfLayout(readFileSync('examples/hello/hello.enclave'))
 * const key = readFileSync('examples/common/example-key.pem', 'utf8')
 * const sigstruct = signEnclave(layout, key, { ISVPRODID: 7, ISVSVN: 2, DATE: 0x20261122 })
 * const enclave = new Machine().createEnclave(layout, { sigstruct })
 * console.log(Buffer.from(enclave.MRSIGNER).toString('hex').slice(0, 8)) // 4abbc4d1
 * ```
 */
export function signEnclave(layout: EnclaveLayout, key: Rsa3072KeySource, fields: SigstructFields = {}): Uint8Array {
  return signLayout(plainLayout(layout), readRsa3072Key(key), fields)
}

/**
 * Makes a signing key that follows from the seed, so that a run can be repeated. It keeps nothing secret: whoever knows the seed knows
 * the key. Takes a second, or several: it is a search.
 *
 * @throws EncluError ERR_BAD_ARGUMENT
 *
 * @example
 * ```ts
 * import { generateSigningKey } from 'enclu'
 *
 * const key = generateSigningKey(0n)
 * console.log(key.n.toString(2).length) // 3072
 * ```
 */
export const generateSigningKey = (seed: bigint): Rsa3072Key => generateRsa3072Key(checkU64('seed', seed))
