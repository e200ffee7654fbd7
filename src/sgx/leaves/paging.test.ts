import { beforeEach, describe, expect, it } from 'vitest'
import { ATTRIBUTES, PCMD } from '../../spec/sgx/index.ts'
import { BASE, CODE_BYTES, Fixture, newSgx, outcome, PAGE, type FixtureOptions } from '../fixture.cases.ts'
import { ENCLS, SGX_PROFILES, type EpcPage, type PagingPageinfo } from '../index.ts'

/** What the leaves of paging and debugging do; their checks are in paging.cases.ts. source: 'manual', and the kernel. */
const EENTER = 2
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
    expect([target.VALID, target.ENCLAVESECS, target.bytes.every((b) => b === 0)]).toEqual([true, undefined, true])
    const none = { R: false, W: false, X: false, PENDING: false, MODIFIED: false, PR: false, BLOCKED: false }
    expect(entryOf(target)).toEqual({ ...none, PT: 'PT_VA', ENCLAVEADDRESS: 0 })
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
  it('a blocked TCS cannot be entered', () => {
    block(page(PAGE.TCS))
    expect(f.enclu(EENTER)).toBe('#PF(0x8007) EPCM(DS:RBX).BLOCKED = 0')
  })
})

describe('ETRACK', () => {
  it('again while somebody from before the last one is inside: SGX_PREV_TRK_INCMPL', () => {
    f.enclu(EENTER)
    expect([track(), track()]).toEqual(['ok', 'code 17 SECS(DS:RCX).TRACKING = 0'])
    f.sgx.aex(f.state)
    expect(track()).toBe('ok')
  })
})

describe('EWB', () => {
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
  it('nothing of what was in PCMD stays, and caches of translations are told', () => {
    const out = pageinfo()
    out.PCMD.fill(0xff)
    const told: EpcPage[] = []
    block(page(PAGE.CODE))
    track()
    f.sgx.onEpcmChange = (p) => told.push(p)
    expect([write(page(PAGE.CODE), out), told]).toEqual(['ok', [page(PAGE.CODE)]])
    expect(out.PCMD.subarray(2, 64).every((b) => b === 0)).toBe(true)
    expect(out.PCMD.subarray(72, 112).every((b) => b === 0)).toBe(true)
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
    f.events.length = 0
    expect([ENCLS.ELDB(f.sgx, args), va.BLOCKED]).toEqual([0, false])
    expect(f.events.find(({ kind }) => kind === 'paging')).toMatchObject({ what: 'loaded', PT: 'PT_VA', EID: 0n })
    expect(loadInto(f.take(), data)).toBe('ok')
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
  const MAC = 'code 9 TMP_MAC = PCMD.MAC'
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
    f.events.length = 0
    expect([ENCLS.ELDU(f.sgx, args), secs.enclave, enclave?.page]).toEqual([0, enclave, secs])
    const loaded = f.events.find(({ kind }) => kind === 'paging')
    expect(loaded).toMatchObject({ what: 'loaded', PT: 'PT_SECS', EID: enclave?.EID })
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
