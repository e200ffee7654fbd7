import { beforeEach, describe, expect, it } from 'vitest'
import { ATTRIBUTES, PCMD, SGX_ERROR } from '../../spec/sgx/index.ts'
import { BASE, CODE_BYTES, Fixture, newSgx, outcome, PAGE, type FixtureOptions } from '../fixture.cases.ts'
import { ENCLS, SGX_PROFILES, type EpcPage, type PagingPageinfo } from '../index.ts'

/** source: 'manual' for every case; 'kernel' where the driver relies on it. */
const EENTER = 2
const GP = (condition: string): string => `#GP(0) ${condition}`
const PF = (condition: string): string => `#PF(0x0) ${condition}`

let f: Fixture
let va: EpcPage
const setUp = (options: FixtureOptions = {}): void => {
  f = new Fixture(options).init()
  va = f.take()
  ENCLS.EPA(f.sgx, { type: 'PT_VA', target: va })
}
beforeEach(() => setUp())

const pageinfo = (SECS?: EpcPage): PagingPageinfo => ({
  LINADDR: 0n,
  SRCPGE: new Uint8Array(4096),
  PCMD: new Uint8Array(128),
  SECS,
})
const epa = (args: object): string =>
  outcome(() => ENCLS.EPA(f.sgx, { type: 'PT_VA', target: f.take(), ...args }), f.events)
const block = (target: EpcPage): string => outcome(() => ENCLS.EBLOCK(f.sgx, { target }), f.events)
const track = (secs = f.secs): string => outcome(() => ENCLS.ETRACK(f.sgx, { secs }), f.events)
const write = (target: EpcPage, out = pageinfo(), args: object = {}): string =>
  outcome(() => ENCLS.EWB(f.sgx, { pageinfo: out, target, va, slot: 0, ...args }), f.events)
const loadInto = (target: EpcPage, out: PagingPageinfo, args: object = {}, leaf: 'ELDU' | 'ELDB' = 'ELDU'): string => {
  const pi = { ...out, SECS: f.secs }
  return outcome(() => ENCLS[leaf](f.sgx, { pageinfo: pi, target, va, slot: 0, ...args }), f.events)
}
/** The page is blocked, tracked and written out to slot 0. */
function evict(target: EpcPage, args: object = {}): PagingPageinfo {
  const out = pageinfo()
  expect([block(target), track(), write(target, out, args)]).toEqual(['ok', 'ok', 'ok'])
  return out
}
const page = (offset: number): EpcPage => f.page(offset)
const entryOf = ({ PT, R, W, X, PENDING, MODIFIED, PR, BLOCKED, ENCLAVEADDRESS }: EpcPage): object => ({
  ...{ PT, R, W, X, PENDING, MODIFIED, PR, BLOCKED, ENCLAVEADDRESS },
})

describe('EPA', () => {
  it('an empty version array', () => {
    const target = f.take()
    target.bytes.fill(1)
    expect(epa({ target })).toBe('ok')
    expect([target.VALID, target.PT, target.bytes.every((b) => b === 0)]).toEqual([true, 'PT_VA', true])
  })
  it('checks', () => {
    expect(epa({ type: 'PT_REG' })).toBe(GP('RBX = PT_VA'))
    expect(epa({ target: page(PAGE.DATA) })).toBe(PF('EPCM(DS:RCX).VALID = 0'))
  })
  it('EREMOVE gives the page back', () => {
    expect([ENCLS.EREMOVE(f.sgx, { target: va }), va.VALID]).toEqual([0, false])
  })
})

describe('EBLOCK', () => {
  it('nobody can use the page any more, and caches of translations are told', () => {
    const told: EpcPage[] = []
    f.sgx.onEpcmChange = (p) => told.push(p)
    expect(block(page(PAGE.DATA))).toBe('ok')
    expect([page(PAGE.DATA).BLOCKED, told]).toEqual([true, [page(PAGE.DATA)]])
  })
  it('checks', () => {
    const PT = 'EPCM(DS:RCX).PT is PT_REG, PT_TCS or PT_TRIM'
    expect(block(f.take())).toBe('code 6 EPCM(DS:RCX).VALID = 1')
    expect(block(f.secs)).toBe(`code 18 ${PT}`)
    expect(block(va)).toBe(`code 5 ${PT}`)
    expect([block(page(PAGE.TCS)), block(page(PAGE.TCS))]).toEqual(['ok', 'code 3 EPCM(DS:RCX).BLOCKED = 0'])
  })
  it('a blocked TCS cannot be entered', () => {
    block(page(PAGE.TCS))
    expect(f.enclu(EENTER)).toBe('#PF(0x8007) EPCM(DS:RBX).BLOCKED = 0')
  })
})

