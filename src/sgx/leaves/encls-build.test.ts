import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { concatBytes, toHex } from '../../base/index.ts'
import { ATTRIBUTES, SECS } from '../../spec/sgx/index.ts'
import {
  BASE,
  baseSecs,
  baseTcs,
  CODE_BYTES,
  Fixture,
  newSgx,
  outcome,
  PAGE,
  secinfo,
  SECINFO_RW,
  SECINFO_RX,
  SECINFO_TCS,
  SIZE,
  type SecsView,
  type TcsView,
} from '../fixture.cases.ts'
import { ENCLS, SGX_PROFILES, type SgxOptions } from '../index.ts'

/** source: 'manual' for every case; expectations are from the Operation sections, 'kernel' where the driver relies on it. */

interface EcreateCase {
  readonly why: string
  readonly secs?: (secs: SecsView, bytes: Uint8Array) => void
  readonly flags?: bigint
  readonly sgx?: SgxOptions
  readonly expect: string
}
const GP = (condition: string): string => `#GP(0) ${condition}`

// prettier-ignore
const ECREATE_CASES: readonly EcreateCase[] = [
  { why: 'the baseline is valid', expect: 'ok' },
  { why: 'a SECINFO with a reserved flag', flags: 0x40n, expect: GP('SECINFO reserved fields are zero') },
  { why: 'a page type other than PT_SECS', flags: 0x200n, expect: GP('SECINFO.FLAGS.PT = PT_SECS') },
  { why: 'x87 left out of XFRM', secs: (s) => (s.XFRM = 2n), expect: GP('SECS.ATTRIBUTES.XFRM[1:0] = 3') },
  { why: 'AVX in XFRM on a processor without', secs: (s) => (s.XFRM = 7n), expect: GP('SECS.ATTRIBUTES.XFRM is legal') },
  { why: 'CET attributes', secs: (s) => (s.CET_ATTRIBUTES = 1), expect: GP('SECS.CET_ATTRIBUTES = 0') },
  { why: 'a CET bitmap', secs: (s) => (s.CET_LEG_BITMAP_OFFSET = 4096n), expect: GP('SECS.CET_LEG_BITMAP_OFFSET = 0') },
  { why: 'EXINFO is supported', secs: (s) => (s.MISCSELECT = 1), expect: 'ok' },
  { why: 'an unknown MISCSELECT bit', secs: (s) => (s.MISCSELECT = 2), expect: GP('SECS.MISCSELECT is supported') },
  { why: 'EXINFO on SGX1', sgx: { profile: SGX_PROFILES.sgx1 }, secs: (s) => (s.MISCSELECT = 1), expect: GP('SECS.MISCSELECT is supported') },
  { why: 'no room for an SSA frame', secs: (s) => (s.SSAFRAMESIZE = 0), expect: GP('SECS.SSAFRAMESIZE * 4096 >= TMP_XSIZE') },
  { why: 'a base beyond canonical', secs: (s) => (s.BASEADDR = 1n << 47n), expect: GP('SECS.BASEADDR is canonical') },
  { why: 'a 32-bit enclave above 4 GiB', secs: (s) => (s.ATTRIBUTES = 0n), expect: GP('SECS.BASEADDR has 32 bits') },
  { why: 'a 32-bit enclave', secs: (s) => { s.ATTRIBUTES = 0n; s.BASEADDR = 0x10_0000n }, expect: 'ok' },
  { why: '32-bit, too large', secs: (s) => { s.ATTRIBUTES = 0n; s.BASEADDR = 0n; s.SIZE = 1n << 31n }, expect: GP('SECS.SIZE is below the maximum enclave size of CPUID') },
  { why: '64-bit, too large', secs: (s) => { s.BASEADDR = 0n; s.SIZE = 1n << 47n }, expect: GP('SECS.SIZE is below the maximum enclave size of CPUID') },
  { why: 'one page', secs: (s) => (s.SIZE = 4096n), expect: GP('SECS.SIZE >= 8192') },
  { why: 'size 0', secs: (s) => (s.SIZE = 0n), expect: GP('SECS.SIZE >= 8192') },
  { why: 'three pages', secs: (s) => (s.SIZE = 0x3000n), expect: GP('SECS.SIZE is a power of 2') },
  { why: 'a base that is not naturally aligned', secs: (s) => (s.BASEADDR += 0x1000n), expect: GP('SECS.BASEADDR is aligned on SECS.SIZE') },
  { why: 'INIT set', secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.INIT), expect: GP('SECS.ATTRIBUTES are supported') },
  { why: 'an unknown attribute', secs: (s) => (s.ATTRIBUTES |= 8n), expect: GP('SECS.ATTRIBUTES are supported') },
  { why: 'KSS on SGX1', sgx: { profile: SGX_PROFILES.sgx1 }, secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.KSS), expect: GP('SECS.ATTRIBUTES are supported') },
  { why: 'a reserved byte', secs: (_, b) => (b[40] = 1), expect: GP('SECS reserved fields are zero') },
  { why: 'the last reserved byte', secs: (_, b) => (b[4095] = 1), expect: GP('SECS reserved fields are zero') },
  { why: 'CONFIGID without KSS', secs: (_, b) => (b[192] = 1), expect: GP('SECS.CONFIGID = 0 or SECS.ATTRIBUTES.KSS = 1') },
  { why: 'CONFIGSVN without KSS', secs: (s) => (s.CONFIGSVN = 1), expect: GP('SECS.CONFIGSVN = 0 or SECS.ATTRIBUTES.KSS = 1') },
  { why: 'CONFIGSVN with KSS', secs: (s) => { s.CONFIGSVN = 1; s.ATTRIBUTES |= ATTRIBUTES.KSS }, expect: 'ok' },
  { why: 'every supported attribute (the driver decides who may)', secs: (s) => (s.ATTRIBUTES = SGX_PROFILES.sgx2.ATTRIBUTES), expect: 'ok' },
]

