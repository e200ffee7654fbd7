import { STATE, type CpuState, type Fault } from '../../cpu/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { PF_ERROR, RDI, RDX, RSI, VECTOR } from '../../spec/x86/index.ts'
import type { Kernel } from '../kernel.ts'
import { isDenial } from '../mm/address-space.ts'
import type { Task } from '../task/task.ts'
import type { SignalInfo } from './info.ts'
import { forceSignal } from './send.ts'

/** What the kernel makes of an exception in user mode: the vDSO's fix-up if there is one for the place, or a signal. */
export function serveFault(kernel: Kernel, task: Task, fault: Fault): void {
  if (fixUp(kernel, task, fault)) return
  const info = signalOf(kernel, task, fault)
  if (!info) return
  task.trap = { number: fault.vector, error: fault.errorCode ?? 0, cr2: fault.address ?? task.trap.cr2 }
  forceSignal(task, info)
}

/**
 * vdso/extable.c: an exception at the ENCLU of __vdso_sgx_enter_enclave() continues behind it, with what happened in RDI, RSI and
 * RDX. RAX stays: it tells whether EENTER failed or the enclave was left. #DB and #BP belong to debuggers.
 */
function fixUp(kernel: Kernel, task: Task, fault: Fault): boolean {
  const base = task.space.vdso
  if (base === 0 || fault.vector === VECTOR.DB || fault.vector === VECTOR.BP) return false
  const { state } = kernel
  const entry = kernel.options.vdso?.exceptionTable.find(({ ip }) => base + ip === state.rip)
  if (!entry) return false
  state.rip = base + entry.fixup
  state.setGpr(RDI, BigInt(fault.vector))
  state.setGpr(RSI, BigInt(fault.errorCode ?? 0))
  state.setGpr(RDX, fault.address ?? 0n)
  return true
}

/** traps.c and fault.c. `undefined` for a floating-point exception that has gone away by itself. */
function signalOf(kernel: Kernel, task: Task, fault: Fault): SignalInfo | undefined {
  const { state } = kernel
  const here = BigInt(state.rip)
  const kernelSays = (signo: number): SignalInfo => ({ signo, code: linux.SI_KERNEL })
  switch (fault.name) {
    case 'DE':
      return { signo: linux.SIGFPE, code: linux.FPE_INTDIV, address: here }
    case 'DB':
      return { signo: linux.SIGTRAP, code: linux.TRAP_TRACE, address: here }
    case 'BP':
      return kernelSays(linux.SIGTRAP)
    case 'UD':
      return { signo: linux.SIGILL, code: linux.ILL_ILLOPN, address: here }
    case 'OF':
    case 'BR':
    case 'GP':
    case 'NM':
    case 'DF':
      return kernelSays(linux.SIGSEGV)
    case 'NP':
    case 'SS':
      return kernelSays(linux.SIGBUS)
    case 'AC':
      return { signo: linux.SIGBUS, code: linux.BUS_ADRALN, address: 0n }
    case 'MF':
    case 'XM': {
      const code = floatingPointCode(state, fault.name)
      return code === 0 ? undefined : { signo: linux.SIGFPE, code, address: here }
    }
    case 'PF':
      return pageFaultSignal(task, fault.address ?? 0n, fault.errorCode ?? 0)
  }
}

/**
 * Asks the address space again, which answers as it did when the access failed. If it has no objection, the EPCM had one: Linux treats
 * that as a wrong access (SEGV_ACCERR).
 */
function pageFaultSignal(task: Task, address: bigint, errorCode: number): SignalInfo {
  const access = errorCode & PF_ERROR.W ? 'W' : errorCode & PF_ERROR.I ? 'X' : 'R'
  const answer = task.space.lookup(Number(address), access)
  if (!isDenial(answer)) return { signo: linux.SIGSEGV, code: linux.SEGV_ACCERR, address }
  return { signo: answer.signal, code: answer.si_code, address }
}

/** fpu__exception_code: the first unmasked exception in this order. */
function floatingPointCode(state: CpuState, name: 'MF' | 'XM'): number {
  const { u16 } = state.ram
  const raised =
    name === 'MF' ? (u16[STATE.X87 / 2 + 1] ?? 0) & ~(u16[STATE.X87 / 2] ?? 0) : state.mxcsr & ~(state.mxcsr >> 7)
  if (raised & 0x01) return linux.FPE_FLTINV
  if (raised & 0x04) return linux.FPE_FLTDIV
  if (raised & 0x08) return linux.FPE_FLTOVF
  if (raised & 0x12) return linux.FPE_FLTUND
  return raised & 0x20 ? linux.FPE_FLTRES : 0
}