describe('ETRACK', () => {
  it('checks', () => {
    expect(track(f.take())).toBe(PF('EPCM(DS:RCX).VALID = 1'))
    expect(track(va)).toBe(PF('EPCM(DS:RCX).PT = PT_SECS'))
  })
  it('again while somebody from before the last one is inside: SGX_PREV_TRK_INCMPL', () => {
    f.enclu(EENTER)
    expect([track(), track()]).toEqual(['ok', 'code 17 SECS(DS:RCX).TRACKING = 0'])
    f.sgx.aex(f.state)
    expect(track()).toBe('ok')
  })
})

describe('EWB', () => {
  it('checks', () => {
    const data = page(PAGE.DATA)
    expect(write(data, pageinfo(), { slot: 4 })).toBe(GP('DS:RDX is 8Byte Aligned'))
    expect(write(va)).toBe(GP('DS:RCX and DS:RDX do not resolve to the same EPC page'))
    expect(write(data, { ...pageinfo(), LINADDR: 1n })).toBe(GP('PAGEINFO.LINADDR = 0'))
    expect(write(data, pageinfo(f.secs))).toBe(GP('PAGEINFO.SECS = 0'))
    expect(write(f.take())).toBe(PF('EPCM(DS:RCX).VALID = 1'))
    expect(write(data, pageinfo(), { va: f.take() })).toBe(PF('EPCM(DS:RDX & ~0FFFH).VALID = 1'))
    expect(write(data, pageinfo(), { va: page(PAGE.CODE) })).toBe(PF('EPCM(DS:RDX & ~FFFH).PT = PT_VA'))
    expect(write(data)).toBe('code 10 EPCM(DS:RCX).BLOCKED = 1')
    expect(write(f.secs)).toBe('code 13 DS:RCX has no EPC page associated with it')
  })
  it('before ETRACK, and while somebody from before it is inside: SGX_NOT_TRACKED', () => {
    const NOT_TRACKED = 'code 11 ETRACK has followed EBLOCK, and all logical processors have left since'
    f.enclu(EENTER)
    const data = page(PAGE.DATA)
    block(data)
    expect([write(data), track(), write(data)]).toEqual([NOT_TRACKED, 'ok', NOT_TRACKED])
    f.sgx.aex(f.state)
    expect(write(data)).toBe('ok')
  })
  it('who entered after ETRACK does not matter, but holds on to its TCS and SSA', () => {
    const [data, ssa] = [page(PAGE.DATA), page(PAGE.SSA0)]
    block(data)
    track()
    f.enclu(EENTER)
    expect(write(data)).toBe('ok')
    block(ssa)
    track()
    if (f.secs.enclave) f.sgx.interruptAll(f.secs.enclave)
    expect(write(ssa)).toMatch(/^code 11/)
    f.sgx.aex(f.state)
    expect(write(ssa, pageinfo(), { slot: 8 })).toBe('ok')
  })
  it('what is written: no plaintext, the PCMD, the address; the page is free', () => {
    const code = page(PAGE.CODE)
    const children = f.secs.enclave?.childCount ?? 0
    const out = evict(code)
    const pcmd = PCMD.view(out.PCMD)
    expect(out.SRCPGE).not.toEqual(CODE_BYTES)
    expect([pcmd.SECINFO[0], pcmd.SECINFO[1], pcmd.ENCLAVEID]).toEqual([5, 2, f.secs.enclave?.EID])
    expect(out.LINADDR).toBe(BigInt(BASE + PAGE.CODE))
    expect([code.VALID, code.ENCLAVESECS, f.secs.enclave?.childCount]).toEqual([false, undefined, children - 1])
    expect(va.version(0)).not.toBe(0n)
  })
  it('the same page twice gives other bytes: each has its own version', () => {
    const first = evict(page(PAGE.CODE))
    const again = f.take()
    expect(loadInto(again, first)).toBe('ok')
    expect(evict(again).SRCPGE).not.toEqual(first.SRCPGE)
  })
  it('into a slot that is taken: SGX_VA_SLOT_OCCUPIED, and the page is out all the same', () => {
    evict(page(PAGE.CODE))
    const data = page(PAGE.DATA)
    block(data)
    track()
    const out = pageinfo()
    expect(write(data, out)).toBe('code 12 the version array slot was empty')
    expect([data.VALID, loadInto(data, out)]).toEqual([false, 'ok'])
  })
  it('a version array can be written out to another', () => {
    const other = f.take()
    epa({ target: other })
    const data = evict(page(PAGE.DATA))
    const out = pageinfo()
    expect(write(va, out, { va: other, slot: 16 })).toBe('ok')
    expect(PCMD.view(out.PCMD).ENCLAVEID).toBe(0n)
    const args = { pageinfo: { ...out, SECS: undefined }, target: va, va: other, slot: 16 }
    expect([ENCLS.ELDU(f.sgx, args), loadInto(f.take(), data)]).toEqual([0, 'ok'])
  })
})

