import { ATTRIBUTES, PCMD, SGX_ERROR } from '../../spec/sgx/index.ts'
import { Fixture, outcome, PAGE, type FixtureOptions } from '../fixture.cases.ts'
import { ENCLS, type EpcPage, type PagingPageinfo } from '../index.ts'
import { GP, leafTable, PF, type LeafCase, type LeafTable, type Scene } from './table.cases.ts'

/** The leaves that write pages out and load them, and those of debuggers. */

const EENTER = 2

/** An initialized enclave and an empty version array. */
function withVersions(options?: FixtureOptions): { f: Fixture; va: EpcPage } {
  const f = new Fixture(options).init()
  const va = f.take()
  ENCLS.EPA(f.sgx, { type: 'PT_VA', target: va })
  return { f, va }
}
export const pageinfo = (SECS?: EpcPage): PagingPageinfo => ({
  LINADDR: 0n,
  SRCPGE: new Uint8Array(4096),
  PCMD: new Uint8Array(PCMD.size),
  SECS,
})

interface EpaScene extends Scene {
  type: EpcPage['PT']
  target: EpcPage
}
// prettier-ignore
const EPA_CASES: readonly LeafCase<EpaScene>[] = [
  { why: 'a page that is not in use', expect: 'ok' },
  { why: 'another type', set: (s) => (s.type = 'PT_REG'), expect: GP('RBX = PT_VA') },
  { why: 'a page in use', set: (s) => (s.target = s.f.page(PAGE.DATA)), expect: PF('EPCM(DS:RCX).VALID = 0') },
]
const EPA = leafTable<EpaScene>({
  leaf: 'EPA',
  scene: (options) => {
    const f = new Fixture(options)
    return { f, type: 'PT_VA', target: f.take() }
  },
  run: ({ f, type, target }) => outcome(() => ENCLS.EPA(f.sgx, { type, target }), f.events),
  cases: EPA_CASES,
})

interface PageScene extends Scene {
  target: EpcPage
  va: EpcPage
}
const pageScene = (options?: FixtureOptions): PageScene => {
  const { f, va } = withVersions(options)
  return { f, va, target: f.page(PAGE.DATA) }
}
const BLOCKABLE = 'EPCM(DS:RCX).PT is PT_REG, PT_TCS or PT_TRIM'
// prettier-ignore
const EBLOCK_CASES: readonly LeafCase<PageScene>[] = [
  { why: 'a plain page', expect: 'ok' },
  { why: 'a TCS', set: (s) => (s.target = s.f.page(PAGE.TCS)), expect: 'ok' },
  { why: 'a trimmed page', set: (s) => (s.target.PT = 'PT_TRIM'), expect: 'ok' },
  { why: 'an unused page', set: (s) => (s.target.VALID = false), expect: `code ${SGX_ERROR.SGX_PG_INVLD} EPCM(DS:RCX).VALID = 1` },
  { why: 'a SECS', set: (s) => (s.target.PT = 'PT_SECS'), expect: `code ${SGX_ERROR.SGX_PG_IS_SECS} ${BLOCKABLE}` },
  { why: 'a version array', alone: true, set: (s) => (s.target = s.va), expect: `code ${SGX_ERROR.SGX_NOTBLOCKABLE} ${BLOCKABLE}` },
  { why: 'a version array that is blocked', set: (s) => Object.assign(s.target, { PT: 'PT_VA', BLOCKED: true }), alone: true, expect: `code ${SGX_ERROR.SGX_NOTBLOCKABLE} ${BLOCKABLE}` },
  { why: 'a blocked page', set: (s) => (s.target.BLOCKED = true), expect: `code ${SGX_ERROR.SGX_BLKSTATE} EPCM(DS:RCX).BLOCKED = 0` },
]
const EBLOCK = leafTable<PageScene>({
  leaf: 'EBLOCK',
  scene: pageScene,
  run: ({ f, target }) => outcome(() => ENCLS.EBLOCK(f.sgx, { target }), f.events),
  cases: EBLOCK_CASES,
})

