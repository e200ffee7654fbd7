import { describe, expect, it } from 'vitest'
import { R8, RAX, RBP, RBX, RCX, RDI, RFLAGS, RSP } from '../../spec/x86/index.ts'
import { ATTRIBUTES, GPRSGX, XSAVE_HEADER, XSAVE_LEGACY } from '../../spec/sgx/index.ts'
import { AEP, AFTER_ENCLU, BASE, Fixture, OENTRY, PAGE, type FixtureOptions } from '../fixture.cases.ts'
import { SGX_PROFILES } from '../index.ts'

/** source: 'manual' for every case, except the ones named 'kernel'. */
const EENTER = 2
const ERESUME = 3
const EEXIT = 4

interface EntryCase {
  readonly why: string
  readonly build?: FixtureOptions
  /** After EINIT (and, for ERESUME, after an asynchronous exit). */
  readonly before?: (f: Fixture) => void
  readonly expect: string
}
const tcs = (f: Fixture): ReturnType<Fixture['page']>['tcs'] => f.page(PAGE.TCS).tcs
const PF = (condition: string): string => `#PF(0x8007) ${condition}`
const GP = (condition: string): string => `#GP(0) ${condition}`
const AEXNOTIFY: FixtureOptions = { secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.AEXNOTIFY), tcs: (t) => (t.FLAGS = 2n) }

/** What EENTER and ERESUME check alike: the TCS, then a frame of the SSA, here at the offset `ssa`. */
// prettier-ignore
const commonCases = (ssa: number): readonly EntryCase[] => [
  { why: 'RBX inside a page', before: (f) => f.state.setGpr(RBX, BigInt(BASE + 8)), expect: GP('DS:RBX is 4KByte Aligned') },
  { why: 'RBX not canonical', before: (f) => f.state.setGpr(RBX, 1n << 60n), expect: GP('DS:RBX is canonical') },
  { why: 'RBX not mapped (kernel: no SGX bit)', before: (f) => f.host.entries.delete(BASE), expect: '#PF(0x6)' },
  { why: 'RBX mapped read-only (kernel: no SGX bit)', before: (f) => f.host.map(BASE, f.page(PAGE.TCS).frame, 'R'), expect: '#PF(0x7)' },
  { why: 'RBX is ordinary memory', before: (f) => f.host.map(BASE, f.ram.allocateFrame()), expect: PF('DS:RBX resolves within an EPC') },
  { why: 'AEP not canonical', before: (f) => f.state.setGpr(RCX, 1n << 50n), expect: GP('CS:RCX is canonical') },
  { why: 'TCS removed', before: (f) => (f.page(PAGE.TCS).VALID = false), expect: PF('EPCM(DS:RBX).VALID = 1') },
  { why: 'TCS blocked', before: (f) => (f.page(PAGE.TCS).BLOCKED = true), expect: PF('EPCM(DS:RBX).BLOCKED = 0') },
  { why: 'TCS mapped elsewhere', before: (f) => (f.page(PAGE.TCS).ENCLAVEADDRESS += 4096), expect: PF('EPCM(DS:RBX).ENCLAVEADDRESS = DS:RBX') },
  { why: 'RBX is a page of data', before: (f) => f.state.setGpr(RBX, BigInt(BASE + PAGE.DATA)), expect: PF('EPCM(DS:RBX).PT = PT_TCS') },
  { why: 'TCS pending', before: (f) => (f.page(PAGE.TCS).PENDING = true), expect: PF('EPCM(DS:RBX).PENDING = 0') },
  { why: 'TCS modified', before: (f) => (f.page(PAGE.TCS).MODIFIED = true), expect: PF('EPCM(DS:RBX).MODIFIED = 0') },
  { why: 'OSSA unaligned', before: (f) => (tcs(f).OSSA += 8n), expect: GP('TCS.OSSA is 4KByte Aligned') },
  { why: 'OFSBASE unaligned', before: (f) => (tcs(f).OFSBASE += 8n), expect: GP('TCS.OFSBASE is 4KByte Aligned') },
  { why: 'OGSBASE unaligned', before: (f) => (tcs(f).OGSBASE += 8n), expect: GP('TCS.OGSBASE is 4KByte Aligned') },
  { why: 'a reserved flag', before: (f) => (tcs(f).FLAGS = 4n), expect: GP('TCS.FLAGS has no reserved bit set') },
  { why: 'before EINIT', before: (f) => f.secs.enclave && (f.secs.enclave.initialized = false), expect: GP('the enclave is initialized') },
  { why: 'XFRM beyond XCR0', before: (f) => Object.assign(f.sgx, { XCR0: 1n }), expect: GP('SECS.ATTRIBUTES.XFRM is a subset of XCR0') },
  { why: 'TCS wants AEX-Notify, SECS does not', before: (f) => (tcs(f).FLAGS = 2n), expect: GP('TCS.FLAGS.DBGOPTIN = 1 or TCS.FLAGS.AEXNOTIFY = SECS.ATTRIBUTES.AEXNOTIFY') },
  { why: 'the same, opted in for debugging', before: (f) => (tcs(f).FLAGS = 3n), expect: 'ok' },
  { why: 'SSA not mapped (kernel: no SGX bit)', before: (f) => f.host.entries.delete(BASE + ssa), expect: '#PF(0x6)' },
  { why: 'SSA is ordinary memory', before: (f) => f.host.map(BASE + ssa, f.ram.allocateFrame()), expect: PF('DS:TMP_SSA_PAGE resolves within an EPC') },
  { why: 'SSA removed', before: (f) => (f.page(ssa).VALID = false), expect: PF('EPCM(DS:TMP_SSA_PAGE).VALID = 1') },
  { why: 'SSA blocked', before: (f) => (f.page(ssa).BLOCKED = true), expect: PF('EPCM(DS:TMP_SSA_PAGE).BLOCKED = 0') },
  { why: 'SSA pending', before: (f) => (f.page(ssa).PENDING = true), expect: PF('EPCM(DS:TMP_SSA_PAGE).PENDING = 0') },
  { why: 'SSA modified', before: (f) => (f.page(ssa).MODIFIED = true), expect: PF('EPCM(DS:TMP_SSA_PAGE).MODIFIED = 0') },
  { why: 'SSA mapped elsewhere', before: (f) => f.host.map(BASE + ssa, f.page(PAGE.DATA).frame), expect: PF('EPCM(DS:TMP_SSA_PAGE).ENCLAVEADDRESS = DS:TMP_SSA_PAGE') },
  { why: 'SSA is no plain page', before: (f) => (f.page(ssa).PT = 'PT_TRIM'), expect: PF('EPCM(DS:TMP_SSA_PAGE).PT = PT_REG') },
  { why: 'SSA of another enclave', before: (f) => (f.page(ssa).ENCLAVESECS = f.page(PAGE.CODE)), expect: PF('EPCM(DS:TMP_SSA_PAGE).ENCLAVESECS = EPCM(DS:RBX).ENCLAVESECS') },
  { why: 'SSA not readable', before: (f) => (f.page(ssa).R = false), expect: PF('EPCM(DS:TMP_SSA_PAGE).R = 1') },
  { why: 'SSA not writable', before: (f) => (f.page(ssa).W = false), expect: PF('EPCM(DS:TMP_SSA_PAGE).W = 1') },
  { why: 'TCS in use', before: (f) => (tcs(f).STATE = 1n), expect: GP('TCS.STATE = INACTIVE') },
]

