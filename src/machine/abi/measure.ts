import { invariant } from '../../base/index.ts'
import { GPR, RAX } from '../../spec/x86/index.ts'
import { buildVdso, readVdso, VDSO_ABI_NAMES, VDSO_ABIS, type VdsoAbi } from '../../vdso/index.ts'
import type { Call, CallRecord } from './call.ts'
import { judgeClaims, type Claim } from './claims.ts'
import { place } from './listing.ts'
import { countPaths, LINUX_COUNTS, PATH_CALLS, type PathName } from './paths.ts'
import { runCalls, type Subject } from './run-calls.ts'
import { STYLES, wrapper, type Style } from './wrappers.ts'

/** `enclu abi`: makes the calls that the thread argued about, in every shape, and counts. */

/** What the psABI says a function keeps for its caller. */
const CALLEE_SAVED = ['RBX', 'RBP', 'RSP', 'R12', 'R13', 'R14', 'R15'] as const

/** What it costs to call an image in one style. */
export interface CallerReport {
  readonly style: Style
  /** C alone can do it. */
  readonly possible: boolean
  /** Instructions of the wrapper before and after, CALL and RET included; and its size. */
  readonly before: number
  readonly after: number
  readonly bytes: number
  /** With those of the vDSO, there and back. */
  readonly roundTrip: number
  readonly roundTripHandler: number
}

/** Which registers a caller loses, for one style, one enclave and one way out of it. */
export interface KeptReport {
  readonly style: Style
  readonly enclave: 'keeps' | 'clobbers'
  /** How the enclave was left: by EEXIT, by an exception that is reported, or by EEXIT after it was resumed. */
  readonly exit: 'EEXIT' | 'AEX' | 'AEX, ERESUME, EEXIT'
  /** The registers that the caller does not find as they were. */
  readonly lost: readonly string[]
}

/** Everything that was measured of one vDSO image. */
export interface ImageReport {
  readonly name: string
  readonly summary: string
  readonly abi: VdsoAbi
  readonly bytes: number
  /** A C function pointer of the right type works: the enclave is entered, and nothing that C relies on is lost. */
  readonly fromC: boolean
  readonly paths: Readonly<Record<PathName, number | undefined>>
  readonly callers: readonly CallerReport[]
  readonly kept: readonly KeptReport[]
  /** What is lost when the enclave leaves the stack displaced, and when a handler undoes that. */
  readonly displaced: { readonly lost: readonly string[]; readonly lostWithHandler: readonly string[] }
}

/** What `measureAbi` has measured. */
export interface AbiReport {
  readonly images: readonly ImageReport[]
  /** Of Linux's own code, for the mainline shape. */
  readonly linux: Readonly<Record<PathName, number | undefined>>
  readonly claims: readonly Claim[]
}

const STYLE_NAMES = Object.keys(STYLES) as readonly Style[]
const FOREIGN_REGISTERS = { R12: 0xf12n, R13: 0xf13n, R14: 0xf14n, R15: 0xf15n }
const ERESUME = 3
/** How far an enclave leaves the stack from where it was. */
const DISPLACEMENT = -24

const EXITS = ['EEXIT', 'AEX', 'AEX, ERESUME, EEXIT'] as const

function keptCalls(): (Call & Omit<KeptReport, 'lost'>)[] {
  return STYLE_NAMES.flatMap((style) =>
    EXITS.flatMap((exit) =>
      (['keeps', 'clobbers'] as const).map((enclave) => {
        const leave = enclave === 'keeps' ? 'keep' : 'clobber'
        const fault = { EEXIT: {}, AEX: { fault: 'undefined' }, 'AEX, ERESUME, EEXIT': { fault: 'divide' } } as const
        const handler =
          exit === 'AEX, ERESUME, EEXIT' ? { handler: true, answers: [{ value: ERESUME }, { value: 0 }] } : {}
        const events = [{ leave, registers: FOREIGN_REGISTERS, ...fault[exit] } as const]
        return { name: `${style} ${enclave} ${exit}`, style, enclave, exit, events, ...handler }
      }),
    ),
  )
}