// prettier-ignore
const ETRACK_CASES: readonly LeafCase<PageScene>[] = [
  { why: 'a SECS', expect: 'ok' },
  { why: 'an unused page', set: (s) => (s.target.VALID = false), expect: PF('EPCM(DS:RCX).VALID = 1') },
  { why: 'a version array', set: (s) => (s.target = s.va), expect: PF('EPCM(DS:RCX).PT = PT_SECS') },
  { why: 'once more, after all who were inside have left', set: (s) => { ENCLS.ETRACK(s.f.sgx, { secs: s.f.secs }) }, expect: 'ok' },
  { why: 'once more while somebody from before the last one is inside', set: (s) => { s.f.enclu(EENTER); ENCLS.ETRACK(s.f.sgx, { secs: s.f.secs }) }, expect: `code ${SGX_ERROR.SGX_PREV_TRK_INCMPL} SECS(DS:RCX).TRACKING = 0` },
]
const ETRACK = leafTable<PageScene>({
  leaf: 'ETRACK',
  scene: (options) => {
    const scene = pageScene(options)
    return { ...scene, target: scene.f.secs }
  },
  run: ({ f, target }) => outcome(() => ENCLS.ETRACK(f.sgx, { secs: target }), f.events),
  cases: ETRACK_CASES,
})

interface EwbScene extends PageScene {
  pageinfo: PagingPageinfo
  slot: number
}
const blocked = ({ f, target }: EwbScene): void => {
  ENCLS.EBLOCK(f.sgx, { target })
  f.track()
}
const writeOut = ({ f, ...args }: EwbScene): string => outcome(() => ENCLS.EWB(f.sgx, args), f.events)
const NOT_TRACKED = `code ${SGX_ERROR.SGX_NOT_TRACKED} ETRACK has followed EBLOCK, and all logical processors have left since`
const NOT_VA = PF('EPCM(DS:RDX & ~FFFH).PT = PT_VA')
// prettier-ignore
const EWB_CASES: readonly LeafCase<EwbScene>[] = [
  { why: 'a blocked and tracked page', source: 'kernel', expect: 'ok' },
  { why: 'the last slot', set: (s) => (s.slot = 4088), expect: 'ok' },
  { why: 'a slot that is not aligned', set: (s) => (s.slot = 4), expect: GP('DS:RDX is 8Byte Aligned') },
  { why: 'a version array into itself', set: (s) => (s.target = s.va), expect: GP('DS:RCX and DS:RDX do not resolve to the same EPC page') },
  { why: 'PAGEINFO with an address', set: (s) => (s.pageinfo.LINADDR = 1n), expect: GP('PAGEINFO.LINADDR = 0') },
  { why: 'PAGEINFO with a SECS', set: (s) => (s.pageinfo = { ...s.pageinfo, SECS: s.f.secs }), expect: GP('PAGEINFO.SECS = 0') },
  { why: 'an unused page', set: (s) => (s.target.VALID = false), expect: PF('EPCM(DS:RCX).VALID = 1') },
  { why: 'no version array', set: (s) => (s.va.VALID = false), expect: PF('EPCM(DS:RDX & ~0FFFH).VALID = 1') },
  { why: 'a version array of another type', set: (s) => (s.va.PT = 'PT_REG'), expect: NOT_VA },
  { why: 'a page that is not blocked', set: (s) => (s.target.BLOCKED = false), expect: `code ${SGX_ERROR.SGX_PAGE_NOT_BLOCKED} EPCM(DS:RCX).BLOCKED = 1` },
  { why: 'ETRACK has not followed EBLOCK', source: 'kernel', set: (s) => (s.target.trackingEpoch = s.f.secs.enclave?.epoch), expect: NOT_TRACKED },
  { why: 'ETRACK has followed, and somebody from before is inside', source: 'kernel', set: (s) => { s.f.enclu(EENTER); s.target.trackingEpoch = s.f.secs.enclave?.epoch; ENCLS.ETRACK(s.f.sgx, { secs: s.f.secs }) }, expect: NOT_TRACKED },
  { why: 'the TCS of somebody who entered after ETRACK', set: (s) => { s.f.enclu(EENTER); s.target = s.f.page(PAGE.TCS); blocked(s) }, expect: NOT_TRACKED },
  { why: 'the SSA of somebody who entered after ETRACK', set: (s) => { s.f.enclu(EENTER); s.target = s.f.page(PAGE.SSA0); blocked(s) }, expect: NOT_TRACKED },
  { why: 'somebody entered after ETRACK', set: (s) => s.f.enclu(EENTER), expect: 'ok' },
  { why: 'a SECS with children', source: 'kernel', alone: true, set: (s) => (s.target = s.f.secs), expect: `code ${SGX_ERROR.SGX_CHILD_PRESENT} DS:RCX has no EPC page associated with it` },
  { why: 'a slot that is taken: the page is out all the same', works: true, alone: true, set: (s) => s.va.setVersion(s.slot, 8n), expect: `code ${SGX_ERROR.SGX_VA_SLOT_OCCUPIED} the version array slot was empty` },
]
const EWB = leafTable<EwbScene>({
  leaf: 'EWB',
  scene: (options) => {
    const scene = { ...pageScene(options), pageinfo: pageinfo(), slot: 0 }
    blocked(scene)
    return scene
  },
  run: writeOut,
  cases: EWB_CASES,
})