describe('ECREATE', () => {
  for (const { why, secs, flags = 0n, sgx: options, expect: expected } of ECREATE_CASES) {
    it(`${why}: ${expected}`, () => {
      const { sgx, events } = newSgx(options)
      const target = sgx.epc.page(0)
      const source = baseSecs()
      secs?.(SECS.view(source), source)
      expect(outcome(() => ENCLS.ECREATE(sgx, { target, source, secinfo: secinfo(flags) }), events)).toBe(expected)
      expect(target.VALID).toBe(expected === 'ok')
    })
  }

  it('a page in use: #PF', () => {
    const { sgx, events } = newSgx()
    const args = { target: sgx.epc.page(0), source: baseSecs(), secinfo: secinfo(0n) }
    ENCLS.ECREATE(sgx, args)
    expect(outcome(() => ENCLS.ECREATE(sgx, args), events)).toBe('#PF(0x0) EPCM(DS:RCX).VALID = 0')
  })

  it('takes nothing of MRENCLAVE, MRSIGNER, ISVPRODID and ISVSVN from the source', () => {
    const f = new Fixture({
      secs: (s) => {
        s.MRENCLAVE = s.MRSIGNER = new Uint8Array(32).fill(7)
        s.ISVPRODID = s.ISVSVN = 5
      },
    })
    const secs = f.secs.enclave?.SECS
    expect([secs?.ISVPRODID, secs?.ISVSVN, secs?.MRENCLAVE[0], secs?.MRSIGNER[0]]).toEqual([0, 0, 0, 0])
  })
})

