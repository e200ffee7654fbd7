import { ATTRIBUTES, SECS, SGX_ERROR, SIGSTRUCT } from '../../spec/sgx/index.ts'
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
  SECINFO_TCS,
  SIZE,
  TOKEN,
  trustSigner,
  type FixtureOptions,
  type SecsView,
  type TcsView,
} from '../fixture.cases.ts'
import { ENCLS, SGX_PROFILES, type EpcPage } from '../index.ts'
import { GP, leafTable, PF, type LeafCase, type LeafTable, type Scene } from './table.cases.ts'

/** The leaves that build an enclave and take it down. */

const SGX1: FixtureOptions = { sgx: { profile: SGX_PROFILES.sgx1 } }
const NOT_A_LEAF = GP('EAX is a leaf number that CPUID reports')

interface EcreateScene extends Scene {
  source: Uint8Array
  flags: bigint
  target: EpcPage
}
const secs =
  (change: (secs: SecsView, bytes: Uint8Array) => unknown) =>
  ({ source }: EcreateScene): unknown =>
    change(SECS.view(source), source)
const MODE32 = (s: SecsView): void => {
  s.ATTRIBUTES = 0n
}
const TOO_LARGE = GP('SECS.SIZE is below the maximum enclave size of CPUID')

// prettier-ignore
const ECREATE_CASES: readonly LeafCase<EcreateScene>[] = [
  { why: 'the baseline is valid', expect: 'ok' },
  { why: 'a SECINFO with a reserved flag', set: (s) => (s.flags = 0x40n), expect: GP('SECINFO reserved fields are zero') },
  { why: 'a page type other than PT_SECS', set: (s) => (s.flags = 0x200n), expect: GP('SECINFO.FLAGS.PT = PT_SECS') },
  { why: 'a page in use', set: (s) => (s.target = s.f.page(PAGE.DATA)), expect: PF('EPCM(DS:RCX).VALID = 0') },
  { why: 'x87 left out of XFRM', set: secs((s) => (s.XFRM &= ~1n)), expect: GP('SECS.ATTRIBUTES.XFRM[1:0] = 3') },
  { why: 'SSE left out of XFRM', set: secs((s) => (s.XFRM &= ~2n)), expect: GP('SECS.ATTRIBUTES.XFRM[1:0] = 3') },
  { why: 'a component in XFRM that the processor does not have', set: secs((s) => (s.XFRM |= 1n << 40n)), expect: GP('SECS.ATTRIBUTES.XFRM is legal') },
  { why: 'CET attributes', set: secs((s) => (s.CET_ATTRIBUTES = 1)), expect: GP('SECS.CET_ATTRIBUTES = 0') },
  { why: 'a CET bitmap', set: secs((s) => (s.CET_LEG_BITMAP_OFFSET = 4096n)), expect: GP('SECS.CET_LEG_BITMAP_OFFSET = 0') },
  { why: 'EXINFO is supported', set: secs((s) => (s.MISCSELECT = 1)), expect: 'ok' },
  { why: 'an unknown MISCSELECT bit', set: secs((s) => (s.MISCSELECT = 2)), expect: GP('SECS.MISCSELECT is supported') },
  { why: 'EXINFO on SGX1', build: SGX1, set: secs((s) => (s.MISCSELECT = 1)), expect: GP('SECS.MISCSELECT is supported') },
  { why: 'no room for an SSA frame', set: secs((s) => (s.SSAFRAMESIZE = 0)), expect: GP('SECS.SSAFRAMESIZE * 4096 >= TMP_XSIZE') },
  { why: 'a base beyond canonical', alone: true, set: secs((s) => (s.BASEADDR = 1n << 47n)), expect: GP('SECS.BASEADDR is canonical') },
  { why: 'a 32-bit enclave above 4 GiB', alone: true, set: secs(MODE32), expect: GP('SECS.BASEADDR has 32 bits') },
  { why: 'a 32-bit enclave above 4 GiB that is too large', alone: true, set: secs((s) => { MODE32(s); s.SIZE = 1n << 31n }), expect: GP('SECS.BASEADDR has 32 bits') },
  { why: 'a 32-bit enclave whose base is not canonical', alone: true, set: secs((s) => { MODE32(s); s.BASEADDR = 1n << 47n }), expect: GP('SECS.BASEADDR has 32 bits') },
  { why: 'a 32-bit enclave', set: secs((s) => { MODE32(s); s.BASEADDR = 0x10_0000n }), expect: 'ok' },
  { why: 'the largest 32-bit enclave', set: secs((s) => { MODE32(s); s.BASEADDR = 0n; s.SIZE = 1n << 30n }), expect: 'ok' },
  { why: '32-bit, too large', set: secs((s) => { MODE32(s); s.BASEADDR = 0n; s.SIZE = 1n << 31n }), expect: TOO_LARGE },
  { why: '64-bit, too large', set: secs((s) => { s.BASEADDR = 0n; s.SIZE = 1n << 47n }), expect: TOO_LARGE },
  { why: 'the largest 64-bit enclave', set: secs((s) => { s.BASEADDR = 0n; s.SIZE = 1n << 46n }), expect: 'ok' },
  { why: 'one page', set: secs((s) => (s.SIZE = 4096n)), expect: GP('SECS.SIZE >= 8192') },
  { why: 'size 0', set: secs((s) => (s.SIZE = 0n)), expect: GP('SECS.SIZE >= 8192') },
  { why: 'less than two pages and no power of 2', set: secs((s) => (s.SIZE = 8191n)), expect: GP('SECS.SIZE >= 8192') },
  { why: 'two pages', set: secs((s) => (s.SIZE = 8192n)), expect: 'ok' },
  { why: 'three pages', set: secs((s) => (s.SIZE = 0x3000n)), expect: GP('SECS.SIZE is a power of 2') },
  { why: 'three pages at a base that is not aligned', set: secs((s) => { s.SIZE = 0x3000n; s.BASEADDR += 0x2000n }), expect: GP('SECS.SIZE is a power of 2') },
  { why: 'a base that is not naturally aligned', set: secs((s) => (s.BASEADDR += 0x1000n)), expect: GP('SECS.BASEADDR is aligned on SECS.SIZE') },
  { why: 'INIT set', set: secs((s) => (s.ATTRIBUTES |= ATTRIBUTES.INIT)), expect: GP('SECS.ATTRIBUTES are supported') },
  { why: 'an unknown attribute', set: secs((s) => (s.ATTRIBUTES |= 8n)), expect: GP('SECS.ATTRIBUTES are supported') },
  { why: 'KSS on SGX1', build: SGX1, set: secs((s) => (s.ATTRIBUTES |= ATTRIBUTES.KSS)), expect: GP('SECS.ATTRIBUTES are supported') },
  { why: 'every supported attribute', source: 'kernel', set: secs((s) => (s.ATTRIBUTES = SGX_PROFILES.sgx2.ATTRIBUTES)), expect: 'ok' },
  { why: 'a reserved byte', set: secs((_, b) => (b[40] = 1)), expect: GP('SECS reserved fields are zero') },
  { why: 'the last reserved byte', set: secs((_, b) => (b[4095] = 1)), expect: GP('SECS reserved fields are zero') },
  { why: 'CONFIGID without KSS', set: secs((_, b) => (b[192] = 1)), expect: GP('SECS.CONFIGID = 0 or SECS.ATTRIBUTES.KSS = 1') },
  { why: 'CONFIGSVN without KSS', set: secs((s) => (s.CONFIGSVN = 1)), expect: GP('SECS.CONFIGSVN = 0 or SECS.ATTRIBUTES.KSS = 1') },
  { why: 'CONFIGID and CONFIGSVN with KSS', set: secs((s, b) => { s.CONFIGSVN = 1; b[192] = 1; s.ATTRIBUTES |= ATTRIBUTES.KSS }), expect: 'ok' },
]
const ECREATE = leafTable<EcreateScene>({
  leaf: 'ECREATE',
  scene: (options) => {
    const f = new Fixture(options)
    return { f, source: baseSecs(), flags: 0n, target: f.take() }
  },
  run: ({ f, source, flags, target }) =>
    outcome(() => ENCLS.ECREATE(f.sgx, { target, source, secinfo: secinfo(flags) }), f.events),
  cases: ECREATE_CASES,
})

