import type { CpuState } from '../../cpu/index.ts'
import type { Kernel, KernelOptions } from '../../linux/index.ts'
import type { HostPort } from '../../port/index.ts'
import type { Sgx } from '../../sgx/index.ts'
import type { VdsoAbi, VdsoImage } from '../../vdso/index.ts'

/** A machine as the calls of the library see it, with a kernel that runs one program of ours. */
export interface Processor {
  readonly kernel: Kernel
  readonly state: CpuState
  readonly sgx: Sgx | undefined
  readonly vdso: VdsoImage
  /** The shape of the call in `vdso`. */
  readonly abi: VdsoAbi
  /** Runs the current task until something happens, and sees to that. */
  readonly slice: () => void
  /** The current task, which is in an enclave, leaves it as an interrupt makes it. */
  readonly leaveEnclave: () => void
}

/** Starts the program on `port` with these hooks of its kernel. */
export type StartProcessor = (
  port: HostPort,
  hooks: Required<Pick<KernelOptions, 'ownCalls' | 'onDeadlySignal'>>,
) => Processor
