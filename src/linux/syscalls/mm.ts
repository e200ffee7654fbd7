import { alignUp } from '../../base/index.ts'
import { PAGE_SIZE } from '../../cpu/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { SharedAnonymous } from '../mm/anonymous.ts'
import type { Backing } from '../mm/backing.ts'
import { TASK_SIZE } from '../mm/layout.ts'
import { advise, map, protect, remap, setBrk, unmap } from '../mm/mapping.ts'
import { syscall, type SyscallContext } from '../syscall.ts'
import type { Task } from '../task/task.ts'

/** Memory: mmap(2) and its family. The work is in mm/mapping.ts. */

const { EBADF, EEXIST, EINVAL, ENOMEM, EOPNOTSUPP, EOVERFLOW, MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE } = linux

/** Flags that MAP_SHARED_VALIDATE knows. */
const VALIDATED =
  linux.MAP_TYPE |
  MAP_FIXED |
  MAP_ANONYMOUS |
  MAP_FIXED_NOREPLACE |
  linux.MAP_32BIT |
  linux.MAP_GROWSDOWN |
  linux.MAP_DENYWRITE |
  linux.MAP_EXECUTABLE |
  linux.MAP_LOCKED |
  linux.MAP_NORESERVE |
  linux.MAP_POPULATE |
  linux.MAP_NONBLOCK |
  linux.MAP_STACK

interface MmapArguments {
  readonly addr: number
  readonly length: number
  readonly prot: number
  readonly flags: number
  readonly fd: number
  readonly offset: number
}

/** What stands behind a new mapping; `undefined` for private anonymous memory. */
function backingFor(
  { task, kernel }: SyscallContext,
  { prot, flags, fd }: MmapArguments,
): Backing | number | undefined {
  const type = flags & linux.MAP_TYPE
  const shared = type === linux.MAP_SHARED || type === linux.MAP_SHARED_VALIDATE
  if (flags & MAP_ANONYMOUS) {
    if (type === linux.MAP_PRIVATE) return undefined
    return type === linux.MAP_SHARED ? new SharedAnonymous(kernel.ram) : -EINVAL
  }
  if (!shared && type !== linux.MAP_PRIVATE) return -EINVAL
  if (type === linux.MAP_SHARED_VALIDATE && (flags & ~VALIDATED) !== 0) return -EOPNOTSUPP
  return task.fds.file(fd)?.map(task, shared, prot) ?? -EBADF
}

// prettier-ignore
export const mmap = syscall(9, 'mmap', { addr: 'addr', length: 'size', prot: 'flags', flags: 'flags', fd: 'fd', offset: 'size' }, {
  support: 'partial', note: 'MAP_GROWSDOWN is ignored; MAP_HUGETLB fails.', spec: 'mmap(2)',
  run(c, a) {
    const { task } = c
    const { addr, length, flags, offset } = a
    if (offset % PAGE_SIZE !== 0) return -EINVAL
    const anonymous = (flags & MAP_ANONYMOUS) !== 0
    if (!anonymous && !task.fds.file(a.fd)) return -EBADF
    // No huge pages are set aside.
    if (flags & linux.MAP_HUGETLB) return -ENOMEM
    if (length === 0) return -EINVAL
    if (length > TASK_SIZE) return -ENOMEM
    if (offset + alignUp(length, PAGE_SIZE) > Number.MAX_SAFE_INTEGER) return -EOVERFLOW
    const fixed = flags & MAP_FIXED_NOREPLACE ? 'free' : flags & MAP_FIXED ? 'replace' : undefined
    // Looked at before the file is, as Linux finds the place first.
    if (fixed) {
      if (addr > TASK_SIZE - alignUp(length, PAGE_SIZE)) return -ENOMEM
      if (addr % PAGE_SIZE !== 0) return -EINVAL
      if (fixed === 'free' && task.space.vmas.overlapping(addr, addr + length).length > 0) return -EEXIST
    }
    const backing = backingFor(c, a)
    if (typeof backing === 'number') return backing
    const low = (flags & linux.MAP_32BIT) !== 0
    const request = { address: addr, length, prot: withExec(task, a.prot), backing, offset: anonymous ? 0 : offset, low }
    const start = map(task.space, fixed ? { ...request, fixed } : request)
    if (start >= 0 && flags & (linux.MAP_POPULATE | linux.MAP_LOCKED)) populate(c, start, length, a.prot)
    return start
  },
})

/** personality(2), READ_IMPLIES_EXEC. */
const withExec = (task: Task, prot: number): number =>
  prot & linux.PROT_READ && task.process.personality & linux.READ_IMPLIES_EXEC ? prot | linux.PROT_EXEC : prot

/** MAP_POPULATE: as far as it goes; failures show at the first access. */
function populate({ task }: SyscallContext, start: number, length: number, prot: number): void {
  for (let at = start; at < start + length; at += PAGE_SIZE) task.space.lookup(at, prot & linux.PROT_WRITE ? 'W' : 'R')
}

