import { RBX, RCX } from '../../spec/x86/index.ts'
import { ATTRIBUTES, GPRSGX, XSAVE_HEADER, XSAVE_LEGACY } from '../../spec/sgx/index.ts'
import { AEP, BASE, Fixture, PAGE, type FixtureOptions } from '../fixture.cases.ts'
import { SGX_PROFILES, type EpcPage } from '../index.ts'
import {
  epcmCases,
  GP,
  leafTable,
  PF_WRITE,
  readyInside,
  runInside,
  type InsideScene,
  type LeafCase,
  type LeafTable,
  type Scene,
} from './table.cases.ts'

/** The leaves that go in and out. */

export const EENTER = 2
export const ERESUME = 3
export const EEXIT = 4
const EDECCSSA = 9

type Case = LeafCase<Scene>
const tcs = (f: Fixture): EpcPage['tcs'] => f.page(PAGE.TCS).tcs
export const AEXNOTIFY: FixtureOptions = {
  secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.AEXNOTIFY),
  tcs: (t) => (t.FLAGS = 2n),
}
/** One frame of two pages: XSAVE in the first, the GPRs in the second. */
const TWO_PAGES: FixtureOptions = { secs: (s) => (s.SSAFRAMESIZE = 2), tcs: (t) => (t.NSSA = 1) }
const NOTIFY = GP('TCS.FLAGS.DBGOPTIN = 1 or TCS.FLAGS.AEXNOTIFY = SECS.ATTRIBUTES.AEXNOTIFY')
const NOT_FREE: Case = { why: 'TCS in use', set: ({ f }) => (tcs(f).STATE = 1n), expect: GP('TCS.STATE = INACTIVE') }

/** What EENTER and ERESUME ask of the TCS. The frame's checks follow. */
// prettier-ignore
const TCS_CASES: readonly Case[] = [
  { why: 'RBX inside a page', set: ({ f }) => f.state.setGpr(RBX, BigInt(BASE + 8)), expect: GP('DS:RBX is 4KByte Aligned') },
  { why: 'RBX not canonical', set: ({ f }) => f.state.setGpr(RBX, 1n << 60n), expect: GP('DS:RBX is canonical') },
  { why: 'RBX not mapped: no SGX bit', source: 'kernel', set: ({ f }) => f.host.entries.delete(BASE), expect: '#PF(0x6)' },
  { why: 'RBX mapped read-only: no SGX bit', source: 'kernel', alone: true, set: ({ f }) => f.host.map(BASE, f.page(PAGE.TCS).frame, 'R'), expect: '#PF(0x7)' },
  { why: 'RBX is ordinary memory', set: ({ f }) => f.host.map(BASE, f.ram.allocateFrame()), expect: PF_WRITE('DS:RBX resolves within an EPC') },
  { why: 'AEP not canonical', set: ({ f }) => f.state.setGpr(RCX, 1n << 50n), expect: GP('CS:RCX is canonical') },
  ...epcmCases<Scene>('DS:RBX', ({ f }) => f.page(PAGE.TCS), PF_WRITE, [
    ['VALID = 1'], ['BLOCKED = 0'], ['ENCLAVEADDRESS', ' = DS:RBX'], ['PT = PT_TCS'], ['PENDING = 0'], ['MODIFIED = 0'],
  ]),
  { why: 'OSSA unaligned', set: ({ f }) => (tcs(f).OSSA += 8n), expect: GP('TCS.OSSA is 4KByte Aligned') },
  { why: 'OFSBASE unaligned', set: ({ f }) => (tcs(f).OFSBASE += 8n), expect: GP('TCS.OFSBASE is 4KByte Aligned') },
  { why: 'OGSBASE unaligned', set: ({ f }) => (tcs(f).OGSBASE += 8n), expect: GP('TCS.OGSBASE is 4KByte Aligned') },
  { why: 'a reserved flag', set: ({ f }) => (tcs(f).FLAGS = 4n), expect: GP('TCS.FLAGS has no reserved bit set') },
  { why: 'the highest reserved flag', set: ({ f }) => (tcs(f).FLAGS = 1n << 63n), expect: GP('TCS.FLAGS has no reserved bit set') },
  { why: 'before EINIT', set: ({ f }) => f.secs.enclave && (f.secs.enclave.initialized = false), expect: GP('the enclave is initialized') },
  { why: 'a 32-bit enclave, from 64-bit code', set: ({ f }) => Object.assign(f.secs.enclave ?? {}, { MODE64BIT: false }), expect: GP('TMP_MODE64 = SECS.ATTRIBUTES.MODE64BIT') },
  { why: 'XFRM beyond XCR0', set: ({ f }) => Object.assign(f.sgx, { XCR0: 1n }), expect: GP('SECS.ATTRIBUTES.XFRM is a subset of XCR0') },
  { why: 'TCS wants AEX-Notify, SECS does not', set: ({ f }) => (tcs(f).FLAGS = 2n), expect: NOTIFY },
  { why: 'the same, opted in for debugging', set: ({ f }) => (tcs(f).FLAGS = 3n), expect: 'ok' },
]
/** What is asked of the page of XSAVE, and of that of the GPRs if it is another one. */
const frameCases = (page: number, name: string, build?: FixtureOptions): Case[] => {
  const of = ({ f }: Scene): EpcPage => f.page(page)
  const elsewhere = `EPCM(DS:${name}).ENCLAVEADDRESS = DS:${name}`
  const cases: Case[] = [
    {
      why: `${name} not mapped: no SGX bit`,
      source: 'kernel',
      set: ({ f }) => f.host.entries.delete(BASE + page),
      expect: '#PF(0x6)',
    },
    {
      why: `${name} is ordinary memory`,
      set: ({ f }) => f.host.map(BASE + page, f.ram.allocateFrame()),
      expect: PF_WRITE(`DS:${name} resolves within an EPC`),
    },
    {
      why: `${name} is another page of the enclave`,
      alone: true,
      set: ({ f }) => f.host.map(BASE + page, f.page(PAGE.DATA).frame),
      expect: PF_WRITE(elsewhere),
    },
    ...epcmCases<Scene>(`DS:${name}`, of, PF_WRITE, [
      ...([['VALID = 1'], ['BLOCKED = 0'], ['PENDING = 0'], ['MODIFIED = 0']] as const),
      ...([['ENCLAVEADDRESS', ` = DS:${name}`], ['PT = PT_REG']] as const),
      ...([['ENCLAVESECS', ' = EPCM(DS:RBX).ENCLAVESECS'], ['R = 1'], ['W = 1']] as const),
    ]),
  ]
  return cases.map((c) => ({ ...c, ...(build && { build }) }))
}
const OENTRY: Case = {
  why: 'OENTRY beyond canonical',
  set: ({ f }) => (tcs(f).OENTRY = 1n << 47n),
  expect: GP('the target address is canonical'),
}
const SEGMENTS: readonly Case[] = [
  {
    why: 'FS beyond canonical',
    set: ({ f }) => (tcs(f).OFSBASE = 1n << 47n),
    expect: GP('TMP_FSBASE is canonical'),
  },
  {
    why: 'GS beyond canonical',
    set: ({ f }) => (tcs(f).OGSBASE = 1n << 47n),
    expect: GP('TMP_GSBASE is canonical'),
  },
]