// prettier-ignore
const EENTER_CASES: readonly EntryCase[] = [
  { why: 'the baseline is valid', expect: 'ok' },
  ...commonCases(PAGE.SSA0),
  { why: 'no SSA frame left', before: (f) => (tcs(f).CSSA = 2), expect: GP('TCS.CSSA < TCS.NSSA') },
  { why: 'the second frame', before: (f) => (tcs(f).CSSA = 1), expect: 'ok' },
  { why: 'OENTRY beyond canonical', before: (f) => (tcs(f).OENTRY = 1n << 47n), expect: GP('the target address is canonical') },
  { why: 'FS beyond canonical', before: (f) => (tcs(f).OFSBASE = 1n << 47n), expect: GP('TMP_FSBASE is canonical') },
  { why: 'GS beyond canonical', before: (f) => (tcs(f).OGSBASE = 1n << 47n), expect: GP('TMP_GSBASE is canonical') },
  { why: 'SECS wants AEX-Notify, TCS does not', build: { secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.AEXNOTIFY) }, expect: GP('TCS.FLAGS.DBGOPTIN = 1 or TCS.FLAGS.AEXNOTIFY = SECS.ATTRIBUTES.AEXNOTIFY') },
]

/** The GPR area of frame 0, where ERESUME reads it. */
const gpr = (f: Fixture): ReturnType<typeof GPRSGX.view> => GPRSGX.view(f.page(PAGE.SSA0).bytes, 4096 - GPRSGX.size)
const header = (f: Fixture): ReturnType<typeof XSAVE_HEADER.view> => XSAVE_HEADER.view(f.page(PAGE.SSA0).bytes, 512)