interface EldScene extends EwbScene {
  target: EpcPage
}
const flip = (bytes: Uint8Array, at: number, bit = 0x10): Uint8Array => bytes.map((b, i) => (i === at ? b ^ bit : b))
const forged =
  (change: (out: PagingPageinfo) => Partial<PagingPageinfo>) =>
  (s: EldScene): void => {
    s.pageinfo = { ...s.pageinfo, ...change(s.pageinfo) }
  }
const MAC = `code ${SGX_ERROR.SGX_MAC_COMPARE_FAIL} TMP_MAC = PCMD.MAC`
/** PCMD says that the page is one without a SECS. */
const ofType = (type: number) => forged(({ PCMD: pcmd }) => ({ PCMD: pcmd.map((b, i) => (i === 1 ? type : b)) }))
// prettier-ignore
const ELD_CASES: readonly LeafCase<EldScene>[] = [
  { why: 'what EWB has written', source: 'kernel', expect: 'ok' },
  { why: 'a slot that is not aligned', set: (s) => (s.slot = 1), expect: GP('DS:RDX is 8Byte aligned') },
  { why: 'a target in use', set: (s) => (s.target = s.f.page(PAGE.DATA)), expect: PF('EPCM(DS:RCX).VALID = 0') },
  { why: 'no version array', set: (s) => (s.va.VALID = false), expect: PF('EPCM(DS:RDX & ~0FFFH).VALID = 1') },
  { why: 'a version array of another type', set: (s) => (s.va.PT = 'PT_REG'), expect: PF('EPCM(DS:RDX & ~0FFFH).PT = PT_VA') },
  { why: 'no SECS', set: forged(() => ({ SECS: undefined })), alone: true, expect: PF('DS:TMP_SECS resolves within an EPC') },
  { why: 'a SECS that is not in the EPC', source: 'kernel', set: (s) => (s.f.secs.VALID = false), expect: PF('DS:TMP_SECS is a valid SECS') },
  { why: 'a SECS of another type', alone: true, set: (s) => (s.pageinfo = { ...s.pageinfo, SECS: s.va }), expect: PF('DS:TMP_SECS is a valid SECS') },
  { why: 'a SECS for a page of type PT_SECS', alone: true, set: ofType(0), expect: GP('DS:TMP_SECS = 0') },
  { why: 'a SECS for a page of type PT_VA', alone: true, set: ofType(3), expect: GP('DS:TMP_SECS = 0') },
  { why: 'a bit of the page', set: forged((o) => ({ SRCPGE: flip(o.SRCPGE, 4000) })), expect: MAC },
  { why: 'a right in PCMD.SECINFO', set: forged((o) => ({ PCMD: flip(o.PCMD, 0, 2) })), expect: MAC },
  { why: 'the page type in PCMD.SECINFO: a TCS', set: ofType(1), expect: MAC },
  { why: 'the page type in PCMD.SECINFO: trimmed', set: ofType(4), expect: MAC },
  { why: 'a reserved byte of PCMD.SECINFO', set: forged((o) => ({ PCMD: flip(o.PCMD, 40) })), expect: MAC },
  { why: 'a reserved bit of PCMD', set: forged((o) => ({ PCMD: flip(o.PCMD, 100) })), expect: MAC },
  { why: 'a bit of the MAC', set: forged((o) => ({ PCMD: flip(o.PCMD, 120) })), expect: MAC },
  { why: 'ENCLAVEID is for software only', set: forged((o) => ({ PCMD: flip(o.PCMD, 64) })), expect: 'ok' },
  { why: 'the address', set: forged((o) => ({ LINADDR: o.LINADDR + 4096n })), expect: MAC },
  { why: 'an empty slot', set: (s) => s.va.setVersion(s.slot, 0n), expect: MAC },
  { why: 'the version of another page', set: (s) => s.va.setVersion(s.slot, s.va.version(s.slot) + 8n), expect: MAC },
  { why: 'another enclave at the same address', set: (s) => (s.pageinfo = { ...s.pageinfo, SECS: new Fixture({ beside: s.f }).secs }), expect: MAC },
]
const load = (leaf: 'ELDB' | 'ELDU'): LeafTable =>
  leafTable<EldScene>({
    leaf,
    scene: (options) => {
      const scene = { ...pageScene(options), pageinfo: pageinfo(), slot: 8 }
      scene.target = scene.f.page(PAGE.CODE)
      blocked(scene)
      writeOut(scene)
      return { ...scene, pageinfo: { ...scene.pageinfo, SECS: scene.f.secs }, target: scene.f.take() }
    },
    run: ({ f, ...args }) => outcome(() => ENCLS[leaf](f.sgx, args), f.events),
    cases: ELD_CASES,
  })

