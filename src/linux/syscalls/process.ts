import * as linux from '../../spec/linux/index.ts'
import { readStrings } from '../loader/strings.ts'
import { syscall, type Answer, type SyscallContext } from '../syscall.ts'
import { clone as cloneTask, type CloneRequest } from '../task/clone.ts'
import { exitedStatus, exitGroup, exitTask } from '../task/life.ts'
import { execveScript } from '../loader/script.ts'

/** Starting and ending programs: clone(2), execve(2), exit(2). */

const { CLONE, EFAULT, EINVAL } = linux

// prettier-ignore
export const clone = syscall(56, 'clone', { flags: 'u64', stack: 'u64', parent_tid: 'addr', child_tid: 'addr', tls: 'u64' }, {
  support: 'partial', note: 'No namespaces, no CLONE_PIDFD, no CLONE_PTRACE.', spec: 'clone(2)',
  run({ kernel, task }, { flags, stack, parent_tid, child_tid, tls }) {
    const all = Number(flags & 0xffff_ffffn)
    return cloneTask(kernel, task, {
      flags: all - (all & linux.CSIGNAL), exitSignal: all & linux.CSIGNAL, stack, parentTid: parent_tid, childTid: child_tid, tls,
    })
  },
})

const fork_: Omit<CloneRequest, 'flags'> = { exitSignal: linux.SIGCHLD, stack: 0n, parentTid: 0, childTid: 0, tls: 0n }

// prettier-ignore
export const fork = syscall(57, 'fork', {}, {
  support: 'full', spec: 'fork(2)',
  run: ({ kernel, task }) => cloneTask(kernel, task, { ...fork_, flags: 0 }),
})

// prettier-ignore
export const vfork = syscall(58, 'vfork', {}, {
  support: 'full', spec: 'vfork(2)',
  run: ({ kernel, task }) => cloneTask(kernel, task, { ...fork_, flags: CLONE.VM + CLONE.VFORK }),
})

// prettier-ignore
export const clone3 = syscall(435, 'clone3', { cl_args: 'addr', size: 'size' }, {
  support: 'partial', note: 'As clone; set_tid fails with EPERM.', spec: 'clone(2)',
  run({ kernel, task }, { cl_args, size }) {
    if (size > 4096) return -linux.E2BIG
    if (size < linux.CLONE_ARGS_SIZE_VER0) return -EINVAL
    const given = task.memory.read(cl_args, size)
    if (!given) return -EFAULT
    const bytes = new Uint8Array(linux.clone_args.size)
    bytes.set(given.subarray(0, bytes.length))
    if (given.subarray(bytes.length).some((b) => b !== 0)) return -linux.E2BIG
    const a = linux.clone_args.view(bytes)
    const flags = Number(a.flags)
    const exitSignal = Number(a.exit_signal)
    if (flags >= 2 * CLONE.INTO_CGROUP || (flags & linux.CSIGNAL) !== 0 || exitSignal > linux.NSIG) return -EINVAL
    if ((a.stack === 0n) !== (a.stack_size === 0n)) return -EINVAL
    const thread = Math.floor(flags / CLONE.THREAD) % 2 === 1 || Math.floor(flags / CLONE.PARENT) % 2 === 1
    if (thread && exitSignal !== 0) return -EINVAL
    if (a.set_tid_size !== 0n) return -linux.EPERM
    return cloneTask(kernel, task, {
      flags, exitSignal, stack: a.stack + a.stack_size, parentTid: Number(a.parent_tid), childTid: Number(a.child_tid), tls: a.tls,
    })
  },
})

function exec({ kernel, task }: SyscallContext, path: string | number, argv: number, envp: number): Answer {
  if (typeof path === 'number') return path
  const args = readStrings(task.memory, argv)
  if (typeof args === 'number') return args
  const env = readStrings(task.memory, envp)
  if (typeof env === 'number') return env
  // Since Linux 5.18 a program always has an argv[0].
  return execveScript(kernel, task, { path, argv: args.length > 0 ? args : [''], env })
}

// prettier-ignore
export const execve = syscall(59, 'execve', { pathname: 'path', argv: 'addr', envp: 'addr' }, {
  support: 'full', spec: 'execve(2)',
  run: (c, { pathname, argv, envp }) => exec(c, c.task.memory.path(pathname), argv, envp),
})

// prettier-ignore
export const execveat = syscall(322, 'execveat', { dirfd: 'fd', pathname: 'path', argv: 'addr', envp: 'addr', flags: 'flags' }, {
  support: 'partial', note: 'AT_SYMLINK_NOFOLLOW is ignored.', spec: 'execveat(2)',
  run(c, { dirfd, pathname, argv, envp, flags }) {
    const { task } = c
    if ((flags & ~(linux.AT.EMPTY_PATH | linux.AT.SYMLINK_NOFOLLOW)) !== 0) return -EINVAL
    const path = task.memory.path(pathname)
    if (typeof path === 'number') return path
    if (path.startsWith('/') || (dirfd === linux.AT.FDCWD && path !== '')) return exec(c, path, argv, envp)
    if (path === '' && !(flags & linux.AT.EMPTY_PATH)) return -linux.ENOENT
    const file = task.fds.file(dirfd)
    if (!file) return -linux.EBADF
    return exec(c, path === '' ? file.path : `${file.path}/${path}`, argv, envp)
  },
})

// prettier-ignore
export const exit = syscall(60, 'exit', { status: 'int' }, {
  support: 'full', spec: '_exit(2)',
  run({ kernel, task }, { status }) {
    exitTask(kernel, task, status)
    return 0
  },
})

// prettier-ignore
export const exit_group = syscall(231, 'exit_group', { status: 'int' }, {
  support: 'full', spec: 'exit_group(2)',
  run({ kernel, task }, { status }) {
    exitGroup(kernel, task.process, exitedStatus(status))
    return 0
  },
})
