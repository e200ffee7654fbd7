import { alignDown, EncluError, hex, invariant, once } from '../base/index.ts'
import { aesGcm, createSha256, type AesGcm, type Sha256Provider } from '../crypto/index.ts'
import { STATE, TRANSITIONS, type CpuState, type Fault, type Ram, type Transition } from '../cpu/index.ts'
import { RAX } from '../spec/x86/index.ts'
import {
  ENCLS_LEAVES,
  ENCLU_LEAVES,
  LEPUBKEYHASH_RESET,
  type EnclsLeafName,
  type EncluLeafName,
} from '../spec/sgx/index.ts'
import { aex } from './aex.ts'
import type { HostPages } from './enclave-pages.ts'
import type { Enclave } from './enclave.ts'
import { leaveEnclave } from './entry.ts'
import { EntryCache, type EntryChecks } from './entry-cache.ts'
import { Epc, type EpcOptions, type EpcPage } from './epc.ts'
import type { SgxEventSink } from './events.ts'
import { ENCLU } from './leaves/index.ts'
import type { EncluLeaf } from './leaf.ts'
import { ENCLAVE_OUTSIDE, isSameMode, TCS_STATE, type EnclaveMode } from './mode.ts'
import { cpuid12H, SGX_PROFILES, type CpuidResult, type SgxProfile } from './profile.ts'
import { Refusals } from './refuse.ts'
import { Secrets } from './secrets.ts'
import { entering, leaving } from './transitions.ts'

export interface SgxOptions {
  /** What the processor would have with every state component; see XCR0. */
  readonly profile?: SgxProfile
  /** The state components that the processor has and the operating system has enabled; x87 and SSE when absent. */
  readonly XCR0?: bigint
  /** The profile's size when absent. */
  readonly epc?: Partial<EpcOptions>
  readonly sha256?: Sha256Provider
  readonly aesGcm?: AesGcm
  /** What this machine's keys derive from: another machine, other keys. */
  readonly machineSeed?: bigint
}

const ENCLU_LENGTH = 3

/** A leaf number of ENCLU on this processor. */
interface NumberedLeaf {
  readonly name: EncluLeafName
  readonly leaf: EncluLeaf | 'unsupported'
  /** CPUID reports it. */
  readonly isReported: boolean
  /** EENTER and ERESUME, which are for outside enclaves; all others are for inside. */
  readonly enters: boolean
  readonly refuse: Refusals
  /** How often it has succeeded. */
  completed: number
}

/** The part of a processor that is SGX: the EPC, and the enclave mode of the logical processor that runs now. */
export class Sgx {
  readonly profile: SgxProfile
  readonly epc: Epc
  readonly createSha256: Sha256Provider
  readonly aesGcm: AesGcm
  private readonly lateSecrets: () => Secrets
  /** XCR0 outside enclaves. */
  readonly XCR0: bigint
  /** IA32_SGXLEPUBKEYHASH0-3; the kernel writes them before EINIT. */
  IA32_SGXLEPUBKEYHASH: readonly [bigint, bigint, bigint, bigint] = [...LEPUBKEYHASH_RESET]
  /** For tracing. */
  onEvent: SgxEventSink | undefined
  /**
   * The EPCM entry of a page now allows less than before (or the page is free): whoever caches translations forgets them. For a
   * PT_SECS page, the enclave is gone. On hardware this is system software's duty (ETRACK and interrupts); here it is immediate.
   */
  onEpcmChange: ((page: EpcPage) => void) | undefined
  /**
   * Enclave mode of the logical processor; undefined outside. The kernel saves and sets it, together with CpuState, when it
   * switches tasks without an asynchronous exit.
   */
  mode: EnclaveMode | undefined
  /** CR_NEXT_EID. */
  nextEid = 1n
  /** Enclaves whose SECS has been written out, by SECS.EID: what the processor keeps of them beyond the bytes of the page. */
  readonly writtenOut = new Map<bigint, Enclave>()
  /** Changes when what the EPCM allowed may no longer be allowed. */
  epcmEpoch = 0
  /** Asynchronous exits so far, and EPC pages that were written out and loaded. */
  readonly counts = { AEX: 0, writtenOut: 0, loaded: 0 }
  readonly entryCache = new EntryCache()
  /** By STATE.ENCLAVE: the mode that entering by this TCS led to the last time. */
  private readonly modes = new Map<number, EnclaveMode>()
  /** Where the last ENCLU was executed. */
  private lastLeft: EnclaveMode | undefined
  /** What the last EENTER has found out. */
  lastEntry: EntryChecks | undefined
  private lastVersion = 0n
  private readonly refusals = new Map<EncluLeafName | EnclsLeafName, Refusals>()
  private readonly leaves: (NumberedLeaf | undefined)[] = []

