import { STATE, type CpuState } from '../../cpu/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { GPR, RAX, RDI, RDX, RFLAGS, RSI, RSP, type GprName } from '../../spec/x86/index.ts'
import type { Kernel } from '../kernel.ts'
import { structBytes } from '../mm/user-memory.ts'
import type { Task } from '../task/task.ts'
import { fpstateSize, resetFpstate, restoreFpstate, saveFpstate } from './fpstate.ts'
import { siginfoBytes, type SignalInfo } from './info.ts'
import { NO_ALTERNATE_STACK, UNBLOCKABLE, type AlternateStack, type Disposition } from './state.ts'

/** The stack frame of a signal handler, struct rt_sigframe of x86-64: made at delivery, taken back by rt_sigreturn(2). */

/** Bytes below RSP that leaf functions may use without moving it (x86-64 ABI, "The Stack Frame"). */
const RED_ZONE = 128n
const FPSTATE_ALIGNMENT = 64n
/** Flags that sigreturn takes from the frame. */
const RESTORED_FLAGS = BigInt(
  RFLAGS.AC | RFLAGS.OF | RFLAGS.DF | RFLAGS.TF | RFLAGS.SF | RFLAGS.ZF | RFLAGS.AF | RFLAGS.PF | RFLAGS.CF | RFLAGS.RF,
)
const CLEARED_FLAGS = BigInt(RFLAGS.DF | RFLAGS.RF | RFLAGS.TF)

/** Members of sigcontext that are general registers, by the name of the register. */
const SAVED = GPR.map((name, n) => [name.toLowerCase() as Lowercase<GprName>, n] as const)

/** All 64 bits: what is not canonical faults at the next fetch. */
const setRip = (state: CpuState, rip: bigint): void => {
  state.ram.u64[STATE.RIP / 8] = rip
}

const alignDown64 = (n: bigint, size: bigint): bigint => n - (n % size)

/** RSP is within the alternate stack (sigaltstack(2)). With SS_AUTODISARM it was switched off at entry. */
export function isOnStack(stack: AlternateStack, rsp: bigint): boolean {
  if (stack.ss_flags & linux.SS_AUTODISARM) return false
  return rsp > stack.ss_sp && rsp - stack.ss_sp <= stack.ss_size
}

/** Where the frame and its floating-point state go, or undefined if the alternate stack is too small. */
function placeFrame(
  task: Task,
  rsp: bigint,
  fpSize: number,
  flags: number,
): { frame: bigint; fpstate: bigint } | undefined {
  const { stack } = task.signals
  const nested = isOnStack(stack, rsp)
  let top = rsp - RED_ZONE
  let entering = false
  if (flags & linux.SA.ONSTACK && stack.ss_size !== 0n && !isOnStack(stack, top)) {
    top = stack.ss_sp + stack.ss_size
    entering = true
  }
  const fpstate = alignDown64(top - BigInt(fpSize), FPSTATE_ALIGNMENT)
  // As after a call: RSP + 8 is a multiple of 16 at the handler's first instruction.
  const frame = alignDown64(fpstate - BigInt(linux.rt_sigframe.size), 16n) - 8n
  if ((nested || entering) && (frame <= stack.ss_sp || frame - stack.ss_sp > stack.ss_size)) return undefined
  return { frame, fpstate }
}

/** Makes the task run its handler next. False if the frame cannot be written or the handler has no restorer. */
export function pushFrame(kernel: Kernel, task: Task, info: SignalInfo, action: Disposition): boolean {
  const { state } = kernel
  const place = placeFrame(task, state.gpr(RSP), fpstateSize(state), action.flags)
  if (!place || place.frame < 0n) return false
  if (!task.memory.write(Number(place.fpstate), saveFpstate(state))) return false
  const bytes = structBytes(linux.rt_sigframe, {
    pretcode: action.restorer,
    uc: ucontextBytes(task, state, place.fpstate),
    info: siginfoBytes(info),
  })
  // 64-bit programs must bring their own trampoline.
  if (!(action.flags & linux.SA.RESTORER)) return false
  if (!task.memory.write(Number(place.frame), bytes)) return false
  if (task.signals.stack.ss_flags & linux.SS_AUTODISARM) task.signals.stack = NO_ALTERNATE_STACK
  state.setGpr(RDI, BigInt(info.signo))
  state.setGpr(RSI, place.frame + BigInt(linux.rt_sigframe.fields.info.offset))
  state.setGpr(RDX, place.frame + BigInt(linux.rt_sigframe.fields.uc.offset))
  state.setGpr(RAX, 0n)
  state.setGpr(RSP, place.frame)
  setRip(state, action.handler)
  state.rflags &= ~CLEARED_FLAGS
  resetFpstate(state)
  return true
}

