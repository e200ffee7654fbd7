import { structBytes } from '../mm/user-memory.ts'
import * as linux from '../../spec/linux/index.ts'

/** Why a signal was sent: what becomes a siginfo_t. Fields are those of its union that this kind of signal has. */
export interface SignalInfo {
  readonly signo: number
  /** si_code: SI_USER, SEGV_MAPERR ... */
  readonly code: number
  readonly errno?: number
  /** The sender, or the child of a SIGCHLD. */
  readonly pid?: number
  readonly uid?: number
  /** sigqueue(3). */
  readonly value?: bigint
  /** si_addr of a fault. */
  readonly address?: bigint
  /** SIGCHLD: exit status or signal. */
  readonly status?: number
  readonly utime?: bigint
  readonly stime?: bigint
  /** The bytes that rt_sigqueueinfo(2) was given, taken as they are. */
  readonly raw?: Uint8Array
}

/** The signals of a fault at an address: their siginfo holds si_addr. */
const FAULTS: readonly number[] = [linux.SIGSEGV, linux.SIGBUS, linux.SIGILL, linux.SIGFPE, linux.SIGTRAP]

export function siginfoBytes(info: SignalInfo): Uint8Array {
  if (info.raw) return info.raw
  const { signo, code, pid = 0, uid = 0 } = info
  const bytes = new Uint8Array(linux.siginfo_t.size)
  if (info.status !== undefined) {
    const { status, utime = 0n, stime = 0n } = info
    bytes.set(
      structBytes(linux.siginfo_child, {
        si_pid: pid,
        si_uid: uid,
        si_status: status,
        si_utime: utime,
        si_stime: stime,
      }),
    )
  } else if (FAULTS.includes(signo) && code > 0) {
    bytes.set(structBytes(linux.siginfo_fault, { si_addr: info.address ?? 0n }))
  } else {
    bytes.set(structBytes(linux.siginfo_kill, { si_pid: pid, si_uid: uid, si_value: info.value ?? 0n }))
  }
  Object.assign(linux.siginfo_t.view(bytes), { si_signo: signo, si_errno: info.errno ?? 0, si_code: code })
  return bytes
}
