import { SGX_ERROR } from '../../spec/sgx/index.ts'
import { AEP, BASE, baseTcs, Fixture, outcome, PAGE, secinfo, SIZE, type FixtureOptions } from '../fixture.cases.ts'
import { ENCLS, SGX_PROFILES, type EpcPage } from '../index.ts'
import {
  epcmCases,
  GP,
  leafTable,
  PF,
  PF_READ,
  readyInside,
  runInside,
  type InsideScene,
  type LeafCase,
  type LeafTable,
  type Scene,
} from './table.cases.ts'

/** The leaves that change a running enclave. */

const SGX1: FixtureOptions = { sgx: { profile: SGX_PROFILES.sgx1 } }
const NO_LEAF = GP('EAX is a leaf number that CPUID reports')
const NO_LEAF_INSIDE = GP('EAX is a leaf number that CPUID reports (SGX2)')
const HOLE = BASE + PAGE.HOLE
const DATA = BASE + PAGE.DATA
const CODE = BASE + PAGE.CODE
const EENTER = 2
const NOT_MODIFIABLE = `code ${SGX_ERROR.SGX_PAGE_NOT_MODIFIABLE} EPCM(DS:RCX).PENDING = 0 and MODIFIED = 0`
const RESERVED = GP('SECINFO reserved fields are zero')

const uninitialized = ({ f }: Scene): void => {
  const { enclave } = f.secs
  if (enclave) enclave.initialized = false
}

/** A page that the kernel has added at HOLE. */
function augment(f: Fixture): EpcPage {
  const target = f.take()
  ENCLS.EAUG(f.sgx, { target, secs: f.secs, linaddr: BigInt(HOLE) })
  f.host.map(HOLE, target.frame)
  return target
}

interface EaugScene extends Scene {
  target: EpcPage
  secs: EpcPage
  linaddr: number
}
const ELRANGE = GP('PAGEINFO.LINADDR is within the enclave linear address space')
// prettier-ignore
const EAUG_CASES: readonly LeafCase<EaugScene>[] = [
  { why: 'a hole', expect: 'ok' },
  { why: 'an SGX1 processor', build: SGX1, expect: NO_LEAF },
  { why: 'an address inside a page', set: (s) => (s.linaddr += 1), expect: GP('PAGEINFO.LINADDR is 4KByte aligned') },
  { why: 'a target in use', set: (s) => (s.target = s.f.page(PAGE.DATA)), expect: PF('EPCM(DS:RCX).VALID = 0') },
  { why: 'SECS removed', set: (s) => (s.secs.VALID = false), expect: PF('EPCM(DS:TMP_SECS).VALID = 1') },
  { why: 'SECS of another type', set: (s) => (s.secs = s.f.page(PAGE.CODE)), expect: PF('EPCM(DS:TMP_SECS).PT = PT_SECS') },
  { why: 'before EINIT', source: 'kernel', set: uninitialized, expect: GP('SECS is initialized') },
  { why: 'below ELRANGE', set: (s) => (s.linaddr = BASE - 4096), expect: ELRANGE },
  { why: 'beyond ELRANGE', set: (s) => (s.linaddr = BASE + SIZE), expect: ELRANGE },
  { why: 'the first page', set: (s) => (s.linaddr = BASE), expect: 'ok' },
  { why: 'the last page', set: (s) => (s.linaddr = BASE + SIZE - 4096), expect: 'ok' },
]
const EAUG = leafTable<EaugScene>({
  leaf: 'EAUG',
  scene: (options) => {
    const f = new Fixture(options).init()
    return { f, target: f.take(), secs: f.secs, linaddr: HOLE }
  },
  run: ({ f, linaddr, ...args }) => outcome(() => ENCLS.EAUG(f.sgx, { ...args, linaddr: BigInt(linaddr) }), f.events),
  cases: EAUG_CASES,
})

interface ModifyScene extends Scene {
  target: EpcPage
  flags: bigint
}
const modifyScene =
  (flags: bigint) =>
  (options?: FixtureOptions): ModifyScene => {
    const f = new Fixture(options).init()
    return { f, target: f.page(PAGE.DATA), flags }
  }
