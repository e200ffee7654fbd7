import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'

/**
 * An incremental SHA-256 (FIPS 180-4). `copy` forks the running state, so that a digest can be read without ending the hash: EINIT
 * may fail and be tried again. Node's own `createHash('sha256')` has this shape and is several times faster; a host may hand it in.
 */
export interface Sha256 {
  update(data: Uint8Array): unknown
  copy(): Sha256
  /** Ends this hash. */
  digest(): Uint8Array
}
export type Sha256Provider = () => Sha256

/** Works wherever JavaScript runs. */
export const createSha256: Sha256Provider = () => wrap(nobleSha256.create())

function wrap(hash: ReturnType<typeof nobleSha256.create>): Sha256 {
  return {
    update: (data) => void hash.update(data),
    copy: () => wrap(hash.clone()),
    digest: () => hash.digest(),
  }
}

/** SHA-256 of the concatenation of `parts`. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = nobleSha256.create()
  for (const part of parts) hash.update(part)
  return hash.digest()
}
