import { createHash } from 'node:crypto'
import { ARITHMETIC_MASK, RAX, RBX, RCX, RDX, RFLAGS } from '../../spec/x86/index.ts'
import type { LeafName } from '../../spec/sgx/index.ts'
import { AEP, AFTER_ENCLU, type Fixture, type FixtureOptions } from '../fixture.cases.ts'
import type { EpcPage } from '../index.ts'

/**
 * The checks of a leaf as a table: from a scene in which it succeeds, each case breaks one thing. Cases stand in the order of the
 * checks, so that breaking two neighbours shows which is looked at first.
 */

/** Where an expectation is from: the manual's Operation section, or the kernel, whose driver or selftest relies on it. */
export type Source = 'manual' | 'kernel'

export interface LeafCase<S> {
  readonly why: string
  /** 'manual' unless said. */
  readonly source?: Source
  /** Another enclave or processor to begin with. */
  readonly build?: FixtureOptions
  readonly set?: (scene: S) => unknown
  /** 'ok', '#GP(0) condition', '#PF(0x8007) condition', 'code 4 condition'. */
  readonly expect: string
  /** It cannot fail together with the check before or after it. */
  readonly alone?: true
  /** The leaf has done its work although it gives a code. */
  readonly works?: true
}

/** A scene that is ready: `run` executes the leaf. */
export interface Trial {
  readonly f: Fixture
  readonly run: () => string
}
export interface LeafTable {
  readonly leaf: LeafName
  readonly cases: readonly Omit<LeafCase<never>, 'set'>[]
  /** The scene with what case `first` breaks, and before that what case `also` breaks. */
  trial(first: number, also?: number): Trial
}

export interface Scene {
  readonly f: Fixture
}

/** An enclave that is built as both say. */
function both(one: FixtureOptions | undefined, other: FixtureOptions | undefined): FixtureOptions | undefined {
  if (!one || !other) return one ?? other
  const chain =
    <T>(first?: (value: T) => unknown, second?: (value: T) => unknown) =>
    (value: T): void => {
      first?.(value)
      second?.(value)
    }
  return {
    ...{ ...one, ...other },
    secs: chain(one.secs, other.secs),
    tcs: chain(one.tcs, other.tcs),
    sigstruct: chain(one.sigstruct, other.sigstruct),
  }
}

export const leafTable = <S extends Scene>(table: {
  readonly leaf: LeafName
  readonly scene: (options?: FixtureOptions) => S
  /** Writes what the scene says into registers and memory. */
  readonly ready?: (scene: S) => void
  readonly run: (scene: S) => string
  readonly cases: readonly LeafCase<S>[]
}): LeafTable => ({
  leaf: table.leaf,
  cases: table.cases,
  trial(first, also) {
    const chosen = [also, first].flatMap((i) => (i === undefined ? [] : (table.cases[i] ?? [])))
    const scene = table.scene(chosen.map(({ build }) => build).reduce(both))
    for (const { set } of chosen) set?.(scene)
    table.ready?.(scene)
    return { f: scene.f, run: () => table.run(scene) }
  },
})

/** A leaf of ENCLU that is executed inside the fixture's enclave. A register that is left out is 0. */
export interface InsideScene extends Scene {
  leaf: number
  RBX?: number | bigint
  RCX?: number | bigint
  RDX?: number | bigint
}
export function readyInside({ f, leaf, RBX: rbx = 0, RCX: rcx = 0, RDX: rdx = 0 }: InsideScene): void {
  const { state } = f
  state.setGpr(RAX, BigInt(leaf))
  state.setGpr(RBX, BigInt(rbx))
  state.setGpr(RCX, BigInt(rcx))
  state.setGpr(RDX, BigInt(rdx))
  state.rflags = BigInt(ARITHMETIC_MASK)
  state.rip = AEP
}
/** 'ok' instead of the leaf's name. */
export function runInside({ f }: Scene): string {
  const end = f.run()
  return end.startsWith('#') || end.startsWith('code') ? end : 'ok'
}

export const GP = (condition: string): string => `#GP(0) ${condition}`
/** What ENCLS raises: no bit but what paging gives, and the driver does not look at the code. */
export const PF = (condition: string): string => `#PF(0x0) ${condition}`
export const PF_READ = (condition: string): string => `#PF(0x8005) ${condition}`
export const PF_WRITE = (condition: string): string => `#PF(0x8007) ${condition}`

type Entry = Partial<Pick<EpcPage, 'VALID' | 'BLOCKED' | 'PENDING' | 'MODIFIED' | 'PT' | 'R' | 'W' | 'ENCLAVEADDRESS'>>
/** Each EPCM condition with an entry that does not fulfil it. The SECS is another page, whichever. */
export const EPCM = {
  'VALID = 1': { VALID: false },
  'BLOCKED = 0': { BLOCKED: true },
  'PENDING = 0': { PENDING: true },
  'MODIFIED = 0': { MODIFIED: true },
  'PT = PT_REG': { PT: 'PT_TRIM' },
  'PT = PT_TCS': { PT: 'PT_REG' },
  'R = 1': { R: false },
  'W = 1': { W: false },
  ENCLAVEADDRESS: { ENCLAVEADDRESS: 0x1000 },
  ENCLAVESECS: {},
} as const satisfies Record<string, Entry>

/** A case for each EPCM condition of an operand's page, in this order; `more` completes a condition's text. */
export const epcmCases = <S>(
  operand: string,
  pageOf: (scene: S) => EpcPage,
  fault: (condition: string) => string,
  conditions: readonly (readonly [condition: keyof typeof EPCM, more?: string])[],
): LeafCase<S>[] =>
  conditions.map(([condition, more = '']) => ({
    why: `the page of ${operand} has not ${condition}${more}`,
    set: (scene) => {
      const page = pageOf(scene)
      Object.assign(page, EPCM[condition])
      if (condition === 'ENCLAVESECS') page.ENCLAVESECS = page
    },
    expect: fault(`EPCM(${operand}).${condition}${more}`),
  }))

const entryOf = (page: EpcPage): object => {
  const { VALID, R, W, X, PT, ENCLAVEADDRESS, BLOCKED, PENDING, MODIFIED, PR, trackingEpoch } = page
  const owner = [page.ENCLAVESECS?.index, page.enclave?.EID]
  return { ...{ VALID, R, W, X, PT, ENCLAVEADDRESS, BLOCKED, PENDING, MODIFIED, PR, trackingEpoch }, owner }
}
/** All that a leaf can change in the EPC. */
export function epcState({ sgx, secs }: Fixture): unknown {
  const used = sgx.epc.pageCount - sgx.epc.freeCount
  const pages = Array.from({ length: used }, (_, i) => sgx.epc.page(i))
  const { enclave } = secs
  const hash = createHash('sha256')
  for (const { bytes } of pages) hash.update(bytes)
  return {
    entries: pages.map(entryOf),
    bytes: hash.digest('hex'),
    enclave: enclave && [enclave.childCount, enclave.epoch, enclave.initialized, enclave.threads.length],
    mode: sgx.mode,
    writtenOut: [...sgx.writtenOut.keys()],
  }
}

/** What an ENCLU leaf with a result leaves in the registers. */
export const resultOf = ({ state }: Fixture): object => ({
  RAX: Number(state.gpr(RAX)),
  ZF: (state.rflags & BigInt(RFLAGS.ZF)) !== 0n,
  others: state.rflags & BigInt(ARITHMETIC_MASK & ~RFLAGS.ZF),
  RIP: state.rip,
})
export const refusedWith = (code: number): object => ({ RAX: code, ZF: true, others: 0n, RIP: AFTER_ENCLU })
