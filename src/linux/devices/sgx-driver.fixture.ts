import { expect } from 'vitest'
import {
  MAP_FIXED,
  MAP_SHARED,
  O,
  SGX_IOC,
  SGX_PAGE_MEASURE,
  SIGBUS,
  sgx_enclave_add_pages,
} from '../../spec/linux/index.ts'
import { ATTRIBUTES, SECS, TCS } from '../../spec/sgx/index.ts'
import { Sgx, type SgxOptions } from '../../sgx/index.ts'
import { secinfo, signedSigstruct } from '../../sgx/signed.fixture.ts'
import { isDenial } from '../mm/address-space.ts'
import { FileCalls } from '../vfs/file-calls.fixture.ts'

export const BASE = 0x1000_0000
export const SIZE = 0x1_0000
export const PAGE = 4096
export const BAD = 0x10
export const R = 0x201n
export const RW = 0x203n
export const RX = 0x205n
export const TCS_PAGE = 0x100n
const EPC_SIZE = 0x4_0000
export type SecsView = ReturnType<typeof SECS.view>
export type Sigstruct = Parameters<NonNullable<Parameters<typeof signedSigstruct>[1]>>[0]

/** A machine with SGX and one open /dev/sgx_enclave. */
export class Driver extends FileCalls {
  readonly sgx: Sgx
  readonly fd: number
  constructor(options: SgxOptions = {}) {
    let made: Sgx | undefined
    super({}, { sgx: (ram) => (made = new Sgx(ram, { epc: { size: EPC_SIZE }, ...options })) })
    // The callback has run.
    this.sgx = made as Sgx
    this.fd = this.open('/dev/sgx_enclave', O.RDWR)
  }

  ioctl(request: number, arg: number | Uint8Array, fd = this.fd): number {
    return this.call('ioctl', { fd, request, arg })
  }

  pointer(address: number): Uint8Array {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(address), true)
    return bytes
  }

  create(change?: (secs: SecsView) => void): number {
    const source = new Uint8Array(SECS.size)
    const secs = SECS.view(source)
    Object.assign(secs, {
      SIZE: BigInt(SIZE),
      BASEADDR: BigInt(BASE),
      SSAFRAMESIZE: 1,
      ATTRIBUTES: ATTRIBUTES.MODE64BIT,
      XFRM: 3n,
    })
    change?.(secs)
    return this.ioctl(SGX_IOC.ENCLAVE_CREATE, this.pointer(this.bytes(source)))
  }

  readonly zeros = this.bytes(new Uint8Array(8 * PAGE))

  /** ADD_PAGES; the answer and how many bytes were added. */
  add(
    offset: number,
    flags: bigint,
    more: Partial<Record<'src' | 'length' | 'secinfo' | 'flags' | 'count', number>> = {},
  ): readonly [number, number] {
    const { src = this.zeros, length = PAGE, flags: measure = SGX_PAGE_MEASURE, count = 77 } = more
    const info = more.secinfo ?? this.bytes(secinfo(flags))
    const arg = this.room(sgx_enclave_add_pages.size)
    const big = { src, offset, length, secinfo: info, flags: measure, count }
    this.task.memory.setStruct(
      sgx_enclave_add_pages,
      arg,
      Object.fromEntries(Object.entries(big).map(([k, v]) => [k, BigInt(v)])),
    )
    const answer = this.ioctl(SGX_IOC.ENCLAVE_ADD_PAGES, arg)
    return [answer, Number(this.task.memory.struct(sgx_enclave_add_pages, arg)?.count)]
  }

  addTcs(offset: number): readonly [number, number] {
    const source = new Uint8Array(PAGE)
    Object.assign(TCS.view(source), { NSSA: 1, FSLIMIT: 0xffff_ffff, GSLIMIT: 0xffff_ffff })
    return this.add(offset, TCS_PAGE, { src: this.bytes(source) })
  }

  init(change?: (sig: Sigstruct) => void): number {
    const mrenclave = this.secsPage?.enclave?.measurement.digest() ?? new Uint8Array(32)
    return this.ioctl(SGX_IOC.ENCLAVE_INIT, this.pointer(this.bytes(signedSigstruct(mrenclave, change))))
  }

  get secsPage(): ReturnType<Sgx['epc']['page']> | undefined {
    for (let i = 0; i < this.sgx.epc.pageCount; i++)
      if (this.sgx.epc.page(i).PT === 'PT_SECS' && this.sgx.epc.page(i).VALID) return this.sgx.epc.page(i)
    return undefined
  }

  /** CREATE, a TCS at 0, plain pages at 0x1000 (RW), 0x2000 (RX), 0x3000 (R). */
  build(): this {
    expect(this.create()).toBe(0)
    expect(this.addTcs(0)).toEqual([0, PAGE])
    expect(this.add(0x1000, RW)).toEqual([0, PAGE])
    expect(this.add(0x2000, RX)).toEqual([0, PAGE])
    expect(this.add(0x3000, R)).toEqual([0, PAGE])
    return this
  }

  running(): this {
    this.build()
    expect(this.init()).toBe(0)
    return this
  }

  mmap(address: number, length: number, prot: number, flags: number = MAP_SHARED | MAP_FIXED, fd = this.fd): number {
    return this.call('mmap', { addr: address, length, prot, flags, fd, offset: 0 })
  }

  touch(address: number, access: 'R' | 'W' | 'X' = 'R'): string {
    const answer = this.task.space.lookup(address, access)
    if (!isDenial(answer)) return answer.epc ? 'EPC' : 'memory'
    return `${answer.signal === SIGBUS ? 'SIGBUS' : 'SIGSEGV'} ${answer.errorCode.toString(16)}`
  }
}
