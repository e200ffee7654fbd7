import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fault, STATE } from '../cpu/index.ts'
import { GPR, RAX, RBX, RCX, RBP, RFLAGS, RSP, type VectorName } from '../spec/x86/index.ts'
import { ATTRIBUTES, EXINFO, GPRSGX, XSAVE_HEADER, XSAVE_LEGACY } from '../spec/sgx/index.ts'
import { AEP, AFTER_ENCLU, BASE, Fixture, OENTRY, PAGE, type FixtureOptions } from './fixture.cases.ts'

/** source: 'manual', "AEX Operational Detail" and "Processor Synthetic State on Asynchronous Enclave Exit". */
const EENTER = 2
const ERESUME = 3
const EEXIT = 4
/** A processor and an enclave with AVX. */
const WITH_AVX: FixtureOptions = { sgx: { XCR0: 7n }, secs: (s) => (s.XFRM = 7n), sigstruct: (s) => (s.XFRM = 7n) }
const WITH_EXINFO: FixtureOptions = { secs: (s) => (s.MISCSELECT = 1) }

const ssa = (f: Fixture, page: number = PAGE.SSA0): ReturnType<typeof GPRSGX.view> =>
  GPRSGX.view(f.page(page).bytes, 4096 - GPRSGX.size)
const exinfo = (f: Fixture): ReturnType<typeof EXINFO.view> =>
  EXINFO.view(f.page(PAGE.SSA0).bytes, 4096 - GPRSGX.size - EXINFO.size)

function inside(options?: FixtureOptions): Fixture {
  const f = new Fixture(options).init()
  f.state.fsBase = 0x111_0000n
  f.state.gsBase = 0x222_0000n
  f.enclu(EENTER)
  return f
}

/** Everything that the enclave can have in the processor; x87 registers hold 80 bits, TOP and tags agree with them. */
function fillState(f: Fixture, bytes: Uint8Array, rflags: number, mxcsr: number): void {
  const { state, ram } = f
  const at = (i: number): number => bytes[i % bytes.length] ?? 0
  const view = new DataView(Uint8Array.from({ length: 128 }, (_, i) => at(i)).buffer)
  for (let n = 0; n < 16; n++) state.setGpr(n, view.getBigUint64(8 * n))
  for (let n = 0; n < 16; n++) for (let i = 0; i < 16; i++) state.xmm(n)[i] = at(16 * n + i + 5)
  for (let n = 0; n < 8; n++) {
    const register = ram.u8.subarray(STATE.X87_REGS + 16 * n, STATE.X87_REGS + 16 * n + 10)
    for (let i = 0; i < 10; i++) register[i] = at(10 * n + i + 3)
    register[7] = (register[7] ?? 0) | 0x80
    register[8] = 0xff
    register[9] = 0x3f
  }
  ram.u16[STATE.X87 / 2] = 0x27f
  ram.u16[STATE.X87 / 2 + 1] = (at(1) & 7) << 11
  // Valid or empty, as the registers above are normal numbers.
  let tags = 0
  for (let n = 0; n < 8; n++) tags |= (at(n) & 1 ? 3 : 0) << (2 * n)
  ram.u16[STATE.X87 / 2 + 2] = tags
  state.mxcsr = mxcsr & 0xffff
  state.rflags = BigInt(rflags)
  state.rip = BASE + OENTRY + 0x123
  state.fsBase = BigInt(BASE + PAGE.HOLE)
  state.gsBase = BigInt(BASE + PAGE.CODE)
}

/** What a program can see of the state block: not the way in which flags are kept. */
const visible = (f: Fixture): unknown => ({
  gprs: GPR.map((_, n) => f.state.gpr(n)),
  rip: f.state.rip,
  rflags: f.state.rflags,
  mxcsr: f.state.mxcsr,
  bases: [f.state.fsBase, f.state.gsBase],
  vectors: f.ram.u8.slice(STATE.XMM, STATE.X87_REGS + 128),
  inEnclave: f.state.inEnclave,
})

describe('a thread that is killed inside', () => {
  it('leaves its TCS free, one frame used up', () => {
    const f = new Fixture().init()
    f.enclu(2)
    const { mode } = f.sgx
    if (mode) f.sgx.abandon(mode)
    f.sgx.mode = undefined
    expect([f.secs.enclave?.threads, f.page(PAGE.TCS).tcs.CSSA, f.page(PAGE.TCS).tcs.STATE]).toEqual([[], 1, 0n])
    expect(f.enclu(2)).toBe('EENTER')
  })
})

