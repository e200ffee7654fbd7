import { EACCES, EINTR, EPERM } from '../../spec/linux/index.ts'
import { syscall, type Syscall } from '../syscall.ts'

/** What Linux refuses an ordinary user. No guest is anything else, so a refusal is all there is to serve. */

/** capabilities(7): the caller has none. */
const needsPrivilege = (number: number, name: string, spec: string): Syscall =>
  syscall(number, name, {}, { support: 'full', note: 'Always EPERM: no guest is privileged.', spec, run: () => -EPERM })

export const vhangup = needsPrivilege(153, 'vhangup', 'vhangup(2)')
export const pivot_root = needsPrivilege(155, 'pivot_root', 'pivot_root(2)')
export const chroot = needsPrivilege(161, 'chroot', 'chroot(2)')
export const acct = needsPrivilege(163, 'acct', 'acct(2)')
export const mount = needsPrivilege(165, 'mount', 'mount(2)')
export const umount2 = needsPrivilege(166, 'umount2', 'umount(2)')
export const swapon = needsPrivilege(167, 'swapon', 'swapon(2)')
export const swapoff = needsPrivilege(168, 'swapoff', 'swapon(2)')
export const reboot = needsPrivilege(169, 'reboot', 'reboot(2)')
export const sethostname = needsPrivilege(170, 'sethostname', 'sethostname(2)')
export const setdomainname = needsPrivilege(171, 'setdomainname', 'setdomainname(2)')
export const iopl = needsPrivilege(172, 'iopl', 'iopl(2)')
export const ioperm = needsPrivilege(173, 'ioperm', 'ioperm(2)')
export const init_module = needsPrivilege(175, 'init_module', 'init_module(2)')
export const delete_module = needsPrivilege(176, 'delete_module', 'delete_module(2)')
export const setgroups = needsPrivilege(116, 'setgroups', 'setgroups(2)')
export const kexec_load = needsPrivilege(246, 'kexec_load', 'kexec_load(2)')
export const finit_module = needsPrivilege(313, 'finit_module', 'finit_module(2)')
export const kexec_file_load = needsPrivilege(320, 'kexec_file_load', 'kexec_load(2)')

/** Open to users on some systems, closed by a setting on others: here it is closed. */
const closed = (number: number, name: string, spec: string, setting: string, errno: number): Syscall =>
  syscall(number, name, {}, { support: 'partial', note: `Refused, as with ${setting}.`, spec, run: () => -errno })

export const syslog = closed(103, 'syslog', 'syslog(2)', 'kernel.dmesg_restrict=1', EPERM)
export const perf_event_open = closed(
  298,
  'perf_event_open',
  'perf_event_open(2)',
  'kernel.perf_event_paranoid=3',
  EACCES,
)
export const bpf = closed(321, 'bpf', 'bpf(2)', 'kernel.unprivileged_bpf_disabled=2', EPERM)
export const userfaultfd = closed(323, 'userfaultfd', 'userfaultfd(2)', 'vm.unprivileged_userfaultfd=0', EPERM)
export const io_uring_setup = closed(425, 'io_uring_setup', 'io_uring_setup(2)', 'kernel.io_uring_disabled=2', EPERM)

/** Only the kernel itself has use for it. */
export const restart_syscall = syscall(
  219,
  'restart_syscall',
  {},
  { support: 'full', spec: 'restart_syscall(2)', run: () => -EINTR },
)
