import { EncluError } from '../../base/index.ts'
import { readRsa3072Key, type Rsa3072Key, type Rsa3072KeySource } from '../../crypto/index.ts'
import { SIGSTRUCT } from '../../spec/sgx/index.ts'
import type { VdsoAbi } from '../../vdso/index.ts'
import { checkBytes } from './arguments.ts'
import { buildEnclave } from './build.ts'
import { Enclave } from './enclave.ts'
import { HostProcess } from './host-process.ts'
import { plainLayout, type EnclaveLayout, type PlainLayout } from './layout.ts'
import type { StartProcessor } from './processor.ts'
import { generateSigningKey, signLayout, type SigstructFields } from './sigstruct.ts'

/** Who signs an enclave, and what the signature says. */
export interface CreateEnclaveOptions {
  /** A SIGSTRUCT that exists already: 1808 bytes. The two below are for enclaves that are signed now. */
  readonly sigstruct?: Uint8Array
  /** The signer's key. Default: one of the machine's own, which follows from its seed and takes a second or so to make. */
  readonly key?: Rsa3072KeySource
  /** What the SIGSTRUCT says beyond what the layout does. */
  readonly fields?: SigstructFields
}

/** The enclaves of one machine, and the process that they live in. */
export class EnclaveHost<A extends VdsoAbi> {
  readonly process: HostProcess
  private readonly seed: bigint
  private readonly enclaves = new Set<Enclave<A>>()
  private ownKey: Rsa3072Key | undefined

  constructor(start: StartProcessor, seed: bigint) {
    this.process = new HostProcess(start)
    this.seed = seed
  }

  create(layout: EnclaveLayout, { sigstruct, key, fields }: CreateEnclaveOptions): Enclave<A> {
    const plain = plainLayout(layout)
    if (sigstruct !== undefined) {
      checkBytes('sigstruct', sigstruct, SIGSTRUCT.size)
      if (key !== undefined || fields !== undefined)
        throw new EncluError('ERR_BAD_ARGUMENT', 'A sigstruct was given, and a key or fields for another one.')
    }
    const signed = sigstruct ?? this.sign(plain, key, fields)
    const enclave = new Enclave<A>(this.process, buildEnclave(this.process, plain, signed), signed)
    this.enclaves.add(enclave)
    return enclave
  }

  async close(): Promise<void> {
    await Promise.all([...this.enclaves].map((enclave) => enclave.close()))
  }

  private sign(
    layout: PlainLayout,
    key: Rsa3072KeySource | undefined,
    fields: SigstructFields | undefined,
  ): Uint8Array {
    if (key !== undefined) return signLayout(layout, readRsa3072Key(key), fields)
    this.ownKey ??= generateSigningKey(BigInt.asUintN(64, this.seed))
    return signLayout(layout, this.ownKey, fields)
  }
}
