import { createHash, type Hash } from 'node:crypto'
import type { HostHash } from '../port/index.ts'

/** Bytes gathered for one call of Node's hash, which costs as much as hashing half a kilobyte. */
const GATHERED = 16384

/** SHA-256 by Node, made for many small pieces: MRENCLAVE is a hash of thousands of records of 64 and 256 bytes. */
export class NodeSha256 implements HostHash {
  private readonly hash: Hash
  private readonly gathered = new Uint8Array(GATHERED)
  private length = 0

  constructor(hash: Hash = createHash('sha256')) {
    this.hash = hash
  }

  update(data: Uint8Array): this {
    if (this.length + data.length > GATHERED) this.flush()
    if (data.length > GATHERED) this.hash.update(data)
    else {
      this.gathered.set(data, this.length)
      this.length += data.length
    }
    return this
  }

  copy(): NodeSha256 {
    this.flush()
    return new NodeSha256(this.hash.copy())
  }

  digest(): Uint8Array {
    this.flush()
    return Uint8Array.from(this.hash.digest())
  }

  private flush(): void {
    if (this.length > 0) this.hash.update(this.gathered.subarray(0, this.length))
    this.length = 0
  }
}