// prettier-ignore
const EENTER_CASES: readonly Case[] = [
  { why: 'the baseline is valid', source: 'kernel', expect: 'ok' },
  ...TCS_CASES,
  { why: 'SECS wants AEX-Notify, TCS does not', build: { secs: (s) => (s.ATTRIBUTES |= ATTRIBUTES.AEXNOTIFY) }, expect: NOTIFY },
  { why: 'both want AEX-Notify', build: AEXNOTIFY, expect: 'ok' },
  { why: 'no SSA frame left', set: ({ f }) => (tcs(f).CSSA = 2), expect: GP('TCS.CSSA < TCS.NSSA') },
  { why: 'the second frame', set: ({ f }) => (tcs(f).CSSA = 1), expect: 'ok' },
  ...frameCases(PAGE.SSA0, 'TMP_SSA_PAGE'),
  ...frameCases(PAGE.SSA1, 'TMP_GPR', TWO_PAGES),
  OENTRY,
  ...SEGMENTS,
  NOT_FREE,
]
const entry = (leaf: number, ready: (f: Fixture) => void) => ({
  scene: (options?: FixtureOptions): Scene => {
    const f = new Fixture(options).init()
    ready(f)
    f.prepare(leaf)
    return { f }
  },
  run: runInside,
})
const EENTER_TABLE = leafTable<Scene>({ leaf: 'EENTER', ...entry(EENTER, () => {}), cases: EENTER_CASES })

/** The frame that ERESUME reads: the GPR area, and the XSAVE area's header. */
export const gpr = (f: Fixture): ReturnType<typeof GPRSGX.view> =>
  GPRSGX.view(f.page(PAGE.SSA0).bytes, 4096 - GPRSGX.size)
const header = (f: Fixture): ReturnType<typeof XSAVE_HEADER.view> => XSAVE_HEADER.view(f.page(PAGE.SSA0).bytes, 512)
const notify =
  (more: (f: Fixture) => unknown = () => {}) =>
  ({ f }: Scene): void => {
    gpr(f).AEXNOTIFY = 1
    more(f)
  }
const XCOMP = GP('offsets 520-535 of the XSAVE area are 0')

