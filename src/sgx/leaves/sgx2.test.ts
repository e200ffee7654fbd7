import { beforeEach, describe, expect, it } from 'vitest'
import { RAX, RBX, RCX, RDX, RFLAGS } from '../../spec/x86/index.ts'
import { AFTER_ENCLU, AEP, BASE, baseTcs, CODE_BYTES, Fixture, outcome, PAGE, secinfo } from '../fixture.cases.ts'
import { ENCLS, type EpcPage } from '../index.ts'

/** What the leaves of SGX2 do; their checks are in sgx2.cases.ts. source: 'manual'; those of the kernel's selftest say so. */
const EENTER = 2
const EACCEPT = 5
const EMODPE = 6
const EACCEPTCOPY = 7
const EDECCSSA = 9
const HOLE = BigInt(BASE + PAGE.HOLE)
const DATA = BigInt(BASE + PAGE.DATA)
const PENDING_RW = 0x20bn
const MISMATCH = 'code 19 the accept request matches current EPC page settings'
const NOT_MODIFIABLE = 'code 20 EPCM(DS:RCX).PENDING = 0 and MODIFIED = 0'

let f: Fixture
let data: EpcPage
beforeEach(() => {
  f = new Fixture().init()
  data = f.page(PAGE.DATA)
})

/** A page that the kernel has added at HOLE. */
function augment(): EpcPage {
  const target = f.take()
  ENCLS.EAUG(f.sgx, { target, secs: f.secs, linaddr: HOLE })
  f.host.map(Number(HOLE), target.frame)
  return target
}

/** Runs a leaf inside; SECINFO is at the start of the page of data. */
function inside(leaf: number, flags: bigint, registers: { RBX?: bigint; RCX?: bigint; RDX?: bigint } = {}): string {
  if (!f.sgx.mode) f.enclu(EENTER)
  data.bytes.set(secinfo(flags))
  f.state.setGpr(RAX, BigInt(leaf))
  f.state.setGpr(RBX, registers.RBX ?? DATA)
  f.state.setGpr(RCX, registers.RCX ?? HOLE)
  f.state.setGpr(RDX, registers.RDX ?? BigInt(BASE + PAGE.CODE))
  f.state.rip = AEP
  return f.run()
}
const accept = (flags: bigint, registers = {}): string => inside(EACCEPT, flags, registers)
const modt = (target: EpcPage, flags: bigint): string =>
  outcome(() => ENCLS.EMODT(f.sgx, { target, secinfo: secinfo(flags) }), f.events)
const modpr = (target: EpcPage, flags: bigint): string =>
  outcome(() => ENCLS.EMODPR(f.sgx, { target, secinfo: secinfo(flags) }), f.events)

describe('EAUG', () => {
  const run = (args: object = {}): string =>
    outcome(() => ENCLS.EAUG(f.sgx, { target: f.take(), secs: f.secs, linaddr: HOLE, ...args }), f.events)

  it('a zeroed, writable, pending page, whatever it was before', () => {
    for (const was of [true, false]) {
      const target = f.take(was)
      const linaddr = HOLE + (was ? 0n : 0x1000n)
      const { childCount = 0 } = f.secs.enclave ?? {}
      expect(run({ target, linaddr })).toBe('ok')
      const { R, W, X, PT, ENCLAVEADDRESS, BLOCKED, PENDING, MODIFIED, PR, VALID } = target
      expect({ R, W, X, PT, ENCLAVEADDRESS }).toEqual({
        ...{ R: true, W: true, X: false },
        ...{ PT: 'PT_REG', ENCLAVEADDRESS: Number(linaddr) },
      })
      expect({ BLOCKED, PENDING, MODIFIED, PR, VALID }).toEqual({
        ...{ BLOCKED: false, PENDING: true, MODIFIED: false, PR: false, VALID: true },
      })
      expect([target.ENCLAVESECS, f.secs.enclave?.childCount]).toEqual([f.secs, childCount + 1])
      expect(target.bytes.every((b) => b === 0)).toBe(true)
    }
  })
})

