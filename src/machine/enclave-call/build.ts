import { alignUp, invariant } from '../../base/index.ts'
import { Fault } from '../../cpu/index.ts'
import { ENCLS, type EpcPage, type Sgx, type SgxEvent } from '../../sgx/index.ts'
import { ATTRIBUTES, SECINFO_FLAGS, SECS } from '../../spec/sgx/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { eventText } from '../sgx-trace.ts'
import type { HostProcess } from './host-process.ts'
import { bytesOf, isTcsPage, secinfoOf, type PlainAdd, type PlainLayout } from './layout.ts'
import { refuse } from './system-calls.ts'

/** Builds an enclave as a host program does: /dev/sgx_enclave, its requests, mmap(2). */

const PAGE = 4096
/** Bytes of pages that go to the driver at once. */
const BATCH = 64 * PAGE
/** Room for the requests' arguments, behind the pages. */
const ARGUMENTS = PAGE

export interface BuiltEnclave {
  /** File descriptor of the device. */
  readonly device: number
  readonly base: bigint
  readonly size: number
  /** Addresses of the TCS pages, in the order in which they were added. */
  readonly tcs: readonly bigint[]
}

/** Throws ERR_REFUSED; nothing of the enclave remains then. */
export function buildEnclave(process: HostProcess, layout: PlainLayout, sigstruct: Uint8Array): BuiltEnclave {
  const builder = new Builder(process, layout)
  try {
    return builder.build(sigstruct)
  } catch (error) {
    builder.undo()
    throw error
  } finally {
    builder.freeBuffer()
  }
}

class Builder {
  private readonly process: HostProcess
  private readonly layout: PlainLayout
  /** The SECS, with the address that the enclave gets. */
  private readonly secs: Uint8Array
  private readonly size: number
  private readonly buffer: bigint
  private base = 0n
  private device = -1

  constructor(process: HostProcess, layout: PlainLayout) {
    this.process = process
    this.layout = layout
    this.secs = layout.secs.slice()
    this.size = Number(SECS.view(this.secs).SIZE)
    this.buffer = process.memory.allocate(BATCH + ARGUMENTS)
  }

  build(sigstruct: Uint8Array): BuiltEnclave {
    this.device = this.open('/dev/sgx_enclave')
    this.base = this.reserve()
    this.create()
    for (const step of this.layout.steps) {
      if (step.leaf === 'EADD') this.add(step)
      else this.extend(this.base + step.offset)
    }
    this.initialize(sigstruct)
    this.map()
    const tcs = this.adds().flatMap(({ flags, offset, length }) =>
      isTcsPage(flags) ? Array.from({ length: length / PAGE }, (_, i) => this.base + offset + BigInt(i * PAGE)) : [],
    )
    return { device: this.device, base: this.base, size: this.size, tcs }
  }

  undo(): void {
    if (this.base !== 0n) this.process.memory.free(this.base, this.size)
    if (this.device >= 0) this.process.systemCalls.call('close', { fd: this.device })
  }

  freeBuffer(): void {
    this.process.memory.free(this.buffer, BATCH + ARGUMENTS)
  }

  private adds(): readonly PlainAdd[] {
    return this.layout.steps.filter((step): step is PlainAdd => step.leaf === 'EADD')
  }

  private open(path: string): number {
    const { memory, systemCalls } = this.process
    memory.write(this.buffer, new TextEncoder().encode(`${path}\0`))
    const fd = systemCalls.call('open', { path: Number(this.buffer), flags: linux.O.RDWR, mode: 0 })
    return fd < 0 ? refuse(`open ${path}`, fd) : fd
  }

  /** Address space at a multiple of its size, all of it the device's, without rights. */
  private reserve(): bigint {
    const { memory } = this.process
    const wanted = SECS.view(this.secs).BASEADDR
    if (wanted !== 0n) return this.mmap(wanted, this.size, linux.PROT_NONE, linux.MAP_FIXED_NOREPLACE)
    const start = this.mmap(0n, 2 * this.size, linux.PROT_NONE, 0)
    const end = start + BigInt(2 * this.size)
    const base = BigInt(alignUp(Number(start), this.size))
    if (base > start) memory.free(start, Number(base - start))
    const after = base + BigInt(this.size)
    if (end > after) memory.free(after, Number(end - after))
    return base
  }

  private mmap(address: bigint, length: number, prot: number, flags: number): bigint {
    const values = { addr: Number(address), length, prot, flags: linux.MAP_SHARED | flags, fd: this.device, offset: 0 }
    const answer = this.process.systemCalls.call('mmap', values)
    return answer < 0 ? refuse('mmap of /dev/sgx_enclave', answer) : BigInt(answer)
  }