describe('ELDU and ELDB', () => {
  it('bring back what EWB took: contents and EPCM entry, in another page', () => {
    for (const [offset, slot] of [
      [PAGE.CODE, 0],
      [PAGE.TCS, 8],
      [PAGE.DATA, 16],
    ] as const) {
      const target = page(offset)
      const before = { entry: entryOf(target), bytes: target.bytes.slice() }
      const out = evict(target, { slot })
      target.bytes.fill(0x55)
      const to = f.take()
      expect(loadInto(to, out, { slot })).toBe('ok')
      expect({ entry: entryOf(to), bytes: to.bytes.slice() }).toEqual(before)
      expect([to.ENCLAVESECS, va.version(slot)]).toEqual([f.secs, 0n])
      f.host.map(BASE + offset, to.frame)
    }
    expect([f.secs.enclave?.childCount, f.enclu(EENTER)]).toEqual([5, 'EENTER'])
  })
  it('ELDB leaves it blocked: it can go out again at once', () => {
    const out = evict(page(PAGE.DATA))
    const to = f.take()
    expect(loadInto(to, out, {}, 'ELDB')).toBe('ok')
    expect([to.BLOCKED, track(), write(to, pageinfo())]).toEqual([true, 'ok', 'ok'])
  })
  it('pending and modified pages stay so', () => {
    const pending = f.take()
    ENCLS.EAUG(f.sgx, { target: pending, secs: f.secs, linaddr: BigInt(BASE + PAGE.HOLE) })
    const entry = entryOf(pending)
    const to = f.take()
    expect(loadInto(to, evict(pending))).toBe('ok')
    expect(entryOf(to)).toEqual(entry)
  })
  it('checks', () => {
    const out = evict(page(PAGE.CODE))
    const run = (args: object): string =>
      outcome(
        () => ENCLS.ELDU(f.sgx, { pageinfo: { ...out, SECS: f.secs }, target: f.take(), va, slot: 0, ...args }),
        f.events,
      )
    expect(run({ slot: 1 })).toBe(GP('DS:RDX is 8Byte aligned'))
    expect(run({ target: page(PAGE.DATA) })).toBe(PF('EPCM(DS:RCX).VALID = 0'))
    expect(run({ va: f.take() })).toBe(PF('EPCM(DS:RDX & ~0FFFH).VALID = 1'))
    expect(run({ va: f.secs })).toBe(PF('EPCM(DS:RDX & ~0FFFH).PT = PT_VA'))
    expect(run({ pageinfo: { ...out, SECS: undefined } })).toBe(PF('DS:TMP_SECS resolves within an EPC'))
    expect(run({ pageinfo: { ...out, SECS: va } })).toBe(PF('DS:TMP_SECS is a valid SECS'))
    const secsPcmd = out.PCMD.slice()
    secsPcmd[1] = 0
    expect(run({ pageinfo: { ...out, PCMD: secsPcmd, SECS: f.secs } })).toBe(GP('DS:TMP_SECS = 0'))
    expect(run({})).toBe('ok')
  })

  const MAC = 'code 9 TMP_MAC = PCMD.MAC'
  const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((b, i) => (i === at ? b ^ 0x10 : b))
  // prettier-ignore
  const FORGERIES: readonly (readonly [string, (out: PagingPageinfo) => Partial<PagingPageinfo>])[] = [
    ['a bit of the page',             (o) => ({ SRCPGE: flip(o.SRCPGE, 4000) })],
    ['a right in PCMD.SECINFO',       (o) => ({ PCMD: flip(o.PCMD, 0).map((b, i) => (i === 0 ? b ^ 0x12 : b)) })],
    ['the page type in PCMD.SECINFO', (o) => ({ PCMD: o.PCMD.map((b, i) => (i === 1 ? 1 : b)) })],
    ['a reserved bit of PCMD',        (o) => ({ PCMD: flip(o.PCMD, 100) })],
    ['a bit of the MAC',              (o) => ({ PCMD: flip(o.PCMD, 120) })],
    ['the address',                   (o) => ({ LINADDR: o.LINADDR + 4096n })],
  ]
  for (const [why, change] of FORGERIES) {
    it(`${why} changed: ${MAC}, and the page stays invalid`, () => {
      const out = evict(page(PAGE.CODE))
      const to = f.take()
      expect([loadInto(to, { ...out, ...change(out) }), to.VALID]).toEqual([MAC, false])
      expect(loadInto(to, out)).toBe('ok')
    })
  }
  it('an old version, the slot of another page, the page of another: refused', () => {
    const old = evict(page(PAGE.CODE))
    const to = f.take()
    loadInto(to, old)
    evict(to)
    const data = evict(page(PAGE.DATA), { slot: 8 })
    expect(loadInto(f.take(), old)).toBe(MAC)
    expect(loadInto(f.take(), data)).toBe(MAC)
    expect(loadInto(f.take(), data, { slot: 8 })).toBe('ok')
    // Loaded once, its version is gone.
    expect(loadInto(f.take(), data, { slot: 8 })).toBe(MAC)
  })
  it('into another enclave at the same address: refused', () => {
    const out = evict(page(PAGE.CODE))
    const other = new Fixture({ beside: f })
    const args = { pageinfo: { ...out, SECS: other.secs }, target: f.take(), va, slot: 0 }
    expect(ENCLS.ELDU(f.sgx, args)).toBe(SGX_ERROR.SGX_MAC_COMPARE_FAIL)
  })
  it('on another machine: refused', () => {
    const out = evict(page(PAGE.CODE))
    const version = va.version(0)
    setUp({ sgx: { machineSeed: 1n } })
    va.setVersion(0, version)
    expect(loadInto(f.take(), out)).toBe(MAC)
  })
})

