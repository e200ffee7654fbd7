import { Buffer } from 'node:buffer'
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { rsa3072Quotients } from '../crypto/index.ts'
import { CpuState, Fault, fault, Ram, type Access, type Mapping } from '../cpu/index.ts'
import { PF_ERROR, RAX, RBX, RCX, RSP } from '../spec/x86/index.ts'
import {
  ATTRIBUTES,
  SECINFO,
  SECS,
  SIGSTRUCT,
  SIGSTRUCT_HEADER,
  SIGSTRUCT_HEADER2,
  SIGSTRUCT_SIGNED,
  TCS,
} from '../spec/sgx/index.ts'
import { ENCLS, Sgx, type EpcPage, type HostPages, type SgxEvent, type SgxOptions } from './index.ts'
import { TEST_KEY } from './test-key.cases.ts'

/** A valid enclave, built through the leaves, for the tests of this room: each test breaks one thing. */

export const BASE = 0x7000_0000_0000
export const SIZE = 0x1_0000
export const AEP = 0x40_1000
export const OENTRY = 0x4000
export const AFTER_ENCLU = AEP + 3
/** Offsets of the pages of the baseline enclave. */
export const PAGE = { TCS: 0, SSA0: 0x1000, SSA1: 0x2000, CODE: 0x4000, DATA: 0x5000, HOLE: 0x8000 } as const
const NSSA = 2

type View<S extends { view(data: Uint8Array): unknown }> = ReturnType<S['view']>
export type SecsView = View<typeof SECS>
export type TcsView = View<typeof TCS>
export type SigstructView = View<typeof SIGSTRUCT>

/** An address space: page -> frame and the rights of its page table entry. */
export class TestHost implements HostPages {
  readonly entries = new Map<number, { frame: number; rights: string }>()
  /** undefined: nothing is kept from one entry to the next. */
  epoch: number | undefined
  private readonly sgx: Sgx
  constructor(sgx: Sgx) {
    this.sgx = sgx
  }
  map(address: number, frame: number, rights = 'RWX'): void {
    this.entries.set(address, { frame, rights })
  }
  translate(address: number, access: Access): Mapping {
    const entry = this.entries.get(address - (address % 4096))
    const code = PF_ERROR.U | (access === 'W' ? PF_ERROR.W : access === 'X' ? PF_ERROR.I : 0)
    if (!entry) return fault.PF(address, code)
    if (!entry.rights.includes(access)) return fault.PF(address, code | PF_ERROR.P)
    return { frame: entry.frame, writable: entry.rights.includes('W') }
  }
  resolve(address: number, access: Access): Mapping {
    const mapping = this.translate(address, access)
    return this.sgx.epc.hostMapping(mapping.frame) ?? mapping
  }
}

/** Room for the frames of these tests; a view would need more. */
const RAM_SIZE = 0x40_0000

export interface FixtureOptions {
  readonly sgx?: SgxOptions
  /** Bytes of linear memory. */
  readonly ram?: number
  /** On the same processor as another one, in an address space of its own. */
  readonly beside?: Fixture
  readonly secs?: (secs: SecsView) => void
  readonly tcs?: (tcs: TcsView) => void
  readonly sigstruct?: (sig: SigstructView) => void
}

export const secinfo = (flags: bigint): Uint8Array => {
  const bytes = new Uint8Array(SECINFO.size)
  SECINFO.view(bytes).FLAGS = flags
  return bytes
}
export const SECINFO_TCS = 0x100n
export const SECINFO_RX = 0x205n
export const SECINFO_RW = 0x203n

export function newSgx(
  options: SgxOptions = {},
  size = RAM_SIZE,
): {
  ram: Ram
  state: CpuState
  sgx: Sgx
  host: TestHost
  events: SgxEvent[]
} {
  const ram = new Ram(size)
  // The hash of the host is faster; a test shows that it makes no difference.
  const sgx = new Sgx(ram, { epc: { size: 0x10_0000 }, sha256: () => createHash('sha256'), ...options })
  const events: SgxEvent[] = []
  sgx.onEvent = (event) => events.push(event)
  return { ram, state: new CpuState(ram), sgx, host: new TestHost(sgx), events }
}

