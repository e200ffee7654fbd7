import { describe, expect, it } from 'vitest'
import { RAX, RBX, RCX } from '../spec/x86/index.ts'
import { ATTRIBUTES } from '../spec/sgx/index.ts'
import { AEP, BASE, Fixture, PAGE, secinfo, TestHost } from './fixture.cases.ts'
import { ENCLS } from './index.ts'

/** Entering for the second time gives what entering for the first time would give, whatever happened in between. */
const EENTER = 2
const DEBUG = { secs: (s: { ATTRIBUTES: bigint }) => void (s.ATTRIBUTES |= ATTRIBUTES.DEBUG) }

function exit(f: Fixture): void {
  f.state.setGpr(RAX, 4n)
  f.state.setGpr(RBX, BigInt(AEP))
  f.run()
}
const modpr = (f: Fixture, offset: number): unknown =>
  ENCLS.EMODPR(f.sgx, { target: f.page(offset), secinfo: secinfo(0x201n) })

// prettier-ignore
const CHANGES: readonly (readonly [string, (f: Fixture) => unknown])[] = [
  ['nothing', () => {}],
  ['EBLOCK of the TCS', (f) => ENCLS.EBLOCK(f.sgx, { target: f.page(PAGE.TCS) })],
  ['EBLOCK of the SSA', (f) => ENCLS.EBLOCK(f.sgx, { target: f.page(PAGE.SSA0) })],
  ['EMODPR of the SSA', (f) => modpr(f, PAGE.SSA0)],
  ['EMODPR of another page', (f) => modpr(f, PAGE.DATA)],
  ['EMODT of the TCS', (f) => ENCLS.EMODT(f.sgx, { target: f.page(PAGE.TCS), secinfo: secinfo(0x400n) })],
  ['EREMOVE of the SSA', (f) => ENCLS.EREMOVE(f.sgx, { target: f.page(PAGE.SSA0) })],
  ['EDBGWR of TCS.FLAGS', (f) => ENCLS.EDBGWR(f.sgx, { target: f.page(PAGE.TCS), offset: 8, data: new Uint8Array(8).fill(1) })],
  ['an asynchronous exit, so another frame', (f) => { f.enclu(EENTER); f.sgx.aex(f.state) }],
  ['the page table loses the TCS', (f) => { f.host.entries.delete(BASE); f.host.epoch = 2 }],
  ['the page table makes the SSA read-only', (f) => { f.host.map(BASE + PAGE.SSA0, f.page(PAGE.SSA0).frame, 'R'); f.host.epoch = 2 }],
  ['the TCS is busy', (f) => { f.page(PAGE.TCS).tcs.STATE = 1n }],
]

/** What EENTER did, and the registers that it set. */
function enter(f: Fixture): unknown {
  const outcome = f.enclu(EENTER)
  const { rip, fsBase, gsBase } = f.state
  return { outcome, rip, fsBase, gsBase, RAX: f.state.gpr(RAX), mode: f.sgx.mode?.CR_GPR_PA }
}

describe('entering again', () => {
  for (const [why, change] of CHANGES) {
    it(`${why}: as the first time`, () => {
      const [first, again] = [new Fixture(DEBUG).init(), new Fixture(DEBUG).init()]
      again.host.epoch = 1
      again.enclu(EENTER)
      exit(again)
      // Any frame will do that is the same in both.
      change(first)
      change(again)
      expect(enter(again)).toEqual(enter(first))
    })
  }
  it('RCX is looked at every time', () => {
    const f = new Fixture().init()
    f.host.epoch = 1
    f.enclu(EENTER)
    exit(f)
    f.prepare(EENTER)
    f.state.setGpr(RCX, 1n << 47n)
    expect(f.run()).toBe('#GP(0) CS:RCX is canonical')
  })
  it('from another address space, or on another TCS of the same page number modulo 16', () => {
    const f = new Fixture().init()
    f.host.epoch = 1
    f.enclu(EENTER)
    exit(f)
    f.prepare(EENTER)
    const other = new TestHost(f.sgx)
    other.epoch = 1
    expect(() => f.sgx.enclu(f.state, other)).toThrow(expect.objectContaining({ name: 'PF', errorCode: 6 }))
    f.prepare(EENTER)
    f.state.setGpr(RBX, BigInt(BASE + 0x1_0000))
    expect(f.run()).toBe('#PF(0x6)')
  })
})