// prettier-ignore
const EMODPR_CASES: readonly LeafCase<ModifyScene>[] = [
  { why: 'fewer rights', expect: 'ok' },
  { why: 'no rights', set: (s) => (s.flags = 0x200n), expect: 'ok' },
  { why: 'an SGX1 processor', build: SGX1, expect: NO_LEAF },
  { why: 'a reserved SECINFO flag', set: (s) => (s.flags = 0x241n), expect: RESERVED },
  { why: 'a reserved SECINFO flag, and W without R', set: (s) => (s.flags = 0x242n), expect: RESERVED },
  { why: 'W without R', set: (s) => (s.flags = 0x202n), expect: GP('SECINFO.FLAGS.R = 1 or SECINFO.FLAGS.W = 0') },
  { why: 'an unused page', set: (s) => (s.target.VALID = false), expect: PF('EPCM(DS:RCX).VALID = 1') },
  { why: 'a page that is not accepted', source: 'kernel', set: (s) => (s.target.PENDING = true), expect: NOT_MODIFIABLE },
  { why: 'a page whose type changes', source: 'kernel', set: (s) => (s.target.MODIFIED = true), expect: NOT_MODIFIABLE },
  { why: 'a trimmed page that is accepted', source: 'kernel', set: (s) => (s.target.PT = 'PT_TRIM'), expect: PF('EPCM(DS:RCX).PT = PT_REG') },
  { why: 'a TCS', set: (s) => (s.target.PT = 'PT_TCS'), expect: PF('EPCM(DS:RCX).PT = PT_REG') },
  { why: 'before EINIT', set: uninitialized, expect: GP('TMP_SECS.ATTRIBUTES.INIT = 1') },
]
const EMODPR = leafTable<ModifyScene>({
  leaf: 'EMODPR',
  scene: modifyScene(0x201n),
  run: ({ f, target, flags }) => outcome(() => ENCLS.EMODPR(f.sgx, { target, secinfo: secinfo(flags) }), f.events),
  cases: EMODPR_CASES,
})

const TYPES = GP('SECINFO.FLAGS.PT is PT_TCS or PT_TRIM')
const FROM = PF('EPCM(DS:RCX).PT is PT_REG, or PT_TCS to become PT_TRIM')
// prettier-ignore
const EMODT_CASES: readonly LeafCase<ModifyScene>[] = [
  { why: 'a plain page becomes PT_TRIM', expect: 'ok' },
  { why: 'a plain page becomes PT_TCS', set: (s) => (s.flags = 0x100n), expect: 'ok' },
  { why: 'a TCS becomes PT_TRIM', set: (s) => (s.target = s.f.page(PAGE.TCS)), expect: 'ok' },
  { why: 'an SGX1 processor', build: SGX1, expect: NO_LEAF },
  { why: 'a reserved SECINFO flag', set: (s) => (s.flags = 0x440n), expect: RESERVED },
  { why: 'a reserved SECINFO flag and PT_REG', set: (s) => (s.flags = 0x240n), expect: RESERVED },
  { why: 'PT_REG', set: (s) => (s.flags = 0x200n), expect: TYPES },
  { why: 'PT_SECS', set: (s) => (s.flags = 0n), expect: TYPES },
  { why: 'an unused page', set: (s) => (s.target.VALID = false), expect: PF('EPCM(DS:RCX).VALID = 1') },
  { why: 'a trimmed page', set: (s) => (s.target.PT = 'PT_TRIM'), expect: FROM },
  { why: 'a TCS becomes PT_TCS', source: 'kernel', set: (s) => { s.target = s.f.page(PAGE.TCS); s.flags = 0x100n }, expect: FROM },
  { why: 'a page that is not accepted', source: 'kernel', set: (s) => (s.target.PENDING = true), expect: NOT_MODIFIABLE },
  { why: 'a page whose type changes', source: 'kernel', set: (s) => (s.target.MODIFIED = true), expect: NOT_MODIFIABLE },
  { why: 'before EINIT', set: uninitialized, expect: GP('TMP_SECS.ATTRIBUTES.INIT = 1') },
]
const EMODT = leafTable<ModifyScene>({
  leaf: 'EMODT',
  scene: modifyScene(0x400n),
  run: ({ f, target, flags }) => outcome(() => ENCLS.EMODT(f.sgx, { target, secinfo: secinfo(flags) }), f.events),
  cases: EMODT_CASES,
})