function ucontextBytes(task: Task, state: CpuState, fpstate: bigint): Uint8Array {
  const { signals, trap } = task
  const context = new Uint8Array(linux.sigcontext.size)
  const c = linux.sigcontext.view(context)
  for (const [name, n] of SAVED) c[name] = state.gpr(n)
  const mask = signals.savedMask ?? signals.mask
  Object.assign(c, {
    rip: BigInt(state.rip),
    eflags: state.rflags,
    cs: linux.USER_CS,
    ss: linux.USER_DS,
    err: BigInt(trap.error),
    trapno: BigInt(trap.number),
    oldmask: mask,
    cr2: trap.cr2,
    fpstate,
  })
  return structBytes(linux.ucontext, {
    uc_flags: BigInt(
      linux.UC_SIGCONTEXT_SS |
        linux.UC_STRICT_RESTORE_SS |
        (fpstateSize(state) > linux.fpstate.size ? linux.UC_FP_XSTATE : 0),
    ),
    uc_stack: structBytes(linux.stack_t, signals.stack),
    uc_mcontext: context,
    uc_sigmask: mask,
  })
}

/** rt_sigreturn(2): the state that the frame holds, whatever is in it now. False where the kernel would send SIGSEGV. */
export function popFrame(kernel: Kernel, task: Task): boolean {
  const { state } = kernel
  // The handler's RET has taken pretcode off the stack.
  const at = Number(state.gpr(RSP)) - 8
  const bytes = task.memory.read(at, linux.rt_sigframe.size)
  if (!bytes) return false
  const uc = linux.ucontext.view(linux.rt_sigframe.view(bytes).uc)
  const c = linux.sigcontext.view(uc.uc_mcontext)
  if (!restoreFp(task, state, c.fpstate)) return false
  task.signals.mask = uc.uc_sigmask & ~UNBLOCKABLE
  for (const [name, n] of SAVED) state.setGpr(n, c[name])
  setRip(state, c.rip)
  state.rflags = (state.rflags & ~RESTORED_FLAGS) | (c.eflags & RESTORED_FLAGS)
  restoreStack(task, linux.stack_t.view(uc.uc_stack), state.gpr(RSP))
  return true
}

function restoreFp(task: Task, state: CpuState, address: bigint): boolean {
  if (address === 0n) {
    resetFpstate(state)
    return true
  }
  const image =
    task.memory.read(Number(address), fpstateSize(state)) ?? task.memory.read(Number(address), linux.fpstate.size)
  return image !== undefined && restoreFpstate(state, image)
}

/** As sigaltstack(2) would set it; what it refuses is left as it is. */
function restoreStack(task: Task, stack: AlternateStack, rsp: bigint): void {
  setAlternateStack(task, { ss_sp: stack.ss_sp, ss_size: stack.ss_size, ss_flags: stack.ss_flags }, rsp)
}

/** sigaltstack(2), the part that changes the stack. */
export function setAlternateStack(task: Task, { ss_sp, ss_size, ss_flags }: AlternateStack, rsp: bigint): number {
  const { signals } = task
  if (isOnStack(signals.stack, rsp)) return -linux.EPERM
  const mode = (ss_flags & ~linux.SS_AUTODISARM) >>> 0
  if (mode !== linux.SS_DISABLE && mode !== linux.SS_ONSTACK && mode !== 0) return -linux.EINVAL
  if (mode === linux.SS_DISABLE) {
    signals.stack = { ss_sp: 0n, ss_size: 0n, ss_flags }
    return 0
  }
  if (ss_size < BigInt(linux.MINSIGSTKSZ)) return -linux.ENOMEM
  signals.stack = { ss_sp, ss_size, ss_flags }
  return 0
}
