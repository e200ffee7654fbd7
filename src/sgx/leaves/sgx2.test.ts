import { beforeEach, describe, expect, it } from 'vitest'
import { RAX, RBX, RCX, RDX, RFLAGS } from '../../spec/x86/index.ts'
import {
  AFTER_ENCLU,
  AEP,
  BASE,
  baseTcs,
  CODE_BYTES,
  Fixture,
  newSgx,
  outcome,
  PAGE,
  secinfo,
} from '../fixture.cases.ts'
import { ENCLS, SGX_PROFILES, type EpcPage } from '../index.ts'

/** source: 'manual' for every case; those of the kernel's selftest say so. */
const EENTER = 2
const EACCEPT = 5
const EMODPE = 6
const EACCEPTCOPY = 7
const EDECCSSA = 9
const HOLE = BigInt(BASE + PAGE.HOLE)
const DATA = BigInt(BASE + PAGE.DATA)
const PENDING_RW = 0x20bn
const GP = (condition: string): string => `#GP(0) ${condition}`
const MISMATCH = 'code 19 the accept request matches current EPC page settings'
const COPY_MISMATCH = 'code 19 EPCM(DS:RCX) is a pending page of EAUG'
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

  it('a zeroed, writable, pending page', () => {
    const target = f.take()
    target.bytes.fill(5)
    expect(run({ target })).toBe('ok')
    const { R, W, X, PENDING, PT } = target
    expect({ R, W, X, PENDING, PT }).toEqual({ R: true, W: true, X: false, PENDING: true, PT: 'PT_REG' })
    expect(target.bytes.every((b) => b === 0)).toBe(true)
  })
  it('checks', () => {
    expect(run({ linaddr: HOLE + 1n })).toBe(GP('PAGEINFO.LINADDR is 4KByte aligned'))
    expect(run({ target: data })).toBe('#PF(0x0) EPCM(DS:RCX).VALID = 0')
    expect(run({ secs: data })).toBe('#PF(0x0) EPCM(DS:TMP_SECS).PT = PT_SECS')
    expect(run({ secs: f.take() })).toBe('#PF(0x0) EPCM(DS:TMP_SECS).VALID = 1')
    expect(run({ linaddr: BigInt(BASE - 4096) })).toBe(
      GP('PAGEINFO.LINADDR is within the enclave linear address space'),
    )
    f = new Fixture()
    expect(run()).toBe(GP('SECS is initialized'))
  })
  it('is not a leaf of an SGX1 processor', () => {
    const { sgx, events } = newSgx({ profile: SGX_PROFILES.sgx1 })
    const args = { target: sgx.epc.page(0), secs: sgx.epc.page(1), linaddr: 0n }
    expect(outcome(() => ENCLS.EAUG(sgx, args), events)).toBe(GP('EAX is a leaf number that CPUID reports'))
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

  // prettier-ignore
  const TCS_CASES = [
    ['reserved', 72, 'TCS.RESERVED = 0'], ['DBGOPTIN', 8, 'TCS.FLAGS.DBGOPTIN = 0'], ['CSSA', 27, 'TCS.CSSA < TCS.NSSA'],
    ['AEP', 40, 'TCS.AEP = 0'], ['STATE', 0, 'TCS.STATE = 0'],
  ] as const
  for (const [why, at, condition] of TCS_CASES) {
    it(`a new TCS with ${why}: #GP(0)`, () => {
      const page = augment()
      accept(PENDING_RW)
      page.bytes.set(baseTcs())
      page.bytes[at] = 1
      modt(page, 0x100n)
      f.track()
      expect(accept(0x110n)).toBe(GP(condition))
    })
  }

  // prettier-ignore
  const OPERANDS = [
    ['SECINFO unaligned', { RBX: DATA + 8n }, GP('DS:RBX is 64Byte Aligned')],
    ['SECINFO outside', { RBX: BigInt(AEP) & ~63n }, GP('DS:RBX is within CR_ELRANGE')],
    ['SECINFO not canonical', { RBX: 1n << 63n }, GP('DS:RBX is within CR_ELRANGE')],
    ['page unaligned', { RCX: HOLE + 8n }, GP('DS:RCX is 4KByte Aligned')],
    ['page outside', { RCX: BigInt(AEP) }, GP('DS:RCX is within CR_ELRANGE')],
    ['SECINFO in the TCS', { RBX: BigInt(BASE) }, '#PF(0x8005) EPCM(DS:RBX & ~FFFH).R = 1'],
  ] as const
  for (const [why, registers, expected] of OPERANDS) {
    it(`${why}: ${expected}`, () => {
      augment()
      expect(accept(PENDING_RW, registers)).toBe(expected)
    })
  }

  it('requests that cannot be: #GP(0)', () => {
    augment()
    const bad = GP('SECINFO.FLAGS.PT, PENDING, MODIFIED and PR go together')
    for (const flags of [0x203n, 0x21bn, 0x103n, 0x130n, 0x418n, 0x008n, 0x308n]) expect(accept(flags)).toBe(bad)
    expect(accept(0x1_0000n)).toBe(GP('SECINFO reserved fields are zero'))
  })

  // prettier-ignore
  const TARGETS: readonly (readonly [string, (page: EpcPage) => void, string])[] = [
    ['an invalid page', (p) => (p.VALID = false), '#PF(0x8005) EPCM(DS:RCX).VALID = 1'],
    ['a blocked page', (p) => (p.BLOCKED = true), '#PF(0x8005) EPCM(DS:RCX).BLOCKED = 0'],
    ['a page of another type', (p) => (p.PT = 'PT_VA'), '#PF(0x8005) EPCM(DS:RCX).PT is PT_REG, PT_TCS or PT_TRIM'],
    ["another enclave's page", (p) => (p.ENCLAVESECS = p), '#PF(0x8005) EPCM(DS:RCX).ENCLAVESECS = CR_ACTIVE_SECS'],
    ['mapped at another address', (p) => (p.ENCLAVEADDRESS += 4096), MISMATCH],
  ]
  for (const [why, change, expected] of TARGETS) {
    it(`${why}: ${expected}`, () => {
      change(augment())
      expect(accept(PENDING_RW)).toBe(expected)
    })
  }
})