describe('asynchronous enclave exit', () => {
  it('loads the synthetic state', () => {
    const f = inside()
    fillState(f, Uint8Array.of(0x5a, 0xc3, 0x11), RFLAGS.CF | RFLAGS.ZF | RFLAGS.OF | RFLAGS.DF | RFLAGS.AC, 0x1f80)
    expect(f.sgx.aex(f.state)).toBeUndefined()
    const { state } = f
    const expected: bigint[] = GPR.map(() => 0n)
    expected[RAX] = 3n
    expected[RBX] = BigInt(BASE)
    expected[RCX] = BigInt(AEP)
    expected[RSP] = 0x7ffd_0000n
    expected[RBP] = 0n
    expect(GPR.map((_, n) => state.gpr(n))).toEqual(expected)
    expect(state.rip).toBe(AEP)
    expect(state.rflags).toBe(BigInt(RFLAGS.FIXED | RFLAGS.IF | RFLAGS.DF | RFLAGS.AC))
    expect([state.fsBase, state.gsBase]).toEqual([0x111_0000n, 0x222_0000n])
    expect(f.ram.u8.slice(STATE.XMM, STATE.XMM + 256).every((b) => b === 0)).toBe(true)
    expect(f.ram.u8.slice(STATE.X87_REGS, STATE.X87_REGS + 128).every((b) => b === 0)).toBe(true)
    expect(Array.from(f.ram.u16.slice(STATE.X87 / 2, STATE.X87 / 2 + 3))).toEqual([0x37f, 0, 0xffff])
    expect(state.mxcsr).toBe(0x1fb0)
    expect([state.inEnclave, f.sgx.mode, f.secs.enclave?.threads.length]).toEqual([false, undefined, 0])
    expect([f.page(PAGE.TCS).tcs.CSSA, f.page(PAGE.TCS).tcs.STATE]).toEqual([1, 0n])
  })

  it('#MF and #XM leave their own values in FCW, FSW and MXCSR', () => {
    const mf = inside()
    mf.sgx.aex(mf.state, new Fault('MF'))
    expect(Array.from(mf.ram.u16.slice(STATE.X87 / 2, STATE.X87 / 2 + 2))).toEqual([0x37e, 0x8081])
    const xm = inside()
    xm.sgx.aex(xm.state, new Fault('XM'))
    expect(xm.state.mxcsr).toBe(0x1f01)
  })

  it('saves registers, FS, GS and the extended state in the frame', () => {
    const f = inside()
    fillState(f, Uint8Array.of(9, 8, 7, 6, 5, 4, 3), RFLAGS.CF | RFLAGS.TF, 0x9fc0)
    const gprs = GPR.map((_, n) => f.state.gpr(n))
    const xmm15 = f.state.xmm(15).slice()
    const top = ((f.ram.u16[STATE.X87 / 2 + 1] ?? 0) >> 11) & 7
    const st0 = f.ram.u8.slice(STATE.X87_REGS + 16 * top, STATE.X87_REGS + 16 * top + 10)
    f.sgx.aex(f.state, new Fault('UD'))
    expect(GPR.map((name) => ssa(f)[name])).toEqual(gprs)
    expect(ssa(f).RIP).toBe(BigInt(BASE + OENTRY + 0x123))
    expect(ssa(f).RFLAGS).toBe(BigInt(RFLAGS.FIXED | RFLAGS.IF | RFLAGS.CF | RFLAGS.RF))
    expect([ssa(f).FSBASE, ssa(f).GSBASE]).toEqual([BigInt(BASE + PAGE.HOLE), BigInt(BASE + PAGE.CODE)])
    const legacy = XSAVE_LEGACY.view(f.page(PAGE.SSA0).bytes)
    expect([legacy.FCW, legacy.MXCSR, legacy.MXCSR_MASK]).toEqual([0x27f, 0x9fc0, 0xffff])
    expect(legacy.XMM.slice(240)).toEqual(xmm15)
    expect(legacy.ST.slice(0, 10)).toEqual(st0)
    expect(XSAVE_HEADER.view(f.page(PAGE.SSA0).bytes, 512).XSTATE_BV).toBe(3n)
  })

  it('with XFRM for AVX the upper halves of the YMM registers go to the frame, become zero and come back', () => {
    const f = inside(WITH_AVX)
    const values = Uint8Array.from({ length: 256 }, (_, k) => k * 7 + 1)
    f.ram.u8.set(values, STATE.YMM_HIGH)
    f.sgx.aex(f.state, new Fault('UD'))
    const area = f.page(PAGE.SSA0).bytes
    expect(area.slice(576, 832)).toEqual(values)
    expect(XSAVE_HEADER.view(area, 512).XSTATE_BV).toBe(7n)
    expect(f.ram.u8.slice(STATE.YMM_HIGH, STATE.YMM_HIGH + 256).every((b) => b === 0)).toBe(true)
    f.enclu(ERESUME)
    expect(f.ram.u8.slice(STATE.YMM_HIGH, STATE.YMM_HIGH + 256)).toEqual(values)
  })

  it('without it they stay where they are, and the frame has no place for them', () => {
    const f = inside({ sgx: { XCR0: 7n } })
    const values = Uint8Array.from({ length: 256 }, (_, k) => k ^ 0x55)
    f.ram.u8.set(values, STATE.YMM_HIGH)
    f.sgx.aex(f.state, new Fault('UD'))
    expect(
      f
        .page(PAGE.SSA0)
        .bytes.slice(576, 832)
        .every((b) => b === 0),
    ).toBe(true)
    expect(f.ram.u8.slice(STATE.YMM_HIGH, STATE.YMM_HIGH + 256)).toEqual(values)
  })

  it('inside, XCR0 is XFRM; outside it is what it was', () => {
    const f = new Fixture(WITH_AVX).init()
    f.state.xcr0 = 0x27n
    f.enclu(EENTER)
    expect(f.state.xcr0).toBe(7n)
    f.sgx.aex(f.state)
    expect(f.state.xcr0).toBe(0x27n)
    f.enclu(ERESUME)
    expect(f.state.xcr0).toBe(7n)
    f.enclu(EEXIT)
    expect(f.state.xcr0).toBe(0x27n)
  })

  it('no RF for an interrupt', () => {
    const f = inside()
    f.sgx.aex(f.state)
    expect(ssa(f).RFLAGS & BigInt(RFLAGS.RF)).toBe(0n)
  })

  it('the second frame for an exit from the handler of the first', () => {
    const f = inside()
    f.sgx.aex(f.state, new Fault('UD'))
    f.enclu(EENTER)
    f.state.rip = BASE + OENTRY + 0x50
    f.sgx.aex(f.state, new Fault('DE'))
    expect([ssa(f, PAGE.SSA0).RIP, ssa(f, PAGE.SSA1).RIP]).toEqual([
      BigInt(BASE + OENTRY),
      BigInt(BASE + OENTRY + 0x50),
    ])
    expect(f.page(PAGE.TCS).tcs.CSSA).toBe(2)
    expect(f.enclu(EENTER)).toBe('#GP(0) TCS.CSSA < TCS.NSSA')
  })

  // prettier-ignore
  const EXITINFO: readonly (readonly [VectorName | 'interrupt', number, number])[] = [
    ['DE', 0x8000_0300, 0x8000_0300], ['DB', 0x8000_0301, 0x8000_0301], ['BP', 0x8000_0603, 0x8000_0603], ['BR', 0x8000_0305, 0x8000_0305],
    ['UD', 0x8000_0306, 0x8000_0306], ['MF', 0x8000_0310, 0x8000_0310], ['AC', 0x8000_0311, 0x8000_0311], ['XM', 0x8000_0313, 0x8000_0313],
    ['GP', 0, 0x8000_030d], ['PF', 0, 0x8000_030e], ['SS', 0, 0], ['NP', 0, 0], ['interrupt', 0, 0],
  ]
  for (const [name, without, withExinfo] of EXITINFO) {
    it(`EXITINFO for ${name}: ${without.toString(16)}, with EXINFO selected ${withExinfo.toString(16)}`, () => {
      for (const [options, expected] of [
        [undefined, without],
        [WITH_EXINFO, withExinfo],
      ] as const) {
        const f = inside(options)
        ssa(f).EXITINFO = 0xffff_ffff
        f.sgx.aex(f.state, name === 'interrupt' ? undefined : new Fault(name, 0, name === 'PF' ? 0n : undefined))
        expect(ssa(f).EXITINFO).toBe(expected)
      }
    })
  }

  it('EXINFO holds the whole address and the error code of a #PF, and the outside sees only the page', () => {
    const f = inside(WITH_EXINFO)
    const fault = new Fault('PF', 0x8007, BigInt(BASE + PAGE.HOLE + 0x123))
    const seen = f.sgx.aex(f.state, fault)
    expect([exinfo(f).MADDR, exinfo(f).ERRCD]).toEqual([BigInt(BASE + PAGE.HOLE + 0x123), 0x8007])
    expect([seen?.name, seen?.errorCode, seen?.address]).toEqual(['PF', 0x8007, BigInt(BASE + PAGE.HOLE)])
  })

  it('EXINFO of a #GP: no address', () => {
    const f = inside(WITH_EXINFO)
    exinfo(f).MADDR = 5n
    const fault = new Fault('GP', 0)
    expect(f.sgx.aex(f.state, fault)).toBe(fault)
    expect([exinfo(f).MADDR, exinfo(f).ERRCD]).toEqual([0n, 0])
  })

  it('without MISCSELECT.EXINFO nothing is written below GPRSGX', () => {
    const f = inside()
    exinfo(f).MADDR = 0x5555n
    f.sgx.aex(f.state, new Fault('PF', 7, 0x1000n))
    expect(exinfo(f).MADDR).toBe(0x5555n)
  })

  it('tells the sink', () => {
    const f = inside()
    f.events.length = 0
    const fault = new Fault('UD')
    f.sgx.aex(f.state, fault)
    const about = { RIP: BASE + OENTRY, AEP: BigInt(AEP), TCS: BigInt(BASE), frame: 0 }
    expect(f.events).toEqual([{ kind: 'AEX', fault, ...about }])
  })
})

