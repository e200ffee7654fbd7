/** Our image of the mainline shape against Linux's own: the same calls, the same registers, structure and stack. */
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { foreignSubject, measureAbi } from '../../src/machine/abi/measure.ts'
import { LINUX_COUNTS } from '../../src/machine/abi/paths.ts'
import { runCalls, type CallRecords, type Subject } from '../../src/machine/abi/run-calls.ts'
import type { Answer, Call, EnclaveEvent, Mark } from '../../src/machine/abi/call.ts'
import { GPR } from '../../src/spec/x86/index.ts'
import { NOTHING } from '../../src/machine/abi/layout.ts'
import { isSkip } from '../support/cache.ts'
import { kernelVdso } from '../support/kernel-vdso.ts'
import { int, subject } from '../abi/subjects.ts'

const EINVAL = 22
const RCX = 1
const DF = 0x400n
/** As many as the measuring program has room for. */
const PER_PROGRAM = 60
/** Status flags and DF, where an enclave sees them. */
const FLAGS = 0xcd5n

let bytes: Uint8Array<ArrayBuffer> | undefined
let skip: string | undefined

beforeAll(async () => {
  const path = await kernelVdso()
  if (isSkip(path)) skip = path.skip
  else bytes = new Uint8Array(await readFile(path))
}, 600_000)

/** Addresses in the vDSO by their meaning: the AEP, the place behind it, any other. */
function meaning(value: bigint, { image }: Subject, base: number): string {
  const offset = Number(value) - base
  if (offset < 0 || offset >= image.bytes.length) return value.toString(16)
  const aep = image.exceptionTable[0]?.ip ?? -1
  return offset === aep ? 'AEP' : offset === aep + 3 ? 'behind ENCLU' : 'vDSO'
}

/** What can be seen at a point, as a text. */
function markText(mark: Mark, subject: Subject, base: number): string {
  const { point, registers, rflags } = mark
  // RCX is nobody's after a refusal: Linux leaves a pointer there, and we what we computed.
  const isRefusal = (point === 'return' || point === 'done') && int(registers[0]) === -EINVAL
  const shown = GPR.map(
    (name, n) => `${name}=${isRefusal && n === RCX ? '-' : meaning(registers[n] ?? 0n, subject, base)}`,
  )
  const flags = point === 'enclu' || point === 'enclave' ? rflags & FLAGS : rflags & DF
  return [point, ...shown, `flags=${flags.toString(16)}`].join(' ')
}

/** The words that are not zero, by offset. The stack need not be aligned, so an address of the vDSO may begin at any byte. */
function stackText(stack: Uint8Array, subject: Subject, base: number): string[] {
  const view = new DataView(stack.buffer, stack.byteOffset, stack.length)
  const words: string[] = []
  for (let at = 0; at + 8 <= stack.length; at++) {
    const text = meaning(view.getBigUint64(at, true), subject, base)
    const isAddress = /vDSO|AEP|ENCLU/.test(text)
    if (isAddress) words.push(`${at}: ${text}`)
    else if (stack[at] !== 0) words.push(`${at}: ${stack[at]?.toString(16)}`)
    if (isAddress) at += 7
  }
  return words
}

const texts = ({ records, base }: CallRecords, subject: Subject) =>
  records.map(({ call, marks, structure, stack, killed }) => ({
    name: call.name,
    marks: marks.map((mark) => markText(mark, subject, base)),
    structure: Buffer.from(structure).toString('hex'),
    stack: stackText(stack, subject, base),
    // Where it happened is another offset in each image.
    killed: killed && { signal: killed.signal, inVdso: killed.at !== undefined },
  }))

/** Makes the calls with both images. Some kill the program, which must be so with both; the rest is made in another. Returns how many. */
async function compare(calls: readonly Call[]): Promise<number> {
  if (!bytes) return 0
  const [ours, theirs] = [subject('mainline'), foreignSubject({ name: 'linux', bytes })]
  let kills = 0
  for (let rest = calls; rest.length > 0;) {
    const [seen, expected] = [texts(await runCalls(ours, rest), ours), texts(await runCalls(theirs, rest), theirs)]
    expected.forEach((record, i) => expect(seen[i]).toEqual(record))
    expect(seen.length).toBe(expected.length)
    if (expected.at(-1)?.killed) kills++
    else expect(expected.length).toBe(rest.length)
    rest = rest.slice(expected.length)
  }
  return kills
}