export function baseSecs(change?: (secs: SecsView) => void): Uint8Array {
  const source = new Uint8Array(4096)
  const secs = SECS.view(source)
  secs.SIZE = BigInt(SIZE)
  secs.BASEADDR = BigInt(BASE)
  secs.SSAFRAMESIZE = 1
  secs.ATTRIBUTES = ATTRIBUTES.MODE64BIT
  secs.XFRM = 3n
  change?.(secs)
  return source
}

export function baseTcs(change?: (tcs: TcsView) => void): Uint8Array {
  const source = new Uint8Array(4096)
  const tcs = TCS.view(source)
  tcs.OSSA = BigInt(PAGE.SSA0)
  tcs.NSSA = NSSA
  tcs.OENTRY = BigInt(OENTRY)
  tcs.OFSBASE = BigInt(PAGE.DATA)
  tcs.OGSBASE = BigInt(PAGE.DATA)
  tcs.FSLIMIT = tcs.GSLIMIT = 0xffff_ffff
  change?.(tcs)
  return source
}

const MODULUS = Uint8Array.from(
  Buffer.from(createPublicKey(TEST_KEY).export({ format: 'jwk' }).n ?? '', 'base64url'),
).toReversed()

/** IA32_SGXLEPUBKEYHASH as the kernel writes it before EINIT: the signer is the launch authority. */
export const TEST_MRSIGNER = Uint8Array.from(createHash('sha256').update(MODULUS).digest())

const PRIVATE_KEY = createPrivateKey(TEST_KEY)
/** By what is signed: the same enclave is signed over and over. */
const signatures = new Map<string, Uint8Array>()
function signatureOf(signed: Buffer): Uint8Array {
  const key = signed.toString('latin1')
  const known = signatures.get(key) ?? Uint8Array.from(sign('sha256', signed, PRIVATE_KEY)).toReversed()
  signatures.set(key, known)
  return known
}

/** A SIGSTRUCT for `mrenclave`; `change` comes before signing, so the signature is valid. */
export function signedSigstruct(mrenclave: Uint8Array, change?: (sig: SigstructView) => void): Uint8Array {
  const bytes = new Uint8Array(SIGSTRUCT.size)
  const sig = SIGSTRUCT.view(bytes)
  sig.HEADER = SIGSTRUCT_HEADER
  sig.HEADER2 = SIGSTRUCT_HEADER2
  sig.MODULUS = MODULUS
  sig.EXPONENT = 3
  sig.ATTRIBUTES = ATTRIBUTES.MODE64BIT
  sig.XFRM = 3n
  sig.ENCLAVEHASH = mrenclave
  change?.(sig)
  const signed = Buffer.concat(SIGSTRUCT_SIGNED.map(([offset, size]) => bytes.subarray(offset, offset + size)))
  sig.SIGNATURE = signatureOf(signed)
  const { Q1, Q2 } = rsa3072Quotients(sig.MODULUS, sig.SIGNATURE)
  sig.Q1 = Q1
  sig.Q2 = Q2
  return bytes
}

export function trustSigner(sgx: Sgx): void {
  const hash = new DataView(TEST_MRSIGNER.buffer)
  sgx.IA32_SGXLEPUBKEYHASH = [0, 8, 16, 24].map((at) => hash.getBigUint64(at, true)) as [bigint, bigint, bigint, bigint]
}

export const CODE_BYTES = new Uint8Array(4096).map((_, i) => (i * 7) & 0xff)
export const TOKEN = new Uint8Array(304)

export class Fixture {
  readonly ram: Ram
  readonly state: CpuState
  readonly sgx: Sgx
  readonly host: TestHost
  readonly events: SgxEvent[]
  readonly secs: EpcPage
  readonly pages = new Map<number, EpcPage>()
  private readonly options: FixtureOptions

