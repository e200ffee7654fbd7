import { hex } from '../base/index.ts'
import type { CpuState, Fault } from '../cpu/index.ts'
import type { SgxEvent } from '../sgx/index.ts'
import { RBX, RCX, RDI, RSI, RDX } from '../spec/x86/index.ts'

const faultText = (f: Fault): string => {
  const code = f.errorCode === undefined ? '' : `(${hex(f.errorCode)})`
  return `#${f.name}${code}${f.address === undefined ? '' : ` at ${hex(f.address)}`}`
}

/** One line of --trace-sgx. */
export function eventText(e: SgxEvent): string {
  if (e.kind === 'AEX') {
    return `AEX ${e.fault ? faultText(e.fault) : 'interrupt'} RIP=${hex(e.RIP)} TCS=${hex(e.TCS)} AEP=${hex(e.AEP)} SSA frame ${e.frame}`
  }
  if (e.kind === 'paging') {
    const from = e.PT === 'PT_SECS' || e.PT === 'PT_VA' ? '' : ` of ${hex(e.LINADDR)}`
    return `EPC ${hex(e.physicalAddress)} ${e.what}: ${e.PT}${from}, enclave ${e.EID}`
  }
  const name = `${e.family}[${e.leaf}]`
  if (e.outcome.is === 'done') return `${name} done`
  const what = e.outcome.is === 'fault' ? faultText(e.outcome.fault) : `error code ${e.outcome.code}`
  return `${name} ${what}: not met: ${e.condition ?? 'unknown'} ["${e.heading}"]`
}

/** Guest code is at the ENCLU of the vDSO. */
export function enterText(state: CpuState, leaf: string): string {
  return `vDSO ${leaf} TCS=${hex(state.gpr(RBX))} AEP=${hex(state.gpr(RCX))} RDI=${hex(state.gpr(RDI))} RSI=${hex(state.gpr(RSI))} RDX=${hex(state.gpr(RDX))}`
}

/** The kernel sent an exception to the vDSO's fix-up instead of raising a signal. */
export function fixupText(f: Fault): string {
  return `vDSO exception ${faultText(f)} handed to the caller`
}