describe('ERESUME after an asynchronous exit', () => {
  it('brings back everything, for any state', () => {
    const f = inside()
    const flags =
      RFLAGS.CF | RFLAGS.PF | RFLAGS.AF | RFLAGS.ZF | RFLAGS.SF | RFLAGS.OF | RFLAGS.DF | RFLAGS.AC | RFLAGS.ID
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 7, maxLength: 97 }), fc.nat(), fc.nat(), (bytes, rflags, mxcsr) => {
        fillState(f, bytes, rflags & flags, mxcsr)
        const before = visible(f)
        f.sgx.aex(f.state, new Fault('PF', 0x8007, 0n))
        // What the kernel and the vDSO do in between: anything.
        const { gpr } = { gpr: f.state }
        for (let n = 0; n < 16; n++) f.state.xmm(n).fill(n)
        f.state.rflags = 0n
        expect(gpr.inEnclave).toBe(false)
        expect(f.enclu(ERESUME)).toBe('ERESUME')
        expect(visible(f)).toEqual(before)
        expect(f.page(PAGE.TCS).tcs.CSSA).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  it('resumes exactly with the registers of the synthetic state: the AEP holds ENCLU', () => {
    const f = inside()
    f.sgx.aex(f.state)
    expect(f.run()).toBe('ERESUME')
    expect(f.state.rip).toBe(BASE + OENTRY)
  })

  it('components that XSTATE_BV leaves out get their INIT state, MXCSR is loaded all the same', () => {
    const f = inside()
    fillState(f, Uint8Array.of(1, 2, 3), 0, 0x1fa0)
    f.sgx.aex(f.state)
    XSAVE_HEADER.view(f.page(PAGE.SSA0).bytes, 512).XSTATE_BV = 0n
    f.enclu(ERESUME)
    expect(f.ram.u8.slice(STATE.XMM, STATE.XMM + 256).every((b) => b === 0)).toBe(true)
    expect(Array.from(f.ram.u16.slice(STATE.X87 / 2, STATE.X87 / 2 + 3))).toEqual([0x37f, 0, 0xffff])
    expect(f.state.mxcsr).toBe(0x1fa0)
  })

  it('tags of zero and special numbers come back', () => {
    const f = inside()
    const register = (n: number): Uint8Array => f.ram.u8.subarray(STATE.X87_REGS + 16 * n, STATE.X87_REGS + 16 * n + 10)
    register(0).fill(0)
    register(1).set([0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x7f])
    register(2).set([0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f])
    f.ram.u16[STATE.X87 / 2 + 2] = 0xffc9
    f.sgx.aex(f.state)
    f.enclu(ERESUME)
    expect(f.ram.u16[STATE.X87 / 2 + 2]).toBe(0xffc9)
  })

  it('the enclave may change the frame: ERESUME takes what is there', () => {
    const f = inside()
    f.sgx.aex(f.state, new Fault('UD'))
    ssa(f).RIP = BigInt(BASE + OENTRY + 2)
    ssa(f).RAX = 42n
    f.enclu(ERESUME)
    expect([f.state.rip, f.state.gpr(RAX)]).toEqual([BASE + OENTRY + 2, 42n])
  })

  it('AEX-Notify: enters at OENTRY on the next frame instead, and CSSA stays', () => {
    const f = new Fixture({ secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.AEXNOTIFY), tcs: (t) => (t.FLAGS = 2n) }).init()
    f.enclu(EENTER)
    f.state.rip = BASE + OENTRY + 0x77
    ssa(f).AEXNOTIFY = 1
    f.sgx.aex(f.state)
    expect(f.enclu(ERESUME)).toBe('ERESUME')
    expect([f.state.rip, f.state.gpr(RAX), f.state.gpr(RCX)]).toEqual([BASE + OENTRY, 1n, BigInt(AFTER_ENCLU)])
    expect(f.page(PAGE.TCS).tcs.CSSA).toBe(1)
    expect(ssa(f, PAGE.SSA1).URSP).toBe(0x7ffd_0000n)
  })
})
