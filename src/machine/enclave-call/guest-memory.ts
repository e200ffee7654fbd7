import { EncluError, hex } from '../../base/index.ts'
import { PAGE_SIZE } from '../../cpu/index.ts'
import type { UserMemory } from '../../linux/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { badArgument, checkBytes, checkSize, checkU64 } from './arguments.ts'
import { refuse, type SystemCalls } from './system-calls.ts'

/** What may be done with pages of memory: read, write, execute. */
export type MemoryAccess = 'none' | 'r' | 'rw' | 'rx' | 'rwx'

const PROTECTION: Readonly<Record<MemoryAccess, number>> = {
  none: linux.PROT_NONE,
  r: linux.PROT_READ,
  rw: linux.PROT_READ | linux.PROT_WRITE,
  rx: linux.PROT_READ | linux.PROT_EXEC,
  rwx: linux.PROT_READ | linux.PROT_WRITE | linux.PROT_EXEC,
}

/** Above 2^53 there is no memory, so that the exact address does not matter. */
const toNumber = (address: bigint): number => Number(address)

function protection(access: MemoryAccess): number {
  if (!Object.hasOwn(PROTECTION, access))
    badArgument(`access is ${String(access)}; it must be one of ${Object.keys(PROTECTION).join(', ')}.`)
  return PROTECTION[access]
}

/**
 * The memory of the process that enclaves live in and are called from, as that process sees it. Addresses are bigints, lengths
 * numbers of bytes.
 *
 * @example
 * ```ts
 * import { Machine } from 'enclu'
 *
 * const { memory } = new Machine()
 * const buffer = memory.allocate(64)
 * memory.write(buffer, Uint8Array.of(1, 2, 3))
 * console.log(memory.read(buffer, 4)) // Uint8Array(4) [ 1, 2, 3, 0 ]
 * memory.free(buffer, 64)
 * ```
 */
export class GuestMemory {
  readonly #memory: UserMemory
  readonly #calls: SystemCalls

  /** @internal Made by the machine. */
  constructor(memory: UserMemory, calls: SystemCalls) {
    this.#memory = memory
    this.#calls = calls
  }

  /**
   * Copies bytes out of the guest. EPC pages read as ff, as they do outside of enclaves.
   *
   * @throws EncluError ERR_BAD_ADDRESS if any of the bytes cannot be read
   */
  read(address: bigint, length: number): Uint8Array {
    const from = toNumber(checkU64('address', address))
    const bytes = new Uint8Array(checkSize('length', length))
    const done = this.#memory.copyIn(from, bytes)
    return done === length ? bytes : unreachable('read', address + BigInt(done))
  }

  /**
   * Copies bytes into the guest. What is written to EPC pages is lost, as it is outside of enclaves.
   *
   * @throws EncluError ERR_BAD_ADDRESS if not all of the bytes can be written; those before the first such page are
   */
  write(address: bigint, bytes: Uint8Array): void {
    const to = toNumber(checkU64('address', address))
    const done = this.#memory.copyOut(to, checkBytes('bytes', bytes))
    if (done !== bytes.length) unreachable('written', address + BigInt(done))
  }

  /**
   * New memory, all zero, beginning at a page (mmap(2)).
   *
   * @param length bytes, rounded up to whole pages
   * @returns its address
   * @throws EncluError ERR_REFUSED with details.errno 'ENOMEM' and the like
   */
  allocate(length: number, access: MemoryAccess = 'rw'): bigint {
    const answer = this.#calls.call('mmap', {
      addr: 0,
      length: checkSize('length', length),
      prot: protection(access),
      flags: linux.MAP_PRIVATE | linux.MAP_ANONYMOUS,
      fd: -1,
      offset: 0,
    })
    return answer < 0 ? refuse('mmap', answer) : BigInt(answer)
  }

  /**
   * Changes what may be done with the pages of [address, address + length) (mprotect(2)). Pages of an enclave can be meant: the
   * processor then asks these rights first and the EPCM second.
   *
   * @throws EncluError ERR_REFUSED
   */
  protect(address: bigint, length: number, access: MemoryAccess): void {
    const start = toNumber(checkU64('address', address))
    const answer = this.#calls.call('mprotect', {
      addr: start,
      len: checkSize('length', length),
      prot: protection(access),
    })
    if (answer < 0) refuse('mprotect', answer)
  }

  /**
   * Gives the pages of [address, address + length) back (munmap(2)).
   *
   * @throws EncluError ERR_REFUSED
   */
  free(address: bigint, length: number): void {
    const addr = toNumber(checkU64('address', address))
    const answer = this.#calls.call('munmap', { addr, length: checkSize('length', length) })
    if (answer < 0) refuse('munmap', answer)
  }
}

function unreachable(done: 'read' | 'written', address: bigint): never {
  const page = address - (address % BigInt(PAGE_SIZE))
  throw new EncluError('ERR_BAD_ADDRESS', `Guest memory at ${hex(address)} cannot be ${done}.`, { address, page })
}
