import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSha256 } from '../../crypto/index.ts'
import { concatBytes, toHex } from '../../base/index.ts'
import {
  BASE,
  baseSecs,
  baseTcs,
  CODE_BYTES,
  Fixture,
  newSgx,
  PAGE,
  secinfo,
  SECINFO_RW,
  SECINFO_RX,
  SECINFO_TCS,
  SIZE,
} from '../fixture.cases.ts'
import { ENCLS, extendPage, Measurement, type EpcPage } from '../index.ts'
import { eadd32 } from './build.cases.ts'

/** What the leaves do that build an enclave; their checks are in build.cases.ts. source: 'manual'. */

/** All of an EPCM entry but whom it belongs to. */
const entryOf = ({ VALID, R, W, X, PT, ENCLAVEADDRESS, BLOCKED, PENDING, MODIFIED, PR }: EpcPage): object => ({
  ...{ VALID, R, W, X, PT, ENCLAVEADDRESS, BLOCKED, PENDING, MODIFIED, PR },
})
const CLEAR = { VALID: true, BLOCKED: false, PENDING: false, MODIFIED: false, PR: false }
/** Frames that the translator was told of. */
function writesTold(f: Fixture, target: EpcPage): number[] {
  f.ram.holdsCode[target.frame / 4096] = 1
  const told: number[] = []
  f.ram.onCodeWrite = (frame) => told.push(frame)
  return told
}