describe('EMODPE', () => {
  const CODE = BigInt(BASE + PAGE.CODE)
  it('adds permissions and takes none away', () => {
    expect(inside(EMODPE, 0x203n, { RCX: CODE })).toBe('EMODPE')
    const { R, W, X } = f.page(PAGE.CODE)
    expect([R, W, X, f.state.rip]).toEqual([true, true, true, AFTER_ENCLU])
  })
  it('checks', () => {
    const page = f.page(PAGE.CODE)
    expect(inside(EMODPE, 0x203n, { RBX: DATA + 1n })).toBe(GP('DS:RBX is 64Byte Aligned'))
    expect(inside(EMODPE, 0x203n, { RCX: CODE + 1n })).toBe(GP('DS:RCX is 4KByte Aligned'))
    expect(inside(EMODPE, 0x203n, { RBX: 0n })).toBe(GP('DS:RBX is within CR_ELRANGE'))
    expect(inside(EMODPE, 0x203n, { RCX: 0n })).toBe(GP('DS:RCX is within CR_ELRANGE'))
    expect(inside(EMODPE, 0x243n, { RCX: CODE })).toBe(GP('SECINFO reserved fields are zero'))
    expect(inside(EMODPE, 0x203n, { RCX: BigInt(BASE) })).toBe('#PF(0x8005) EPCM(DS:RCX).PT = PT_REG')
    for (const bit of ['PENDING', 'MODIFIED', 'BLOCKED'] as const) {
      page[bit] = true
      expect(inside(EMODPE, 0x203n, { RCX: CODE })).toBe(`#PF(0x8005) EPCM(DS:RCX).${bit} = 0`)
      page[bit] = false
    }
    page.R = false
    const condition = 'EPCM(DS:RCX).R = 1 or SECINFO.FLAGS.R = 1 or SECINFO.FLAGS.W = 0'
    expect(inside(EMODPE, 0x202n, { RCX: CODE })).toBe(GP(condition))
  })
})

