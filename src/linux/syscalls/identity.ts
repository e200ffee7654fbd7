import * as linux from '../../spec/linux/index.ts'
import { structBytes } from '../mm/user-memory.ts'
import { syscall, type SyscallContext } from '../syscall.ts'
import type { Process } from '../task/process.ts'
import { RELEASE } from '../vfs/vfs.ts'

/** Who and where a process is: credentials(7), uname(2). The guest is one ordinary user for its whole life. */

const { EACCES, EFAULT, EINVAL, EPERM, ESRCH } = linux

/** Calls without arguments that only tell a number. */
const tells = (
  number: number,
  name: string,
  spec: string,
  run: (c: SyscallContext) => number,
): ReturnType<typeof syscall> => syscall(number, name, {}, { support: 'full', spec, run })

export const getpid = tells(39, 'getpid', 'getpid(2)', ({ task }) => task.tgid)
export const gettid = tells(186, 'gettid', 'gettid(2)', ({ task }) => task.pid)
export const getppid = tells(110, 'getppid', 'getpid(2)', ({ task }) => task.ppid)
export const getpgrp = tells(111, 'getpgrp', 'getpgrp(2)', ({ task }) => task.pgid)
export const getuid = tells(102, 'getuid', 'getuid(2)', ({ task }) => task.process.credentials.uid)
export const geteuid = tells(107, 'geteuid', 'getuid(2)', ({ task }) => task.process.credentials.uid)
export const getgid = tells(104, 'getgid', 'getgid(2)', ({ task }) => task.process.credentials.gid)
export const getegid = tells(108, 'getegid', 'getgid(2)', ({ task }) => task.process.credentials.gid)

/** -1 leaves an identity as it is; any other must be the one the guest has. */
const mayBe = (wanted: readonly number[], own: number): number =>
  wanted.every((id) => id === -1 || id === own) ? 0 : -EPERM

// prettier-ignore
export const setuid = syscall(105, 'setuid', { uid: 'int' }, {
  support: 'partial', note: 'Only to the identity the process has.', spec: 'setuid(2)',
  run: ({ task }, { uid }) => (uid === -1 ? -EINVAL : mayBe([uid], task.process.credentials.uid)),
})
// prettier-ignore
export const setgid = syscall(106, 'setgid', { gid: 'int' }, {
  support: 'partial', note: 'Only to the identity the process has.', spec: 'setgid(2)',
  run: ({ task }, { gid }) => (gid === -1 ? -EINVAL : mayBe([gid], task.process.credentials.gid)),
})
// prettier-ignore
export const setreuid = syscall(113, 'setreuid', { ruid: 'int', euid: 'int' }, {
  support: 'partial', note: 'Only to the identity the process has.', spec: 'setreuid(2)',
  run: ({ task }, { ruid, euid }) => mayBe([ruid, euid], task.process.credentials.uid),
})
// prettier-ignore
export const setregid = syscall(114, 'setregid', { rgid: 'int', egid: 'int' }, {
  support: 'partial', note: 'Only to the identity the process has.', spec: 'setreuid(2)',
  run: ({ task }, { rgid, egid }) => mayBe([rgid, egid], task.process.credentials.gid),
})
// prettier-ignore
export const setresuid = syscall(117, 'setresuid', { ruid: 'int', euid: 'int', suid: 'int' }, {
  support: 'partial', note: 'Only to the identity the process has.', spec: 'setresuid(2)',
  run: ({ task }, { ruid, euid, suid }) => mayBe([ruid, euid, suid], task.process.credentials.uid),
})
// prettier-ignore
export const setresgid = syscall(119, 'setresgid', { rgid: 'int', egid: 'int', sgid: 'int' }, {
  support: 'partial', note: 'Only to the identity the process has.', spec: 'setresuid(2)',
  run: ({ task }, { rgid, egid, sgid }) => mayBe([rgid, egid, sgid], task.process.credentials.gid),
})

