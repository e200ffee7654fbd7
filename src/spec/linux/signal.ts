import { bytes, struct, u16, u32, u64 } from '../../base/index.ts'

/** Signals of x86-64 Linux (asm/signal.h, asm-generic/siginfo.h, asm/ucontext.h): numbers, flags and structures. */

// prettier-ignore
export const SIGNALS = {
  SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9, SIGUSR1: 10,
  SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGSTKFLT: 16, SIGCHLD: 17, SIGCONT: 18,
  SIGSTOP: 19, SIGTSTP: 20, SIGTTIN: 21, SIGTTOU: 22, SIGURG: 23, SIGXCPU: 24, SIGXFSZ: 25, SIGVTALRM: 26,
  SIGPROF: 27, SIGWINCH: 28, SIGIO: 29, SIGPWR: 30, SIGSYS: 31,
} as const
export type SignalName = keyof typeof SIGNALS

// prettier-ignore
export const {
  SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE,
  SIGALRM, SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGXCPU, SIGXFSZ,
  SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR, SIGSYS,
} = SIGNALS

/** The first real-time signal, as the kernel counts, and the last one. */
export const SIGRTMIN = 32
export const NSIG = 64

export const SIG_DFL = 0
export const SIG_IGN = 1

// prettier-ignore
export const SA = {
  NOCLDSTOP: 1, NOCLDWAIT: 2, SIGINFO: 4, EXPOSE_TAGBITS: 0x800, RESTORER: 0x0400_0000, ONSTACK: 0x0800_0000,
  RESTART: 0x1000_0000, NODEFER: 0x4000_0000, RESETHAND: 0x8000_0000,
} as const

export const SIG_BLOCK = 0
export const SIG_UNBLOCK = 1
export const SIG_SETMASK = 2

export const SS_ONSTACK = 1
export const SS_DISABLE = 2
export const SS_AUTODISARM = 0x8000_0000
/** Least size of an alternate stack that sigaltstack(2) takes. */
export const MINSIGSTKSZ = 2048

// Values of si_code.
export const SI_USER = 0
export const SI_KERNEL = 0x80
export const SI_QUEUE = -1
export const SI_TIMER = -2
export const SI_TKILL = -6
export const ILL_ILLOPN = 2
export const FPE_INTDIV = 1
export const FPE_INTOVF = 2
export const FPE_FLTDIV = 3
export const FPE_FLTOVF = 4
export const FPE_FLTUND = 5
export const FPE_FLTRES = 6
export const FPE_FLTINV = 7
export const SEGV_MAPERR = 1
export const SEGV_ACCERR = 2
export const BUS_ADRALN = 1
export const BUS_ADRERR = 2
export const TRAP_BRKPT = 1
export const TRAP_TRACE = 2
export const CLD_EXITED = 1
export const CLD_KILLED = 2
export const CLD_DUMPED = 3
export const CLD_TRAPPED = 4
export const CLD_STOPPED = 5
export const CLD_CONTINUED = 6

/** The structure that rt_sigaction(2) takes (the kernel's, not glibc's). */
export const kernel_sigaction = struct('struct sigaction', 32, {
  sa_handler: u64(0),
  sa_flags: u64(8),
  sa_restorer: u64(16),
  sa_mask: u64(24),
})

export const stack_t = struct('stack_t', 24, { ss_sp: u64(0), ss_flags: u32(8), ss_size: u64(16) })

/** siginfo_t: 128 bytes; the union begins at 16. Overlaid members are in siginfo_* below. */
export const siginfo_t = struct('siginfo_t', 128, { si_signo: u32(0), si_errno: u32(4), si_code: u32(8) })
export const siginfo_kill = struct('siginfo_t (kill, sigqueue)', 128, {
  si_pid: u32(16),
  si_uid: u32(20),
  si_value: u64(24),
})
export const siginfo_fault = struct('siginfo_t (fault)', 128, { si_addr: u64(16), si_trapno: u32(24) })
export const siginfo_child = struct('siginfo_t (SIGCHLD)', 128, {
  si_pid: u32(16),
  si_uid: u32(20),
  si_status: u32(24),
  si_utime: u64(32),
  si_stime: u64(40),
})

/** struct sigcontext: the registers in a signal frame. */
export const sigcontext = struct('struct sigcontext', 256, {
  r8: u64(0),
  r9: u64(8),
  r10: u64(16),
  r11: u64(24),
  r12: u64(32),
  r13: u64(40),
  r14: u64(48),
  r15: u64(56),
  rdi: u64(64),
  rsi: u64(72),
  rbp: u64(80),
  rbx: u64(88),
  rdx: u64(96),
  rax: u64(104),
  rcx: u64(112),
  rsp: u64(120),
  rip: u64(128),
  eflags: u64(136),
  cs: u16(144),
  gs: u16(146),
  fs: u16(148),
  ss: u16(150),
  err: u64(152),
  trapno: u64(160),
  oldmask: u64(168),
  cr2: u64(176),
  fpstate: u64(184),
})

/** struct ucontext: 304 bytes with the kernel's 8-byte mask. */
export const ucontext = struct('struct ucontext', 304, {
  uc_flags: u64(0),
  uc_link: u64(8),
  uc_stack: bytes(16, 24),
  uc_mcontext: bytes(40, 256),
  uc_sigmask: u64(296),
})
export const UC_FP_XSTATE = 1
export const UC_SIGCONTEXT_SS = 2
export const UC_STRICT_RESTORE_SS = 4

/** struct rt_sigframe: what RSP points to in a handler. */
export const rt_sigframe = struct('struct rt_sigframe', 440, {
  pretcode: u64(0),
  uc: bytes(8, 304),
  info: bytes(312, 128),
})

/**
 * struct _fpstate: the FXSAVE image in a signal frame. sw_reserved.magic1 is zero when nothing follows it; else the image is the beginning of
 * an XSAVE area of xstate_size bytes, and FP_XSTATE_MAGIC2 stands behind that.
 */
export const fpstate = struct('struct _fpstate', 512, {
  cwd: u16(0),
  swd: u16(2),
  twd: u16(4),
  fop: u16(6),
  rip: u64(8),
  rdp: u64(16),
  mxcsr: u32(24),
  mxcsr_mask: u32(28),
  st_space: bytes(32, 128),
  xmm_space: bytes(160, 256),
  sw_reserved: bytes(464, 48),
})
export const _fpx_sw_bytes = struct('struct _fpx_sw_bytes', 48, {
  magic1: u32(0),
  extended_size: u32(4),
  xfeatures: u64(8),
  xstate_size: u32(16),
  padding: bytes(20, 28),
})
export const FP_XSTATE_MAGIC1 = 0x4650_5853
export const FP_XSTATE_MAGIC2 = 0x4650_5845
export const FP_XSTATE_MAGIC2_SIZE = 4

/** Segment selectors that user code has, and that a signal frame shows. */
export const USER_CS = 0x33
export const USER_DS = 0x2b