interface EaddScene extends Scene {
  target: EpcPage
  secs: EpcPage
  linaddr: number
  source: Uint8Array
  flags: bigint
}
const reserved = (at: number): Uint8Array => {
  const source = baseTcs()
  source[at] = 1
  return source
}
const tcs =
  (source: Uint8Array) =>
  (s: EaddScene): void => {
    s.source = source
    s.flags = SECINFO_TCS
  }
const limit = (change: (tcs: TcsView) => void) => tcs(baseTcs(change))
const PT = GP('SECINFO.FLAGS.PT is PT_REG or PT_TCS')
const ELRANGE = GP('PAGEINFO.LINADDR is within the enclave linear address space')
const aligned = GP('PAGEINFO.LINADDR is 4KByte aligned')

// prettier-ignore
const EADD_CASES: readonly LeafCase<EaddScene>[] = [
  { why: 'a page of data', expect: 'ok' },
  { why: 'a TCS', set: tcs(baseTcs()), expect: 'ok' },
  { why: 'an address inside a page', set: (s) => (s.linaddr = BASE + PAGE.HOLE + 8), expect: aligned },
  { why: 'the last byte of a page', set: (s) => (s.linaddr = BASE + PAGE.HOLE + 0xfff), expect: aligned },
  { why: 'a reserved SECINFO flag', set: (s) => (s.flags = SECINFO_RW | 0x1_0000n), expect: GP('SECINFO reserved fields are zero') },
  { why: 'a reserved SECINFO flag of the upper half', set: (s) => (s.flags = SECINFO_RW | (1n << 63n)), expect: GP('SECINFO reserved fields are zero') },
  { why: 'a reserved SECINFO flag and PT_SECS', set: (s) => (s.flags = 0x1_0003n), expect: GP('SECINFO reserved fields are zero') },
  { why: 'PT_SECS', set: (s) => (s.flags = 0x003n), expect: PT },
  { why: 'PT_VA', set: (s) => (s.flags = 0x303n), expect: PT },
  { why: 'PT_TRIM', set: (s) => (s.flags = 0x403n), expect: PT },
  { why: 'a shadow stack page without CET', set: (s) => (s.flags = 0x503n), expect: PT },
  { why: 'a page type that does not exist', set: (s) => (s.flags = 0xff03n), expect: PT },
  { why: 'a target in use', set: (s) => (s.target = s.f.page(PAGE.DATA)), expect: PF('EPCM(DS:RCX).VALID = 0') },
  { why: 'SECS removed', set: (s) => (s.secs.VALID = false), expect: PF('EPCM(DS:TMP_SECS).VALID = 1') },
  { why: 'SECS of another type', set: (s) => (s.secs = s.f.page(PAGE.CODE)), expect: PF('EPCM(DS:TMP_SECS).PT = PT_SECS') },
  { why: 'a reserved byte in a TCS', set: tcs(reserved(72)), expect: GP('TCS.RESERVED = 0') },
  { why: 'the last byte of a TCS', set: tcs(reserved(4095)), expect: GP('TCS.RESERVED = 0') },
  { why: '64-bit, any limit', set: limit((t) => (t.FSLIMIT = t.GSLIMIT = 0)), expect: 'ok' },
  { why: 'W without R', set: (s) => { s.source = CODE_BYTES; s.flags = 0x202n }, expect: GP('SECINFO.FLAGS.W = 0 or SECINFO.FLAGS.R = 1') },
  { why: 'the first page', set: (s) => (s.linaddr = BASE), expect: 'ok' },
  { why: 'the last page', set: (s) => (s.linaddr = BASE + SIZE - 4096), expect: 'ok' },
  { why: 'below ELRANGE', set: (s) => (s.linaddr = BASE - 4096), expect: ELRANGE },
  { why: 'beyond ELRANGE', set: (s) => (s.linaddr = BASE + SIZE), expect: ELRANGE },
  { why: 'after EINIT', set: (s) => s.f.init(), expect: GP('SECS is not initialized') },
]
const EADD = leafTable<EaddScene>({
  leaf: 'EADD',
  scene: (options) => {
    const f = new Fixture(options)
    return { f, target: f.take(), secs: f.secs, linaddr: BASE + PAGE.HOLE, source: CODE_BYTES, flags: SECINFO_RW }
  },
  run: ({ f, linaddr, flags, ...args }) =>
    outcome(() => ENCLS.EADD(f.sgx, { ...args, linaddr, secinfo: secinfo(flags) }), f.events),
  cases: EADD_CASES,
})