/** SECINFO is at the start of the page of data; RCX is the page that is worked on. */
interface AcceptScene extends InsideScene {
  flags: bigint
  /** Behind the flags. */
  secinfo?: (bytes: Uint8Array) => void
  page: EpcPage
}
function acceptScene(leaf: number, options: FixtureOptions | undefined, prepare: (f: Fixture) => EpcPage): AcceptScene {
  const f = new Fixture(options).init()
  const onSgx2 = f.sgx.profile.features.some((feature) => feature === 'SGX2')
  const page = onSgx2 ? prepare(f) : f.page(PAGE.DATA)
  f.enclu(EENTER)
  return { f, leaf, RBX: DATA, RCX: HOLE, flags: 0x203n, page }
}
function readyAccept(s: AcceptScene): void {
  const bytes = s.f.page(PAGE.DATA).bytes.subarray(0, 64)
  bytes.set(secinfo(s.flags))
  s.secinfo?.(bytes)
  readyInside(s)
}
/** SECINFO in the last bytes of the enclave's range, and just behind them. */
const SECINFO_OUTSIDE: readonly LeafCase<AcceptScene>[] = [
  { why: 'SECINFO in host memory', set: (s) => (s.RBX = AEP - (AEP % 64)), expect: GP('DS:RBX is within CR_ELRANGE') },
  { why: 'SECINFO just below ELRANGE', set: (s) => (s.RBX = BASE - 64), expect: GP('DS:RBX is within CR_ELRANGE') },
  { why: 'SECINFO just behind ELRANGE', set: (s) => (s.RBX = BASE + SIZE), expect: GP('DS:RBX is within CR_ELRANGE') },
  { why: 'SECINFO not canonical', set: (s) => (s.RBX = 1n << 63n), expect: GP('DS:RBX is within CR_ELRANGE') },
]
const SECINFO_UNALIGNED: readonly LeafCase<AcceptScene>[] = [
  { why: 'SECINFO unaligned', set: (s) => (s.RBX = DATA + 8), expect: GP('DS:RBX is 64Byte Aligned') },
  { why: 'SECINFO unaligned, in host memory', set: (s) => (s.RBX = AEP + 8), expect: GP('DS:RBX is 64Byte Aligned') },
]
const SECINFO_NOT_EPC: readonly LeafCase<AcceptScene>[] = [
  { why: 'no page of SECINFO', source: 'kernel', set: ({ f }) => f.host.entries.delete(DATA), expect: '#PF(0x4)' },
  {
    why: 'SECINFO in ordinary memory within ELRANGE',
    set: ({ f }) => f.host.map(DATA, f.ram.allocateFrame()),
    expect: PF_READ('DS:RBX resolves within an EPC'),
  },
]
const SECINFO_RESERVED: readonly LeafCase<AcceptScene>[] = [
  { why: 'a reserved SECINFO flag', set: (s) => (s.flags |= 0x40n), expect: RESERVED },
  { why: 'a reserved byte of SECINFO', set: (s) => (s.secinfo = (b) => (b[63] = 1)), expect: RESERVED },
]
const OPERAND = [
  ['VALID = 1'],
  ['R = 1'],
  ['PENDING = 0'],
  ['MODIFIED = 0'],
  ['BLOCKED = 0'],
  ['PT = PT_REG'],
  ['ENCLAVESECS', ' = CR_ACTIVE_SECS'],
] as const
const SECINFO_EPCM = epcmCases<AcceptScene>('DS:RBX & ~FFFH', ({ f }) => f.page(PAGE.DATA), PF_READ, [
  ...OPERAND,
  ['ENCLAVEADDRESS', ' = DS:RBX & ~FFFH'],
])
const OUTSIDE = GP('DS:RCX is within CR_ELRANGE')
const pageOutside: readonly LeafCase<AcceptScene>[] = [
  { why: 'page in host memory', set: (s) => (s.RCX = AEP - (AEP % 4096)), expect: OUTSIDE },
  { why: 'page just behind ELRANGE', set: (s) => (s.RCX = BASE + SIZE), expect: OUTSIDE },
]
const PAGE_UNALIGNED: readonly LeafCase<AcceptScene>[] = [
  { why: 'page unaligned', set: (s) => (s.RCX = HOLE + 8), expect: GP('DS:RCX is 4KByte Aligned') },
  { why: 'page unaligned, in host memory', set: (s) => (s.RCX = AEP + 8), expect: GP('DS:RCX is 4KByte Aligned') },
]
const PAGE_NOT_EPC: readonly LeafCase<AcceptScene>[] = [
  {
    why: 'no page (EAUG, then once more)',
    source: 'kernel',
    set: ({ f, page }) => f.host.entries.delete(page.ENCLAVEADDRESS),
    expect: '#PF(0x4)',
  },
  {
    why: 'page of ordinary memory',
    set: ({ f, page }) => f.host.map(page.ENCLAVEADDRESS, f.ram.allocateFrame()),
    expect: PF_READ('DS:RCX resolves within an EPC'),
  },
]