interface DebugScene extends PageScene {
  offset: number
}
const DEBUG: FixtureOptions = { secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.DEBUG) }
const PRODUCTION: FixtureOptions = {}
const debugScene = (options = DEBUG): DebugScene => ({ ...pageScene(options), offset: 0 })
const NOT_DEBUGGABLE = `code ${SGX_ERROR.SGX_PAGE_NOT_DEBUGGABLE} EPCM(DS:RCX).PENDING = 0 and MODIFIED = 0`
const NO_DEBUG = GP('TMP_SECS.ATTRIBUTES.DEBUG = 1')
const atTcs =
  (offset: number) =>
  (s: DebugScene): void => {
    s.target = s.f.page(PAGE.TCS)
    s.offset = offset
  }
/** Both leaves; what a TCS has to offer differs. */
const debugCases = (types: string, ofTcs: readonly LeafCase<DebugScene>[]): readonly LeafCase<DebugScene>[] => [
  { why: 'a plain page', expect: 'ok' },
  { why: 'the end of a plain page', set: (s) => (s.offset = 4088), expect: 'ok' },
  { why: 'an offset that is not aligned', set: (s) => (s.offset = 4), expect: GP('DS:RCX is 8Byte Aligned') },
  {
    why: 'an unused page',
    set: (s) => (s.target.VALID = false),
    expect: PF('EPCM(DS:RCX).VALID = 1'),
  },
  { why: 'a SECS', set: (s) => (s.target.PT = 'PT_SECS'), expect: PF(`EPCM(DS:RCX).PT is ${types}`) },
  { why: 'a trimmed page', set: (s) => (s.target.PT = 'PT_TRIM'), expect: PF(`EPCM(DS:RCX).PT is ${types}`) },
  { why: 'a page that is not accepted', set: (s) => (s.target.PENDING = true), expect: NOT_DEBUGGABLE },
  { why: 'a page whose type changes', set: (s) => (s.target.MODIFIED = true), expect: NOT_DEBUGGABLE },
  ...ofTcs,
  { why: 'an enclave that is not for debugging', source: 'kernel', build: PRODUCTION, expect: NO_DEBUG },
  { why: 'a TCS of such an enclave', build: PRODUCTION, set: atTcs(8), expect: NO_DEBUG },
]
const LIMIT = GP('DS:RCX & FFFH < SGX_TCS_LIMIT')
// prettier-ignore
const EDBGRD_CASES = debugCases('PT_REG, PT_TCS or PT_VA', [
  { why: 'the last field of a TCS', set: atTcs(64), expect: 'ok' },
  { why: 'behind the fields of a TCS', set: atTcs(72), expect: LIMIT },
  { why: 'behind the fields of the TCS of an enclave that is not for debugging', build: PRODUCTION, set: atTcs(72), expect: LIMIT },
  { why: 'a version array', build: PRODUCTION, set: (s) => (s.target = s.va), expect: 'ok' },
])
const EDBGRD = leafTable<DebugScene>({
  leaf: 'EDBGRD',
  scene: debugScene,
  run: ({ f, target, offset }) =>
    outcome(() => ENCLS.EDBGRD(f.sgx, { target, offset, data: new Uint8Array(8) }), f.events),
  cases: EDBGRD_CASES,
})

const ONLY_FLAGS = GP('DS:RCX & FF8H = offset_of_FLAGS & 0FF8H')
// prettier-ignore
const EDBGWR_CASES = debugCases('PT_REG or PT_TCS', [
  { why: 'FLAGS of a TCS', set: atTcs(8), expect: 'ok' },
  { why: 'another field of a TCS', set: atTcs(16), expect: ONLY_FLAGS },
  { why: 'another field of the TCS of an enclave that is not for debugging', build: PRODUCTION, set: atTcs(16), expect: ONLY_FLAGS },
])
const EDBGWR = leafTable<DebugScene>({
  leaf: 'EDBGWR',
  scene: debugScene,
  run: ({ f, target, offset }) =>
    outcome(() => ENCLS.EDBGWR(f.sgx, { target, offset, data: new Uint8Array(8).fill(9) }), f.events),
  cases: EDBGWR_CASES,
})

export const PAGING_TABLES: readonly LeafTable[] = [
  ...[EPA, EBLOCK, ETRACK, EWB, load('ELDB'), load('ELDU')],
  ...[EDBGRD, EDBGWR],
]