/** EADD of a TCS to a 32-bit enclave, which is built by hand: the code of the fixture's would not run in it. */
const LOW = 0x10_0000n
export function eadd32(limits: Partial<TcsView>): string {
  const { sgx, events } = newSgx()
  const [page, target] = [sgx.epc.page(0), sgx.epc.page(1)]
  const source = baseSecs((s) => {
    MODE32(s)
    s.BASEADDR = LOW
  })
  ENCLS.ECREATE(sgx, { target: page, source, secinfo: secinfo(0n) })
  const image = baseTcs((t) => Object.assign(t, limits))
  const args = { target, secs: page, linaddr: Number(LOW), source: image, secinfo: secinfo(SECINFO_TCS) }
  return outcome(() => ENCLS.EADD(sgx, args), events)
}

interface EextendScene extends Scene {
  secs: EpcPage
  offset: number
}
// prettier-ignore
const EEXTEND_CASES: readonly LeafCase<EextendScene>[] = [
  { why: 'a chunk', set: (s) => (s.offset = 256), expect: 'ok' },
  { why: 'the last chunk', set: (s) => (s.offset = 0xf00), expect: 'ok' },
  { why: 'an offset inside a chunk', set: (s) => (s.offset = 255), expect: GP('DS:RCX is 256Byte Aligned') },
  { why: 'an invalid page', set: (s) => (s.f.page(PAGE.CODE).VALID = false), expect: PF('EPCM(DS:RCX).VALID = 1') },
  { why: 'a page of another type', set: (s) => (s.f.page(PAGE.CODE).PT = 'PT_TRIM'), expect: PF('EPCM(DS:RCX).PT is PT_REG or PT_TCS') },
  { why: 'the SECS of another enclave', set: (s) => (s.secs = new Fixture({ beside: s.f }).secs), expect: GP('DS:RBX resolves to the SECS of DS:RCX') },
  { why: 'RBX is a page of the enclave', set: (s) => (s.secs = s.f.page(PAGE.DATA)), expect: GP('DS:RBX resolves to the SECS of DS:RCX') },
  { why: 'after EINIT', set: (s) => s.f.init(), expect: GP('SECS is not initialized') },
]
const EEXTEND = leafTable<EextendScene>({
  leaf: 'EEXTEND',
  scene: (options) => {
    const f = new Fixture(options)
    return { f, secs: f.secs, offset: 0 }
  },
  run: ({ f, ...args }) => outcome(() => ENCLS.EEXTEND(f.sgx, { ...args, target: f.page(PAGE.CODE) }), f.events),
  cases: EEXTEND_CASES,
})

