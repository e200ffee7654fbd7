import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fault } from '../cpu/index.ts'
import { RAX, RBX, RCX, RDX } from '../spec/x86/index.ts'
import { ATTRIBUTES, sgxErrorName, SIGSTRUCT } from '../spec/sgx/index.ts'
import { BASE, baseSecs, baseTcs, Fixture, newSgx, PAGE, secinfo, SECINFO_TCS, TOKEN } from './fixture.cases.ts'
import { ENCLS } from './index.ts'

/** Whatever bytes a guest hands in, only a fault or a code comes out: never an error of ours. */
const mutation = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
const mutate = (
  bytes: Uint8Array,
  changes: readonly (readonly [number, number])[],
  prefix = bytes.length,
): Uint8Array => {
  for (const [at, value] of changes) bytes[at % prefix] = value
  return bytes
}
function faultOrCode(run: () => unknown): void {
  try {
    const code = run()
    if (typeof code === 'number') expect(sgxErrorName(code)).toBeDefined()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Fault)
  }
}

describe('random bytes', () => {
  it('ECREATE and EADD: any SECS, SECINFO and TCS', () => {
    const { sgx } = newSgx()
    fc.assert(
      fc.property(
        mutation,
        mutation,
        mutation,
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        (secs, info, page, linaddr) => {
          const target = sgx.epc.page(0)
          const child = sgx.epc.page(1)
          target.VALID = child.VALID = false
          // Mostly the fields at the start, where the checks are.
          const source = mutate(baseSecs(), secs, 300)
          faultOrCode(() => ENCLS.ECREATE(sgx, { target, source, secinfo: mutate(secinfo(0n), info.slice(3)) }))
          const tcs = mutate(baseTcs(), page, 200)
          const args = { target: child, secs: target, source: tcs, secinfo: mutate(secinfo(SECINFO_TCS), info, 8) }
          faultOrCode(() => ENCLS.EADD(sgx, { ...args, linaddr: Number(linaddr) }))
          faultOrCode(() => ENCLS.EADD(sgx, { ...args, linaddr: BASE }))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('EINIT: any SIGSTRUCT', () => {
    const f = new Fixture()
    const good = f.sigstruct()
    fc.assert(
      fc.property(
        fc.oneof(mutation, fc.constant(null)),
        fc.uint8Array({ minLength: SIGSTRUCT.size, maxLength: SIGSTRUCT.size }),
        (changes, noise) => {
          const sigstruct = changes ? mutate(good.slice(), changes) : noise
          if (changes?.every(([at, value]) => good[at % good.length] === value)) return
          const code = ENCLS.EINIT(f.sgx, { secs: f.secs, sigstruct, token: TOKEN })
          expect(code).not.toBe(0)
          expect(sgxErrorName(code)).toBeDefined()
        },
      ),
      { numRuns: 200 },
    )
  })

  it('EENTER, ERESUME and AEX: any TCS and any SSA that an enclave can write', () => {
    const f = new Fixture().init()
    const tcs = f.page(PAGE.TCS)
    const ssa = f.page(PAGE.SSA0)
    fc.assert(
      fc.property(mutation, mutation, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (tcsBytes, ssaBytes, register) => {
        tcs.bytes.set(baseTcs())
        mutate(tcs.bytes, tcsBytes, 72)
        ssa.bytes.fill(0)
        mutate(ssa.bytes.subarray(4096 - 184), ssaBytes)
        mutate(ssa.bytes.subarray(512, 576), ssaBytes)
        for (const leaf of [3, 2]) {
          f.prepare(leaf)
          f.state.setGpr(1, register >> 16n)
          faultOrCode(() => f.sgx.enclu(f.state, f.host))
          f.state.setGpr(0, 4n)
          f.state.setGpr(3, register)
          if (!f.sgx.mode) continue
          faultOrCode(() => f.sgx.enclu(f.state, f.host))
          if (f.sgx.mode) f.sgx.aex(f.state, new Fault('PF', 7, register))
        }
        expect(f.secs.enclave?.threads).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })

  it('EGETKEY and EREPORT: any registers, KEYREQUEST and TARGETINFO', () => {
    const f = new Fixture({ secs: (x) => (x.ATTRIBUTES |= ATTRIBUTES.KSS | ATTRIBUTES.PROVISIONKEY) }).init()
    const data = f.page(PAGE.DATA)
    const offset = fc.oneof(fc.nat({ max: 0xffff }), fc.constantFrom(PAGE.DATA, PAGE.DATA + 512, PAGE.DATA + 1024))
    fc.assert(
      fc.property(mutation, offset, offset, offset, fc.constantFrom(0, 1), (bytes, rbx, rcx, rdx, leaf) => {
        if (!f.sgx.mode) f.enclu(2)
        data.bytes.fill(0)
        mutate(data.bytes, bytes, 128)
        f.state.setGpr(RAX, BigInt(leaf))
        f.state.setGpr(RBX, BigInt(BASE + rbx))
        f.state.setGpr(RCX, BigInt(BASE + rcx))
        f.state.setGpr(RDX, BigInt(BASE + rdx))
        faultOrCode(() => f.sgx.enclu(f.state, f.host))
      }),
      { numRuns: 1000 },
    )
  })

  it('EINIT: any EINITTOKEN', () => {
    const f = new Fixture()
    const sigstruct = f.sigstruct()
    fc.assert(
      fc.property(mutation, (bytes) => {
        const token = mutate(TOKEN.slice(), bytes)
        token[0] = 1
        const code = ENCLS.EINIT(f.sgx, { secs: f.secs, sigstruct, token })
        expect(code).not.toBe(0)
        expect(sgxErrorName(code)).toBeDefined()
      }),
      { numRuns: 50 },
    )
  })

  it('ELDU: any PCMD, page, address and slot; EBLOCK, ETRACK, EWB, EDBGRD and EDBGWR: any page', () => {
    const f = new Fixture().init()
    const va = f.take()
    ENCLS.EPA(f.sgx, { type: 'PT_VA', target: va })
    const spare = f.take()
    const pages = [va, spare, f.secs, ...f.pages.values()]
    const page = fc.nat({ max: pages.length - 1 }).map((i) => pages[i] ?? va)
    fc.assert(
      fc.property(
        page,
        page,
        fc.option(page, { nil: undefined }),
        mutation,
        fc.nat({ max: 4095 }),
        (a, b, c, bytes, at) => {
          const PCMD = mutate(new Uint8Array(128), bytes)
          const pageinfo = { LINADDR: BigInt(at) << 12n, SRCPGE: new Uint8Array(4096), PCMD, SECS: c }
          faultOrCode(() => ENCLS.ELDU(f.sgx, { pageinfo, target: a, va: b, slot: at }))
          faultOrCode(() => ENCLS.ELDB(f.sgx, { pageinfo, target: spare, va, slot: at & ~7 }))
          faultOrCode(() => ENCLS.EDBGRD(f.sgx, { target: a, offset: at, data: new Uint8Array(8) }))
          faultOrCode(() => ENCLS.EDBGWR(f.sgx, { target: a, offset: at & ~7, data: PCMD }))
          faultOrCode(() => ENCLS.ETRACK(f.sgx, { secs: a }))
          faultOrCode(() => ENCLS.EPA(f.sgx, { type: 'PT_VA', target: f.secs }))
          const out = { LINADDR: 0n, SRCPGE: new Uint8Array(4096), PCMD: new Uint8Array(128), SECS: undefined }
          if (a !== va) faultOrCode(() => ENCLS.EBLOCK(f.sgx, { target: a }))
          if (a === f.page(PAGE.DATA))
            faultOrCode(() => ENCLS.EWB(f.sgx, { pageinfo: out, target: a, va: b, slot: at & ~7 }))
        },
      ),
      { numRuns: 300 },
    )
  })
})