/** A small generator of its own: the same calls in every run. */
function random(seed: number): (below: number) => number {
  // Neighbours must not begin alike.
  let state = Math.imul(seed, 0x9e3779b1) >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function randomCall(seed: number): Call {
  const r = random(seed)
  const pick = <T>(...choices: readonly T[]): T => choices[r(choices.length)] as T
  const word = (): bigint => (BigInt(r(2 ** 32)) << 32n) | BigInt(r(2 ** 32))
  const values = (): Record<string, bigint> => Object.fromEntries(GPR.map((name) => [name, word()]))
  const events = Array.from({ length: 6 }, (): EnclaveEvent => ({
    leave: pick('keep', 'clobber'),
    registers: values(),
    moveRsp: pick(0, 0, 0, -8, -24, -8 * r(25), 8),
    directionFlag: r(4) === 0,
    ...(r(3) === 0 && { fault: pick('divide', 'read', 'undefined'), address: pick(0, 0x1234, NOTHING + 8) }),
  }))
  const positive = Array.from({ length: r(4) }, (): Answer => ({
    value: pick(2, 3, 2, 3, 4, 1, 0x7fff_ffff),
    pop: pick(0, 0, 8, 24),
  }))
  const last: Answer = { value: pick(0, -1, -22, -(2 ** 31)), pop: pick(0, 0, 16) }
  const patch = r(5) === 0 ? [[40 + r(216), Uint8Array.of(1 + r(255))] as const] : []
  return {
    name: `random ${seed}`,
    style: pick('direct', 'all', 'minimal'),
    leaf: pick(2n, 2n, 2n, 3n, (word() & ~0xffff_ffffn) | 2n, 0n, 1n, 4n, 0xffff_ffffn, word()),
    registers: values(),
    handler: r(2) === 0,
    events,
    answers: [...positive, last],
    // Words on words: parts of addresses, which differ, could not be told from anything else.
    shift: pick(0, 0, -8, -8 * r(8)),
    patch,
    // Across the end of a page, each in pages of its own.
    ...(r(6) === 0 && { runAt: BigInt(NOTHING - 4096 * (1 + (seed % PER_PROGRAM)) - 8 * r(40) - r(8)) }),
    ...(r(8) === 0 && { tcs: pick(0n, 0x60_0000n, word()) }),
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

describe("against Linux's own vDSO", { timeout: 300_000 }, () => {
  test('its counts are the recorded ones', async (t) => {
    if (!bytes) return t.skip(skip)
    const report = await measureAbi({ name: 'linux', bytes })
    const linux = report.images.find(({ name }) => name === 'linux')
    expect(linux?.paths).toEqual(LINUX_COUNTS)
    expect(linux?.bytes).toBe(157)
  })

  test.for([0, 1, 2, 3])('every reserved byte, part %i', async (part, t) => {
    if (!bytes) return t.skip(skip)
    await compare(
      range(40 + 54 * part, 94 + 54 * part).map((at) => ({
        name: `byte ${at}`,
        patch: [[at, Uint8Array.of(0x80)]] as const,
      })),
    )
  })

  test.for([0, 1, 2, 3])('random calls, part %i', async (part, t) => {
    if (!bytes) return t.skip(skip)
    const kills = await compare(range(PER_PROGRAM * part, PER_PROGRAM * (part + 1)).map((seed) => randomCall(seed + 1)))
    expect(kills, 'most calls come back').toBeLessThan(PER_PROGRAM / 10)
  })

  test.for([-1, -4, -7, -12])('a stack that is misaligned by %i', async (shift, t) => {
    if (!bytes) return t.skip(skip)
    await compare([
      {
        name: 'misaligned',
        shift,
        handler: true,
        answers: [{ value: 2 }, { value: 0 }],
        events: [{ moveRsp: -3 }, {}],
      },
    ])
  })

  test.for([
    ['run is null', { runAt: 0n }],
    ['run is not canonical', { runAt: 1n << 63n }],
    ['run ends in a page that is not there', { runAt: BigInt(NOTHING - 128) }],
    ['the same, with a reserved byte before', { runAt: BigInt(NOTHING - 128), patch: [[100, Uint8Array.of(1)]] }],
    ['run can only be read', { runAt: BigInt(NOTHING + 4096 + 64) }],
    ['run is null and the function is bad', { runAt: 0n, leaf: 7n }],
    ['the handler is not there', { handler: 0x7777_0000n }],
  ] as const)('%s', async ([name, call], t) => {
    if (!bytes) return t.skip(skip)
    await compare([{ name, ...call }])
  })
})
