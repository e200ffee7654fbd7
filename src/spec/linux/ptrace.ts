import { struct, u64 } from '../../base/index.ts'

/** ptrace(2): requests, options and the registers of x86-64 (linux/ptrace.h, asm/ptrace.h, sys/user.h). */

// prettier-ignore
export const PTRACE = {
  TRACEME: 0, PEEKTEXT: 1, PEEKDATA: 2, PEEKUSER: 3, POKETEXT: 4, POKEDATA: 5, POKEUSER: 6, CONT: 7, KILL: 8, SINGLESTEP: 9,
  GETREGS: 12, SETREGS: 13, GETFPREGS: 14, SETFPREGS: 15, ATTACH: 16, DETACH: 17, GETFPXREGS: 18, SETFPXREGS: 19, SYSCALL: 24,
  GET_THREAD_AREA: 25, SET_THREAD_AREA: 26, ARCH_PRCTL: 30, SYSEMU: 31, SYSEMU_SINGLESTEP: 32, SINGLEBLOCK: 33,
  SETOPTIONS: 0x4200, GETEVENTMSG: 0x4201, GETSIGINFO: 0x4202, SETSIGINFO: 0x4203, GETREGSET: 0x4204, SETREGSET: 0x4205, SEIZE: 0x4206,
  INTERRUPT: 0x4207, LISTEN: 0x4208, PEEKSIGINFO: 0x4209, GETSIGMASK: 0x420a, SETSIGMASK: 0x420b, SECCOMP_GET_FILTER: 0x420c,
  SECCOMP_GET_METADATA: 0x420d, GET_SYSCALL_INFO: 0x420e, GET_RSEQ_CONFIGURATION: 0x420f,
} as const
export type PtraceRequest = keyof typeof PTRACE

export const PTRACE_O_TRACESYSGOOD = 1
export const PTRACE_O_EXITKILL = 0x10_0000
export const PTRACE_O_MASK = 0x30_00ff

/** Register sets of PTRACE_GETREGSET (elf.h). */
export const NT_PRSTATUS = 1
export const NT_PRFPREG = 2
export const NT_X86_XSTATE = 0x202

/** struct user_regs_struct. */
export const user_regs = struct('struct user_regs_struct', 216, {
  r15: u64(0),
  r14: u64(8),
  r13: u64(16),
  r12: u64(24),
  rbp: u64(32),
  rbx: u64(40),
  r11: u64(48),
  r10: u64(56),
  r9: u64(64),
  r8: u64(72),
  rax: u64(80),
  rcx: u64(88),
  rdx: u64(96),
  rsi: u64(104),
  rdi: u64(112),
  orig_rax: u64(120),
  rip: u64(128),
  cs: u64(136),
  eflags: u64(144),
  rsp: u64(152),
  ss: u64(160),
  fs_base: u64(168),
  gs_base: u64(176),
  ds: u64(184),
  es: u64(192),
  fs: u64(200),
  gs: u64(208),
})

/** struct user: its size, and where the debug registers are. */
export const USER_SIZE = 928
export const USER_DEBUGREG = 848
