import { concatBytes } from '../../base/index.ts'
import {
  bigIntToLittleEndian,
  createSha256,
  encodeSha256Message,
  RSA3072_SIZE,
  rsa3072Quotients,
  sha256,
} from '../../crypto/index.ts'
import { measureEADD, measureECREATE, measureEEXTEND } from '../../sgx/index.ts'
import { ATTRIBUTES, SIGSTRUCT, SIGSTRUCT_HEADER, SIGSTRUCT_HEADER2, SIGSTRUCT_SIGNED } from '../../spec/sgx/index.ts'

const PAGE = 4096
const CHUNK = 256

/** A page of an enclave, as it is added and measured. */
export interface EnclavePage {
  readonly offset: number
  readonly secinfo: Uint8Array
  readonly bytes: Uint8Array
}

export function mrenclave(size: number, pages: readonly EnclavePage[]): Uint8Array {
  const hash = createSha256()
  measureECREATE(hash, 1, BigInt(size))
  for (const { offset, secinfo, bytes } of pages) {
    measureEADD(hash, BigInt(offset), secinfo)
    for (let at = 0; at < PAGE; at += CHUNK) measureEEXTEND(hash, BigInt(offset + at), bytes.subarray(at, at + CHUNK))
  }
  return hash.digest()
}

// An RSA key for EINIT's sake, which anybody can factor: it signs an enclave without secrets.
const P = 2n ** 1536n - 7769n
const Q = 2n ** 1536n - 8333n
const N = P * Q
const PHI = (P - 1n) * (Q - 1n)
/** The inverse of 3: PHI is 1 modulo 3. */
const D = (2n * PHI + 1n) / 3n

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (let b = base, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus) if (e & 1n) result = (result * b) % modulus
  return result
}

/** SIGSTRUCT for an enclave with this measurement. */
export function signSigstruct(measurement: Uint8Array): Uint8Array {
  const out = new Uint8Array(SIGSTRUCT.size)
  const sig = SIGSTRUCT.view(out)
  sig.HEADER = SIGSTRUCT_HEADER
  sig.HEADER2 = SIGSTRUCT_HEADER2
  sig.MODULUS = bigIntToLittleEndian(N, RSA3072_SIZE)
  sig.EXPONENT = 3
  sig.ATTRIBUTES = ATTRIBUTES.MODE64BIT
  sig.XFRM = 3n
  sig.ENCLAVEHASH = measurement
  const signed = concatBytes(...SIGSTRUCT_SIGNED.map(([at, size]) => out.subarray(at, at + size)))
  const message = BigInt(
    `0x${[...encodeSha256Message(sha256(signed))].map((b) => b.toString(16).padStart(2, '0')).join('')}`,
  )
  sig.SIGNATURE = bigIntToLittleEndian(power(message, D, N), RSA3072_SIZE)
  const { Q1, Q2 } = rsa3072Quotients(sig.MODULUS, sig.SIGNATURE)
  sig.Q1 = Q1
  sig.Q2 = Q2
  return out
}
