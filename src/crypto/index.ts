/** Cryptography that a leaf needs in the middle of an instruction: synchronous, no host modules. */
export { aesCmac, aesGcm, type AesGcm, type Sealed } from './aes.ts'
export { createSha256, sha256, type Sha256, type Sha256Provider } from './sha256.ts'
export {
  RSA3072_SIZE,
  verifyRsa3072,
  rsa3072Quotients,
  encodeSha256Message,
  littleEndianToBigInt,
  bigIntToLittleEndian,
} from './rsa3072.ts'
export { checkRsa3072Key, generateRsa3072Key, signRsa3072, type Rsa3072Key } from './rsa3072-key.ts'
export { readRsa3072Key, type Rsa3072KeySource } from './rsa3072-read.ts'