const BAD_COMBINATION = GP('SECINFO.FLAGS.PT, PENDING, MODIFIED and PR go together')
const MISMATCH = `code ${SGX_ERROR.SGX_PAGE_ATTRIBUTES_MISMATCH} the accept request matches current EPC page settings`
const NOT_TRACKED = `code ${SGX_ERROR.SGX_NOT_TRACKED} all required threads have left the enclave`
/** The page at HOLE becomes a TCS with one field changed. */
const asTcs =
  (at?: number) =>
  (s: AcceptScene): void => {
    s.flags = 0x110n
    if (s.page.PT !== 'PT_TCS') s.page.bytes.set(baseTcs())
    if (at !== undefined) s.page.bytes[at] = 1
    Object.assign(s.page, { PT: 'PT_TCS', R: false, W: false, PENDING: false, MODIFIED: true })
  }
const LIMITS = GP('TCS.FSLIMIT and GSLIMIT & FFFH = FFFH')
const limit32 =
  (limit: 'FSLIMIT' | 'GSLIMIT') =>
  (s: AcceptScene): void => {
    asTcs()(s)
    s.page.tcs[limit] = 0x1000
    Object.assign(s.f.secs.enclave ?? {}, { ATTRIBUTES: 0n })
  }
const request = (why: string, flags: bigint): LeafCase<AcceptScene> => ({
  why,
  set: (s) => (s.flags = flags),
  expect: BAD_COMBINATION,
})
const differs = (why: string, change: Partial<EpcPage>): LeafCase<AcceptScene> => ({
  why,
  set: ({ page }) => Object.assign(page, change),
  expect: MISMATCH,
})
// prettier-ignore
const EACCEPT_CASES: readonly LeafCase<AcceptScene>[] = [
  { why: 'an added page', source: 'kernel', expect: 'ok' },
  { why: 'an SGX1 processor', build: SGX1, expect: NO_LEAF_INSIDE },
  ...SECINFO_UNALIGNED,
  ...SECINFO_OUTSIDE,
  ...SECINFO_NOT_EPC,
  ...SECINFO_EPCM,
  ...SECINFO_RESERVED,
  ...PAGE_UNALIGNED,
  ...pageOutside,
  ...PAGE_NOT_EPC,
  request('neither PR nor PENDING', 0x203n),
  request('PENDING and MODIFIED', 0x21bn),
  request('PR and MODIFIED', 0x231n),
  request('a plain page that is MODIFIED', 0x213n),
  request('a TCS that is not MODIFIED', 0x103n),
  request('a TCS and PR', 0x130n),
  request('a trimmed page and PENDING', 0x418n),
  request('PT_SECS', 0x00bn),
  request('PT_VA', 0x30bn),
  { why: 'PR and PENDING', set: (s) => { s.flags = 0x22bn; s.page.PR = true }, expect: 'ok' },
  ...epcmCases<AcceptScene>('DS:RCX', ({ page }) => page, PF_READ, [['VALID = 1'], ['BLOCKED = 0']]),
  { why: 'a version array', set: ({ page }) => (page.PT = 'PT_VA'), expect: PF_READ('EPCM(DS:RCX).PT is PT_REG, PT_TCS or PT_TRIM') },
  ...epcmCases<AcceptScene>('DS:RCX', ({ page }) => page, PF_READ, [['ENCLAVESECS', ' = CR_ACTIVE_SECS']]),
  differs('it belongs to another address', { ENCLAVEADDRESS: DATA }),
  differs('it is accepted already', { PENDING: false }),
  differs('its type changes', { MODIFIED: true }),
  differs('it may not be read', { R: false }),
  differs('it may not be written', { W: false }),
  differs('it may be executed', { X: true }),
  differs('it is a trimmed page', { PT: 'PT_TRIM' }),
  { why: 'rights were taken away and ETRACK has not followed', source: 'kernel', set: ({ page, f }) => (page.trackingEpoch = f.secs.enclave?.epoch), expect: NOT_TRACKED },
  { why: 'ETRACK has followed, and this thread has been inside since before', set: ({ page, f }) => { page.trackingEpoch = f.secs.enclave?.epoch; ENCLS.ETRACK(f.sgx, { secs: f.secs }) }, expect: NOT_TRACKED },
  { why: 'ETRACK and interrupts have followed', source: 'kernel', set: ({ page, f }) => { page.trackingEpoch = f.secs.enclave?.epoch; f.track() }, expect: 'ok' },
  { why: 'a new TCS', source: 'kernel', set: asTcs(), expect: 'ok' },
  { why: 'a trimmed page', source: 'kernel', set: (s) => { s.flags = 0x410n; Object.assign(s.page, { PT: 'PT_TRIM', R: false, W: false, PENDING: false, MODIFIED: true }) }, expect: 'ok' },
  { why: 'a new TCS with a reserved byte', set: asTcs(72), expect: GP('TCS.RESERVED = 0') },
  { why: 'a new TCS with DBGOPTIN', set: asTcs(8), expect: GP('TCS.FLAGS.DBGOPTIN = 0') },
  { why: 'a new TCS whose frames are used up', set: (s) => { asTcs()(s); s.page.tcs.CSSA = s.page.tcs.NSSA }, expect: GP('TCS.CSSA < TCS.NSSA') },
  { why: 'a new TCS with an AEP', set: asTcs(40), expect: GP('TCS.AEP = 0') },
  { why: 'a new TCS that is active', set: asTcs(0), expect: GP('TCS.STATE = 0') },
  { why: 'a new TCS of a 32-bit enclave, FS not on a page boundary', set: limit32('FSLIMIT'), expect: LIMITS },
  { why: 'a new TCS of a 32-bit enclave, GS not on a page boundary', set: limit32('GSLIMIT'), expect: LIMITS },
]
const EACCEPT = leafTable<AcceptScene>({
  leaf: 'EACCEPT',
  scene: (options) => ({ ...acceptScene(5, options, augment), flags: 0x20bn }),
  ready: readyAccept,
  run: runInside,
  cases: EACCEPT_CASES,
})

