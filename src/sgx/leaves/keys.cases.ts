import { ATTRIBUTES, KEYNAME, KEYPOLICY, KEYREQUEST, SGX_ERROR, TARGETINFO } from '../../spec/sgx/index.ts'
import { AEP, BASE, Fixture, PAGE, SIZE, type FixtureOptions } from '../fixture.cases.ts'
import {
  epcmCases,
  GP,
  leafTable,
  PF_READ,
  PF_WRITE,
  readyInside,
  runInside,
  type EPCM,
  type InsideScene,
  type LeafCase,
  type LeafTable,
} from './table.cases.ts'

/** EGETKEY and EREPORT. Each operand is in a page of its own. */

const EREPORT = 0
const EGETKEY = 1
const EENTER = 2
const [INPUT, SECOND, OUTPUT] = [PAGE.DATA, PAGE.SSA1, PAGE.HOLE]

interface KeysScene extends InsideScene {
  /** KEYREQUEST or TARGETINFO. */
  readonly input: Uint8Array
}
function keysScene(leaf: number, options?: FixtureOptions): KeysScene {
  const f = new Fixture(options)
  f.add(OUTPUT, new Uint8Array(4096), 0x203n)
  f.init().enclu(EENTER)
  return { f, leaf, input: f.page(INPUT).bytes }
}

type Register = 'RBX' | 'RCX' | 'RDX'
const ORDER: readonly (readonly [keyof typeof EPCM, string?])[] = [
  ['VALID = 1'],
  ['BLOCKED = 0'],
  ['PT = PT_REG'],
  ['ENCLAVESECS', ' = CR_ACTIVE_SECS'],
  ['PENDING = 0'],
  ['MODIFIED = 0'],
]
/** All that is asked of an operand in a plain page: alignment, place, EPCM. */
function operandCases(
  register: Register,
  page: number,
  alignment: number,
  aligned: string,
  access: 'R' | 'W',
): LeafCase<KeysScene>[] {
  const operand = `DS:${register}`
  const fault = access === 'R' ? PF_READ : PF_WRITE
  const at = (value: number) => (s: KeysScene) => (s[register] = value)
  const outside = GP(`${operand} is within CR_ELRANGE`)
  const of = ({ f }: KeysScene) => f.page(page)
  return [
    {
      why: `${operand} unaligned`,
      set: at(BASE + page + alignment / 2),
      expect: GP(`${operand} is ${alignment}Byte ${aligned}`),
    },
    {
      why: `${operand} unaligned, in host memory`,
      set: at(AEP + alignment / 2),
      expect: GP(`${operand} is ${alignment}Byte ${aligned}`),
    },
    { why: `${operand} in host memory`, set: at(AEP - (AEP % 512)), expect: outside },
    { why: `${operand} just behind ELRANGE`, set: at(BASE + SIZE), expect: outside },
    {
      why: `no page at ${operand}`,
      source: 'kernel',
      set: ({ f }) => f.host.entries.delete(BASE + page),
      expect: access === 'R' ? '#PF(0x4)' : '#PF(0x6)',
    },
    {
      why: `${operand} in ordinary memory within ELRANGE`,
      set: ({ f }) => f.host.map(BASE + page, f.ram.allocateFrame()),
      expect: fault(`${operand} resolves within an EPC`),
    },
    ...epcmCases<KeysScene>(operand, of, fault, [
      ...ORDER,
      ['ENCLAVEADDRESS', ` = ${operand} & ~0FFFH`],
      access === 'R' ? ['R = 1'] : ['W = 1'],
    ]),
  ]
}

type Keyrequest = ReturnType<typeof KEYREQUEST.view>
const asks =
  (change: Partial<Keyrequest>) =>
  ({ input }: KeysScene): unknown =>
    Object.assign(KEYREQUEST.view(input), change)
const byte =
  (at: number) =>
  ({ input }: KeysScene): unknown =>
    (input[at] = 1)
