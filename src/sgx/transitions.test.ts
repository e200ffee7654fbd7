import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { STATE, TRANSITIONS, type Transition } from '../cpu/index.ts'
import { RAX, RBP, RBX, RCX } from '../spec/x86/index.ts'
import { ATTRIBUTES } from '../spec/sgx/index.ts'
import { AEP, BASE, Fixture, PAGE, secinfo, type FixtureOptions } from './fixture.cases.ts'
import { ENCLS } from './index.ts'

/** A transition does what the leaf does, from any registers that its guards let pass, and says no where the leaf would do something else. */
const [EENTER, EEXIT] = [2, 4]
const DEBUG: FixtureOptions = { secs: (s) => void (s.ATTRIBUTES |= ATTRIBUTES.DEBUG) }

/** What the engine does with it. Returns whether the guards held. */
function perform({ ram: { u32, u64 }, sgx, state }: Fixture, { guards, copies, sets, enclave }: Transition): boolean {
  if (guards.some(([at, mask, value]) => ((u64[at / 8] ?? 0n) & mask) !== value)) return false
  for (const [from, to] of copies) u64[to / 8] = u64[from / 8] ?? 0n
  for (const [at, value] of sets) u64[at / 8] = value
  u32[STATE.ENCLAVE / 4] = enclave
  sgx.follow(state)
  return true
}

/** Everything that a transition could change, and what it must not. */
const everything = ({ ram, sgx, secs }: Fixture): unknown => ({
  state: Buffer.from(ram.u8.subarray(0, STATE.SIZE)).toString('hex'),
  pages: Array.from({ length: 6 }, (_, i) => createHash('sha256').update(sgx.epc.page(i).bytes).digest('hex')),
  mode: sgx.mode && { ...sgx.mode, enclave: sgx.mode.enclave === secs.enclave, tcs: sgx.mode.tcs.index },
  threads: secs.enclave?.threads.length,
})

/** Registers of all kinds: `salt` makes them differ. */
function scramble({ state, ram }: Fixture, salt: number): void {
  for (let n = 0; n < 16; n++) state.setGpr(n, BigInt(salt * 0x1234_5678 + n) * 0x1_0001n)
  state.fsBase = BigInt(salt) << 20n
  state.gsBase = 0xffff_8000_0000_0000n + BigInt(salt)
  ram.u32[STATE.FOP / 4] = salt
  state.mxcsr = 0x1fa0
}
function atEntry(f: Fixture, salt: number): void {
  scramble(f, salt)
  f.prepare(EENTER)
  f.state.setGpr(RAX, BigInt(EENTER) + (0xffn << 32n))
  f.state.setGpr(RBP, 0x1234n * BigInt(salt))
}
function atExit(f: Fixture, salt: number): void {
  const { rip } = f.state
  scramble(f, salt)
  f.state.rip = rip
  f.state.setGpr(RAX, BigInt(EEXIT))
  f.state.setGpr(RBX, BigInt(AEP + 16 * salt))
}
function leave(f: Fixture): void {
  f.state.setGpr(RAX, BigInt(EEXIT))
  f.state.setGpr(RBX, BigInt(AEP))
  f.run()
}

/** Entered and left once, with what was prepared on the way. */
function prepared(options: FixtureOptions = {}): { f: Fixture; entry: Transition; exit: Transition } {
  const f = new Fixture(options).init()
  f.enclu(EENTER)
  const entry = f.sgx.transition('EENTER', AEP)
  leave(f)
  const exit = f.sgx.transition('EEXIT', BASE)
  if (!entry || !exit) throw new Error('nothing was prepared')
  return { f, entry, exit }
}