const NO_READ = GP('EPCM(DS:RCX).R = 1 or SECINFO.FLAGS.R = 1 or SECINFO.FLAGS.W = 0')
// prettier-ignore
const EMODPE_CASES: readonly LeafCase<AcceptScene>[] = [
  { why: 'one more right', source: 'kernel', expect: 'ok' },
  { why: 'an SGX1 processor', build: SGX1, expect: NO_LEAF_INSIDE },
  ...SECINFO_UNALIGNED,
  ...PAGE_UNALIGNED,
  ...SECINFO_OUTSIDE,
  ...pageOutside,
  ...SECINFO_NOT_EPC,
  ...PAGE_NOT_EPC,
  ...SECINFO_EPCM,
  ...SECINFO_RESERVED,
  ...epcmCases<AcceptScene>('DS:RCX', ({ page }) => page, PF_READ, [
    ['VALID = 1'], ['PENDING = 0'], ['MODIFIED = 0'], ['BLOCKED = 0'], ['PT = PT_REG'], ['ENCLAVESECS', ' = CR_ACTIVE_SECS'], ['ENCLAVEADDRESS', ' = DS:RCX'],
  ]),
  { why: 'W for a page without R', set: (s) => { s.page.R = false; s.flags = 0x202n }, expect: NO_READ },
  { why: 'R and W for a page without R', set: (s) => { s.page.R = false; s.flags = 0x203n }, expect: 'ok' },
  { why: 'X for a page without R', set: (s) => { s.page.R = false; s.flags = 0x204n }, expect: 'ok' },
  { why: 'W for a page with R', set: (s) => (s.flags = 0x202n), expect: 'ok' },
]
const EMODPE = leafTable<AcceptScene>({
  leaf: 'EMODPE',
  scene: (options) => ({ ...acceptScene(6, options, (f) => f.page(PAGE.CODE)), RCX: CODE }),
  ready: readyAccept,
  run: runInside,
  cases: EMODPE_CASES,
})