const attribute = (bits: bigint): FixtureOptions => ({ secs: (s) => (s.ATTRIBUTES |= bits) })
const KSS = attribute(ATTRIBUTES.KSS)
const FUTURE = new Uint8Array(16).fill(2)
const KSS_POLICY = GP('KEYREQUEST.KEYPOLICY & 003CH = 0 or SECS.ATTRIBUTES.KSS = 1')
const RESERVED = GP('KEYREQUEST.RESERVED = 0')
const ATTRIBUTE = `code ${SGX_ERROR.SGX_INVALID_ATTRIBUTE} SECS.ATTRIBUTES`
const CPUSVN = `code ${SGX_ERROR.SGX_INVALID_CPUSVN} KEYREQUEST.CPUSVN is not beyond current CPU configuration`
const ISVSVN = `code ${SGX_ERROR.SGX_INVALID_ISVSVN} KEYREQUEST.ISVSVN <= SECS.ISVSVN`
const CONFIGSVN = `code ${SGX_ERROR.SGX_INVALID_ISVSVN} KEYREQUEST.CONFIGSVN <= SECS.CONFIGSVN`
const { EINITTOKEN_KEY, PROVISION_KEY, PROVISION_SEAL_KEY, REPORT_KEY, SEAL_KEY } = KEYNAME
const ALL = attribute(ATTRIBUTES.KSS | ATTRIBUTES.PROVISIONKEY | ATTRIBUTES.EINITTOKEN_KEY)
const SVN_5: FixtureOptions = { ...KSS, sigstruct: (s) => (s.ISVSVN = 5) }

