import { describe, expect, it } from 'vitest'
import * as linux from '../spec/linux/index.ts'
import { Guest, SCRATCH } from './guest.fixture.ts'
import { showResult } from './strace.ts'

describe('--strace', () => {
  it('shows paths, numbers, flags, addresses and results', () => {
    const guest = new Guest()
    guest.poke(SCRATCH, '/home/no"thing')
    guest.call('openat', linux.AT.FDCWD, SCRATCH, linux.O.RDWR, 0)
    guest.call('brk', 0)
    guest.call('getpid')
    guest.call('munmap', 1, 4096)
    guest.call('alarm', 0)
    expect(guest.traced).toEqual([
      'openat(-100, "/home/no\\"thing", 0x2, 0) = -1 ENOENT',
      'brk(NULL) = 0x603000',
      'getpid() = 1000',
      'munmap(0x1, 4096) = -1 EINVAL',
      'alarm(0) = 0',
    ])
  })

  it('names the process when there are several, signals, and how processes end', () => {
    const guest = new Guest()
    const pid = guest.call('fork') ?? 0
    guest.call('kill', pid, linux.SIGTERM)
    guest.kernel.preempt()
    guest.kernel.schedule()
    guest.call('exit_group', 3)
    expect(guest.traced).toEqual([
      'fork() = 1001',
      '[pid 1000] kill(1001, 15) = 0',
      '[pid 1001] --- SIGTERM {si_signo=SIGTERM, si_code=0, si_pid=1000} ---',
      '[pid 1001] +++ killed by SIGTERM +++',
      '[pid 1000] exit_group(3) = ?',
      '[pid 1000] +++ exited with 3 +++',
    ])
  })

  it('a call that waits is one line, written when it ends', () => {
    const guest = new Guest()
    guest.call('pipe2', SCRATCH, 0)
    const pid = guest.call('fork')
    guest.call('read', 3, SCRATCH, 4)
    expect(guest.kernel.schedule()?.pid).toBe(pid)
    guest.call('write', 4, SCRATCH, 2)
    guest.kernel.preempt()
    guest.kernel.schedule()
    expect(guest.traced.filter((line) => line.includes('read('))).toEqual([
      expect.stringMatching(/^\[pid 1000\] read\(3, 0x601000, 4\) = 2$/),
    ])
  })

  it('results are counts, addresses or names of errors', () => {
    expect([showResult(0), showResult(-2), showResult(-4000n), showResult(0x7fff_0000_0000)]).toEqual([
      '0',
      '-1 ENOENT',
      '-4000',
      '0x7fff00000000',
    ])
  })
})

describe('system calls without a row', () => {
  it('stop the run under their name, or answer ENOSYS and are counted', () => {
    expect(() => new Guest().call('shmget')).toThrow(
      expect.objectContaining({ code: 'ERR_UNIMPLEMENTED', message: expect.stringContaining('shmget (29)') as string }),
    )
    const guest = new Guest({ unknownSyscall: 'enosys' })
    expect([guest.call('shmget'), guest.call('shmget')]).toEqual([-linux.ENOSYS, -linux.ENOSYS])
    expect(guest.kernel.unknown.counts.get('shmget')).toBe(2)
  })

  it('that Linux has not are the program’s mistake', () => {
    const guest = new Guest()
    guest.state.setGpr(0, 5000n)
    guest.kernel.syscall()
    expect([guest.result(), guest.call('create_module')]).toEqual([-linux.ENOSYS, -linux.ENOSYS])
  })
})
