import { bytes, struct, u16, u32, u64 } from '../../base/index.ts'

/** Clocks, timers, and the structures of time, resource use and system identity. All fields are the kernel's 64-bit ones. */

// prettier-ignore
export const CLOCK = {
  REALTIME: 0, MONOTONIC: 1, PROCESS_CPUTIME_ID: 2, THREAD_CPUTIME_ID: 3, MONOTONIC_RAW: 4, REALTIME_COARSE: 5,
  MONOTONIC_COARSE: 6, BOOTTIME: 7, REALTIME_ALARM: 8, BOOTTIME_ALARM: 9, TAI: 11,
} as const
export const TIMER_ABSTIME = 1
export const ITIMER_REAL = 0
export const ITIMER_VIRTUAL = 1
export const ITIMER_PROF = 2
/** Ticks a second of times(2) and of AT_CLKTCK. */
export const USER_HZ = 100

export const timespec = struct('struct timespec', 16, { tv_sec: u64(0), tv_nsec: u64(8) })
export const timeval = struct('struct timeval', 16, { tv_sec: u64(0), tv_usec: u64(8) })
export const itimerval = struct('struct itimerval', 32, {
  interval_sec: u64(0),
  interval_usec: u64(8),
  value_sec: u64(16),
  value_usec: u64(24),
})
export const timezone = struct('struct timezone', 8, { tz_minuteswest: u32(0), tz_dsttime: u32(4) })
export const tms = struct('struct tms', 32, {
  tms_utime: u64(0),
  tms_stime: u64(8),
  tms_cutime: u64(16),
  tms_cstime: u64(24),
})

export const rlimit64 = struct('struct rlimit64', 16, { rlim_cur: u64(0), rlim_max: u64(8) })

export const rusage = struct('struct rusage', 144, {
  utime_sec: u64(0),
  utime_usec: u64(8),
  stime_sec: u64(16),
  stime_usec: u64(24),
  ru_maxrss: u64(32),
  ru_minflt: u64(64),
  ru_majflt: u64(72),
  ru_nvcsw: u64(128),
  ru_nivcsw: u64(136),
})

export const new_utsname = struct('struct new_utsname', 390, {
  sysname: bytes(0, 65),
  nodename: bytes(65, 65),
  release: bytes(130, 65),
  version: bytes(195, 65),
  machine: bytes(260, 65),
  domainname: bytes(325, 65),
})

export const sysinfo = struct('struct sysinfo', 112, {
  uptime: u64(0),
  loads: bytes(8, 24),
  totalram: u64(32),
  freeram: u64(40),
  sharedram: u64(48),
  bufferram: u64(56),
  totalswap: u64(64),
  freeswap: u64(72),
  procs: u16(80),
  totalhigh: u64(88),
  freehigh: u64(96),
  mem_unit: u32(104),
})
