import { alignUp } from '../../base/index.ts'
import { createSha256 } from '../../crypto/index.ts'
import { Measurement } from '../../sgx/index.ts'
import { ATTRIBUTES, PT, SECINFO, SECINFO_FLAGS, SECINFO_PAGE_TYPE_SHIFT, SECS, TCS } from '../../spec/sgx/index.ts'
import { badArgument, checkBytes, checkSize, checkU64, checkUnsigned } from './arguments.ts'
import type { MemoryAccess } from './guest-memory.ts'

/** What an enclave is made of: the fields of its SECS, and the leaves that add and measure its pages, in their order. */

const PAGE = 4096
const CHUNK = 256

/** ECREATE: fields of the SECS, named and sized as in the manual. */
export interface SecsFields {
  /** Bytes of address space: a power of two, at least two pages. */
  readonly SIZE: bigint
  /** Where the enclave is; the kernel chooses when absent. A multiple of SIZE. MRENCLAVE does not depend on it. */
  readonly BASEADDR?: bigint
  /** Pages of one SSA frame. Default 1. */
  readonly SSAFRAMESIZE?: number
  /** Default 0. */
  readonly MISCSELECT?: number
  /** Default ATTRIBUTES.MODE64BIT. */
  readonly ATTRIBUTES?: bigint
  /** Default 3n: x87 and SSE. */
  readonly XFRM?: bigint
  /** 64 bytes, with ATTRIBUTES.KSS. Default zeros. */
  readonly CONFIGID?: Uint8Array
  /** Default 0. */
  readonly CONFIGSVN?: number
}

/** Rights of an ordinary page, or 'tcs' for one that holds a thread control structure. A bigint is SECINFO.FLAGS itself. */
export type PageSecinfo = Exclude<MemoryAccess, 'none'> | 'tcs' | bigint

/** EADD of one page or of several that follow each other. */
export interface AddStep {
  readonly leaf: 'EADD'
  /** From the beginning of the enclave: a multiple of 4096. */
  readonly offset: bigint
  readonly secinfo: PageSecinfo
  /** What is in the pages; zeros follow up to the end of the last one. */
  readonly bytes?: Uint8Array
  /** Bytes of pages, where it is more than `bytes` has. */
  readonly length?: number
  /** EEXTEND for all 16 parts of each page, as the Linux driver does it. Default true. */
  readonly measure?: boolean
}

/** EEXTEND of 256 bytes of a page that a step before has added. */
export interface ExtendStep {
  readonly leaf: 'EEXTEND'
  /** From the beginning of the enclave: a multiple of 256. */
  readonly offset: bigint
}

/** One leaf of the build. */
export type BuildStep = AddStep | ExtendStep

/** A whole enclave before it is signed: ECREATE's fields and the steps that follow. */
export interface EnclaveLayout {
  readonly secs: SecsFields
  readonly steps: readonly BuildStep[]
}

/** Fields of a thread control structure that software sets, named as in the manual. Offsets count from the enclave's beginning. */
export interface TcsFields {
  /** Where EENTER begins. */
  readonly OENTRY: bigint
  /** The first SSA frame. */
  readonly OSSA: bigint
  /** How many SSA frames follow each other. Default 1. */
  readonly NSSA?: number
  /** TCS_FLAGS. Default 0. */
  readonly FLAGS?: bigint
  /** What FS and GS are inside. Default 0. */
  readonly OFSBASE?: bigint
  readonly OGSBASE?: bigint
  /** Default 0xffff_ffff. */
  readonly FSLIMIT?: number
  readonly GSLIMIT?: number
}

/**
 * The 4096 bytes of a TCS page, for a step with `secinfo: 'tcs'`.
 *
 * @throws EncluError ERR_BAD_ARGUMENT for a value that its field cannot hold
 *
 * @example
 * ```ts
 * import { tcsPage } from 'enclu'
 *
 * const page = tcsPage({ OENTRY: 0x1000n, OSSA: 0x2000n, NSSA: 2 })
 * console.log(page.length, page[28]) // 4096 2
 * ```
 */
