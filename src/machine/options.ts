import type { HostPort } from '../port/index.ts'
import type { KeptTranslations, NativeCode } from '../translate/index.ts'
import type { VdsoAbi } from '../vdso/index.ts'
import type { ProcessorName } from './processor-profile.ts'
import type { Step } from './stepper.ts'

/** How a machine is built. Everything has a default. */
export interface MachineOptions<A extends VdsoAbi = VdsoAbi> {
  /** Files, console and clock of the host, for programs that run. A host of nothing when absent: enclaves of the library need none. */
  readonly port?: HostPort
  /** Which processor is emulated. */
  readonly cpu?: ProcessorName
  /** false: a machine without SGX (no devices, CPUID without it). */
  readonly sgx?: boolean
  /** The shape of __vdso_sgx_enter_enclave(); that of Linux 5.11 and later when absent. */
  readonly vdso?: A
  /** A whole vDSO image to be used instead of ours, such as the one of a Linux kernel. */
  readonly vdsoImage?: Uint8Array
  /** Offset in `vdsoImage` of the code that reports an exception; it is searched for when absent. */
  readonly vdsoFixup?: number
  /** Bytes of enclave page cache, a multiple of 4096. */
  readonly epcSize?: number
  /**
   * What the keys of EGETKEY and EREPORT derive from: what an enclave seals on one machine, it opens on another with the same
   * number. Default 0.
   */
  readonly machineSeed?: bigint
  /** Everything random follows from it: getrandom, RDRAND, AT_RANDOM. */
  readonly seed?: bigint
  /** Which task runs when, and for how long, is drawn from this number; the tasks take turns with long slices when absent. */
  readonly scheduleSeed?: bigint
  /** Absolute paths that the guest may read or write, files or whole folders, beyond the defaults. */
  readonly allowRead?: readonly string[]
  readonly allowWrite?: readonly string[]
  /** Absolute paths that it may neither read nor write, whatever is allowed: where the host keeps what it trusts. */
  readonly deny?: readonly string[]
  /** false: run everything in the evaluator (exact, slow; for comparison). */
  readonly translate?: boolean
  /** How often code must have run before it is translated to a function of its own; for comparison. The default is made for speed. */
  readonly translateAfter?: number
  /**
   * What `codeCache()` of earlier machines gave: less has to be made before and while the guest runs. What another version of enclu gave is
   * not used. `program` is useful to runs of one program on one processor. Nothing is kept when absent.
   */
  readonly codeCache?: KeptTranslations
  /** With it, `codeCache()` holds what the host has compiled, too. */
  readonly nativeCode?: NativeCode
  /** Called before each instruction of the guest, which then runs in the evaluator, one instruction at a time. */
  readonly onStep?: (step: Step) => void
  /** One line for the user about something refused or ignored, said once each. */
  readonly onNotice?: (text: string) => void
  /** --strace: one line for each system call. */
  readonly onSyscall?: (line: string) => void
  /** --trace-sgx: one line for each leaf, AEX and vDSO crossing. */
  readonly onSgx?: (line: string) => void
}

/** How a program ended. */
export type ExitStatus =
  { readonly kind: 'exited'; readonly code: number } | { readonly kind: 'killed'; readonly signal: number }

/** Counts since the machine was made. */
export interface MachineStats {
  /** Instructions retired. */
  readonly instructions: number
  /** Of those, by the evaluator. */
  readonly evaluated: number
  /** Regions translated, and guest instructions in them. */
  readonly regions: number
  readonly translatedInstructions: number
  /** Regions that earlier runs had translated. */
  readonly keptRegions: number
  /** Of those, regions in modules that the host had compiled in an earlier run. */
  readonly keptCompiled: number
  /** Checks of translated code that handed an instruction to the evaluator. */
  readonly handovers: number
  readonly systemCalls: number
  /** EENTER, ERESUME, EEXIT, AEX. */
  readonly transitions: {
    readonly EENTER: number
    readonly ERESUME: number
    readonly EEXIT: number
    readonly AEX: number
  }
  /** EPC pages that the kernel wrote out for want of room, and loaded again. */
  readonly paging: { readonly writtenOut: number; readonly loaded: number }
  /** Pages of the EPC, and how many of them are taken now. */
  readonly epc: { readonly pages: number; readonly inUse: number }
}