describe('EACCEPT', () => {
  it('an added page (kernel: 0x20B): RAX = 0, flags clear, RIP behind ENCLU, page usable', () => {
    const page = augment()
    f.enclu(EENTER)
    f.state.rflags = BigInt(RFLAGS.CF | RFLAGS.ZF | RFLAGS.DF)
    expect(accept(PENDING_RW)).toBe('EACCEPT')
    expect([f.state.gpr(RAX), f.state.rip, page.PENDING]).toEqual([0n, AFTER_ENCLU, false])
    expect(f.state.rflags & BigInt(RFLAGS.CF | RFLAGS.ZF | RFLAGS.DF)).toBe(BigInt(RFLAGS.DF))
  })
  it('other rights than the page has: SGX_PAGE_ATTRIBUTES_MISMATCH and ZF', () => {
    augment()
    expect(accept(0x209n)).toBe(MISMATCH)
    expect([f.state.gpr(RAX), f.state.rflags & BigInt(RFLAGS.ZF)]).toEqual([19n, BigInt(RFLAGS.ZF)])
  })
  it('twice: SGX_PAGE_ATTRIBUTES_MISMATCH', () => {
    augment()
    accept(PENDING_RW)
    expect(accept(PENDING_RW)).toBe(MISMATCH)
  })
  it('a page that is not there: #PF as a read, no SGX bit (kernel: EAUG, then once more)', () => {
    expect(accept(PENDING_RW)).toBe('#PF(0x4)')
  })
  it('restricted permissions (kernel: 0x221)', () => {
    modpr(f.page(PAGE.SSA1), 0x201n)
    f.track()
    expect(accept(0x221n, { RCX: BigInt(BASE + PAGE.SSA1) })).toBe('EACCEPT')
    expect(f.page(PAGE.SSA1).PR).toBe(false)
  })
  it('a trimmed page (kernel: 0x410)', () => {
    modt(f.page(PAGE.SSA1), 0x400n)
    f.track()
    expect(accept(0x410n, { RCX: BigInt(BASE + PAGE.SSA1) })).toBe('EACCEPT')
  })
  it('a new TCS (kernel: 0x110), which can then be entered', () => {
    const page = augment()
    accept(PENDING_RW)
    page.bytes.set(baseTcs((t) => (t.OSSA = BigInt(PAGE.SSA1))))
    modt(page, 0x100n)
    f.track()
    expect(accept(0x110n)).toBe('EACCEPT')
    f.sgx.aex(f.state)
    f.prepare(EENTER)
    f.state.setGpr(RBX, HOLE)
    expect(f.run()).toBe('EENTER')
  })

  it('before ETRACK, or while somebody from before is inside: SGX_NOT_TRACKED', () => {
    const NOT_TRACKED = 'code 11 all required threads have left the enclave'
    const RCX = BigInt(BASE + PAGE.CODE)
    f.enclu(EENTER)
    modpr(f.page(PAGE.CODE), 0x201n)
    expect(accept(0x221n, { RCX })).toBe(NOT_TRACKED)
    expect(ENCLS.ETRACK(f.sgx, { secs: f.secs })).toBe(0)
    expect(accept(0x221n, { RCX })).toBe(NOT_TRACKED)
    f.sgx.aex(f.state)
    f.enclu(EENTER)
    expect(accept(0x221n, { RCX })).toBe('EACCEPT')
  })
})

describe('EMODPE', () => {
  const CODE = BigInt(BASE + PAGE.CODE)
  it('adds permissions and takes none away', () => {
    expect(inside(EMODPE, 0x203n, { RCX: CODE })).toBe('EMODPE')
    const { R, W, X } = f.page(PAGE.CODE)
    expect([R, W, X, f.state.rip]).toEqual([true, true, true, AFTER_ENCLU])
  })
  it('adds each of them', () => {
    const page = f.page(PAGE.CODE)
    Object.assign(page, { R: false, W: false, X: false })
    expect(inside(EMODPE, 0x201n, { RCX: CODE })).toBe('EMODPE')
    expect([page.R, page.W, page.X]).toEqual([true, false, false])
    expect(inside(EMODPE, 0x204n, { RCX: CODE })).toBe('EMODPE')
    expect([page.R, page.W, page.X]).toEqual([true, false, true])
  })
})

