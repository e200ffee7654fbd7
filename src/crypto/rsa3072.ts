import { equalBytes, fromHex, toHex } from '../base/index.ts'
import { sha256 } from './sha256.ts'

/** RSA-3072 with exponent 3 and PKCS #1 v1.5 padding, the way SIGSTRUCT uses it. Numbers are 384 bytes, little endian. */
export const RSA3072_SIZE = 384

export const littleEndianToBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.toReversed())}`)
export const bigIntToLittleEndian = (n: bigint, size: number): Uint8Array =>
  fromHex(n.toString(16).padStart(2 * size, '0')).toReversed()

/** DigestInfo of SHA-256 (RFC 8017, "EMSA-PKCS1-v1_5", note 1). */
const SHA256_DIGEST_INFO = fromHex('3031300d060960864801650304020105000420')

/** The encoded message that the signature must open to, big endian: 00 01 FF.. 00, DigestInfo, hash. */
export function encodeSha256Message(hash: Uint8Array): Uint8Array {
  const message = new Uint8Array(RSA3072_SIZE).fill(0xff)
  message[0] = 0
  message[1] = 1
  const tail = RSA3072_SIZE - hash.length - SHA256_DIGEST_INFO.length
  message[tail - 1] = 0
  message.set(SHA256_DIGEST_INFO, tail)
  message.set(hash, tail + SHA256_DIGEST_INFO.length)
  return message
}

/**
 * Verifies without dividing, as EINIT does: the signer supplies Q1 = floor(S*S / N) and Q2 = floor((S*S - Q1*N)*S / N), so that
 * S^3 mod N = (S*S - Q1*N)*S - Q2*N. A wrong quotient leaves a remainder outside 0..N-1 and fails.
 */
export function verifyRsa3072(
  modulus: Uint8Array,
  signature: Uint8Array,
  q1: Uint8Array,
  q2: Uint8Array,
  signed: readonly Uint8Array[],
): boolean {
  const N = littleEndianToBigInt(modulus)
  const S = littleEndianToBigInt(signature)
  if (S >= N) return false
  const square = S * S - littleEndianToBigInt(q1) * N
  if (square < 0n || square >= N) return false
  const cube = square * S - littleEndianToBigInt(q2) * N
  if (cube < 0n || cube >= N) return false
  return equalBytes(bigIntToLittleEndian(cube, RSA3072_SIZE).toReversed(), encodeSha256Message(sha256(...signed)))
}

/** The two quotients a signer stores in SIGSTRUCT. */
export function rsa3072Quotients(modulus: Uint8Array, signature: Uint8Array): { Q1: Uint8Array; Q2: Uint8Array } {
  const N = littleEndianToBigInt(modulus)
  const S = littleEndianToBigInt(signature)
  const Q1 = (S * S) / N
  const Q2 = ((S * S - Q1 * N) * S) / N
  return { Q1: bigIntToLittleEndian(Q1, RSA3072_SIZE), Q2: bigIntToLittleEndian(Q2, RSA3072_SIZE) }
}