const callerCalls: readonly Call[] = STYLE_NAMES.flatMap((style) => [
  { name: `${style} plain`, style },
  { name: `${style} handler`, style, handler: true, answers: [{ value: 0 }] },
])

const otherCalls: readonly Call[] = [
  { name: 'from C', leafInEax: false },
  { name: 'displaced', events: [{ moveRsp: DISPLACEMENT }] },
  {
    name: 'displaced, handler',
    events: [{ moveRsp: DISPLACEMENT }],
    handler: true,
    answers: [{ value: 0, pop: -DISPLACEMENT }],
  },
]

/** The callee-saved registers that are not what they were before the call. */
function lostRegisters(record: CallRecord): string[] {
  const after = record.marks.at(-1)?.registers ?? []
  return CALLEE_SAVED.filter((name) => after[GPR.indexOf(name)] !== record.before[GPR.indexOf(name)])
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const instructions = (record: CallRecord): number => sum(record.marks.map((m) => m.vdso + m.wrapper))

function callerReport(abi: VdsoAbi, style: Style, fromC: boolean, records: (name: string) => CallRecord): CallerReport {
  const plain = records(`${style} plain`)
  const called = plain.marks.findIndex((m) => m.point === 'call')
  return {
    style,
    possible: style !== 'direct' || fromC,
    before: sum(plain.marks.slice(0, called + 1).map((m) => m.wrapper)),
    after: sum(plain.marks.slice(called + 1).map((m) => m.wrapper)),
    bytes: style === 'direct' ? 0 : place(wrapper(abi, style)).bytes.length,
    roundTrip: instructions(plain),
    roundTripHandler: instructions(records(`${style} handler`)),
  }
}

async function measureImage(subject: Subject, summary: string): Promise<ImageReport> {
  const { name, abi, image } = subject
  const kept = keptCalls()
  const calls = [...PATH_CALLS, ...callerCalls, ...otherCalls, ...kept]
  const { records } = await runCalls(subject, calls)
  const byName = new Map(records.map((record) => [record.call.name, record]))
  const recordOf = (call: string): CallRecord => {
    const record = byName.get(call)
    invariant(record && !record.killed, `${name}: the call '${call}' did not come back`)
    return record
  }
  const c = recordOf('from C')
  const fromC = c.marks.at(-1)?.registers[RAX] === 0n && lostRegisters(c).length === 0
  return {
    name,
    summary,
    abi,
    bytes: image.text.end - image.text.start,
    fromC,
    paths: countPaths(abi, recordOf),
    callers: STYLE_NAMES.map((style) => callerReport(abi, style, fromC, recordOf)),
    kept: kept.map(({ name: call, style, enclave, exit }) => ({
      style,
      enclave,
      exit,
      lost: lostRegisters(recordOf(call)),
    })),
    displaced: {
      lost: lostRegisters(recordOf('displaced')),
      lostWithHandler: lostRegisters(recordOf('displaced, handler')),
    },
  }
}

/** An image that is not ours, to be measured too; it must have the mainline shape. */
export interface ForeignImage {
  readonly name: string
  readonly bytes: Uint8Array
  readonly fixup?: number
}

export const subjectOf = (abi: VdsoAbi): Subject => ({ name: abi, abi, image: buildVdso(abi), options: { vdso: abi } })

export const foreignSubject = ({ name, bytes, fixup }: ForeignImage): Subject => ({
  name,
  abi: 'mainline',
  image: readVdso(bytes, fixup),
  options: { vdsoImage: bytes, ...(fixup !== undefined && { vdsoFixup: fixup }) },
})

/**
 * Measures all shapes of the enclave call. Takes some seconds: every instruction is looked at.
 *
 * @throws EncluError ERR_BAD_OPTION if `foreign` is no vDSO with the call.
 */
export async function measureAbi(foreign?: ForeignImage): Promise<AbiReport> {
  const images: ImageReport[] = []
  const extra = foreign && foreignSubject(foreign)
  for (const abi of VDSO_ABI_NAMES) images.push(await measureImage(subjectOf(abi), VDSO_ABIS[abi]))
  if (extra) images.push(await measureImage(extra, 'the image that was given'))
  return { images, linux: LINUX_COUNTS, claims: judgeClaims(images) }
}
