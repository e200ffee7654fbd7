import * as linux from '../../spec/linux/index.ts'
import { accessMemory } from '../mm/foreign-memory.ts'
import { restoreFpstate, saveFpstate } from '../signal/fpstate.ts'
import { siginfoBytes, type SignalInfo } from '../signal/info.ts'
import { sendToTask } from '../signal/send.ts'
import { syscall, type SyscallContext } from '../syscall.ts'
import { exitGroup } from '../task/life.ts'
import { readRegisters, withRegisters, writeRegisters } from '../task/registers.ts'
import type { Task } from '../task/task.ts'
import { detach, resume, Tracing, type TraceStop } from '../task/tracing.ts'
import { piecesAt } from './transfer.ts'

/** Debuggers: ptrace(2), process_vm_readv(2). */

const { EFAULT, EINVAL, EIO, EPERM, ESRCH, PTRACE } = linux
const WORD = 8
/** arch/x86/kernel/ptrace.c: larger sets are not read. */
const MAX_REGSET = 4096

/** What a request works on: a tracee of the caller that is in a ptrace-stop. */
interface Stopped extends SyscallContext {
  readonly tracee: Task
  readonly tracing: Tracing
  readonly stop: TraceStop
  readonly addr: bigint
  readonly data: bigint
}

/** Yama's ptrace_scope is 0, as on Debian: one's own dumpable processes may be attached to. */
function attach({ kernel, task }: SyscallContext, tracee: Task): number {
  if (tracee.process === task.process || tracee.tracing || tracee.process.dumpable !== 1) return -EPERM
  tracee.tracing = new Tracing(task)
  sendToTask(kernel, tracee, {
    signo: linux.SIGSTOP,
    code: linux.SI_USER,
    pid: task.process.pid,
    uid: task.process.credentials.uid,
  })
  return 0
}

function traceMe({ task }: SyscallContext): number {
  const [tracer] = task.process.parent?.threads ?? []
  if (task.tracing || !tracer) return -EPERM
  task.tracing = new Tracing(tracer)
  return 0
}

const isSignal = (data: bigint): boolean => data <= BigInt(linux.NSIG)

function goOn({ tracee, tracing, data }: Stopped, step?: 'next'): number {
  if (!isSignal(data)) return -EIO
  resume(tracee, tracing, Number(data))
  tracing.step = step
  return 0
}

function peek({ task, tracee, addr, data }: Stopped): number {
  const word = new Uint8Array(WORD)
  if (accessMemory(tracee.space, Number(addr), word, { write: false, force: true }) !== WORD) return -EIO
  return task.memory.write(Number(data), word) ? 0 : -EFAULT
}

function poke({ tracee, addr, data }: Stopped): number {
  const word = new Uint8Array(BigUint64Array.of(data).buffer)
  return accessMemory(tracee.space, Number(addr), word, { write: true, force: true }) === WORD ? 0 : -EIO
}

const isUserOffset = (addr: bigint): boolean => addr % BigInt(WORD) === 0n && addr < BigInt(linux.USER_SIZE)
const isDebugRegister = (addr: bigint): boolean =>
  addr >= BigInt(linux.USER_DEBUGREG) && addr < BigInt(linux.USER_DEBUGREG + 8 * WORD)

/** PTRACE_PEEKUSER: a register by its place in struct user; everything else there reads as 0, as the debug registers do. */
function peekUser({ kernel, task, tracee, addr, data }: Stopped): number {
  if (!isUserOffset(addr)) return -EIO
  const at = Number(addr)
  const word = at < linux.user_regs.size ? readRegisters(kernel, tracee).subarray(at, at + WORD) : new Uint8Array(WORD)
  return task.memory.write(Number(data), word) ? 0 : -EFAULT
}

function pokeUser({ kernel, tracee, addr, data }: Stopped): number {
  if (!isUserOffset(addr)) return -EIO
  if (addr < BigInt(linux.user_regs.size)) {
    const regs = readRegisters(kernel, tracee)
    new DataView(regs.buffer).setBigUint64(Number(addr), data, true)
    return writeRegisters(kernel, tracee, regs)
  }
  if (!isDebugRegister(addr)) return -EIO
  // Switching breakpoints off is all that can be done with registers that are not there.
  return data === 0n ? 0 : kernel.unknown.gap('ptrace', -EIO, 'The program set a hardware breakpoint with ptrace')
}

function setRegisters({ kernel, task, tracee, data }: Stopped): number {
  const bytes = task.memory.read(Number(data), linux.user_regs.size)
  return bytes ? writeRegisters(kernel, tracee, bytes) : -EFAULT
}