describe('EACCEPTCOPY', () => {
  it('fills a pending page from another and gives it its permissions', () => {
    const page = augment()
    expect(inside(EACCEPTCOPY, 0x205n)).toBe('EACCEPTCOPY')
    expect([page.PENDING, page.R, page.W, page.X]).toEqual([false, true, false, true])
    expect(page.bytes).toEqual(CODE_BYTES)
  })
  it('checks', () => {
    expect(inside(EACCEPTCOPY, 0x205n, { RCX: BigInt(BASE + PAGE.SSA1) })).toBe(COPY_MISMATCH)
    augment()
    expect(inside(EACCEPTCOPY, 0x205n, { RDX: 8n })).toBe(GP('DS:RDX is 4KByte Aligned'))
    expect(inside(EACCEPTCOPY, 0x205n, { RDX: 0n })).toBe(GP('DS:RDX is within CR_ELRANGE'))
    expect(inside(EACCEPTCOPY, 0x202n)).toBe(GP('SECINFO.FLAGS.R = 1 or SECINFO.FLAGS.W = 0'))
    expect(inside(EACCEPTCOPY, 0x105n)).toBe(GP('SECINFO.FLAGS.PT = PT_REG'))
    expect(inside(EACCEPTCOPY, 0x205n, { RDX: BigInt(BASE) })).toBe('#PF(0x8005) EPCM(DS:RDX & ~FFFH).R = 1')
  })
})

describe('EMODPR', () => {
  it('takes permissions away, sets PR, and tells whoever caches translations', () => {
    const told: unknown[] = []
    f.sgx.onEpcmChange = (page) => told.push(page)
    expect(modpr(data, 0x201n)).toBe('ok')
    expect([data.R, data.W, data.PR, told]).toEqual([true, false, true, [data]])
  })
  it('cannot add any', () => {
    modpr(data, 0x207n)
    expect([data.R, data.W, data.X]).toEqual([true, true, false])
  })
  it('checks', () => {
    expect(modpr(data, 0x240n)).toBe(GP('SECINFO reserved fields are zero'))
    expect(modpr(data, 0x202n)).toBe(GP('SECINFO.FLAGS.R = 1 or SECINFO.FLAGS.W = 0'))
    expect(modpr(f.take(), 0x203n)).toBe('#PF(0x0) EPCM(DS:RCX).VALID = 1')
    expect(modpr(augment(), 0x203n)).toBe(NOT_MODIFIABLE)
    expect(modpr(f.page(PAGE.TCS), 0x203n)).toBe('#PF(0x0) EPCM(DS:RCX).PT = PT_REG')
    f = new Fixture()
    expect(modpr(f.page(PAGE.DATA), 0x203n)).toBe(GP('TMP_SECS.ATTRIBUTES.INIT = 1'))
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
    for (const page of [data, f.page(PAGE.TCS)]) {
      expect(modt(page, 0x400n)).toBe('ok')
      expect([page.PT, page.MODIFIED, page.R, page.W, page.X]).toEqual(['PT_TRIM', true, false, false, false])
    }
  })
  it('checks', () => {
    expect(modt(data, 0x440n)).toBe(GP('SECINFO reserved fields are zero'))
    expect(modt(data, 0x200n)).toBe(GP('SECINFO.FLAGS.PT is PT_TCS or PT_TRIM'))
    expect(modt(f.take(), 0x400n)).toBe('#PF(0x0) EPCM(DS:RCX).VALID = 1')
    expect(modt(f.page(PAGE.TCS), 0x100n)).toBe('#PF(0x0) EPCM(DS:RCX).PT is PT_REG, or PT_TCS to become PT_TRIM')
    expect(modt(augment(), 0x400n)).toBe(NOT_MODIFIABLE)
    f = new Fixture()
    expect(modt(f.page(PAGE.DATA), 0x400n)).toBe(GP('TMP_SECS.ATTRIBUTES.INIT = 1'))
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
  it('checks', () => {
    expect(inside(EDECCSSA, 0n)).toBe(GP('CR_TCS_PA.CSSA > 0'))
    f.sgx.aex(f.state)
    f.enclu(EENTER)
    f.page(PAGE.SSA0).W = false
    expect(inside(EDECCSSA, 0n)).toBe('#PF(0x8007) EPCM(DS:TMP_SSA_PAGE).W = 1')
  })
})
