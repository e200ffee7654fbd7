import { describe, expect, it } from 'vitest'
import { Fault, View, type Access } from '../cpu/index.ts'
import { AEP, BASE, Fixture, newSgx, PAGE, SIZE } from './fixture.cases.ts'
import { ENCLS, EnclavePages, type EpcPage } from './index.ts'

/** source: 'manual', "Access-control Requirements"; error codes also from the kernel's page-fault handler. */
interface Case {
  readonly why: string
  readonly at?: number
  readonly access?: Access
  readonly before?: (f: Fixture, page: EpcPage) => void
  /** 'ok', or the fault. */
  readonly expect: string
}
const DATA = BASE + PAGE.DATA
const CODE = BASE + PAGE.CODE

// prettier-ignore
const CASES: readonly Case[] = [
  { why: 'read of a readable page', expect: 'ok' },
  { why: 'write of a writable page', access: 'W', expect: 'ok' },
  { why: 'fetch from an executable page', at: CODE, access: 'X', expect: 'ok' },
  { why: 'the page table has no entry: no SGX bit', before: (f) => f.host.entries.delete(DATA), expect: 'PF 4' },
  { why: 'no entry, write', access: 'W', before: (f) => f.host.entries.delete(DATA), expect: 'PF 6' },
  { why: 'the page table denies the write: no SGX bit', access: 'W', before: (f, p) => f.host.map(DATA, p.frame, 'RX'), expect: 'PF 7' },
  { why: 'the page table denies the fetch', at: CODE, access: 'X', before: (f, p) => f.host.map(CODE, p.frame, 'R'), expect: 'PF 15' },
  { why: 'the EPCM denies the write', at: CODE, access: 'W', expect: 'PF 8007' },
  { why: 'the EPCM denies the fetch', access: 'X', expect: 'PF 8015' },
  { why: 'the EPCM denies the read', before: (_, p) => (p.R = false), expect: 'PF 8005' },
  { why: 'ordinary memory in ELRANGE', before: (f) => f.host.map(DATA, f.ram.allocateFrame()), expect: 'PF 8005' },
  { why: 'an invalid page', before: (_, p) => (p.VALID = false), expect: 'PF 8005' },
  { why: 'a page of another enclave', before: (_, p) => (p.ENCLAVESECS = p), expect: 'PF 8005' },
  { why: 'the right page at the wrong address', before: (f) => f.host.map(DATA, f.page(PAGE.SSA0).frame), expect: 'PF 8005' },
  { why: 'a blocked page', before: (_, p) => (p.BLOCKED = true), expect: 'PF 8005' },
  { why: 'a pending page (kernel: EAUG, then write)', access: 'W', before: (_, p) => (p.PENDING = true), expect: 'PF 8007' },
  { why: 'a modified page', before: (_, p) => (p.MODIFIED = true), expect: 'PF 8005' },
  { why: 'a trimmed page (kernel: 0x8005)', before: (_, p) => (p.PT = 'PT_TRIM'), expect: 'PF 8005' },
  { why: 'the TCS', at: BASE, expect: 'PF 8005' },
  { why: 'the TCS, write', at: BASE, access: 'W', expect: 'PF 8007' },
  { why: 'PR alone forbids nothing', before: (_, p) => (p.PR = true), expect: 'ok' },
  { why: 'data outside ELRANGE', at: AEP, expect: 'ok' },
  { why: 'a fetch outside ELRANGE', at: AEP, access: 'X', expect: 'GP 0' },
  { why: 'a fetch just behind ELRANGE', at: BASE + SIZE, access: 'X', expect: 'GP 0' },
  { why: 'a fetch just below ELRANGE', at: BASE - 16, access: 'X', expect: 'GP 0' },
  { why: 'nothing outside', at: 0x1000, expect: 'PF 4' },
]

function setUp(): { f: Fixture; pages: EnclavePages } {
  const f = new Fixture().init()
  const { enclave } = f.secs
  if (!enclave) throw new Error('no enclave')
  return { f, pages: new EnclavePages(f.sgx.epc, f.host, enclave) }
}

