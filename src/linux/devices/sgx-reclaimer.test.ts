import { describe, expect, test } from 'vitest'
import { EnclavePages, type EpcPage, type SgxEvent } from '../../sgx/index.ts'
import {
  ENOMEM,
  O,
  PROT_READ,
  PROT_WRITE,
  SGX_IOC,
  sgx_enclave_modify_types,
  sgx_enclave_remove_pages,
} from '../../spec/linux/index.ts'
import { BASE, Driver, PAGE, RW } from './sgx-driver.fixture.ts'

/** source: 'kernel' (sgx_reclaim_pages and what calls it). An EPC of 64 pages: the marks are 8 and 16. */
const EPC_PAGES = 64
const LARGE = 0x10_0000
const COUNT = 100

/** An enclave of 100 plain pages, each with its number in the first bytes, on 64 pages of EPC. */
class Oversubscribed extends Driver {
  readonly events: SgxEvent[] = []
  readonly free = this.sgx.epc.freeCount
  constructor() {
    super({ epc: { size: EPC_PAGES * PAGE } })
    this.sgx.onEvent = (e) => this.events.push(e)
    expect(this.create((s) => (s.SIZE = BigInt(LARGE)))).toBe(0)
    const source = new Uint8Array(COUNT * PAGE)
    for (let i = 0; i < COUNT; i++) source[i * PAGE] = i + 1
    expect(this.add(0, RW, { src: this.big(source), length: COUNT * PAGE, flags: 0 })).toEqual([0, COUNT * PAGE])
  }
  /** Room for more than the arena has. */
  big(data: Uint8Array): number {
    const at = this.call('mmap', {
      addr: 0,
      length: data.length,
      prot: PROT_READ | PROT_WRITE,
      flags: 0x22,
      fd: -1,
      offset: 0,
    })
    this.task.memory.write(at, data)
    return at
  }
  override running(): this {
    expect(this.init()).toBe(0)
    this.mmap(BASE, LARGE, PROT_READ | PROT_WRITE)
    return this
  }
  /** What code inside reads at the start of page `i`. */
  inside(i: number): number {
    const { frame } = this.pages.resolve(BASE + i * PAGE, 'R')
    return this.ram.u8[frame] ?? 0
  }
  poke(i: number, value: number): void {
    this.ram.u8[this.pages.resolve(BASE + i * PAGE, 'W').frame] = value
  }
  private get pages(): EnclavePages {
    const { enclave } = this.secsPage ?? {}
    if (!enclave) throw new Error('no SECS in the EPC')
    return new EnclavePages(this.sgx.epc, this.task.space, enclave)
  }
  /** PT_SECS, and where each page of type PT_VA is. */
  ofType(PT: EpcPage['PT']): EpcPage[] {
    const { epc } = this.sgx
    return [...Array(epc.pageCount).keys()].map((i) => epc.page(i)).filter((p) => p.VALID && p.PT === PT)
  }
  paged(what: 'written out' | 'loaded'): number {
    return this.events.filter((e) => e.kind === 'paging' && e.what === what).length
  }
}

describe('more enclave than EPC', () => {
  test('fits, and a few pages stay free', () => {
    const t = new Oversubscribed()
    expect(t.paged('written out')).toBeGreaterThanOrEqual(COUNT - EPC_PAGES)
    expect(t.sgx.epc.freeCount).toBeGreaterThanOrEqual(EPC_PAGES >> 3)
    expect([t.ofType('PT_VA').length, t.ofType('PT_SECS').length]).toEqual([1, 1])
  })
  test('every page keeps its contents, round after round', () => {
    const t = new Oversubscribed().running()
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < COUNT; i++) {
        expect(t.inside(i)).toBe((i + 1 + round) & 0xff)
        t.poke(i, i + 2 + round)
      }
    }
    expect(t.paged('loaded')).toBeGreaterThan(COUNT)
  })
  test('what is used all the time stays', () => {
    const t = new Oversubscribed().running()
    t.inside(7)
    for (let i = 20; i < COUNT; i++) {
      t.inside(i)
      t.inside(7)
    }
    const mine = t.events.filter((e) => e.kind === 'paging' && e.LINADDR === BASE + 7 * PAGE)
    expect(mine.length).toBeLessThanOrEqual(2)
  })
  test('what one instruction looks up is there all at once', () => {
    const t = new Oversubscribed().running()
    for (let i = 0; i + 8 < COUNT; i++) {
      const frames = Array.from({ length: 8 }, (_, k) => t.task.space.translate(BASE + (i + k) * PAGE, 'R').frame)
      expect(frames.map((frame) => t.sgx.epc.pageAt(frame)?.ENCLAVEADDRESS)).toEqual(
        frames.map((_, k) => BASE + (i + k) * PAGE),
      )
    }
  })
  test('the end of the enclave gives everything back', () => {
    const t = new Oversubscribed().running()
    for (let i = 0; i < COUNT; i += 3) t.inside(i)
    t.call('munmap', { addr: BASE, length: LARGE })
    t.call('close', { fd: t.fd })
    expect([t.sgx.epc.freeCount, t.sgx.writtenOut.size]).toEqual([EPC_PAGES, 0])
  })
})