describe('ECREATE', () => {
  it('sets the whole EPCM entry of a page, whatever was there, and gives the enclave a number', () => {
    const { sgx, secs } = new Fixture()
    const nothing = { R: false, W: false, X: false, PT: 'PT_SECS', ENCLAVEADDRESS: 0 }
    expect([entryOf(secs), secs.ENCLAVESECS]).toEqual([{ ...CLEAR, ...nothing }, undefined])
    expect([secs.enclave?.EID, sgx.nextEid, secs.enclave?.page]).toEqual([1n, 2n, secs])
  })

  it('a page that held translated code: the translator is told', () => {
    const { ram, sgx } = newSgx()
    const target = sgx.epc.page(0)
    ram.holdsCode[target.frame / 4096] = 1
    const told: number[] = []
    ram.onCodeWrite = (frame) => told.push(frame)
    ENCLS.ECREATE(sgx, { target, source: baseSecs(), secinfo: secinfo(0n) })
    expect(told).toEqual([target.frame / 4096])
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

describe('EADD', () => {
  it('to a 32-bit enclave: a TCS whose FS and GS limits end with a page, no other', () => {
    expect(eadd32({})).toBe('ok')
    expect(eadd32({ FSLIMIT: 0x1000 })).toBe('#GP(0) TCS.FSLIMIT & 0FFFH = 0FFFH')
    expect(eadd32({ GSLIMIT: 0x1000 })).toBe('#GP(0) TCS.GSLIMIT & 0FFFH = 0FFFH')
    expect(eadd32({ FSLIMIT: 0x1000, GSLIMIT: 0x1000 })).toBe('#GP(0) TCS.FSLIMIT & 0FFFH = 0FFFH')
  })

  it('sets the whole EPCM entry of a page, whatever was there, and copies the source', () => {
    const f = new Fixture()
    const { childCount = 0 } = f.secs.enclave ?? {}
    const page = f.add(PAGE.HOLE, CODE_BYTES, SECINFO_RX)
    const rights = { R: true, W: false, X: true, PT: 'PT_REG', ENCLAVEADDRESS: BASE + PAGE.HOLE }
    expect([entryOf(page), page.ENCLAVESECS]).toEqual([{ ...CLEAR, ...rights }, f.secs])
    expect([page.bytes, f.secs.enclave?.childCount]).toEqual([CODE_BYTES, childCount + 1])
    const data = f.add(PAGE.HOLE + 0x1000, CODE_BYTES, SECINFO_RW)
    const none = f.add(PAGE.HOLE + 0x2000, CODE_BYTES, 0x200n)
    expect([data.R, data.W, data.X, none.R]).toEqual([true, true, false, false])
  })

  it('a TCS has no rights, whatever SECINFO says, and no state of the outside', () => {
    const source = baseTcs((t) => {
      t.FLAGS = 3n
      t.CSSA = 9
      t.AEP = 5n
      t.STATE = 1n
    })
    const [f, plain] = [new Fixture(), new Fixture()]
    const page = f.add(PAGE.HOLE, source, SECINFO_TCS | 7n)
    const rights = { R: false, W: false, X: false, PT: 'PT_TCS', ENCLAVEADDRESS: BASE + PAGE.HOLE }
    expect(entryOf(page)).toEqual({ ...CLEAR, ...rights })
    const { FLAGS, CSSA, AEP, STATE, OENTRY } = page.tcs
    expect([FLAGS, CSSA, AEP, STATE, OENTRY]).toEqual([2n, 0, 0n, 0n, 0x4000n])
    // What is measured is the forced state.
    plain.add(
      PAGE.HOLE,
      baseTcs((t) => (t.FLAGS = 2n)),
      SECINFO_TCS,
    )
    expect(toHex(f.mrenclave)).toBe(toHex(plain.mrenclave))
  })

  it('writes that replace a frame with translated code tell the translator', () => {
    const f = new Fixture()
    const target = f.take()
    const told = writesTold(f, target)
    f.sgx.epc.free(target)
    f.add(PAGE.HOLE, CODE_BYTES, SECINFO_RW)
    expect(told).toEqual([target.frame / 4096])
  })
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
    sgx.onEpcmChange = () => expect.unreachable()
    expect(ENCLS.EREMOVE(sgx, { target: sgx.epc.page(3) })).toBe(0)
  })
  it('a SECS after its children', () => {
    const f = new Fixture()
    for (const target of f.pages.values()) ENCLS.EREMOVE(f.sgx, { target })
    expect([ENCLS.EREMOVE(f.sgx, { target: f.secs }), f.secs.VALID]).toEqual([0, false])
  })
  it('once the last thread has left', () => {
    const f = new Fixture().init()
    f.enclu(2)
    const target = f.page(PAGE.DATA)
    expect(ENCLS.EREMOVE(f.sgx, { target })).toBe(14)
    f.sgx.aex(f.state)
    expect(ENCLS.EREMOVE(f.sgx, { target })).toBe(0)
  })
  it('nothing of the enclave is left in the page', () => {
    const f = new Fixture()
    const target = f.page(PAGE.DATA)
    target.trackingEpoch = 5
    const { childCount = 0 } = f.secs.enclave ?? {}
    ENCLS.EREMOVE(f.sgx, { target })
    expect([target.ENCLAVESECS, target.trackingEpoch, f.secs.enclave?.childCount]).toEqual([
      undefined,
      undefined,
      childCount - 1,
    ])
    for (const page of f.pages.values()) ENCLS.EREMOVE(f.sgx, { target: page })
    const { enclave } = f.secs
    expect([ENCLS.EREMOVE(f.sgx, { target: f.secs }), f.secs.enclave, enclave?.childCount]).toEqual([0, undefined, 0])
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

  it('of an enclave above 4 GiB: with all of its size', () => {
    const LARGE = 3 * 2 ** 40 + 2 ** 33
    const measurement = new Measurement(createHash('sha256'))
    measurement.ECREATE(2, BigInt(LARGE))
    measurement.EADD(2 ** 32 + 0x5000, 0x203)
    const hash = createHash('sha256').update(record(text('ECREATE'), u32(2), u64(LARGE)))
    hash.update(record(text('EADD'), u64(2 ** 32 + 0x5000), u64(0x203)))
    expect(toHex(measurement.digest())).toBe(hash.digest('hex'))
  })

  it('of whole pages at once: the same, whether somebody listens or not', () => {
    // More than is gathered for one call of the hash.
    const measured = (measure: (f: Fixture, target: EpcPage) => void, listener?: () => void): string => {
      const f = new Fixture()
      f.sgx.onEvent = listener
      for (let k = 0; k < 40; k++) measure(f, f.page(k % 2 ? PAGE.CODE : PAGE.DATA))
      return toHex(f.mrenclave)
    }
    const whole = (f: Fixture, target: EpcPage): void => extendPage(f.sgx, { secs: f.secs, target })
    const expected = measured((f, target) => {
      for (let offset = 0; offset < 4096; offset += 256) ENCLS.EEXTEND(f.sgx, { secs: f.secs, target, offset })
    })
    expect([measured(whole), measured(whole, () => {})]).toEqual([expected, expected])
  })
  it('of a whole page that is not there: refused', () => {
    const f = new Fixture()
    f.page(PAGE.DATA).VALID = false
    expect(() => extendPage(f.sgx, { secs: f.secs, target: f.page(PAGE.DATA) })).toThrow(
      expect.objectContaining({ name: 'PF' }),
    )
  })

  it('does not depend on who hashes', () => {
    const own = new Fixture({ sgx: { sha256: createSha256 } })
    const node = new Fixture({ sgx: { sha256: () => createHash('sha256') } })
    expect(toHex(node.mrenclave)).toBe(toHex(own.mrenclave))
  })
})