interface EinitScene extends Scene {
  secs: EpcPage
  /** Breaks the signed structure. */
  bytes: (bytes: Uint8Array) => void
}
const flip =
  (at: number, bit = 1) =>
  (s: EinitScene): void => {
    const { bytes: before } = s
    s.bytes = (bytes) => {
      before(bytes)
      bytes[at] = (bytes[at] ?? 0) ^ bit
    }
  }
const field =
  (change: Partial<ReturnType<typeof SIGSTRUCT.view>>) =>
  (s: EinitScene): void => {
    const { bytes: before } = s
    s.bytes = (bytes) => {
      before(bytes)
      Object.assign(SIGSTRUCT.view(bytes), change)
    }
  }
const untrusted = ({ f }: EinitScene): void => {
  f.sgx.IA32_SGXLEPUBKEYHASH = [0n, 0n, 0n, 0n]
}
const attribute = (bits: bigint): FixtureOptions => ({ secs: (s) => (s.ATTRIBUTES |= bits) })
const HEADER = 'code 1 SIGSTRUCT.HEADER = 06000000E10000000000010000000000h'
const RESERVED = 'code 1 SIGSTRUCT reserved space is 0'
const BAD_SIGNATURE = 'code 8 the signature verifies with the embedded public key, q1 and q2'
const BAD_ATTRIBUTES = 'code 2 SECS.ATTRIBUTES = SIGSTRUCT.ATTRIBUTES under ATTRIBUTEMASK'
const FAMILY = new Uint8Array(16).fill(1)