export function tcsPage(fields: TcsFields): Uint8Array {
  const page = new Uint8Array(PAGE)
  const tcs = TCS.view(page)
  tcs.OENTRY = checkU64('OENTRY', fields.OENTRY)
  tcs.OSSA = checkU64('OSSA', fields.OSSA)
  tcs.NSSA = checkUnsigned('NSSA', fields.NSSA, 32, 1)
  tcs.FLAGS = checkU64('FLAGS', fields.FLAGS)
  tcs.OFSBASE = checkU64('OFSBASE', fields.OFSBASE)
  tcs.OGSBASE = checkU64('OGSBASE', fields.OGSBASE)
  tcs.FSLIMIT = checkUnsigned('FSLIMIT', fields.FSLIMIT, 32, 0xffff_ffff)
  tcs.GSLIMIT = checkUnsigned('GSLIMIT', fields.GSLIMIT, 32, 0xffff_ffff)
  return page
}

/** An EADD with everything said. */
export interface PlainAdd {
  readonly leaf: 'EADD'
  readonly offset: bigint
  /** SECINFO.FLAGS. */
  readonly flags: bigint
  /** At most `length` bytes; zeros follow. */
  readonly contents: Uint8Array
  /** Bytes of whole pages. */
  readonly length: number
  readonly measure: boolean
}
export type PlainStep = PlainAdd | ExtendStep

/** A layout that has been looked at: every field there, of the right type. */
export interface PlainLayout {
  /** The page that ECREATE copies; BASEADDR is 0 where the kernel chooses. */
  readonly secs: Uint8Array
  readonly steps: readonly PlainStep[]
}

const { R, W, X } = SECINFO_FLAGS
const typed = (type: number): bigint => BigInt(type) << SECINFO_PAGE_TYPE_SHIFT
const SECINFO_OF: Readonly<Record<Exclude<PageSecinfo, bigint>, bigint>> = {
  tcs: typed(PT.PT_TCS),
  r: typed(PT.PT_REG) | R,
  rw: typed(PT.PT_REG) | R | W,
  rx: typed(PT.PT_REG) | R | X,
  rwx: typed(PT.PT_REG) | R | W | X,
}

export const isTcsPage = (flags: bigint): boolean => ((flags >> SECINFO_PAGE_TYPE_SHIFT) & 0xffn) === BigInt(PT.PT_TCS)

/** Throws ERR_BAD_ARGUMENT for what cannot be handed to a leaf; what a leaf or the kernel refuses is left to them. */
export function plainLayout(layout: EnclaveLayout): PlainLayout {
  if (typeof layout !== 'object' || typeof layout?.secs !== 'object' || !Array.isArray(layout.steps))
    badArgument('The layout of an enclave is an object with secs and steps.')
  const steps: PlainStep[] = []
  layout.steps.forEach((step: BuildStep, i) => {
    const name = `steps[${i}]`
    if (step?.leaf === 'EADD') steps.push(plainAdd(name, step))
    else if (step?.leaf === 'EEXTEND') steps.push(plainExtend(name, step, steps))
    else badArgument(`${name}.leaf must be 'EADD' or 'EEXTEND'.`)
  })
  return { secs: secsPage(layout.secs), steps }
}

function secsPage(fields: SecsFields): Uint8Array {
  const page = new Uint8Array(SECS.size)
  const secs = SECS.view(page)
  if (fields.SIZE === undefined) badArgument('secs.SIZE is missing.')
  secs.SIZE = checkU64('secs.SIZE', fields.SIZE)
  secs.BASEADDR = checkU64('secs.BASEADDR', fields.BASEADDR)
  secs.SSAFRAMESIZE = checkUnsigned('secs.SSAFRAMESIZE', fields.SSAFRAMESIZE, 32, 1)
  secs.MISCSELECT = checkUnsigned('secs.MISCSELECT', fields.MISCSELECT, 32)
  secs.ATTRIBUTES = checkU64('secs.ATTRIBUTES', fields.ATTRIBUTES, ATTRIBUTES.MODE64BIT)
  secs.XFRM = checkU64('secs.XFRM', fields.XFRM, 3n)
  secs.CONFIGID = checkBytes('secs.CONFIGID', fields.CONFIGID, 64)
  secs.CONFIGSVN = checkUnsigned('secs.CONFIGSVN', fields.CONFIGSVN, 16)
  return page
}