  constructor(options: FixtureOptions = {}) {
    const { beside } = options
    const { ram, state, sgx, host, events } = beside
      ? { ...beside, host: new TestHost(beside.sgx) }
      : newSgx(options.sgx, options.ram)
    this.ram = ram
    this.state = state
    this.sgx = sgx
    this.host = host
    this.events = events
    this.options = options
    this.secs = this.take()
    trustSigner(sgx)
    ENCLS.ECREATE(sgx, { target: this.secs, source: baseSecs(options.secs), secinfo: secinfo(0n) })
    this.add(PAGE.TCS, baseTcs(options.tcs), SECINFO_TCS)
    this.add(PAGE.SSA0, new Uint8Array(4096), SECINFO_RW)
    this.add(PAGE.SSA1, new Uint8Array(4096), SECINFO_RW)
    this.add(PAGE.CODE, CODE_BYTES, SECINFO_RX)
    this.add(PAGE.DATA, new Uint8Array(4096), SECINFO_RW)
    this.host.map(AEP - (AEP % 4096), ram.allocateFrame(), 'RX')
    this.events.length = 0
  }

  /** An EPC page that is not in use. What it was before is no matter, so it is full of that: all bits set, or none. */
  take(was = true): EpcPage {
    const page = this.sgx.epc.allocate()
    if (!page) throw new Error('EPC is full')
    const entry = { R: was, W: was, X: was, BLOCKED: was, PENDING: was, MODIFIED: was, PR: was }
    page.bytes.fill(0xa5)
    return Object.assign(page, entry, { PT: 'PT_TRIM', ENCLAVEADDRESS: 0x1234_5000, ENCLAVESECS: page })
  }

  add(offset: number, source: Uint8Array, flags: bigint): EpcPage {
    const target = this.take()
    const linaddr = BASE + offset
    ENCLS.EADD(this.sgx, { target, secs: this.secs, linaddr, source, secinfo: secinfo(flags) })
    for (let chunk = 0; chunk < 4096; chunk += 256) ENCLS.EEXTEND(this.sgx, { secs: this.secs, target, offset: chunk })
    this.pages.set(offset, target)
    this.host.map(BASE + offset, target.frame)
    return target
  }

  page(offset: number): EpcPage {
    const page = this.pages.get(offset)
    if (!page) throw new Error(`no page at ${offset}`)
    return page
  }

  get mrenclave(): Uint8Array {
    return this.secs.enclave?.measurement.digest() ?? new Uint8Array(0)
  }

  sigstruct(): Uint8Array {
    return signedSigstruct(this.mrenclave, this.options.sigstruct)
  }

  init(): this {
    const code = ENCLS.EINIT(this.sgx, { secs: this.secs, sigstruct: this.sigstruct(), token: TOKEN })
    if (code !== 0) throw new Error(`EINIT failed with ${code}`)
    this.events.length = 0
    return this
  }

  /** ETRACK, and interrupts for whoever is inside. */
  track(): void {
    if (ENCLS.ETRACK(this.sgx, { secs: this.secs }) !== 0) throw new Error('ETRACK failed')
    if (this.secs.enclave) this.sgx.interruptAll(this.secs.enclave)
  }

  /** Registers as the vDSO sets them for EENTER. */
  prepare(leaf: number): void {
    this.state.setGpr(RAX, BigInt(leaf))
    this.state.setGpr(RBX, BigInt(BASE + PAGE.TCS))
    this.state.setGpr(RCX, BigInt(AEP))
    this.state.setGpr(RSP, 0x7ffd_0000n)
    this.state.rip = AEP
  }

  enclu(leaf: number): string {
    this.prepare(leaf)
    return this.run()
  }

  /** What ENCLU does with the registers as they are: the leaf's name, or the fault and the condition that did not hold. */
  run(): string {
    return outcome(() => this.sgx.enclu(this.state, this.host), this.events)
  }
}

/** 'ok', '#GP(0) condition', '#PF(0x8007) condition', or 'code 4 condition'. */
export function outcome(run: () => unknown, events: SgxEvent[]): string {
  events.length = 0
  try {
    const result = run()
    const event = events.at(-1)
    if (event?.kind === 'leaf' && event.outcome.is === 'code') return `code ${event.outcome.code} ${event.condition}`
    return typeof result === 'string' ? result : 'ok'
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown
    const event = events.at(-1)
    const condition = event?.kind === 'leaf' ? ` ${event.condition}` : ''
    return `#${thrown.name}(${thrown.name === 'PF' ? `0x${thrown.errorCode?.toString(16)}` : thrown.errorCode})${condition}`
  }
}