const readFp = ({ kernel, tracee }: Stopped): Uint8Array => withRegisters(kernel, tracee, saveFpstate)
/** -EINVAL for a reserved bit of MXCSR. */
const writeFp = ({ kernel, tracee }: Stopped, image: Uint8Array): number =>
  withRegisters(kernel, tracee, (state) => restoreFpstate(state, image)) ? 0 : -EINVAL

function setFpRegisters(c: Stopped): number {
  const image = c.task.memory.read(Number(c.data), linux.fpstate.size)
  return image ? writeFp(c, image) : -EFAULT
}

/** PTRACE_GETREGSET and PTRACE_SETREGSET: `addr` names the set, `data` is an iovec whose length is told back. */
function regset(c: Stopped, write: boolean): number {
  const { kernel, task, tracee, addr, data } = c
  const vector = task.memory.struct(linux.iovec, Number(data))
  if (!vector) return -EFAULT
  if (addr === BigInt(linux.NT_X86_XSTATE)) return xstate(c)
  if (addr !== BigInt(linux.NT_PRSTATUS) && addr !== BigInt(linux.NT_PRFPREG)) return -EINVAL
  const isGeneral = addr === BigInt(linux.NT_PRSTATUS)
  const now = isGeneral ? readRegisters(kernel, tracee) : readFp(c)
  const wanted = Number(vector.iov_len)
  if (wanted % WORD !== 0) return -EINVAL
  const length = Math.min(wanted, now.length, MAX_REGSET)
  if (write) {
    const part = task.memory.read(Number(vector.iov_base), length)
    if (!part) return -EFAULT
    now.set(part)
    const answer = isGeneral ? writeRegisters(kernel, tracee, now) : writeFp(c, now)
    if (answer < 0) return answer
  } else if (!task.memory.write(Number(vector.iov_base), now.subarray(0, length))) return -EFAULT
  return task.memory.setU64(Number(data) + WORD, BigInt(length)) ? 0 : -EFAULT
}

/** Without XSAVE there is no such set. */
const xstate = ({ kernel }: Stopped): number =>
  kernel.state.xcr0 <= 3n
    ? -linux.ENODEV
    : kernel.unknown.gap('ptrace', -linux.ENODEV, 'The program asked for NT_X86_XSTATE with ptrace')

function readSiginfo({ task, stop, data }: Stopped): number {
  if (!stop.info) return -EINVAL
  return task.memory.write(Number(data), siginfoBytes(stop.info)) ? 0 : -EFAULT
}

function writeSiginfo({ task, stop, data }: Stopped): number {
  const raw = task.memory.read(Number(data), linux.siginfo_t.size)
  if (!raw) return -EFAULT
  if (!stop.info) return -EINVAL
  const { si_signo, si_code } = linux.siginfo_t.view(raw)
  const info: SignalInfo = { signo: si_signo, code: si_code | 0, raw }
  stop.info = info
  return 0
}

const OPTIONS_THAT_ARE_THERE = linux.PTRACE_O_EXITKILL | linux.PTRACE_O_TRACESYSGOOD

function setOptions({ kernel, tracing, data }: Stopped): number {
  const options = Number(data)
  if (!Number.isSafeInteger(options) || options > linux.PTRACE_O_MASK || (options & ~linux.PTRACE_O_MASK) !== 0)
    return -EINVAL
  if ((options & ~OPTIONS_THAT_ARE_THERE) !== 0)
    return kernel.unknown.gap('ptrace', -EINVAL, `The program used ptrace with the options 0x${options.toString(16)}`)
  tracing.exitKill = (options & linux.PTRACE_O_EXITKILL) !== 0
  return 0
}

function kill({ kernel, tracee }: Stopped): number {
  exitGroup(kernel, tracee.process, linux.SIGKILL)
  return 0
}

function letGo({ tracee, tracing, data }: Stopped): number {
  if (!isSignal(data)) return -EIO
  detach(tracee, tracing, Number(data))
  return 0
}