describe('the SECS', () => {
  function evictAll(): Map<number, PagingPageinfo> {
    let slot = 8
    return new Map([...f.pages].map(([offset, target]) => [offset, evict(target, { slot: (slot += 8) })]))
  }
  it('goes out once no page is left, comes back elsewhere, and the enclave is the same', () => {
    const { enclave } = f.secs
    const mrenclave = enclave?.SECS.MRENCLAVE.slice()
    const pages = evictAll()
    const out = pageinfo()
    expect(write(f.secs, out)).toBe('ok')
    expect([f.secs.VALID, PCMD.view(out.PCMD).ENCLAVEID, f.sgx.writtenOut.size]).toEqual([false, enclave?.EID, 1])

    const secs = f.take()
    const args = { pageinfo: { ...out, SECS: undefined }, target: secs, va, slot: 0 }
    expect([ENCLS.ELDU(f.sgx, args), secs.enclave, enclave?.page]).toEqual([0, enclave, secs])
    expect([enclave?.SECS.MRENCLAVE, f.sgx.writtenOut.size]).toEqual([mrenclave, 0])
    let slot = 8
    for (const [offset, written] of pages) {
      const target = f.take()
      const load = { pageinfo: { ...written, SECS: secs }, target, va, slot: (slot += 8) }
      expect(ENCLS.ELDU(f.sgx, load)).toBe(0)
      f.host.map(BASE + offset, target.frame)
    }
    expect(f.enclu(EENTER)).toBe('EENTER')
  })
  it('written out, its pages cannot be loaded', () => {
    const out = evictAll().get(PAGE.CODE)
    write(f.secs)
    if (out) expect(loadInto(f.take(), out, { slot: 40 })).toBe(PF('DS:TMP_SECS is a valid SECS'))
  })
  it('thrown away, nothing is left of it', () => {
    evictAll()
    const out = pageinfo()
    write(f.secs, out)
    f.sgx.forget(PCMD.view(out.PCMD).ENCLAVEID)
    expect(f.sgx.writtenOut.size).toBe(0)
  })
})