// prettier-ignore
const EGETKEY_CASES: readonly LeafCase<KeysScene>[] = [
  { why: 'the seal key', expect: 'ok' },
  ...operandCases('RBX', INPUT, 512, 'aligned', 'R'),
  ...operandCases('RCX', OUTPUT, 16, 'aligned', 'W'),
  { why: 'a reserved byte', set: byte(100), expect: RESERVED },
  { why: 'a CET mask without CET', set: byte(6), expect: RESERVED },
  { why: 'a reserved policy', set: asks({ KEYPOLICY: 0x40 }), expect: GP('KEYREQUEST.KEYPOLICY.RESERVED = 0') },
  { why: 'a reserved policy and one of KSS', set: asks({ KEYPOLICY: 0x44 }), expect: GP('KEYREQUEST.KEYPOLICY.RESERVED = 0') },
  ...[KEYPOLICY.NOISVPRODID, KEYPOLICY.CONFIGID, KEYPOLICY.ISVFAMILYID, KEYPOLICY.ISVEXTPRODID].map((KEYPOLICY): LeafCase<KeysScene> => ({ why: `policy ${KEYPOLICY} without KSS`, set: asks({ KEYPOLICY }), expect: KSS_POLICY })),
  { why: 'a policy of KSS with KSS', build: KSS, set: asks({ KEYPOLICY: KEYPOLICY.CONFIGID }), expect: 'ok' },
  { why: 'CONFIGSVN without KSS', set: asks({ CONFIGSVN: 1 }), expect: GP('KEYREQUEST.CONFIGSVN = 0 or SECS.ATTRIBUTES.KSS = 1') },
  { why: 'the first key that there is not', alone: true, set: asks({ KEYNAME: 5 }), expect: `code ${SGX_ERROR.SGX_INVALID_KEYNAME} the value of KEYNAME is valid` },
  { why: 'the last key that there is not', set: asks({ KEYNAME: 0xffff }), expect: `code ${SGX_ERROR.SGX_INVALID_KEYNAME} the value of KEYNAME is valid` },
  { why: 'the launch key', alone: true, set: asks({ KEYNAME: EINITTOKEN_KEY }), expect: `${ATTRIBUTE}.EINITTOKEN_KEY = 1` },
  { why: 'the launch key with its attribute', build: ALL, set: asks({ KEYNAME: EINITTOKEN_KEY }), expect: 'ok' },
  { why: 'the provisioning key', set: asks({ KEYNAME: PROVISION_KEY }), expect: `${ATTRIBUTE}.PROVISIONKEY = 1` },
  { why: 'the provisioning seal key', set: asks({ KEYNAME: PROVISION_SEAL_KEY }), expect: `${ATTRIBUTE}.PROVISIONKEY = 1` },
  { why: 'the provisioning key with its attribute', build: ALL, set: asks({ KEYNAME: PROVISION_KEY }), expect: 'ok' },
  { why: 'a CPUSVN of the future', set: asks({ CPUSVN: FUTURE }), expect: CPUSVN },
  { why: 'one component of CPUSVN of the future', set: asks({ CPUSVN: new Uint8Array(16).fill(2, 15) }), expect: CPUSVN },
  { why: 'the CPUSVN of now', set: asks({ CPUSVN: new Uint8Array(16).fill(1) }), expect: 'ok' },
  { why: 'an ISVSVN of the future', set: asks({ ISVSVN: 1 }), expect: ISVSVN },
  { why: 'the ISVSVN of now', build: SVN_5, set: asks({ ISVSVN: 5 }), expect: 'ok' },
  { why: 'an ISVSVN of the future, with KSS', build: SVN_5, set: asks({ ISVSVN: 6 }), expect: ISVSVN },
  { why: 'a CONFIGSVN of the future', build: KSS, set: asks({ CONFIGSVN: 1 }), expect: CONFIGSVN },
  { why: 'a CONFIGSVN of the future, for the provisioning seal key', build: ALL, set: asks({ KEYNAME: PROVISION_SEAL_KEY, CONFIGSVN: 1 }), expect: CONFIGSVN },
  { why: 'a CONFIGSVN of the future, for the provisioning key, which does not depend on it', build: ALL, set: asks({ KEYNAME: PROVISION_KEY, CONFIGSVN: 1 }), expect: 'ok' },
  { why: 'a report key needs no right and no SVN', set: asks({ KEYNAME: REPORT_KEY, ISVSVN: 9, CPUSVN: FUTURE }), expect: 'ok' },
]
const EGETKEY_TABLE = leafTable<KeysScene>({
  leaf: 'EGETKEY',
  scene: (options) => {
    const scene = keysScene(EGETKEY, options)
    asks({ KEYNAME: SEAL_KEY })(scene)
    return { ...scene, RBX: BASE + INPUT, RCX: BASE + OUTPUT }
  },
  ready: readyInside,
  run: runInside,
  cases: EGETKEY_CASES,
})

// prettier-ignore
const EREPORT_CASES: readonly LeafCase<KeysScene>[] = [
  { why: 'the baseline is valid', expect: 'ok' },
  ...operandCases('RBX', INPUT, 512, 'Aligned', 'R'),
  ...[48, 56, 128, TARGETINFO.size - 1].map((at): LeafCase<KeysScene> => ({ why: `reserved byte ${at} of TARGETINFO`, set: byte(at), expect: GP('TARGETINFO.RESERVED = 0') })),
  { why: 'CONFIGID of the target', set: byte(127), expect: 'ok' },
  ...operandCases('RCX', SECOND, 128, 'Aligned', 'R'),
  ...operandCases('RDX', OUTPUT, 512, 'Aligned', 'W'),
]
const EREPORT_TABLE = leafTable<KeysScene>({
  leaf: 'EREPORT',
  scene: (options) => ({
    ...keysScene(EREPORT, options),
    RBX: BASE + INPUT,
    RCX: BASE + SECOND,
    RDX: BASE + OUTPUT,
  }),
  ready: readyInside,
  run: runInside,
  cases: EREPORT_CASES,
})

export const KEYS_TABLES: readonly LeafTable[] = [EREPORT_TABLE, EGETKEY_TABLE]