interface EaddCase {
  readonly why: string
  readonly linaddr?: number
  readonly source?: Uint8Array
  readonly flags?: bigint
  readonly before?: (f: Fixture) => void
  readonly secs?: (secs: SecsView) => void
  readonly expect: string
}
const reserved = (at: number): Uint8Array => {
  const source = baseTcs()
  source[at] = 1
  return source
}
const limits = (change: (tcs: TcsView) => void): Uint8Array => baseTcs(change)
const MODE32 = (s: SecsView): void => {
  s.ATTRIBUTES = 0n
}

// prettier-ignore
const EADD_CASES: readonly EaddCase[] = [
  { why: 'a page of data', expect: 'ok' },
  { why: 'a TCS', source: baseTcs(), flags: SECINFO_TCS, expect: 'ok' },
  { why: 'an address inside a page', linaddr: BASE + PAGE.HOLE + 8, expect: GP('PAGEINFO.LINADDR is 4KByte aligned') },
  { why: 'a reserved SECINFO flag', flags: SECINFO_RW | 0x1_0000n, expect: GP('SECINFO reserved fields are zero') },
  { why: 'PT_SECS', flags: 0x003n, expect: GP('SECINFO.FLAGS.PT is PT_REG or PT_TCS') },
  { why: 'PT_VA', flags: 0x300n, expect: GP('SECINFO.FLAGS.PT is PT_REG or PT_TCS') },
  { why: 'PT_TRIM', flags: 0x403n, expect: GP('SECINFO.FLAGS.PT is PT_REG or PT_TCS') },
  { why: 'a shadow stack page without CET', flags: 0x503n, expect: GP('SECINFO.FLAGS.PT is PT_REG or PT_TCS') },
  { why: 'a page type that does not exist', flags: 0xff03n, expect: GP('SECINFO.FLAGS.PT is PT_REG or PT_TCS') },
  { why: 'W without R', flags: 0x202n, expect: GP('SECINFO.FLAGS.W = 0 or SECINFO.FLAGS.R = 1') },
  { why: 'a reserved byte in a TCS', source: reserved(72), flags: SECINFO_TCS, expect: GP('TCS.RESERVED = 0') },
  { why: 'the last byte of a TCS', source: reserved(4095), flags: SECINFO_TCS, expect: GP('TCS.RESERVED = 0') },
  { why: '64-bit, any limit', source: limits((t) => (t.FSLIMIT = 0)), flags: SECINFO_TCS, expect: 'ok' },
  { why: 'the last page', linaddr: BASE + SIZE - 4096, expect: 'ok' },
  { why: 'below ELRANGE', linaddr: BASE - 4096, expect: GP('PAGEINFO.LINADDR is within the enclave linear address space') },
  { why: 'beyond ELRANGE', linaddr: BASE + SIZE, expect: GP('PAGEINFO.LINADDR is within the enclave linear address space') },
  { why: 'after EINIT', before: (f) => f.init(), expect: GP('SECS is not initialized') },
  { why: 'SECS removed', before: (f) => (f.secs.VALID = false), expect: '#PF(0x0) EPCM(DS:TMP_SECS).VALID = 1' },
  { why: 'SECS of another type', before: (f) => (f.secs.PT = 'PT_REG'), expect: '#PF(0x0) EPCM(DS:TMP_SECS).PT = PT_SECS' },
]