function tellThree({ task }: SyscallContext, addresses: readonly number[], id: number): number {
  return addresses.every((address) => task.memory.setU32(address, id)) ? 0 : -EFAULT
}
// prettier-ignore
export const getresuid = syscall(118, 'getresuid', { ruid: 'addr', euid: 'addr', suid: 'addr' }, {
  support: 'full', spec: 'getresuid(2)',
  run: (c, { ruid, euid, suid }) => tellThree(c, [ruid, euid, suid], c.task.process.credentials.uid),
})
// prettier-ignore
export const getresgid = syscall(120, 'getresgid', { rgid: 'addr', egid: 'addr', sgid: 'addr' }, {
  support: 'full', spec: 'getresuid(2)',
  run: (c, { rgid, egid, sgid }) => tellThree(c, [rgid, egid, sgid], c.task.process.credentials.gid),
})
// prettier-ignore
export const getgroups = syscall(115, 'getgroups', { size: 'int', list: 'addr' }, {
  support: 'full', spec: 'getgroups(2)',
  run({ task }, { size, list }) {
    if (size < 0) return -EINVAL
    return size === 0 || task.memory.setU32(list, task.process.credentials.gid) ? 1 : -EFAULT
  },
})

// prettier-ignore
export const setpgid = syscall(109, 'setpgid', { pid: 'int', pgid: 'int' }, {
  support: 'full', spec: 'setpgid(2)',
  run({ kernel, task }, { pid, pgid }) {
    const self = task.process
    const target = pid === 0 ? self : kernel.processes.get(pid)
    const group = pgid === 0 ? (target?.pid ?? 0) : pgid
    if (pgid < 0) return -EINVAL
    if (!target || (target !== self && target.parent !== self)) return -ESRCH
    if (target.parent === self) {
      if (target.sid !== self.sid) return -EPERM
      if (target.hasExecuted) return -EACCES
    }
    if (target.pid === target.sid) return -EPERM
    const joins = group === target.pid || [...kernel.processes.values()].some((p) => p.pgid === group && p.sid === self.sid)
    if (!joins) return -EPERM
    target.pgid = group
    return 0
  },
})

function ofProcess(c: SyscallContext, pid: number, tell: (process: Process) => number): number {
  const process = pid === 0 ? c.task.process : c.kernel.processes.get(pid)
  return process ? tell(process) : -ESRCH
}
// prettier-ignore
export const getpgid = syscall(121, 'getpgid', { pid: 'int' }, {
  support: 'full', spec: 'setpgid(2)',
  run: (c, { pid }) => ofProcess(c, pid, (process) => process.pgid),
})
// prettier-ignore
export const getsid = syscall(124, 'getsid', { pid: 'int' }, {
  support: 'full', spec: 'getsid(2)',
  run: (c, { pid }) => ofProcess(c, pid, (process) => process.sid),
})
// prettier-ignore
export const setsid = syscall(112, 'setsid', {}, {
  support: 'full', spec: 'setsid(2)',
  run({ kernel, task }) {
    const { process } = task
    if ([...kernel.processes.values()].some((p) => p.pgid === process.pid)) return -EPERM
    process.sid = process.pgid = process.pid
    return process.pid
  },
})

const VERSION = '#1 SMP PREEMPT_DYNAMIC'
const UTS_LENGTH = 65
const uts = (text: string): Uint8Array => {
  const field = new Uint8Array(UTS_LENGTH)
  field.set(new TextEncoder().encode(text).subarray(0, UTS_LENGTH - 1))
  return field
}

// prettier-ignore
export const uname = syscall(63, 'uname', { buf: 'addr' }, {
  support: 'full', spec: 'uname(2)',
  run({ kernel, task }, { buf }) {
    const bytes = structBytes(linux.new_utsname, {
      sysname: uts('Linux'), nodename: uts(kernel.options.hostname ?? 'enclu'), release: uts(RELEASE), version: uts(VERSION),
      machine: uts('x86_64'), domainname: uts('(none)'),
    })
    return task.memory.write(buf, bytes) ? 0 : -EFAULT
  },
})

// prettier-ignore
export const personality = syscall(135, 'personality', { persona: 'flags' }, {
  support: 'partial', note: 'Kept and told; only READ_IMPLIES_EXEC means something, to /dev/sgx_enclave.', spec: 'personality(2)',
  run({ task }, { persona }) {
    const old = task.process.personality
    if (persona !== 0xffff_ffff) task.process.personality = persona
    return old
  },
})