describe('memory from inside an enclave', () => {
  for (const { why, at = DATA, access = 'R', before, expect: expected } of CASES) {
    it(`${why}: ${expected}`, () => {
      const { f, pages } = setUp()
      const page = f.pages.get(at - BASE)
      before?.(f, page ?? f.page(PAGE.DATA))
      let result = 'ok'
      try {
        pages.resolve(at + 8, access)
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown
        result = `${thrown.name} ${thrown.errorCode?.toString(16)}`
        if (thrown.name === 'PF') expect(thrown.address).toBe(BigInt(at + 8))
      }
      expect(result).toBe(expected)
    })
  }

  it('a write entry may be cached only if page table and EPCM both allow it', () => {
    const { f, pages } = setUp()
    expect(pages.resolve(DATA, 'R').writable).toBe(true)
    expect(pages.resolve(CODE, 'R').writable).toBe(false)
    f.host.map(DATA, f.page(PAGE.DATA).frame, 'R')
    expect(pages.resolve(DATA, 'R').writable).toBe(false)
  })

  it('EPC memory that is mapped outside ELRANGE is the abort page, also from inside', () => {
    const { f, pages } = setUp()
    f.host.map(0x5000_0000, f.page(PAGE.DATA).frame)
    expect(f.ram.u8[pages.resolve(0x5000_0000, 'R').frame]).toBe(0xff)
  })
})

describe('EPC memory from outside', () => {
  it('reads all ones and drops writes, through a view', () => {
    const f = new Fixture({ ram: 0x400_0000 }).init()
    const view = new View(f.ram, f.host)
    expect(view.read(CODE, 8)).toEqual(new Uint8Array(8).fill(0xff))
    view.write(DATA, Uint8Array.of(1, 2, 3))
    expect(f.page(PAGE.DATA).bytes.slice(0, 3)).toEqual(Uint8Array.of(0, 0, 0))
    expect(view.read(DATA, 3)).toEqual(new Uint8Array(3).fill(0xff))
  })
  it('ordinary frames are not changed', () => {
    const { f } = setUp()
    expect(f.sgx.epc.hostMapping(f.ram.allocateFrame())).toBeUndefined()
  })
})

describe('the EPC', () => {
  it('has as many pages as its size says, each with its own frame', () => {
    const { sgx } = newSgx({ epc: { size: 0x3000 } })
    const pages = [sgx.epc.allocate(), sgx.epc.allocate(), sgx.epc.allocate()]
    expect(sgx.epc.allocate()).toBeUndefined()
    expect(new Set(pages.map((p) => p?.frame)).size).toBe(3)
    for (const page of pages) expect(page && sgx.epc.pageAt(page.frame)).toBe(page)
    expect(sgx.epc.freeCount).toBe(0)
    if (pages[1]) sgx.epc.free(pages[1])
    expect([sgx.epc.freeCount, sgx.epc.allocate()]).toEqual([1, pages[1]])
  })
  it('no page is given back while valid', () => {
    const f = new Fixture()
    expect(() => f.sgx.epc.free(f.secs)).toThrow(/valid/)
    expect(ENCLS.EREMOVE(f.sgx, { target: f.page(PAGE.DATA) })).toBe(0)
    f.sgx.epc.free(f.page(PAGE.DATA))
  })
  it('CPUID leaf 12H', () => {
    const { sgx } = newSgx({ epc: { size: 0x400_0000, base: 0x7000_0000 } })
    expect(sgx.cpuid(0)).toEqual({ eax: 0x803, ebx: 1, ecx: 0, edx: 0x2f1f })
    expect(sgx.cpuid(1)).toEqual({ eax: 0x4b6, ebx: 0, ecx: 3, edx: 0 })
    expect(sgx.cpuid(2)).toEqual({ eax: 0x7000_0001, ebx: 0, ecx: 0x400_0001, edx: 0 })
    expect(sgx.cpuid(3)).toEqual({ eax: 0, ebx: 0, ecx: 0, edx: 0 })
  })
})