const COPY_MISMATCH = `code ${SGX_ERROR.SGX_PAGE_ATTRIBUTES_MISMATCH} EPCM(DS:RCX) is a pending page of EAUG`
const notPending = (why: string, change: Partial<EpcPage>): LeafCase<AcceptScene> => ({
  ...differs(why, change),
  expect: COPY_MISMATCH,
})
const SOURCE_OUTSIDE = GP('DS:RDX is within CR_ELRANGE')
// prettier-ignore
const EACCEPTCOPY_CASES: readonly LeafCase<AcceptScene>[] = [
  { why: 'an added page', expect: 'ok' },
  { why: 'an SGX1 processor', build: SGX1, expect: NO_LEAF_INSIDE },
  ...SECINFO_UNALIGNED,
  ...PAGE_UNALIGNED,
  { why: 'source unaligned', set: (s) => (s.RDX = CODE + 8), expect: GP('DS:RDX is 4KByte Aligned') },
  { why: 'source unaligned, in host memory', set: (s) => (s.RDX = AEP + 8), expect: GP('DS:RDX is 4KByte Aligned') },
  ...SECINFO_OUTSIDE,
  ...pageOutside,
  { why: 'source in host memory', set: (s) => (s.RDX = AEP - (AEP % 4096)), expect: SOURCE_OUTSIDE },
  { why: 'source just behind ELRANGE', set: (s) => (s.RDX = BASE + SIZE), expect: SOURCE_OUTSIDE },
  ...SECINFO_NOT_EPC,
  { why: 'no page (EAUG, then once more)', source: 'kernel', set: ({ f }) => f.host.entries.delete(HOLE), expect: '#PF(0x6)' },
  { why: 'page of ordinary memory', set: ({ f }) => f.host.map(HOLE, f.ram.allocateFrame()), expect: '#PF(0x8007) DS:RCX resolves within an EPC' },
  { why: 'no source', set: ({ f }) => f.host.entries.delete(CODE), expect: '#PF(0x4)' },
  { why: 'source of ordinary memory', set: ({ f }) => f.host.map(CODE, f.ram.allocateFrame()), expect: PF_READ('DS:RDX resolves within an EPC') },
  ...SECINFO_EPCM,
  ...SECINFO_RESERVED,
  { why: 'W without R', set: (s) => (s.flags = 0x202n), expect: GP('SECINFO.FLAGS.R = 1 or SECINFO.FLAGS.W = 0') },
  { why: 'W without R, of another type', set: (s) => (s.flags = 0x102n), expect: GP('SECINFO.FLAGS.R = 1 or SECINFO.FLAGS.W = 0') },
  { why: 'W with R', set: (s) => (s.flags = 0x203n), expect: 'ok' },
  { why: 'X alone', set: (s) => (s.flags = 0x204n), expect: 'ok' },
  { why: 'another type', set: (s) => (s.flags = 0x105n), expect: GP('SECINFO.FLAGS.PT = PT_REG') },
  ...epcmCases<AcceptScene>('DS:RDX & ~FFFH', ({ f }) => f.page(PAGE.CODE), PF_READ, [...OPERAND, ['ENCLAVEADDRESS', ' = DS:RDX & ~FFFH']]),
  notPending('it is not valid', { VALID: false }),
  notPending('it is accepted already', { PENDING: false }),
  notPending('its type changes', { MODIFIED: true }),
  notPending('it is blocked', { BLOCKED: true }),
  notPending('it is a trimmed page', { PT: 'PT_TRIM' }),
  { why: 'it belongs to another enclave', set: ({ page }) => (page.ENCLAVESECS = page), expect: COPY_MISMATCH },
  notPending('it may not be read', { R: false }),
  notPending('it may not be written', { W: false }),
  notPending('it may be executed', { X: true }),
  notPending('it belongs to another address', { ENCLAVEADDRESS: DATA }),
]
const EACCEPTCOPY = leafTable<AcceptScene>({
  leaf: 'EACCEPTCOPY',
  scene: (options) => ({ ...acceptScene(7, options, augment), RDX: CODE, flags: 0x205n }),
  ready: readyAccept,
  run: runInside,
  cases: EACCEPTCOPY_CASES,
})

export const SGX2_TABLES: readonly LeafTable[] = [EAUG, EMODPR, EMODT, EACCEPT, EMODPE, EACCEPTCOPY]
