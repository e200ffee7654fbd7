import { describe, expect, it } from 'vitest'
import { R8, RAX, RBP, RBX, RCX, RDI, RFLAGS, RSP } from '../../spec/x86/index.ts'
import { GPRSGX } from '../../spec/sgx/index.ts'
import { AEP, AFTER_ENCLU, BASE, Fixture, OENTRY, PAGE } from '../fixture.cases.ts'
import { SGX_PROFILES } from '../index.ts'
import { EENTER, EEXIT, ERESUME, gpr } from './entry.cases.ts'

/** What entering and leaving do; their checks are in entry.cases.ts. source: 'manual'. */
const tcs = (f: Fixture): ReturnType<Fixture['page']>['tcs'] => f.page(PAGE.TCS).tcs
const GP = (condition: string): string => `#GP(0) ${condition}`

describe('EENTER', () => {
  it('does what the Operation section prints', () => {
    const f = new Fixture().init()
    const { state, sgx } = f
    state.fsBase = 0x111_0000n
    state.gsBase = 0x222_0000n
    state.setGpr(RDI, 77n)
    f.prepare(EENTER)
    state.setGpr(RBP, 0x7ffd_0040n)
    expect(f.run()).toBe('EENTER')
    expect(state.rip).toBe(BASE + OENTRY)
    expect([state.gpr(RAX), state.gpr(RCX), state.gpr(RBX)]).toEqual([0n, BigInt(AFTER_ENCLU), BigInt(BASE)])
    expect([state.gpr(RSP), state.gpr(RBP), state.gpr(RDI)]).toEqual([0x7ffd_0000n, 0x7ffd_0040n, 77n])
    expect([state.fsBase, state.gsBase]).toEqual([BigInt(BASE + PAGE.DATA), BigInt(BASE + PAGE.DATA)])
    expect([gpr(f).URSP, gpr(f).URBP]).toEqual([0x7ffd_0000n, 0x7ffd_0040n])
    expect([tcs(f).AEP, tcs(f).STATE]).toEqual([BigInt(AEP), 1n])
    expect([state.inEnclave, sgx.mode?.enclave, f.secs.enclave?.threads.length]).toEqual([true, f.secs.enclave, 1])
  })

  it('RAX is CSSA', () => {
    const f = new Fixture().init()
    f.enclu(EENTER)
    f.sgx.aex(f.state)
    f.enclu(EENTER)
    expect(f.state.gpr(RAX)).toBe(1n)
  })

  it('upper half of RAX is ignored', () => {
    const f = new Fixture().init()
    f.prepare(EENTER)
    f.state.setGpr(RAX, 0xdead_0000_0000_0002n)
    expect(f.run()).toBe('EENTER')
  })

  it('opt-out entry clears TF and EEXIT brings it back; opt-in entry leaves it', () => {
    for (const optIn of [false, true]) {
      const f = new Fixture().init()
      if (optIn) tcs(f).FLAGS = 1n
      f.state.rflags = BigInt(RFLAGS.TF | RFLAGS.CF)
      f.enclu(EENTER)
      expect((f.state.rflags & BigInt(RFLAGS.TF)) !== 0n).toBe(optIn)
      f.state.setGpr(RBX, BigInt(AFTER_ENCLU))
      f.state.setGpr(RAX, BigInt(EEXIT))
      expect(f.run()).toBe('EEXIT')
      expect(f.state.rflags & BigInt(RFLAGS.TF | RFLAGS.CF)).toBe(BigInt(RFLAGS.TF | RFLAGS.CF))
    }
  })

  it('a frame of several pages: XSAVE in the first, GPRs at the end of the last', () => {
    const f = new Fixture({ secs: (s) => (s.SSAFRAMESIZE = 2), tcs: (t) => (t.NSSA = 1) }).init()
    f.enclu(EENTER)
    expect(f.sgx.mode?.CR_XSAVE_PAGE_0).toBe(f.page(PAGE.SSA0).frame)
    expect(f.sgx.mode?.CR_GPR_PA).toBe(f.page(PAGE.SSA1).frame + 4096 - GPRSGX.size)
    expect(GPRSGX.view(f.page(PAGE.SSA1).bytes, 4096 - GPRSGX.size).URSP).toBe(0x7ffd_0000n)
  })
})

describe('EEXIT', () => {
  it("goes to RBX, gives the AEP in RCX, and restores FS and GS; other registers are the enclave's business", () => {
    const f = new Fixture().init()
    const { state } = f
    state.fsBase = 0x111_0000n
    state.gsBase = 0x222_0000n
    f.enclu(EENTER)
    state.setGpr(RAX, BigInt(EEXIT))
    state.setGpr(RBX, 0x1234n)
    state.setGpr(R8, 5n)
    state.setGpr(RSP, 0x999n)
    expect(f.run()).toBe('EEXIT')
    expect([state.rip, state.gpr(RCX), state.gpr(RAX)]).toEqual([0x1234, BigInt(AEP), BigInt(EEXIT)])
    expect([state.fsBase, state.gsBase, state.gpr(R8), state.gpr(RSP)]).toEqual([0x111_0000n, 0x222_0000n, 5n, 0x999n])
    expect([state.inEnclave, f.sgx.mode, tcs(f).STATE, f.secs.enclave?.threads.length]).toEqual([
      false,
      undefined,
      0n,
      0,
    ])
    expect(f.enclu(EENTER)).toBe('EENTER')
  })
})

describe('ENCLU', () => {
  it('a leaf number that does not exist: #GP(0)', () => {
    const f = new Fixture().init()
    expect(f.enclu(0x55)).toBe(GP('EAX (0x55) is a leaf number'))
  })
  it('a leaf that the processor does not have: #GP(0)', () => {
    const f = new Fixture({ sgx: { profile: SGX_PROFILES.sgx1 } }).init()
    f.enclu(EENTER)
    f.state.setGpr(RAX, 5n)
    expect(f.run()).toBe(GP('EAX is a leaf number that CPUID reports (SGX2)'))
  })
  it('EVERIFYREPORT2 is in no profile: #GP(0)', () => {
    expect(new Fixture().init().enclu(8)).toBe(GP('EAX is a leaf number that CPUID reports (EVERIFYREPORT2)'))
  })
  it('EENTER and ERESUME inside: #GP(0)', () => {
    const f = new Fixture().init()
    f.enclu(EENTER)
    for (const leaf of [EENTER, ERESUME]) expect(f.enclu(leaf)).toBe(GP('CR_ENCLAVE_MODE = 0'))
  })
  it('the others outside: #GP(0)', () => {
    const f = new Fixture().init()
    for (const leaf of [0, 1, 4, 5, 6, 7, 9]) expect(f.enclu(leaf)).toBe(GP('CR_ENCLAVE_MODE = 1'))
  })
  it('tells the sink which leaf ended how', () => {
    const f = new Fixture().init()
    f.enclu(EENTER)
    expect(f.events).toEqual([
      { kind: 'leaf', family: 'ENCLU', leaf: 'EENTER', heading: 'EENTER—Enters an Enclave', outcome: { is: 'done' } },
    ])
  })
})