describe('EADD', () => {
  for (const {
    why,
    linaddr = BASE + PAGE.HOLE,
    source = CODE_BYTES,
    flags = SECINFO_RW,
    before,
    expect: expected,
  } of EADD_CASES) {
    it(`${why}: ${expected}`, () => {
      const f = new Fixture()
      before?.(f)
      const target = f.take()
      const args = { target, secs: f.secs, linaddr: BigInt(linaddr), source, secinfo: secinfo(flags) }
      expect(outcome(() => ENCLS.EADD(f.sgx, args), f.events)).toBe(expected)
      expect(target.VALID).toBe(expected === 'ok')
    })
  }

  for (const limit of ['FSLIMIT', 'GSLIMIT'] as const) {
    it(`32-bit, ${limit} not on a page boundary: #GP(0)`, () => {
      const { sgx, events } = newSgx()
      const [secs, target] = [sgx.epc.page(0), sgx.epc.page(1)]
      const source = baseSecs((s) => {
        MODE32(s)
        s.BASEADDR = 0x10_0000n
      })
      ENCLS.ECREATE(sgx, { target: secs, source, secinfo: secinfo(0n) })
      const tcs = baseTcs((t) => (t[limit] = 0x1000))
      const args = { target, secs, linaddr: 0x10_0000n, source: tcs, secinfo: secinfo(SECINFO_TCS) }
      expect(outcome(() => ENCLS.EADD(sgx, args), events)).toBe(GP(`TCS.${limit} & 0FFFH = 0FFFH`))
    })
  }

  it('a target in use: #PF', () => {
    const f = new Fixture()
    const args = {
      target: f.page(PAGE.DATA),
      secs: f.secs,
      linaddr: BigInt(BASE + PAGE.HOLE),
      source: CODE_BYTES,
      secinfo: secinfo(SECINFO_RW),
    }
    expect(outcome(() => ENCLS.EADD(f.sgx, args), f.events)).toBe('#PF(0x0) EPCM(DS:RCX).VALID = 0')
  })

  it('sets the EPCM entry, and for a TCS no permissions and no state of the outside', () => {
    const f = new Fixture({
      tcs: (t) => {
        t.FLAGS = 1n
        t.CSSA = 9
        t.AEP = 5n
        t.STATE = 1n
      },
    })
    const { R, W, X, PT, ENCLAVEADDRESS, ENCLAVESECS } = f.page(PAGE.CODE)
    expect({ R, W, X, PT, ENCLAVEADDRESS }).toEqual({
      R: true,
      W: false,
      X: true,
      PT: 'PT_REG',
      ENCLAVEADDRESS: BASE + PAGE.CODE,
    })
    expect(ENCLAVESECS).toBe(f.secs)
    const tcs = f.page(PAGE.TCS)
    expect([tcs.R, tcs.W, tcs.X, tcs.PT]).toEqual([false, false, false, 'PT_TCS'])
    expect([tcs.tcs.FLAGS, tcs.tcs.CSSA, tcs.tcs.AEP, tcs.tcs.STATE]).toEqual([0n, 0, 0n, 0n])
  })

  it('writes that replace a frame with translated code tell the translator', () => {
    const f = new Fixture()
    const target = f.take()
    f.ram.holdsCode[target.frame / 4096] = 1
    const told: number[] = []
    f.ram.onCodeWrite = (frame) => told.push(frame)
    f.sgx.epc.free(target)
    f.add(PAGE.HOLE, CODE_BYTES, SECINFO_RW)
    expect(told).toEqual([target.frame / 4096])
  })
})

describe('EEXTEND', () => {
  const run = (change: (f: Fixture) => void, offset = 0): string => {
    const f = new Fixture()
    change(f)
    return outcome(() => ENCLS.EEXTEND(f.sgx, { secs: f.secs, target: f.page(PAGE.CODE), offset }), f.events)
  }
  it('a chunk: ok', () => expect(run(() => {}, 256)).toBe('ok'))
  it('an offset inside a chunk: #GP(0)', () => expect(run(() => {}, 255)).toBe(GP('DS:RCX is 256Byte Aligned')))
  it('an invalid page: #PF', () =>
    expect(run((f) => (f.page(PAGE.CODE).VALID = false))).toBe('#PF(0x0) EPCM(DS:RCX).VALID = 1'))
  it('a page of another type: #PF', () =>
    expect(run((f) => (f.page(PAGE.CODE).PT = 'PT_TRIM'))).toBe('#PF(0x0) EPCM(DS:RCX).PT is PT_REG or PT_TCS'))
  it('after EINIT: #GP(0)', () => expect(run((f) => f.init())).toBe(GP('SECS is not initialized')))
  it('the SECS of another enclave: #GP(0)', () =>
    expect(run((f) => (f.page(PAGE.CODE).ENCLAVESECS = f.page(PAGE.DATA)))).toBe(
      GP('DS:RBX resolves to the SECS of DS:RCX'),
    ))
})