describe('transitions', () => {
  for (const [name, options] of [
    ['an enclave', {}],
    ['an enclave that is opted in', DEBUG],
  ] as const) {
    it(`of ${name} do what EENTER and EEXIT do`, () => {
      const [words, leaves] = [prepared(options), prepared(options)]
      for (let salt = 1; salt < 20; salt++) {
        atEntry(words.f, salt)
        atEntry(leaves.f, salt)
        expect([perform(words.f, words.entry), leaves.f.run()]).toEqual([true, 'EENTER'])
        expect(everything(words.f)).toEqual(everything(leaves.f))
        atExit(words.f, salt)
        atExit(leaves.f, salt)
        expect([perform(words.f, words.exit), leaves.f.run()]).toEqual([true, 'EEXIT'])
        expect(everything(words.f)).toEqual(everything(leaves.f))
      }
    })
  }

  // prettier-ignore
  const OTHERWISE: readonly (readonly [string, (f: Fixture) => void])[] = [
    ['another leaf', (f) => f.state.setGpr(RAX, 3n)],
    ['another TCS', (f) => f.state.setGpr(RBX, BigInt(BASE + PAGE.SSA0))],
    ['an AEP that is not canonical', (f) => f.state.setGpr(RCX, 1n << 47n)],
    ['a busy TCS', (f) => { f.page(PAGE.TCS).tcs.STATE = 1n }],
    ['another frame', (f) => { f.page(PAGE.TCS).tcs.CSSA = 1 }],
    ['TF', (f) => { f.state.trapFlag = true }],
    ['enclave mode', (f) => { f.state.inEnclave = true }],
  ]
  for (const [why, change] of OTHERWISE) {
    it(`EENTER with ${why}: not this one`, () => {
      const { f, entry } = prepared()
      atEntry(f, 1)
      change(f)
      const before = everything(f)
      expect([perform(f, entry), everything(f)]).toEqual([false, before])
    })
  }
  it('EEXIT to an address that is not canonical, with TF, by another leaf, outside: not this one', () => {
    const { f, entry, exit } = prepared()
    for (const change of [
      () => f.state.setGpr(RBX, 1n << 47n),
      () => (f.state.trapFlag = true),
      () => f.state.setGpr(RAX, 9n),
      () => (f.state.inEnclave = false),
    ]) {
      atEntry(f, 1)
      f.state.trapFlag = false
      f.state.inEnclave = false
      f.page(PAGE.TCS).tcs.STATE = 0n
      expect(perform(f, entry)).toBe(true)
      atExit(f, 2)
      change()
      expect(perform(f, exit)).toBe(false)
    }
  })
  it('are not prepared for a frame that may hold code, nor where TF is to come back', () => {
    const { f } = prepared()
    f.page(PAGE.SSA0).X = true
    f.enclu(EENTER)
    expect(f.sgx.transition('EENTER', AEP)).toBeUndefined()
    leave(f)
    f.page(PAGE.SSA0).X = false
    f.prepare(EENTER)
    f.state.trapFlag = true
    f.run()
    expect(f.sgx.transition('EENTER', AEP)).toBeUndefined()
  })
})

/** Makes the SSA executable, from inside. */
function emodpe(f: Fixture): void {
  f.page(PAGE.DATA).bytes.set(secinfo(0x207n))
  f.state.setGpr(RAX, 6n)
  f.state.setGpr(RBX, BigInt(BASE + PAGE.DATA))
  f.state.setGpr(RCX, BigInt(BASE + PAGE.SSA0))
  expect([f.run(), f.page(PAGE.SSA0).X]).toEqual(['EMODPE', true])
}

// prettier-ignore
const FORGETTING: readonly (readonly [string, (f: Fixture) => unknown, first?: (f: Fixture) => unknown])[] = [
  ['EBLOCK', (f) => ENCLS.EBLOCK(f.sgx, { target: f.page(PAGE.SSA0) })],
  ['EMODPR', (f) => ENCLS.EMODPR(f.sgx, { target: f.page(PAGE.SSA0), secinfo: secinfo(0x201n) })],
  ['EREMOVE', (f) => ENCLS.EREMOVE(f.sgx, { target: f.page(PAGE.SSA0) })],
  ['EDBGWR', (f) => ENCLS.EDBGWR(f.sgx, { target: f.page(PAGE.TCS), offset: 8, data: new Uint8Array(8).fill(1) })],
  ['ETRACK', (f) => f.track()],
  ['entering by the TCS in another frame', (f) => { f.enclu(EENTER); f.sgx.aex(f.state); f.enclu(EENTER) }],
  ['entering with TF', (f) => { f.prepare(EENTER); f.state.trapFlag = true; f.run() }],
  ['EDECCSSA', (f) => { f.state.setGpr(RAX, 9n); f.run() }, (f) => { f.enclu(EENTER); f.sgx.aex(f.state); f.enclu(EENTER) }],
  ['EMODPE', (f) => { emodpe(f) }, (f) => f.enclu(EENTER)],
]

describe('transitions are forgotten', () => {
  const epoch = ({ ram }: Fixture): number | undefined => ram.u32[TRANSITIONS.EPOCH / 4]
  for (const [why, change, first] of FORGETTING) {
    it(`after ${why}`, () => {
      const { f } = prepared(DEBUG)
      first?.(f)
      const before = epoch(f)
      change(f)
      expect(epoch(f)).not.toBe(before)
    })
  }
  it('but not when the same happens again', () => {
    const { f } = prepared()
    const before = epoch(f)
    f.enclu(EENTER)
    leave(f)
    expect(epoch(f)).toBe(before)
  })
})