// prettier-ignore
const ERESUME_CASES: readonly EntryCase[] = [
  { why: 'the baseline is valid', expect: 'ok' },
  ...commonCases(PAGE.SSA0),
  { why: 'nothing to resume', before: (f) => (tcs(f).CSSA = 0), expect: GP('TCS.CSSA > 0') },
  { why: 'RIP not canonical', before: (f) => (gpr(f).RIP = 1n << 48n), expect: GP('the target address is canonical') },
  { why: 'FSBASE not canonical', before: (f) => (gpr(f).FSBASE = 1n << 48n), expect: GP('TMP_FSBASE is canonical') },
  { why: 'GSBASE not canonical', before: (f) => (gpr(f).GSBASE = 1n << 48n), expect: GP('TMP_GSBASE is canonical') },
  { why: 'XSTATE_BV beyond XFRM', before: (f) => (header(f).XSTATE_BV = 4n), expect: GP('XSTATE_BV is a subset of SECS.ATTRIBUTES.XFRM') },
  { why: 'a compacted area', before: (f) => (header(f).XCOMP_BV = 1n << 63n), expect: GP('offsets 520-535 of the XSAVE area are 0') },
  { why: 'a byte at 535', before: (f) => (f.page(PAGE.SSA0).bytes[535] = 1), expect: GP('offsets 520-535 of the XSAVE area are 0') },
  { why: 'a byte at 536 is not looked at', before: (f) => (f.page(PAGE.SSA0).bytes[536] = 1), expect: 'ok' },
  { why: 'a reserved MXCSR bit', before: (f) => (XSAVE_LEGACY.view(f.page(PAGE.SSA0).bytes).MXCSR = 0x1_0000), expect: GP('no reserved bit of MXCSR is set') },
  { why: 'AEX-Notify asked for by the frame', build: AEXNOTIFY, before: (f) => (gpr(f).AEXNOTIFY = 1), expect: 'ok' },
  { why: 'AEX-Notify without a second frame', build: AEXNOTIFY, before: (f) => { gpr(f).AEXNOTIFY = 1; tcs(f).NSSA = 1 }, expect: GP('TCS.CSSA < TCS.NSSA') },
  { why: 'AEX-Notify, second frame removed', build: AEXNOTIFY, before: (f) => { gpr(f).AEXNOTIFY = 1; f.page(PAGE.SSA1).VALID = false }, expect: PF('EPCM(DS:TMP_SSA_PAGE).VALID = 1') },
]

function runCases(leaf: number, name: string, cases: readonly EntryCase[], ready: (f: Fixture) => void): void {
  describe(`${name}: checks`, () => {
    for (const { why, build, before, expect: expected } of cases) {
      it(`${why}: ${expected}`, () => {
        const f = new Fixture(build).init()
        ready(f)
        f.prepare(leaf)
        before?.(f)
        const registers = f.state.save()
        const mode = f.sgx.mode
        expect(f.run()).toBe(expected === 'ok' ? name : expected)
        // A refusal leaves everything as it was.
        if (expected !== 'ok') {
          expect(f.state.save()).toEqual(registers)
          expect([f.sgx.mode, f.secs.enclave?.threads.length]).toEqual([mode, 0])
        }
      })
    }
  })
}
runCases(EENTER, 'EENTER', EENTER_CASES, () => {})
runCases(ERESUME, 'ERESUME', ERESUME_CASES, (f) => {
  f.enclu(EENTER)
  f.sgx.aex(f.state)
})

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

  it('a frame of several pages: a last page that is no EPC page faults at that page', () => {
    const f = new Fixture({ secs: (s) => (s.SSAFRAMESIZE = 2), tcs: (t) => (t.NSSA = 1) }).init()
    f.host.map(BASE + PAGE.SSA1, f.ram.allocateFrame())
    expect(f.enclu(EENTER)).toBe(PF('DS:TMP_GPR resolves within an EPC'))
  })

  it('a 32-bit enclave cannot be entered from 64-bit code', () => {
    const f = new Fixture().init()
    Object.assign(f.secs.enclave ?? {}, { MODE64BIT: false })
    expect(f.enclu(EENTER)).toBe(GP('TMP_MODE64 = SECS.ATTRIBUTES.MODE64BIT'))
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

  it('RBX not canonical: #GP(0), still inside', () => {
    const f = new Fixture().init()
    f.enclu(EENTER)
    f.state.setGpr(RAX, BigInt(EEXIT))
    f.state.setGpr(RBX, 1n << 47n)
    expect(f.run()).toBe(GP('RBX is canonical'))
    expect(f.state.inEnclave).toBe(true)
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