  private create(): void {
    const secs = SECS.view(this.secs)
    secs.BASEADDR = this.base
    this.process.memory.write(this.buffer, this.secs)
    this.ioctl('ENCLAVE_CREATE', linux.sgx_enclave_create, { src: this.buffer })
    if ((secs.ATTRIBUTES & ATTRIBUTES.PROVISIONKEY) === 0n) return
    const fd = this.open('/dev/sgx_provision')
    this.ioctl('ENCLAVE_PROVISION', linux.sgx_enclave_provision, { fd: BigInt(fd) })
    this.process.systemCalls.call('close', { fd })
  }

  private add(step: PlainAdd): void {
    const { memory } = this.process
    const secinfo = this.buffer + BigInt(BATCH + ARGUMENTS / 2)
    memory.write(secinfo, secinfoOf(step.flags))
    for (let at = 0; at < step.length; at += BATCH) {
      const length = Math.min(BATCH, step.length - at)
      memory.write(this.buffer, bytesOf(step, at, length))
      this.ioctl('ENCLAVE_ADD_PAGES', linux.sgx_enclave_add_pages, {
        src: this.buffer,
        offset: step.offset + BigInt(at),
        length: BigInt(length),
        secinfo,
        flags: BigInt(step.measure ? linux.SGX_PAGE_MEASURE : 0),
      })
    }
  }

  /** Linux measures whole pages or nothing; the leaf itself measures 256 bytes, and other kernels use it so. */
  private extend(address: bigint): void {
    const { sgx } = this.process.processor
    invariant(sgx, 'an enclave on a processor without SGX')
    const page = Number(address - (address % BigInt(PAGE)))
    const target = pages(sgx).find(
      (p) => p.ENCLAVEADDRESS === page && p.ENCLAVESECS?.enclave?.BASEADDR === Number(this.base),
    )
    const secs = target?.ENCLAVESECS
    invariant(secs, 'a page that was just added is in the EPC')
    const { answer, refusal } = observed(sgx, () => {
      try {
        ENCLS.EEXTEND(sgx, { secs, target, offset: Number(address) - page })
        return 0
      } catch (error) {
        if (error instanceof Fault) return -linux.EIO
        throw error
      }
    })
    if (answer < 0) refuse('EEXTEND', answer, refusal)
  }

  private initialize(sigstruct: Uint8Array): void {
    this.process.memory.write(this.buffer, sigstruct)
    this.ioctl('ENCLAVE_INIT', linux.sgx_enclave_init, { sigstruct: this.buffer })
  }

  /** Each range of pages with the rights that its pages have; a TCS is written by the processor alone. */
  private map(): void {
    for (const { flags, offset, length } of this.adds()) {
      const rights =
        (flags & SECINFO_FLAGS.R ? linux.PROT_READ : 0) |
        (flags & SECINFO_FLAGS.W ? linux.PROT_WRITE : 0) |
        (flags & SECINFO_FLAGS.X ? linux.PROT_EXEC : 0)
      const prot = isTcsPage(flags) ? linux.PROT_READ | linux.PROT_WRITE : rights
      this.mmap(this.base + offset, length, prot, linux.MAP_FIXED)
    }
  }

  private ioctl<L extends { readonly size: number; view(bytes: Uint8Array): object }>(
    name: keyof typeof linux.SGX_IOC,
    layout: L,
    values: Partial<ReturnType<L['view']>>,
  ): void {
    const { memory, systemCalls, processor } = this.process
    const bytes = new Uint8Array(layout.size)
    Object.assign(layout.view(bytes), values)
    const argument = this.buffer + BigInt(BATCH)
    memory.write(argument, bytes)
    const request = { fd: this.device, request: linux.SGX_IOC[name], arg: Number(argument) }
    const { answer, refusal } = observed(processor.sgx, () => systemCalls.call('ioctl', request))
    if (answer < 0) refuse(`SGX_IOC_${name}`, answer, refusal)
  }
}

function pages({ epc }: Sgx): EpcPage[] {
  return Array.from({ length: epc.pageCount - epc.freeCount }, (_, i) => epc.page(i)).filter((page) => page.VALID)
}

/** Does something, and tells which check of a leaf was the last that failed meanwhile. */
function observed(sgx: Sgx | undefined, action: () => number): { answer: number; refusal: string | undefined } {
  let refusal: string | undefined
  const before = sgx?.onEvent
  const watch = (e: SgxEvent): void => {
    if (e.kind === 'leaf' && e.outcome.is !== 'done') refusal = eventText(e)
    before?.(e)
  }
  if (sgx) sgx.onEvent = watch
  try {
    return { answer: action(), refusal }
  } finally {
    if (sgx) sgx.onEvent = before
  }
}