function plainAdd(name: string, step: AddStep): PlainAdd {
  const { secinfo, measure = true } = step
  const offset = checkU64(`${name}.offset`, step.offset)
  if (offset % BigInt(PAGE) !== 0n) badArgument(`${name}.offset is not a multiple of 4096.`)
  if (typeof secinfo !== 'bigint' && !Object.hasOwn(SECINFO_OF, secinfo))
    badArgument(
      `${name}.secinfo is ${String(secinfo)}; it must be one of ${Object.keys(SECINFO_OF).join(', ')}, or a bigint.`,
    )
  const contents = checkBytes(`${name}.bytes`, step.bytes, step.bytes === undefined ? 0 : undefined)
  const length = alignUp(checkSize(`${name}.length`, step.length ?? contents.length), PAGE)
  if (length < contents.length) badArgument(`${name}.bytes has more bytes than ${name}.length says.`)
  if (length === 0) badArgument(`${name} has no page: give it bytes, a length, or both.`)
  const flags = typeof secinfo === 'bigint' ? checkU64(`${name}.secinfo`, secinfo) : SECINFO_OF[secinfo]
  return { leaf: 'EADD', offset, flags, contents, length, measure }
}

/** The last step that has added the byte at `offset`. */
const adderOf = (offset: bigint, steps: readonly PlainStep[]): PlainAdd | undefined =>
  steps.findLast(
    (step): step is PlainAdd =>
      step.leaf === 'EADD' && offset >= step.offset && offset < step.offset + BigInt(step.length),
  )

function plainExtend(name: string, step: ExtendStep, before: readonly PlainStep[]): ExtendStep {
  const offset = checkU64(`${name}.offset`, step.offset)
  if (offset % BigInt(CHUNK) !== 0n) badArgument(`${name}.offset is not a multiple of 256.`)
  if (!adderOf(offset, before)) badArgument(`${name} measures a page that no step before it adds.`)
  return { leaf: 'EEXTEND', offset }
}

export const secinfoOf = (flags: bigint): Uint8Array => {
  const bytes = new Uint8Array(SECINFO.size)
  SECINFO.view(bytes).FLAGS = flags
  return bytes
}

/** `size` bytes of an added range, `at` bytes after its beginning. */
export function bytesOf({ contents }: PlainAdd, at: number, size: number): Uint8Array {
  if (at + size <= contents.length) return contents.subarray(at, at + size)
  const bytes = new Uint8Array(size)
  bytes.set(contents.subarray(at, at + size))
  return bytes
}

/** MRENCLAVE of a layout, as the processor will compute it. */
export function measureLayout({ secs, steps }: PlainLayout): Uint8Array {
  const measurement = new Measurement(createSha256())
  const { SSAFRAMESIZE, SIZE } = SECS.view(secs)
  measurement.ECREATE(SSAFRAMESIZE, SIZE)
  const extend = (step: PlainAdd, at: number): void =>
    measurement.EEXTEND(Number(step.offset) + at, bytesOf(step, at, CHUNK))
  steps.forEach((step, i) => {
    if (step.leaf === 'EEXTEND') {
      const adder = adderOf(step.offset, steps.slice(0, i))
      if (adder) extend(adder, Number(step.offset - adder.offset))
      return
    }
    for (let page = 0; page < step.length; page += PAGE) {
      measurement.EADD(Number(step.offset) + page, Number(step.flags))
      for (let at = page; step.measure && at < page + PAGE; at += CHUNK) extend(step, at)
    }
  })
  return measurement.digest()
}

/**
 * MRENCLAVE of an enclave, without a machine: the SHA-256 that the processor computes while it is built.
 *
 * @returns 32 bytes
 * @throws EncluError ERR_BAD_ARGUMENT
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { elfLayout, measureEnclave } from 'enclu'
 *
 * const layout = elfLayout(readFileSync('examples/hello/hello.enclave'), { heap: 0 })
 * console.log(Buffer.from(measureEnclave(layout)).toString('hex').slice(0, 8)) // 412ac843
 * ```
 */
export const measureEnclave = (layout: EnclaveLayout): Uint8Array => measureLayout(plainLayout(layout))