describe('EDBGRD and EDBGWR', () => {
  const DEBUG: FixtureOptions = { secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.DEBUG) }
  const data = new Uint8Array(8)
  const read = (target: EpcPage, offset = 0): string =>
    outcome(() => ENCLS.EDBGRD(f.sgx, { target, offset, data }), f.events)
  const poke = (target: EpcPage, offset = 0): string =>
    outcome(() => ENCLS.EDBGWR(f.sgx, { target, offset, data: new Uint8Array(8).fill(9) }), f.events)
  const NOT_DEBUGGABLE = 'code 21 EPCM(DS:RCX).PENDING = 0 and MODIFIED = 0'

  it('read and write a debug enclave, whatever the rights of its pages', () => {
    setUp(DEBUG)
    expect([read(page(PAGE.CODE), 8), [...data]]).toEqual(['ok', [...CODE_BYTES.subarray(8, 16)]])
    expect([poke(page(PAGE.CODE), 16), page(PAGE.CODE).bytes[16]]).toEqual(['ok', 9])
    expect([read(page(PAGE.TCS), 64), [...data]]).toEqual(['ok', [255, 255, 255, 255, 255, 255, 255, 255]])
    expect([poke(page(PAGE.TCS), 8), page(PAGE.TCS).bytes[8]]).toEqual(['ok', 9])
  })
  it('of a version only that there is one', () => {
    expect([read(va, 0), [...data]]).toEqual(['ok', new Array(8).fill(0)])
    evict(page(PAGE.DATA))
    expect([read(va, 0), [...data]]).toEqual(['ok', new Array(8).fill(0xff)])
  })
  it('checks of EDBGRD', () => {
    setUp(DEBUG)
    expect(read(page(PAGE.DATA), 4)).toBe(GP('DS:RCX is 8Byte Aligned'))
    expect(read(f.take())).toBe(PF('EPCM(DS:RCX).VALID = 1'))
    expect(read(f.secs)).toBe(PF('EPCM(DS:RCX).PT is PT_REG, PT_TCS or PT_VA'))
    page(PAGE.DATA).PENDING = true
    expect(read(page(PAGE.DATA))).toBe(NOT_DEBUGGABLE)
    expect(read(page(PAGE.TCS), 72)).toBe(GP('DS:RCX & FFFH < SGX_TCS_LIMIT'))
    setUp()
    expect(read(page(PAGE.DATA))).toBe(GP('TMP_SECS.ATTRIBUTES.DEBUG = 1'))
  })
  it('checks of EDBGWR', () => {
    setUp(DEBUG)
    expect(poke(page(PAGE.DATA), 4)).toBe(GP('DS:RCX is 8Byte Aligned'))
    expect(poke(f.take())).toBe(PF('EPCM(DS:RCX).VALID = 1'))
    expect(poke(va)).toBe(PF('EPCM(DS:RCX).PT is PT_REG or PT_TCS'))
    page(PAGE.DATA).MODIFIED = true
    expect(poke(page(PAGE.DATA))).toBe(NOT_DEBUGGABLE)
    expect(poke(page(PAGE.TCS), 16)).toBe(GP('DS:RCX & FF8H = offset_of_FLAGS & 0FF8H'))
    setUp()
    expect(poke(page(PAGE.DATA))).toBe(GP('TMP_SECS.ATTRIBUTES.DEBUG = 1'))
  })
})

describe('the trace', () => {
  it('tells what went out and came back', () => {
    const code = page(PAGE.CODE)
    const out = pageinfo()
    block(code)
    track()
    f.events.length = 0
    ENCLS.EWB(f.sgx, { pageinfo: out, target: code, va, slot: 0 })
    ENCLS.ELDU(f.sgx, { pageinfo: { ...out, SECS: f.secs }, target: code, va, slot: 0 })
    const about = {
      PT: 'PT_REG',
      EID: f.secs.enclave?.EID,
      LINADDR: BASE + PAGE.CODE,
      physicalAddress: code.physicalAddress,
    }
    expect(f.events.filter((e) => e.kind === 'paging')).toEqual([
      { kind: 'paging', what: 'written out', ...about },
      { kind: 'paging', what: 'loaded', ...about },
    ])
  })
  it('an SGX1 processor has all of it', () => {
    const { sgx, events } = newSgx({ profile: SGX_PROFILES.sgx1 })
    expect(outcome(() => ENCLS.EPA(sgx, { type: 'PT_VA', target: sgx.epc.page(3) }), events)).toBe('ok')
  })
})