// prettier-ignore
const ERESUME_CASES: readonly Case[] = [
  { why: 'the baseline is valid', source: 'kernel', expect: 'ok' },
  ...TCS_CASES,
  { why: 'nothing to resume', set: ({ f }) => (tcs(f).CSSA = 0), expect: GP('TCS.CSSA > 0') },
  ...frameCases(PAGE.SSA0, 'TMP_SSA_PAGE'),
  ...frameCases(PAGE.SSA1, 'TMP_GPR', TWO_PAGES),
  { why: 'AEX-Notify asked for by the frame', build: AEXNOTIFY, set: notify(), expect: 'ok' },
  { why: 'the frame does not ask for AEX-Notify', build: AEXNOTIFY, set: ({ f }) => (tcs(f).NSSA = 1), expect: 'ok' },
  { why: 'the frame asks for AEX-Notify, the TCS has not got it', set: notify((f) => (tcs(f).NSSA = 1)), expect: 'ok' },
  { why: 'AEX-Notify without a second frame', build: AEXNOTIFY, set: notify((f) => (tcs(f).NSSA = 1)), expect: GP('TCS.CSSA < TCS.NSSA') },
  { why: 'AEX-Notify, second frame removed', build: AEXNOTIFY, set: notify((f) => (f.page(PAGE.SSA1).VALID = false)), alone: true, expect: PF_WRITE('EPCM(DS:TMP_SSA_PAGE).VALID = 1') },
  { why: 'AEX-Notify, OENTRY beyond canonical', build: AEXNOTIFY, set: notify((f) => (tcs(f).OENTRY = 1n << 47n)), alone: true, expect: GP('the target address is canonical') },
  { why: 'AEX-Notify, FS beyond canonical', build: AEXNOTIFY, set: notify((f) => (tcs(f).OFSBASE = 1n << 47n)), alone: true, expect: GP('TMP_FSBASE is canonical') },
  { why: 'AEX-Notify, TCS in use', build: AEXNOTIFY, set: notify((f) => (tcs(f).STATE = 1n)), alone: true, expect: GP('TCS.STATE = INACTIVE') },
  { why: 'RIP not canonical', set: ({ f }) => (gpr(f).RIP = 1n << 48n), expect: GP('the target address is canonical') },
  { why: 'FSBASE not canonical', set: ({ f }) => (gpr(f).FSBASE = 1n << 48n), expect: GP('TMP_FSBASE is canonical') },
  { why: 'GSBASE not canonical', set: ({ f }) => (gpr(f).GSBASE = 1n << 48n), expect: GP('TMP_GSBASE is canonical') },
  NOT_FREE,
  { why: 'XSTATE_BV beyond XFRM', set: ({ f }) => (header(f).XSTATE_BV = 4n), expect: GP('XSTATE_BV is a subset of SECS.ATTRIBUTES.XFRM') },
  { why: 'a compacted area', set: ({ f }) => (header(f).XCOMP_BV = 1n << 63n), expect: XCOMP },
  { why: 'a byte at 535', set: ({ f }) => (f.page(PAGE.SSA0).bytes[535] = 1), expect: XCOMP },
  { why: 'a byte at 536 is not looked at', set: ({ f }) => (f.page(PAGE.SSA0).bytes[536] = 1), expect: 'ok' },
  { why: 'a reserved MXCSR bit', set: ({ f }) => (XSAVE_LEGACY.view(f.page(PAGE.SSA0).bytes).MXCSR = 0x1_0000), expect: GP('no reserved bit of MXCSR is set') },
]
const ERESUME_TABLE = leafTable<Scene>({
  leaf: 'ERESUME',
  ...entry(ERESUME, (f) => {
    f.enclu(EENTER)
    f.sgx.aex(f.state)
  }),
  cases: ERESUME_CASES,
})

const inside = (options: FixtureOptions | undefined, leaf: number): InsideScene => {
  const f = new Fixture(options).init()
  f.enclu(EENTER)
  return { f, leaf }
}
const EEXIT_TABLE = leafTable<InsideScene>({
  leaf: 'EEXIT',
  scene: (options) => ({ ...inside(options, EEXIT), RBX: AEP }),
  ready: readyInside,
  run: runInside,
  cases: [
    { why: 'the baseline is valid', source: 'kernel', expect: 'ok' },
    { why: 'RBX in the enclave', set: (s) => (s.RBX = BASE + PAGE.CODE), expect: 'ok' },
    { why: 'RBX not canonical', set: (s) => (s.RBX = 1n << 47n), expect: GP('RBX is canonical') },
  ],
})

const EDECCSSA_TABLE = leafTable<InsideScene>({
  leaf: 'EDECCSSA',
  scene: (options) => {
    const scene = inside(options, EDECCSSA)
    const { f } = scene
    if (tcs(f).NSSA < 2) return scene
    f.sgx.aex(f.state)
    f.enclu(EENTER)
    return scene
  },
  ready: readyInside,
  run: runInside,
  cases: [
    { why: 'the baseline is valid', expect: 'ok' },
    {
      why: 'a processor without it',
      build: { sgx: { profile: SGX_PROFILES.sgx1 } },
      expect: GP('EAX is a leaf number that CPUID reports (EDECCSSA)'),
    },
    { why: 'no frame below', set: ({ f }) => (tcs(f).CSSA = 0), expect: GP('CR_TCS_PA.CSSA > 0') },
    ...frameCases(PAGE.SSA0, 'TMP_SSA_PAGE'),
  ],
})

export const ENTRY_TABLES: readonly LeafTable[] = [EENTER_TABLE, ERESUME_TABLE, EEXIT_TABLE, EDECCSSA_TABLE]
