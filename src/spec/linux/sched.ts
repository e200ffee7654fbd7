import { struct, u32, u64 } from '../../base/index.ts'

/** Constants of linux/sched.h, linux/wait.h, linux/futex.h, linux/prctl.h, linux/resource.h, asm/prctl.h. */

/** Low byte of clone's flags: the signal sent to the parent at exit. */
export const CSIGNAL = 0xff
// prettier-ignore
export const CLONE = {
  NEWTIME: 0x80, VM: 0x100, FS: 0x200, FILES: 0x400, SIGHAND: 0x800, PIDFD: 0x1000, PTRACE: 0x2000, VFORK: 0x4000,
  PARENT: 0x8000, THREAD: 0x1_0000, NEWNS: 0x2_0000, SYSVSEM: 0x4_0000, SETTLS: 0x8_0000, PARENT_SETTID: 0x10_0000,
  CHILD_CLEARTID: 0x20_0000, DETACHED: 0x40_0000, UNTRACED: 0x80_0000, CHILD_SETTID: 0x100_0000,
  NEWCGROUP: 0x200_0000, NEWUTS: 0x400_0000, NEWIPC: 0x800_0000, NEWUSER: 0x1000_0000, NEWPID: 0x2000_0000,
  NEWNET: 0x4000_0000, IO: 0x8000_0000, CLEAR_SIGHAND: 0x1_0000_0000, INTO_CGROUP: 0x2_0000_0000,
} as const

export const CLONE_ARGS_SIZE_VER0 = 64
export const clone_args = struct('struct clone_args', 88, {
  flags: u64(0),
  pidfd: u64(8),
  child_tid: u64(16),
  parent_tid: u64(24),
  exit_signal: u64(32),
  stack: u64(40),
  stack_size: u64(48),
  tls: u64(56),
  set_tid: u64(64),
  set_tid_size: u64(72),
  cgroup: u64(80),
})

export const SCHED_OTHER = 0
export const SCHED_FIFO = 1
export const SCHED_RR = 2
export const SCHED_BATCH = 3
export const SCHED_IDLE = 5
export const SCHED_DEADLINE = 6
export const SCHED_RESET_ON_FORK = 0x4000_0000
// prettier-ignore
export const SCHED_FLAG = {
  RESET_ON_FORK: 1, RECLAIM: 2, DL_OVERRUN: 4, KEEP_POLICY: 8, KEEP_PARAMS: 16, UTIL_CLAMP_MIN: 32, UTIL_CLAMP_MAX: 64,
} as const
export const SCHED_ATTR_SIZE_VER0 = 48
/** sched_nice is signed. */
export const sched_attr = struct('struct sched_attr', 56, {
  size: u32(0),
  sched_policy: u32(4),
  sched_flags: u64(8),
  sched_nice: u32(16),
  sched_priority: u32(20),
  sched_runtime: u64(24),
  sched_deadline: u64(32),
  sched_period: u64(40),
  sched_util_min: u32(48),
  sched_util_max: u32(52),
})

// wait(2)
export const WNOHANG = 1
export const WUNTRACED = 2
export const WSTOPPED = 2
export const WEXITED = 4
export const WCONTINUED = 8
export const WNOWAIT = 0x100_0000
export const __WNOTHREAD = 0x2000_0000
export const __WALL = 0x4000_0000
export const __WCLONE = 0x8000_0000
export const P_ALL = 0
export const P_PID = 1
export const P_PGID = 2
export const P_PIDFD = 3

// futex(2)
export const FUTEX_WAIT = 0
export const FUTEX_WAKE = 1
export const FUTEX_REQUEUE = 3
export const FUTEX_CMP_REQUEUE = 4
export const FUTEX_WAKE_OP = 5
export const FUTEX_WAIT_BITSET = 9
export const FUTEX_WAKE_BITSET = 10
export const FUTEX_PRIVATE_FLAG = 128
export const FUTEX_CLOCK_REALTIME = 256
export const FUTEX_BITSET_MATCH_ANY = 0xffff_ffff
// The futex words of a robust list.
export const FUTEX_WAITERS = 0x8000_0000
export const FUTEX_OWNER_DIED = 0x4000_0000
export const FUTEX_TID_MASK = 0x3fff_ffff
export const ROBUST_LIST_LIMIT = 2048
export const robust_list_head = struct('struct robust_list_head', 24, {
  list: u64(0),
  futex_offset: u64(8),
  list_op_pending: u64(16),
})

// arch_prctl(2)
export const ARCH_SET_GS = 0x1001
export const ARCH_SET_FS = 0x1002
export const ARCH_GET_FS = 0x1003
export const ARCH_GET_GS = 0x1004
export const ARCH_GET_CPUID = 0x1011
export const ARCH_SET_CPUID = 0x1012
/** The shadow-stack family: glibc asks at start whether it is there. */
export const ARCH_CET_STATUS = 0x3001

// prctl(2)
// prettier-ignore
export const PR = {
  SET_PDEATHSIG: 1, GET_PDEATHSIG: 2, GET_DUMPABLE: 3, SET_DUMPABLE: 4, GET_KEEPCAPS: 7, SET_KEEPCAPS: 8,
  SET_NAME: 15, GET_NAME: 16, GET_SECCOMP: 21, SET_SECCOMP: 22, CAPBSET_READ: 23, CAPBSET_DROP: 24, GET_TSC: 25,
  SET_TSC: 26, GET_SECUREBITS: 27, SET_SECUREBITS: 28, SET_TIMERSLACK: 29, GET_TIMERSLACK: 30, SET_MM: 35,
  SET_CHILD_SUBREAPER: 36, GET_CHILD_SUBREAPER: 37, SET_NO_NEW_PRIVS: 38, GET_NO_NEW_PRIVS: 39, GET_TID_ADDRESS: 40,
  SET_THP_DISABLE: 41, GET_THP_DISABLE: 42, SET_VMA: 0x5356_4d41, SET_PTRACER: 0x5961_6d61,
} as const
export const PR_SET_VMA_ANON_NAME = 0

/** Resource limits in their numbers' order (asm-generic/resource.h). */
// prettier-ignore
export const RLIMIT_NAMES = [
  'RLIMIT_CPU', 'RLIMIT_FSIZE', 'RLIMIT_DATA', 'RLIMIT_STACK', 'RLIMIT_CORE', 'RLIMIT_RSS', 'RLIMIT_NPROC',
  'RLIMIT_NOFILE', 'RLIMIT_MEMLOCK', 'RLIMIT_AS', 'RLIMIT_LOCKS', 'RLIMIT_SIGPENDING', 'RLIMIT_MSGQUEUE',
  'RLIMIT_NICE', 'RLIMIT_RTPRIO', 'RLIMIT_RTTIME',
] as const
export const RLIMIT_STACK = 3
export const RLIMIT_NOFILE = 7
export const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn
export const RUSAGE_SELF = 0
export const RUSAGE_CHILDREN = -1
export const RUSAGE_THREAD = 1

/** personality(2) bits that matter here. */
export const ADDR_NO_RANDOMIZE = 0x004_0000
export const READ_IMPLIES_EXEC = 0x040_0000

/** membarrier(2) */
export const MEMBARRIER_CMD_QUERY = 0