// prettier-ignore
export const mprotect = syscall(10, 'mprotect', { addr: 'addr', len: 'size', prot: 'flags' }, {
  support: 'full', spec: 'mprotect(2)',
  run: ({ task }, { addr, len, prot }) => protect(task.space, addr, len, withExec(task, prot)),
})

// prettier-ignore
export const munmap = syscall(11, 'munmap', { addr: 'addr', length: 'size' }, {
  support: 'full', spec: 'munmap(2)',
  run: ({ task }, { addr, length }) => unmap(task.space, addr, length),
})

// prettier-ignore
export const brk = syscall(12, 'brk', { addr: 'addr' }, {
  support: 'full', spec: 'brk(2)',
  run: ({ task }, { addr }) => setBrk(task.space, addr, Number(task.process.limit(RLIMIT_DATA).cur)),
})
const RLIMIT_DATA = linux.RLIMIT_NAMES.indexOf('RLIMIT_DATA')

// prettier-ignore
export const mremap = syscall(25, 'mremap', { old_address: 'addr', old_size: 'size', new_size: 'size', flags: 'flags', new_address: 'addr' }, {
  support: 'full', spec: 'mremap(2)',
  run: ({ task }, a) =>
    remap(task.space, { address: a.old_address, oldLength: a.old_size, newLength: a.new_size, flags: a.flags, newAddress: a.new_address }),
})

// prettier-ignore
export const msync = syscall(26, 'msync', { addr: 'addr', length: 'size', flags: 'flags' }, {
  support: 'full', spec: 'msync(2)',
  run({ task }, { addr, length, flags }) {
    if ((flags & ~(linux.MS_ASYNC | linux.MS_INVALIDATE | linux.MS_SYNC)) !== 0) return -EINVAL
    if (addr % PAGE_SIZE !== 0) return -EINVAL
    if (flags & linux.MS_ASYNC && flags & linux.MS_SYNC) return -EINVAL
    const end = addr + alignUp(length, PAGE_SIZE)
    if (flags & linux.MS_SYNC) for (const vma of task.space.vmas.overlapping(addr, end)) vma.backing?.sync?.()
    return task.space.vmas.covers(addr, end) ? 0 : -ENOMEM
  },
})

// prettier-ignore
export const mincore = syscall(27, 'mincore', { addr: 'addr', length: 'size', vec: 'addr' }, {
  support: 'full', spec: 'mincore(2)',
  run({ task }, { addr, length, vec }) {
    if (addr % PAGE_SIZE !== 0) return -EINVAL
    const end = addr + alignUp(length, PAGE_SIZE)
    if (end > TASK_SIZE || !task.space.vmas.covers(addr, end)) return -ENOMEM
    const present = Uint8Array.from({ length: (end - addr) / PAGE_SIZE }, (_, i) => (task.space.isPresent(addr + i * PAGE_SIZE) ? 1 : 0))
    return task.memory.write(vec, present) ? 0 : -linux.EFAULT
  },
})

// prettier-ignore
export const madvise = syscall(28, 'madvise', { addr: 'addr', length: 'size', advice: 'int' }, {
  support: 'partial', note: 'MADV_REMOVE, MADV_COLLAPSE and the poisoning advice fail with EINVAL.', spec: 'madvise(2)',
  run: ({ task }, { addr, length, advice }) => advise(task.space, addr, length, advice),
})

/** All memory is locked already: nothing is ever paged out. Only the range is checked. */
function lockRange({ task }: SyscallContext, addr: number, length: number): number {
  const start = addr - (addr % PAGE_SIZE)
  const end = alignUp(addr + length, PAGE_SIZE)
  if (!Number.isSafeInteger(end)) return -EINVAL
  if (end === start) return 0
  return task.space.vmas.covers(start, end) ? 0 : -ENOMEM
}

// prettier-ignore
export const mlock = syscall(149, 'mlock', { addr: 'addr', length: 'size' }, {
  support: 'full', spec: 'mlock(2)',
  run: (c, { addr, length }) => lockRange(c, addr, length),
})

// prettier-ignore
export const munlock = syscall(150, 'munlock', { addr: 'addr', length: 'size' }, {
  support: 'full', spec: 'mlock(2)',
  run: (c, { addr, length }) => lockRange(c, addr, length),
})

// prettier-ignore
export const mlockall = syscall(151, 'mlockall', { flags: 'flags' }, {
  support: 'full', spec: 'mlock(2)',
  run(_c, { flags }) {
    const known = linux.MCL_CURRENT | linux.MCL_FUTURE | linux.MCL_ONFAULT
    return flags === 0 || flags === linux.MCL_ONFAULT || (flags & ~known) !== 0 ? -EINVAL : 0
  },
})

// prettier-ignore
export const munlockall = syscall(152, 'munlockall', {}, { support: 'full', spec: 'mlock(2)', run: () => 0 })

// prettier-ignore
export const mlock2 = syscall(325, 'mlock2', { addr: 'addr', length: 'size', flags: 'flags' }, {
  support: 'full', spec: 'mlock(2)',
  run: (c, { addr, length, flags }) => ((flags & ~linux.MLOCK_ONFAULT) !== 0 ? -EINVAL : lockRange(c, addr, length)),
})
