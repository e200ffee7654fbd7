import { STATE, type CpuState } from '../../cpu/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { GPR, RFLAGS, type GprName } from '../../spec/x86/index.ts'
import type { Kernel } from '../kernel.ts'
import { TASK_SIZE } from '../mm/layout.ts'
import type { Task } from './task.ts'

/** The registers of a task that is not on the processor, as ptrace(2) shows and changes them. */

const NAMES = GPR.map((name, n) => [name.toLowerCase() as Lowercase<GprName>, n] as const)
/** arch/x86/kernel/ptrace.c: what a debugger may change of RFLAGS. */
const FLAG_MASK = BigInt(
  RFLAGS.CF |
    RFLAGS.PF |
    RFLAGS.AF |
    RFLAGS.ZF |
    RFLAGS.SF |
    RFLAGS.TF |
    RFLAGS.DF |
    RFLAGS.OF |
    RFLAGS.RF |
    RFLAGS.AC |
    RFLAGS.NT,
)
const NOT_IN_A_CALL = 2n ** 64n - 1n
/** What a call that a signal interrupts has in RAX: -ERESTARTSYS. */
const TO_BE_RESTARTED = 2n ** 64n - 512n

type Registers = ReturnType<typeof linux.user_regs.view>

/** Runs `action` with the task's registers in the state block, as CpuState knows them. */
export function withRegisters<T>(kernel: Kernel, task: Task, action: (state: CpuState) => T): T {
  const { state } = kernel
  if (task === kernel.current) return action(state)
  const mine = state.save()
  state.load(task.block)
  try {
    return action(state)
  } finally {
    task.block = state.save()
    state.load(mine)
  }
}

export function readRegisters(kernel: Kernel, task: Task): Uint8Array {
  const bytes = new Uint8Array(linux.user_regs.size)
  const regs = linux.user_regs.view(bytes)
  withRegisters(kernel, task, (state) => {
    for (const [name, n] of NAMES) regs[name] = state.gpr(n)
    regs.rip = BigInt(state.rip)
    regs.eflags = state.rflags
    regs.fs_base = state.fsBase
    regs.gs_base = state.gsBase
  })
  regs.cs = BigInt(linux.USER_CS)
  regs.ss = BigInt(linux.USER_DS)
  regs.orig_rax = task.call ? BigInt(task.call.row.number) : NOT_IN_A_CALL
  if (task.call) regs.rax = TO_BE_RESTARTED
  return bytes
}

/** All registers at once: 0, or -EIO for what no program can have; then nothing has changed. */
export function writeRegisters(kernel: Kernel, task: Task, bytes: Uint8Array): number {
  const regs = linux.user_regs.view(bytes)
  const limit = BigInt(TASK_SIZE)
  if (!isUserSelectors(regs) || regs.fs_base >= limit || regs.gs_base >= limit) return -linux.EIO
  const { call } = task
  if (call) {
    const now = linux.user_regs.view(readRegisters(kernel, task))
    const restarts = regs.rip === now.rip && regs.rax === now.rax && regs.orig_rax === now.orig_rax
    // Elsewhere, or told that there is no call to restart: the wait is over.
    if (!restarts) {
      call.wait.cancel?.()
      task.call = undefined
      task.state = 'runnable'
    }
  }
  withRegisters(kernel, task, (state) => {
    for (const [name, n] of NAMES) if (name !== 'rax' || !task.call) state.setGpr(n, regs[name])
    state.ram.u64[STATE.RIP / 8] = regs.rip
    state.rflags = (state.rflags & ~FLAG_MASK) | (regs.eflags & FLAG_MASK)
    state.fsBase = regs.fs_base
    state.gsBase = regs.gs_base
  })
  return 0
}

/** The selectors of a 64-bit program, or none. */
function isUserSelectors({ cs, ss, ds, es, fs, gs }: Registers): boolean {
  const data = [0n, BigInt(linux.USER_DS)]
  return cs === BigInt(linux.USER_CS) && ss === BigInt(linux.USER_DS) && [ds, es, fs, gs].every((s) => data.includes(s))
}