// prettier-ignore
const REQUESTS: Readonly<Record<number, (c: Stopped) => number>> = {
  [PTRACE.PEEKTEXT]: peek, [PTRACE.PEEKDATA]: peek, [PTRACE.POKETEXT]: poke, [PTRACE.POKEDATA]: poke,
  [PTRACE.PEEKUSER]: peekUser, [PTRACE.POKEUSER]: pokeUser,
  [PTRACE.CONT]: (c) => goOn(c), [PTRACE.SINGLESTEP]: (c) => goOn(c, 'next'), [PTRACE.KILL]: kill, [PTRACE.DETACH]: letGo,
  [PTRACE.GETREGS]: (c) => (c.task.memory.write(Number(c.data), readRegisters(c.kernel, c.tracee)) ? 0 : -EFAULT),
  [PTRACE.SETREGS]: setRegisters,
  [PTRACE.GETFPREGS]: (c) => (c.task.memory.write(Number(c.data), readFp(c)) ? 0 : -EFAULT),
  [PTRACE.SETFPREGS]: setFpRegisters,
  [PTRACE.GETREGSET]: (c) => regset(c, false), [PTRACE.SETREGSET]: (c) => regset(c, true),
  [PTRACE.GETSIGINFO]: readSiginfo, [PTRACE.SETSIGINFO]: writeSiginfo, [PTRACE.SETOPTIONS]: setOptions,
  // There are no events, so no message was ever stored.
  [PTRACE.GETEVENTMSG]: (c) => (c.task.memory.setU64(Number(c.data), 0n) ? 0 : -EFAULT),
}

// prettier-ignore
export const ptrace = syscall(101, 'ptrace', { request: 'int', pid: 'int', addr: 'u64', data: 'u64' }, {
  support: 'partial', note: 'No PTRACE_SEIZE, no PTRACE_SYSCALL, no events, no hardware breakpoints: those end the run by name.', spec: 'ptrace(2)',
  run(c, { request, pid, addr, data }) {
    if (request === PTRACE.TRACEME) return traceMe(c)
    const { kernel, task } = c
    const tracee = kernel.tasks.get(pid)
    if (!tracee) return -ESRCH
    if (request === PTRACE.ATTACH) return attach(c, tracee)
    const [name] = Object.entries(PTRACE).find(([, number]) => number === request) ?? []
    const gap = (): number => kernel.unknown.gap('ptrace', -EIO, `The program called ptrace(PTRACE_${name})`)
    if (request === PTRACE.SEIZE) return gap()
    const { tracing } = tracee
    if (tracing?.tracer !== task) return -ESRCH
    if (request === PTRACE.KILL && !tracing.stop) return 0
    if (!tracing.stop && request !== PTRACE.INTERRUPT) return -ESRCH
    const serve = REQUESTS[request]
    if (!serve || !tracing.stop) return name === undefined ? -EIO : gap()
    return serve({ kernel, task, tracee, tracing, stop: tracing.stop, addr, data })
  },
})

/** Both directions of process_vm_readv(2). Unlike a debugger's, these accesses have the process's own rights. */
function copyBetween(
  c: SyscallContext,
  write: boolean,
  a: Readonly<Record<'pid' | 'lvec' | 'liovcnt' | 'rvec' | 'riovcnt', number>>,
): number {
  const { kernel, task } = c
  const local = piecesAt(task, a.lvec, a.liovcnt)
  if (typeof local === 'number') return local
  const remote = piecesAt(task, a.rvec, a.riovcnt)
  if (typeof remote === 'number') return remote
  const target = kernel.tasks.get(a.pid)
  if (!target) return -ESRCH
  let done = 0
  let [i, j, used, far] = [0, 0, 0, 0]
  for (;;) {
    while (local[i] && used === local[i]?.length) [i, used] = [i + 1, 0]
    while (remote[j] && far === remote[j]?.length) [j, far] = [j + 1, 0]
    const [here, there] = [local[i], remote[j]]
    if (!here || !there) return done
    const buffer = new Uint8Array(
      Math.min(here.length - used, there.length - far, 4096 - ((there.address + far) % 4096)),
    )
    if (write && task.memory.copyIn(here.address + used, buffer) < buffer.length) break
    if (accessMemory(target.space, there.address + far, buffer, { write, force: false }) < buffer.length) break
    if (!write && !task.memory.write(here.address + used, buffer)) break
    done += buffer.length
    used += buffer.length
    far += buffer.length
  }
  return done > 0 ? done : -EFAULT
}

const VM_ARGUMENTS = { pid: 'int', lvec: 'addr', liovcnt: 'int', rvec: 'addr', riovcnt: 'int', flags: 'u64' } as const

// prettier-ignore
export const process_vm_readv = syscall(310, 'process_vm_readv', VM_ARGUMENTS, {
  support: 'full', spec: 'process_vm_readv(2)', run: (c, a) => (a.flags === 0n ? copyBetween(c, false, a) : -EINVAL),
})

// prettier-ignore
export const process_vm_writev = syscall(311, 'process_vm_writev', VM_ARGUMENTS, {
  support: 'full', spec: 'process_vm_readv(2)', run: (c, a) => (a.flags === 0n ? copyBetween(c, true, a) : -EINVAL),
})