describe('the last page of an enclave', () => {
  /** One enclave pushes all pages of another out. */
  function pushedOut(): Oversubscribed {
    const t = new Oversubscribed().running()
    const fd = t.open('/dev/sgx_enclave', O.RDWR)
    const first = t.fd
    Object.assign(t, { fd })
    expect(t.create((s) => Object.assign(s, { SIZE: BigInt(LARGE), BASEADDR: 0x2000_0000n }))).toBe(0)
    const src = t.big(new Uint8Array(COUNT * PAGE))
    for (let offset = 0; offset < 200 * PAGE; offset += COUNT * PAGE) {
      expect(t.add(offset, RW, { src, length: COUNT * PAGE, flags: 0 })).toEqual([0, COUNT * PAGE])
    }
    Object.assign(t, { fd: first })
    return t
  }
  test('takes the SECS with it, and the first page brings it back', () => {
    const t = pushedOut()
    expect([t.ofType('PT_SECS').length, t.sgx.writtenOut.size]).toEqual([1, 1])
    expect(t.touch(BASE + 3 * PAGE)).toBe('EPC')
    expect([t.ofType('PT_SECS').length, t.sgx.writtenOut.size]).toEqual([2, 0])
  })
  test('and an enclave that ends then leaves nothing behind', () => {
    const t = pushedOut()
    t.call('munmap', { addr: BASE, length: LARGE })
    t.call('close', { fd: t.fd })
    expect(t.sgx.writtenOut.size).toBe(0)
    // The second one's SECS and version array; its pages are in the EPC or out.
    expect([t.ofType('PT_SECS').length, t.ofType('PT_VA').length]).toEqual([1, 1])
  })
})

describe('requests for pages that are out', () => {
  const arg = (t: Oversubscribed, layout: typeof sgx_enclave_modify_types, values: Record<string, bigint>): number => {
    const at = t.bytes(new Uint8Array(layout.size))
    t.task.memory.setStruct(layout, at, values)
    return at
  }
  test('MODIFY_TYPES and REMOVE_PAGES load them', () => {
    const t = new Oversubscribed().running()
    const range = { offset: 0n, length: BigInt(COUNT * PAGE) }
    const trim = arg(t, sgx_enclave_modify_types, { ...range, page_type: 4n })
    expect(t.ioctl(SGX_IOC.ENCLAVE_MODIFY_TYPES, trim)).toBe(0)
    expect(t.task.memory.struct(sgx_enclave_modify_types, trim)?.count).toBe(range.length)
    // What EACCEPT does, page by page.
    for (let i = 0; i < COUNT; i++) {
      const page = t.sgx.epc.pageAt(t.task.space.translate(BASE + i * PAGE, 'R').frame)
      expect([page?.PT, page?.MODIFIED]).toEqual(['PT_TRIM', true])
      if (page) page.MODIFIED = false
    }
    const remove = arg(t, sgx_enclave_remove_pages as unknown as typeof sgx_enclave_modify_types, range)
    expect(t.ioctl(SGX_IOC.ENCLAVE_REMOVE_PAGES, remove)).toBe(0)
    expect([t.ofType('PT_REG').length, t.ofType('PT_TRIM').length]).toEqual([0, 0])
    expect(t.sgx.epc.freeCount).toBe(EPC_PAGES - 2)
  })
  test('EAUG finds room', () => {
    const t = new Oversubscribed().running()
    for (let i = COUNT; i < 2 * COUNT; i++) expect(t.touch(BASE + i * PAGE)).toBe('EPC')
    expect(t.inside(5)).toBe(6)
  })
})

describe('when nothing can go', () => {
  test('ENOMEM for requests, SIGBUS for accesses', () => {
    const t = new Driver({ epc: { size: EPC_PAGES * PAGE } })
    expect(t.create()).toBe(0)
    while (t.sgx.epc.allocate());
    expect(t.add(0, RW)).toEqual([-ENOMEM, 0])
    expect(t.init()).toBe(0)
    t.mmap(BASE, PAGE, PROT_READ)
    expect(t.touch(BASE)).toBe('SIGBUS 4')
  })
  test('pages of threads that are inside stay', () => {
    const t = new Oversubscribed().running()
    const page = t.sgx.epc.pageAt(t.task.space.translate(BASE, 'R').frame)
    const enclave = t.secsPage?.enclave
    if (!page || !enclave) throw new Error('no page')
    const thread = { tcs: page, CR_XSAVE_PAGE_0: 0, CR_GPR_PA: 0, epoch: enclave.epoch }
    enclave.threads.push(thread as unknown as (typeof enclave.threads)[number])
    for (let i = 1; i < COUNT; i++) t.inside(i)
    expect([page.VALID, page.ENCLAVEADDRESS, page.BLOCKED]).toEqual([true, BASE, false])
    // They were interrupted, as ETRACK wants it.
    expect(thread.epoch).toBe(enclave.epoch)
  })
})
