import { EBADF, EEXIST, EFAULT, EINVAL, ENOENT, EPERM, EPOLL, O, S, epoll_event } from '../../spec/linux/index.ts'
import { syscall, type Answer, type SyscallContext } from '../syscall.ts'
import { EpollFile } from '../vfs/epoll-file.ts'
import { readiness, waitReady, withMask } from './poll.ts'

/** epoll(7). */

const create = ({ task }: SyscallContext, cloexec: boolean): number =>
  task.fds.install(new EpollFile(readiness), cloexec)

export const epoll_create = syscall(
  213,
  'epoll_create',
  { size: 'int' },
  {
    support: 'full',
    spec: 'epoll_create(2)',
    run: (c, { size }) => (size <= 0 ? -EINVAL : create(c, false)),
  },
)

export const epoll_create1 = syscall(
  291,
  'epoll_create1',
  { flags: 'flags' },
  {
    support: 'full',
    spec: 'epoll_create(2)',
    run: (c, { flags }) => (flags & ~O.CLOEXEC ? -EINVAL : create(c, (flags & O.CLOEXEC) !== 0)),
  },
)

export const epoll_ctl = syscall(
  233,
  'epoll_ctl',
  { epfd: 'fd', op: 'int', fd: 'fd', event: 'addr' },
  {
    support: 'partial',
    note: 'EPOLLET is level-triggered; EPOLLEXCLUSIVE is ignored.',
    spec: 'epoll_ctl(2)',
    run({ task }, { epfd, op, fd, event }) {
      const wanted = op === EPOLL.CTL_DEL ? undefined : task.memory.struct(epoll_event, event)
      if (op !== EPOLL.CTL_DEL && !wanted) return -EFAULT
      const epoll = task.fds.file(epfd)
      const file = task.fds.file(fd)
      if (!epoll || !file) return -EBADF
      const kind = file.stat().mode & S.IFMT
      // Plain files and directories are always ready: Linux refuses to watch them.
      if ((kind === S.IFREG && !file.path.startsWith('anon_inode:')) || kind === S.IFDIR) return -EPERM
      if (!(epoll instanceof EpollFile) || epoll === file) return -EINVAL
      const known = epoll.interests.get(fd)
      const current = known?.file === file ? known : undefined
      switch (op) {
        case EPOLL.CTL_ADD:
          if (current) return -EEXIST
          if (wanted) epoll.interests.set(fd, { file, events: wanted.events, data: wanted.data.slice() })
          return 0
        case EPOLL.CTL_MOD:
          if (!current) return -ENOENT
          if (wanted) Object.assign(current, { events: wanted.events, data: wanted.data.slice() })
          return 0
        case EPOLL.CTL_DEL:
          if (!current) return -ENOENT
          epoll.interests.delete(fd)
          return 0
        default:
          return -EINVAL
      }
    },
  },
)

function waitEvents(
  c: SyscallContext,
  epfd: number,
  events: number,
  maxevents: number,
  timeout: bigint | undefined,
): Answer {
  const { task } = c
  const epoll = task.fds.file(epfd)
  if (maxevents <= 0) return -EINVAL
  if (!epoll) return -EBADF
  if (!(epoll instanceof EpollFile)) return -EINVAL
  const ready = (): ReturnType<EpollFile['ready']> => epoll.ready((fd, file) => task.fds.file(fd) === file)
  return waitReady(c, {
    timeout,
    count: () => ready().length,
    answer() {
      const found = ready().slice(0, maxevents)
      for (const [i, { interest, events: bits }] of found.entries()) {
        if (!task.memory.setStruct(epoll_event, events + i * epoll_event.size, { events: bits, data: interest.data }))
          return -EFAULT
        epoll.fired(interest)
      }
      return found.length
    },
  })
}

const milliseconds = (timeout: number): bigint | undefined => (timeout < 0 ? undefined : BigInt(timeout) * 1_000_000n)

export const epoll_wait = syscall(
  232,
  'epoll_wait',
  { epfd: 'fd', events: 'addr', maxevents: 'int', timeout: 'int' },
  {
    support: 'partial',
    note: 'EPOLLET is level-triggered.',
    spec: 'epoll_wait(2)',
    run: (c, { epfd, events, maxevents, timeout }) => waitEvents(c, epfd, events, maxevents, milliseconds(timeout)),
  },
)

// prettier-ignore
const PWAIT = { epfd: 'fd', events: 'addr', maxevents: 'int', timeout: 'int', sigmask: 'addr', sigsetsize: 'size' } as const

export const epoll_pwait = syscall(281, 'epoll_pwait', PWAIT, {
  support: 'partial',
  note: 'EPOLLET is level-triggered.',
  spec: 'epoll_wait(2)',
  run: (c, { epfd, events, maxevents, timeout, sigmask, sigsetsize }) =>
    withMask(c, sigmask, sigsetsize, () => waitEvents(c, epfd, events, maxevents, milliseconds(timeout))),
})
