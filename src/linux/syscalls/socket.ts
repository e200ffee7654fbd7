import { EACCES, EBADF, ERRNO } from '../../spec/linux/index.ts'
import { syscall, type SyscallContext } from '../syscall.ts'

/** There is no network: no socket can be made, so every other call of the family finds none. */

const AF_INET = 2
const AF_INET6 = 10
const NO_NETWORK = 'No network: sockets cannot be made.'
const noticed = new WeakSet<object>()

export const socket = syscall(
  41,
  'socket',
  { domain: 'int', type: 'int', protocol: 'int' },
  {
    support: 'partial',
    note: NO_NETWORK,
    spec: 'socket(2)',
    run({ kernel }, { domain }) {
      if (domain !== AF_INET && domain !== AF_INET6) return -ERRNO.EAFNOSUPPORT
      if (!noticed.has(kernel)) kernel.options.onNotice?.('the program asked for the network, and there is none')
      noticed.add(kernel)
      return -EACCES
    },
  },
)

export const socketpair = syscall(
  53,
  'socketpair',
  { domain: 'int', type: 'int', protocol: 'int', sv: 'addr' },
  {
    support: 'partial',
    note: NO_NETWORK,
    spec: 'socketpair(2)',
    run: () => -ERRNO.EAFNOSUPPORT,
  },
)

const notSocket = ({ task }: SyscallContext, { sockfd }: { readonly sockfd: number }): number =>
  task.fds.file(sockfd) ? -ERRNO.ENOTSOCK : -EBADF

const family = (number: number, name: string): ReturnType<typeof syscall> =>
  syscall(number, name, { sockfd: 'fd' }, { support: 'partial', note: NO_NETWORK, spec: `${name}(2)`, run: notSocket })

export const connect = family(42, 'connect')
export const accept = family(43, 'accept')
export const sendto = family(44, 'sendto')
export const recvfrom = family(45, 'recvfrom')
export const sendmsg = family(46, 'sendmsg')
export const recvmsg = family(47, 'recvmsg')
export const shutdown = family(48, 'shutdown')
export const bind = family(49, 'bind')
export const listen = family(50, 'listen')
export const getsockname = family(51, 'getsockname')
export const getpeername = family(52, 'getpeername')
export const setsockopt = family(54, 'setsockopt')
export const getsockopt = family(55, 'getsockopt')
export const accept4 = family(288, 'accept4')
export const recvmmsg = family(299, 'recvmmsg')
export const sendmmsg = family(307, 'sendmmsg')