describe('EREMOVE', () => {
  it('a page of the enclave is free afterwards, and whoever caches translations is told', () => {
    const f = new Fixture()
    const told: unknown[] = []
    f.sgx.onEpcmChange = (page) => told.push(page)
    const target = f.page(PAGE.DATA)
    expect(ENCLS.EREMOVE(f.sgx, { target })).toBe(0)
    expect([target.VALID, told]).toEqual([false, [target]])
  })
  it('an unused page: nothing to do', () => {
    const { sgx } = newSgx()
    expect(ENCLS.EREMOVE(sgx, { target: sgx.epc.page(3) })).toBe(0)
  })
  it('a SECS with children: SGX_CHILD_PRESENT', () => {
    const f = new Fixture()
    const result = outcome(() => ENCLS.EREMOVE(f.sgx, { target: f.secs }), f.events)
    expect(result).toBe('code 13 no EPC page is associated with the SECS')
  })
  it('a SECS after its children', () => {
    const f = new Fixture()
    for (const target of f.pages.values()) ENCLS.EREMOVE(f.sgx, { target })
    expect([ENCLS.EREMOVE(f.sgx, { target: f.secs }), f.secs.VALID]).toEqual([0, false])
  })
  it('while a thread is inside: SGX_ENCLAVE_ACT, and not after it left', () => {
    const f = new Fixture().init()
    f.enclu(2)
    const target = f.page(PAGE.DATA)
    const result = outcome(() => ENCLS.EREMOVE(f.sgx, { target }), f.events)
    expect(result).toBe('code 14 no other threads are active using the SECS')
    f.sgx.aex(f.state)
    expect(ENCLS.EREMOVE(f.sgx, { target })).toBe(0)
  })
})

describe('MRENCLAVE', () => {
  const u64 = (n: number | bigint): Uint8Array => new Uint8Array(new BigUint64Array([BigInt(n)]).buffer)
  const u32 = (n: number): Uint8Array => new Uint8Array(new Uint32Array([n]).buffer)
  const text = (s: string): Uint8Array => new TextEncoder().encode(s.padEnd(8, '\0'))
  const record = (...parts: Uint8Array[]): Uint8Array => {
    const out = new Uint8Array(64)
    out.set(concatBytes(...parts))
    return out
  }

  it('is the SHA-256 of the records, written out here independently', () => {
    const f = new Fixture()
    const hash = createHash('sha256').update(record(text('ECREATE'), u32(1), u64(SIZE)))
    const zero = new Uint8Array(4096)
    const pages: [number, bigint, Uint8Array][] = [
      [PAGE.TCS, SECINFO_TCS, baseTcs()],
      [PAGE.SSA0, SECINFO_RW, zero],
      [PAGE.SSA1, SECINFO_RW, zero],
      [PAGE.CODE, SECINFO_RX, CODE_BYTES],
      [PAGE.DATA, SECINFO_RW, zero],
    ]
    for (const [offset, flags, bytes] of pages) {
      hash.update(record(text('EADD'), u64(offset), u64(flags)))
      for (let at = 0; at < 4096; at += 256) {
        hash.update(record(text('EEXTEND'), u64(offset + at))).update(bytes.subarray(at, at + 256))
      }
    }
    expect(toHex(f.mrenclave)).toBe(hash.digest('hex'))
  })

  it('does not depend on who hashes', () => {
    const own = new Fixture()
    const node = new Fixture({ sgx: { sha256: () => createHash('sha256') } })
    expect(toHex(node.mrenclave)).toBe(toHex(own.mrenclave))
  })
})