  constructor(ram: Ram, { profile = SGX_PROFILES.sgx2, epc = {}, sha256 = createSha256, ...more }: SgxOptions = {}) {
    this.XCR0 = more.XCR0 ?? 3n
    this.profile = { ...profile, XFRM: profile.XFRM & this.XCR0 }
    this.epc = new Epc(ram, { size: profile.epcSize, ...epc })
    this.createSha256 = sha256
    this.aesGcm = more.aesGcm ?? aesGcm
    this.lateSecrets = once(() => new Secrets(more.machineSeed ?? 0n))
    for (const name of [...Object.keys(ENCLU_LEAVES), ...Object.keys(ENCLS_LEAVES)]) {
      const leaf = name as EncluLeafName | EnclsLeafName
      this.refusals.set(leaf, new Refusals(leaf, this))
    }
    for (const [key, { number, since }] of Object.entries(ENCLU_LEAVES)) {
      const name = key as EncluLeafName
      const isReported = this.profile.features.includes(since)
      const enters = name === 'EENTER' || name === 'ERESUME'
      this.leaves[number] = { name, leaf: ENCLU[name], isReported, enters, refuse: this.refusalsOf(name), completed: 0 }
    }
  }

  /** Derived when a leaf asks for them: most programs build no enclave. */
  get secrets(): Secrets {
    return this.lateSecrets()
  }

  /** CPUID leaf 12H. */
  cpuid(subleaf: number): CpuidResult {
    return cpuid12H(this.profile, this.epc, subleaf)
  }

  /**
   * A version for a slot of a version array: never the same twice, never 0, which is an empty slot, and bits 2:0 clear, which EDBGRD
   * masks off.
   */
  nextVersion(): bigint {
    return (this.lastVersion += 8n)
  }

  /** A leaf took rights away, or the page away, or wrote a TCS. */
  epcmChanged(page: EpcPage): void {
    this.epcmEpoch++
    this.forgetTransitions()
    this.onEpcmChange?.(page)
  }

  /**
   * What the interrupts do that system software sends to every logical processor inside: all leave, and come back when the handler
   * returns. Deviation: in place, without an SSA frame being written; translations are forgotten at once anyway (`onEpcmChange`).
   */
  interruptAll(enclave: Enclave): void {
    for (const mode of enclave.threads) mode.epoch = enclave.epoch
  }

  /** Does a logical processor that is inside hold on to the page: its TCS, or its current SSA frame? */
  isInUse(page: EpcPage): boolean {
    const threads = page.ENCLAVESECS?.enclave?.threads ?? []
    return threads.some(
      (mode) =>
        mode.tcs === page || mode.CR_XSAVE_PAGE_0 === page.frame || alignDown(mode.CR_GPR_PA, 4096) === page.frame,
    )
  }

  /** Nothing that `transition` gave shall be done any more. */
  forgetTransitions(): void {
    const { u32 } = this.epc.ram
    u32[TRANSITIONS.EPOCH / 4] = (u32[TRANSITIONS.EPOCH / 4] ?? 0) + 1
  }

  /**
   * The ENCLU at `address`, just done here, as words: `leaf` is what `enclu` returned. They may be done until the next look at an
   * address space that has changed since, or `forgetTransitions`; `follow` then tells the rest of the processor. Undefined: not this one.
   */
  transition(leaf: EncluLeafName, address: number): Transition | undefined {
    const { mode, lastEntry } = this
    if (leaf === 'EENTER' && mode && lastEntry && !mode.CR_SAVE_TF) {
      // Code that is written to must be noticed.
      const mayHoldCode = this.epc.pageAt(alignDown(mode.CR_GPR_PA, 4096))?.X !== false
      return mayHoldCode ? undefined : entering(lastEntry, address + ENCLU_LENGTH)
    }
    return leaf === 'EEXIT' && this.lastLeft ? leaving(this.lastLeft) : undefined
  }

