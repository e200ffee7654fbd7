import { EFAULT, EFD, EINVAL, MFD, O } from '../../spec/linux/index.ts'
import { syscall, type SyscallContext } from '../syscall.ts'
import { EventFile } from '../vfs/eventfd.ts'
import { MemoryFile, SEAL } from '../vfs/memory-file.ts'

/** Files without a name: pipes, event counters, files in memory. */

function makePipe({ task, kernel }: SyscallContext, address: number, flags: number): number {
  if (flags & ~(O.CLOEXEC | O.NONBLOCK | O.DIRECT)) return -EINVAL
  const cloexec = (flags & O.CLOEXEC) !== 0
  const [reader, writer] = kernel.vfs.pipe(flags)
  const from = task.fds.install(reader, cloexec)
  const to = from < 0 ? from : task.fds.install(writer, cloexec)
  if (to < 0) {
    if (from >= 0) task.fds.close(from)
    return to
  }
  const numbers = new Uint8Array(8)
  const view = new DataView(numbers.buffer)
  view.setInt32(0, from, true)
  view.setInt32(4, to, true)
  if (task.memory.write(address, numbers)) return 0
  task.fds.close(from)
  task.fds.close(to)
  return -EFAULT
}

export const pipe = syscall(
  22,
  'pipe',
  { pipefd: 'addr' },
  {
    support: 'full',
    spec: 'pipe(2)',
    run: (c, { pipefd }) => makePipe(c, pipefd, 0),
  },
)

export const pipe2 = syscall(
  293,
  'pipe2',
  { pipefd: 'addr', flags: 'flags' },
  {
    support: 'partial',
    note: 'O_DIRECT is ignored: no packets.',
    spec: 'pipe(2)',
    run: (c, { pipefd, flags }) => makePipe(c, pipefd, flags),
  },
)

export const eventfd2 = syscall(
  290,
  'eventfd2',
  { initval: 'flags', flags: 'flags' },
  {
    support: 'full',
    spec: 'eventfd(2)',
    run({ task }, { initval, flags }) {
      if (flags & ~(EFD.SEMAPHORE | EFD.NONBLOCK | EFD.CLOEXEC)) return -EINVAL
      return task.fds.install(new EventFile(initval, flags), (flags & EFD.CLOEXEC) !== 0)
    },
  },
)

export const eventfd = syscall(
  284,
  'eventfd',
  { initval: 'flags' },
  {
    support: 'full',
    spec: 'eventfd(2)',
    run: ({ task }, { initval }) => task.fds.install(new EventFile(initval, 0)),
  },
)

/** memfd_create(2): a name has at most 249 bytes. */
const MFD_NAME_MAX = 249

export const memfd_create = syscall(
  319,
  'memfd_create',
  { name: 'path', flags: 'flags' },
  {
    support: 'partial',
    note: 'No huge pages.',
    spec: 'memfd_create(2)',
    run({ task, kernel }, { name, flags }) {
      if (flags & ~(MFD.CLOEXEC | MFD.ALLOW_SEALING | MFD.NOEXEC_SEAL | MFD.EXEC)) return -EINVAL
      if (flags & MFD.NOEXEC_SEAL && flags & MFD.EXEC) return -EINVAL
      const text = task.memory.string(name, MFD_NAME_MAX + 1)
      if (text === undefined) return -EFAULT
      if (new TextEncoder().encode(text).length > MFD_NAME_MAX) return -EINVAL
      const bytes = kernel.vfs.memoryBytes(flags & MFD.NOEXEC_SEAL ? 0o666 : 0o777)
      const seals = flags & (MFD.ALLOW_SEALING | MFD.NOEXEC_SEAL) ? 0 : SEAL.SEAL
      const file = new MemoryFile(bytes, `/memfd:${text} (deleted)`, O.RDWR | O.LARGEFILE, seals)
      return task.fds.install(file, (flags & MFD.CLOEXEC) !== 0)
    },
  },
)