/** Those with an EINITTOKEN, which needs a launch enclave, are in keys.test.ts. */
// prettier-ignore
const EINIT_CASES: readonly LeafCase<EinitScene>[] = [
  { why: 'the baseline is valid', expect: 'ok' },
  { why: 'a bit of HEADER', set: flip(0), expect: HEADER },
  { why: 'the debug bit that old tools set in HEADER', set: flip(15, 0x80), expect: HEADER },
  { why: "VENDOR is Intel's", build: { sigstruct: (s) => (s.VENDOR = 0x8086) }, expect: 'ok' },
  { why: 'another VENDOR', set: field({ VENDOR: 1 }), expect: 'code 1 SIGSTRUCT.VENDOR = 0 or 00008086h' },
  { why: 'a bit of HEADER2', set: flip(24), expect: 'code 1 SIGSTRUCT.HEADER2 = 01010000600000006000000001000000h' },
  { why: 'EXPONENT 65537', set: field({ EXPONENT: 65537 }), expect: 'code 1 SIGSTRUCT.EXPONENT = 3' },
  { why: 'reserved, first range', set: flip(44), expect: RESERVED },
  { why: 'CET attributes without CET', set: flip(908), expect: RESERVED },
  { why: 'reserved, before ISVEXTPRODID', set: flip(992), expect: RESERVED },
  { why: 'reserved and not signed', set: flip(1028), expect: RESERVED },
  { why: "DATE is software's, but signed", set: flip(20), expect: BAD_SIGNATURE },
  { why: 'a bit of MODULUS', set: flip(128), expect: BAD_SIGNATURE },
  { why: 'a bit of SIGNATURE', set: flip(516), expect: BAD_SIGNATURE },
  { why: 'a bit of Q1', set: flip(1040), expect: BAD_SIGNATURE },
  { why: 'a bit of Q2', set: flip(1424), expect: BAD_SIGNATURE },
  { why: 'a bit of ENCLAVEHASH after signing', set: flip(960), expect: BAD_SIGNATURE },
  { why: 'the SECS is gone', set: (s) => (s.secs.VALID = false), expect: PF('EPCM(DS:RCX).VALID = 1') },
  { why: 'not a SECS', set: (s) => (s.secs = s.f.page(PAGE.DATA)), expect: PF('EPCM(DS:RCX).PT = PT_SECS') },
  { why: 'ISVFAMILYID without KSS', build: { sigstruct: (s) => (s.ISVFAMILYID = FAMILY) }, expect: 'code 1 SIGSTRUCT.ISVFAMILYID = 0 or SECS.ATTRIBUTES.KSS = 1' },
  { why: 'ISVFAMILYID with KSS', build: { ...attribute(ATTRIBUTES.KSS), sigstruct: (s) => (s.ISVFAMILYID = FAMILY) }, expect: 'ok' },
  { why: 'a second EINIT', set: (s) => s.secs.enclave && (s.secs.enclave.initialized = true), expect: GP('the enclave is not already initialized') },
  { why: 'a bit of ENCLAVEHASH, signed', build: { sigstruct: (s) => (s.ENCLAVEHASH[0] = (s.ENCLAVEHASH[0] ?? 0) ^ 1) }, expect: 'code 4 SIGSTRUCT.ENCLAVEHASH = TMP_MRENCLAVE' },
  { why: 'EINITTOKEN_KEY by an authorized signer', build: attribute(ATTRIBUTES.EINITTOKEN_KEY), expect: 'ok' },
  { why: 'EINITTOKEN_KEY by anyone', build: attribute(ATTRIBUTES.EINITTOKEN_KEY), set: untrusted, expect: 'code 2 no controlled ATTRIBUTES, or MRSIGNER = IA32_SGXLEPUBKEYHASH' },
  { why: 'DEBUG, mask does not look', build: attribute(ATTRIBUTES.DEBUG), expect: 'ok' },
  { why: 'DEBUG, mask looks', build: { ...attribute(ATTRIBUTES.DEBUG), sigstruct: (s) => (s.ATTRIBUTEMASK = ~0n) }, expect: BAD_ATTRIBUTES },
  { why: 'the signer demands DEBUG', build: { sigstruct: (s) => { s.ATTRIBUTES = 6n; s.ATTRIBUTEMASK = 2n } }, expect: BAD_ATTRIBUTES },
  { why: 'the signer demands AVX', build: { sigstruct: (s) => { s.XFRM = 7n; s.XFRMMASK = ~0n } }, expect: 'code 2 SECS.ATTRIBUTES.XFRM = SIGSTRUCT.ATTRIBUTES.XFRM under ATTRIBUTEMASK' },
  { why: 'the signer forbids EXINFO', build: { secs: (s) => (s.MISCSELECT = 1), sigstruct: (s) => (s.MISCMASK = 1) }, expect: 'code 2 SECS.MISCSELECT = SIGSTRUCT.MISCSELECT under MISCMASK' },
  { why: 'EXINFO, mask does not look', build: { secs: (s) => (s.MISCSELECT = 1) }, expect: 'ok' },
  { why: 'no token and an unknown signer', source: 'kernel', set: untrusted, expect: 'code 16 EINITTOKEN.VALID[0] = 1 or MRSIGNER = IA32_SGXLEPUBKEYHASH' },
]
const EINIT = leafTable<EinitScene>({
  leaf: 'EINIT',
  scene: (options) => {
    const f = new Fixture(options)
    trustSigner(f.sgx)
    return { f, secs: f.secs, bytes: () => {} }
  },
  run: ({ f, secs: page, bytes }) => {
    const sigstruct = f.sigstruct()
    bytes(sigstruct)
    return outcome(() => ENCLS.EINIT(f.sgx, { secs: page, sigstruct, token: TOKEN }), f.events)
  },
  cases: EINIT_CASES,
})