  /** Enclave mode as STATE.ENCLAVE says, which transitions have changed. */
  follow(state: CpuState): void {
    const number = state.ram.u32[STATE.ENCLAVE / 4] ?? 0
    if (number === (this.mode ? this.mode.tcs.insideNumber : ENCLAVE_OUTSIDE)) return
    if (this.mode) leaveEnclave(this.mode)
    this.mode = this.modes.get(number)
    invariant((this.mode === undefined) === (number === ENCLAVE_OUTSIDE), 'who is inside has a mode')
    this.mode?.enclave.threads.push(this.mode)
  }

  /**
   * The mode to be in: the same object as the last time when it would be equal, as transitions name it by its TCS alone. The frame
   * follows from TCS.CSSA, which they look at.
   */
  modeFor(fresh: EnclaveMode): EnclaveMode {
    const number = fresh.tcs.insideNumber
    const known = this.modes.get(number)
    if (known && isSameMode(known, fresh)) return known
    if (known) this.forgetTransitions()
    this.modes.set(number, fresh)
    return fresh
  }

  /** System software has thrown away what EWB wrote of this enclave's SECS: nobody can load it again. */
  forget(EID: bigint): void {
    this.writtenOut.delete(EID)
  }

  refusalsOf(leaf: EncluLeafName | EnclsLeafName): Refusals {
    return this.refusals.get(leaf) ?? new Refusals(leaf, this)
  }

  /**
   * Executes the ENCLU at RIP ("ENCLU—Execute an Enclave User Function of Specified Leaf Number") and sets RIP. Entering and
   * leaving change `mode`, and with it which view of memory is current: the caller looks at `mode` afterwards. Throws the Fault;
   * state is then as before the instruction, and inside an enclave the caller goes on with `aex`.
   */
  enclu(state: CpuState, memory: HostPages, nextRip = state.rip + ENCLU_LENGTH): EncluLeafName {
    // The upper half of RAX is ignored.
    const number = state.ram.u32[(STATE.GPR + 8 * RAX) / 4] ?? 0
    const numbered = this.leaves[number]
    if (!numbered) return this.refusalsOf('EENTER').GP(`EAX (${hex(number)}) is a leaf number`)
    const { name, leaf, refuse } = numbered
    if (!numbered.isReported) return refuse.GP(`EAX is a leaf number that CPUID reports (${ENCLU_LEAVES[name].since})`)
    if (this.mode && numbered.enters) return refuse.GP('CR_ENCLAVE_MODE = 0')
    if (!this.mode && !numbered.enters) return refuse.GP('CR_ENCLAVE_MODE = 1')
    if (leaf === 'unsupported') {
      const message = `ENCLU[${name}] at ${hex(state.rip)} is not implemented yet.`
      throw new EncluError('ERR_UNIMPLEMENTED', message, { leaf: name, rip: state.rip })
    }
    this.lastLeft = this.mode
    const code = leaf.run({ sgx: this, state, memory, nextRip, refuse })
    if (!code) {
      numbered.completed++
      refuse.done()
    }
    return name
  }

  /** How often an ENCLU leaf has succeeded so far. */
  completed(name: EncluLeafName): number {
    const here = this.leaves[ENCLU_LEAVES[name].number]?.completed ?? 0
    const at = name === 'EENTER' ? TRANSITIONS.ENTERED : name === 'EEXIT' ? TRANSITIONS.LEFT : undefined
    return at === undefined ? here : here + Number(this.epc.ram.u64[at / 8])
  }

  /** An asynchronous exit that nobody will resume from: what was in the registers is lost, an SSA frame is used up. */
  abandon(mode: EnclaveMode): void {
    const { tcs } = mode.tcs
    tcs.STATE = TCS_STATE.INACTIVE
    tcs.CSSA++
    leaveEnclave(mode)
  }

  /**
   * Asynchronous enclave exit: saves the state of the enclave in its SSA frame, loads the synthetic state and leaves enclave mode.
   * `cause` undefined is an interrupt. Returns the fault as the operating system sees it: CR2 without its low 12 bits.
   * Preconditions: `mode` is defined, RIP is where the enclave would go on.
   */
  aex(state: CpuState, cause?: Fault): Fault | undefined {
    return aex(this, state, cause)
  }
}