describe('EACCEPTCOPY', () => {
  it('fills a pending page from another and gives it its permissions', () => {
    const page = augment()
    expect(inside(EACCEPTCOPY, 0x205n)).toBe('EACCEPTCOPY')
    expect([page.PENDING, page.R, page.W, page.X]).toEqual([false, true, false, true])
    expect(page.bytes).toEqual(CODE_BYTES)
  })
  it('takes away what SECINFO does not name', () => {
    const page = augment()
    expect(inside(EACCEPTCOPY, 0x200n)).toBe('EACCEPTCOPY')
    expect([page.R, page.W, page.X]).toEqual([false, false, false])
  })
})

describe('EMODPR', () => {
  it('takes permissions away, sets PR, and tells whoever caches translations', () => {
    const told: unknown[] = []
    f.sgx.onEpcmChange = (page) => told.push(page)
    expect(modpr(data, 0x201n)).toBe('ok')
    expect([data.R, data.W, data.PR, told]).toEqual([true, false, true, [data]])
  })
  it('takes all away', () => {
    data.X = true
    modpr(data, 0x200n)
    expect([data.R, data.W, data.X]).toEqual([false, false, false])
  })
  it('cannot add any', () => {
    modpr(data, 0x207n)
    expect([data.R, data.W, data.X]).toEqual([true, true, false])
  })
  it("of a trimmed page: code until it is accepted, #PF after (kernel: the driver's probe in REMOVE_PAGES)", () => {
    const page = f.page(PAGE.SSA1)
    modt(page, 0x400n)
    expect(modpr(page, 0x207n)).toBe(NOT_MODIFIABLE)
    f.track()
    accept(0x410n, { RCX: BigInt(BASE + PAGE.SSA1) })
    expect(modpr(page, 0x207n)).toBe('#PF(0x0) EPCM(DS:RCX).PT = PT_REG')
    expect([ENCLS.EREMOVE(f.sgx, { target: page }), page.VALID]).toEqual([0, false])
  })
})

describe('EMODT', () => {
  it('a plain page and a TCS become PT_TRIM without permissions', () => {
    for (const page of [data, f.page(PAGE.TCS), f.page(PAGE.CODE)]) {
      page.PR = true
      expect(modt(page, 0x400n)).toBe('ok')
      const { PT, MODIFIED, PR, R, W, X } = page
      expect({ PT, MODIFIED, PR }).toEqual({ PT: 'PT_TRIM', MODIFIED: true, PR: false })
      expect([R, W, X]).toEqual([false, false, false])
    }
  })
  it('EACCEPT waits for ETRACK', () => {
    modt(f.page(PAGE.SSA1), 0x400n)
    const RCX = BigInt(BASE + PAGE.SSA1)
    expect(accept(0x410n, { RCX })).toMatch(/^code 11/)
    f.track()
    expect(accept(0x410n, { RCX })).toBe('EACCEPT')
  })
})

describe('EDECCSSA', () => {
  it('goes back to the frame below: the next exit is saved there', () => {
    f.enclu(EENTER)
    f.sgx.aex(f.state)
    f.enclu(EENTER)
    expect(inside(EDECCSSA, 0n)).toBe('EDECCSSA')
    expect([f.page(PAGE.TCS).tcs.CSSA, f.state.rip, f.sgx.mode?.CR_XSAVE_PAGE_0]).toEqual([
      0,
      AFTER_ENCLU,
      f.page(PAGE.SSA0).frame,
    ])
    f.sgx.aex(f.state)
    expect(f.page(PAGE.TCS).tcs.CSSA).toBe(1)
  })
})