interface EremoveScene extends Scene {
  target: EpcPage
}
const inside = ({ f }: EremoveScene): void => {
  f.init().enclu(2)
}
const trim =
  (accepted: boolean) =>
  (s: EremoveScene): void => {
    inside(s)
    Object.assign(s.target, { PT: 'PT_TRIM', MODIFIED: !accepted })
  }
const ACTIVE = `code ${SGX_ERROR.SGX_ENCLAVE_ACT} no other threads are active using the SECS`
// prettier-ignore
const EREMOVE_CASES: readonly LeafCase<EremoveScene>[] = [
  { why: 'a page of the enclave', expect: 'ok' },
  { why: 'an unused page', set: (s) => (s.target = s.f.take()), expect: 'ok' },
  { why: 'a SECS with children', set: (s) => (s.target = s.f.secs), expect: `code ${SGX_ERROR.SGX_CHILD_PRESENT} no EPC page is associated with the SECS` },
  { why: 'a page of data while a thread is inside', source: 'kernel', set: inside, expect: ACTIVE },
  { why: 'a trimmed page that is not accepted, while a thread is inside', set: trim(false), expect: ACTIVE },
  { why: 'a trimmed and accepted page while a thread is inside', source: 'kernel', set: trim(true), expect: 'ok' },
  { why: 'a modified page that is no trimmed one, while a thread is inside', set: (s) => { inside(s); s.target.MODIFIED = false }, expect: ACTIVE },
  { why: 'a version array while a thread is inside', set: (s) => { inside(s); s.target = s.f.take(); ENCLS.EPA(s.f.sgx, { type: 'PT_VA', target: s.target }) }, expect: 'ok' },
]
const EREMOVE = leafTable<EremoveScene>({
  leaf: 'EREMOVE',
  scene: (options) => {
    const f = new Fixture(options)
    return { f, target: f.page(PAGE.DATA) }
  },
  run: ({ f, target }) => outcome(() => ENCLS.EREMOVE(f.sgx, { target }), f.events),
  cases: EREMOVE_CASES,
})

export const BUILD_TABLES: readonly LeafTable[] = [ECREATE, EADD, EINIT, EREMOVE, EEXTEND]
export { NOT_A_LEAF, SGX1 }
