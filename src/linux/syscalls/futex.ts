import * as linux from '../../spec/linux/index.ts'
import { TASK_SIZE } from '../mm/layout.ts'
import { syscall, type Answer, type SyscallContext } from '../syscall.ts'
import { FutexWait } from '../task/futexes.ts'
import { readTimespec } from './time.ts'

/** futex(2). The queues are in task/futexes.ts. */

const { EAGAIN, EFAULT, EINVAL, ENOSYS, ETIMEDOUT } = linux

interface FutexArguments {
  readonly uaddr: number
  readonly val: number
  /** The timeout's address, or val2. */
  readonly timeout: number
  readonly uaddr2: number
  readonly val3: number
}

/** Not aligned is -EINVAL, not mapped -EFAULT. */
function check({ task }: SyscallContext, address: number): number {
  if (address % 4 !== 0) return -EINVAL
  if (address > TASK_SIZE - 4) return -EFAULT
  return task.memory.u32(address) === undefined ? -EFAULT : 0
}

function wait(
  c: SyscallContext,
  { uaddr, val, timeout }: FutexArguments,
  bitset: number,
  absolute: 'monotonic' | 'realtime' | undefined,
): Answer {
  const { kernel, task, resumed } = c
  if (resumed instanceof FutexWait) {
    if (resumed.woken) return 0
    resumed.cancel()
    return -ETIMEDOUT
  }
  let deadline: bigint | undefined
  if (timeout !== 0) {
    const t = readTimespec(task, timeout)
    if (typeof t === 'number') return t
    deadline =
      absolute === undefined ? kernel.now() + t : absolute === 'monotonic' ? t : kernel.now() + t - kernel.realtime()
  }
  if (bitset === 0) return -EINVAL
  const refused = check(c, uaddr)
  if (refused < 0) return refused
  if (task.memory.u32(uaddr) !== val) return -EAGAIN
  if (deadline !== undefined && deadline <= kernel.now()) return -ETIMEDOUT
  return kernel.futexes.enqueue(kernel.futexes.keyOf(task.space, uaddr), bitset, deadline)
}

function wake(c: SyscallContext, uaddr: number, count: number, bitset: number): number {
  if (bitset === 0) return -EINVAL
  const refused = check(c, uaddr)
  if (refused < 0) return refused
  const { futexes } = c.kernel
  // As Linux: at least one, whatever the count says.
  return futexes.wake(futexes.keyOf(c.task.space, uaddr), Math.max(count, 1), bitset)
}

function requeue(c: SyscallContext, { uaddr, val, timeout, uaddr2, val3 }: FutexArguments, compare: boolean): number {
  const count2 = timeout | 0
  if ((val | 0) < 0 || count2 < 0) return -EINVAL
  const refused = check(c, uaddr) || check(c, uaddr2)
  if (refused < 0) return refused
  const { futexes } = c.kernel
  if (compare && c.task.memory.u32(uaddr) !== val3) return -EAGAIN
  const from = futexes.keyOf(c.task.space, uaddr)
  const woken = futexes.wake(from, val)
  const moved = futexes.requeue(from, futexes.keyOf(c.task.space, uaddr2), count2)
  // Erratum: futex(2) says that FUTEX_REQUEUE tells how many were woken; Linux counts those that were moved too.
  return woken + moved
}

// prettier-ignore
const OPERATIONS: readonly ((old: number, argument: number) => number)[] = [
  (_old, a) => a, (old, a) => old + a, (old, a) => old | a, (old, a) => old & ~a, (old, a) => old ^ a,
]
// prettier-ignore
const COMPARISONS: readonly ((old: number, argument: number) => boolean)[] = [
  (old, a) => old === a, (old, a) => old !== a, (old, a) => old < a, (old, a) => old <= a, (old, a) => old > a, (old, a) => old >= a,
]
/** futex(2), FUTEX_WAKE_OP: the argument is the number of a bit. */
const OP_ARGUMENT_SHIFT = 8

function wakeOp(c: SyscallContext, { uaddr, val, timeout, uaddr2, val3 }: FutexArguments): number {
  const refused = check(c, uaddr) || check(c, uaddr2)
  if (refused < 0) return refused
  const code = val3 >>> 28
  const operand = (val3 << 8) >> 20
  const operate = OPERATIONS[code & 7]
  const compare = COMPARISONS[(val3 >>> 24) & 0xf]
  if (!operate || !compare) return -ENOSYS
  const old = c.task.memory.i32(uaddr2) ?? 0
  const changed = operate(old, code & OP_ARGUMENT_SHIFT ? 1 << (operand & 31) : operand)
  if (!c.task.memory.setU32(uaddr2, changed >>> 0)) return -EFAULT
  const woken = wake(c, uaddr, val, linux.FUTEX_BITSET_MATCH_ANY)
  return compare(old, (val3 << 20) >> 20) ? woken + wake(c, uaddr2, timeout | 0, linux.FUTEX_BITSET_MATCH_ANY) : woken
}

// prettier-ignore
export const futex = syscall(202, 'futex', { uaddr: 'addr', futex_op: 'flags', val: 'flags', timeout: 'addr', uaddr2: 'addr', val3: 'flags' }, {
  support: 'partial', note: 'No priority inheritance: those operations fail with ENOSYS.', spec: 'futex(2)',
  run(c, a) {
    const command = a.futex_op & ~(linux.FUTEX_PRIVATE_FLAG | linux.FUTEX_CLOCK_REALTIME)
    const realtime = (a.futex_op & linux.FUTEX_CLOCK_REALTIME) !== 0
    if (realtime && command !== linux.FUTEX_WAIT_BITSET) return -ENOSYS
    switch (command) {
      case linux.FUTEX_WAIT: return wait(c, a, linux.FUTEX_BITSET_MATCH_ANY, undefined)
      case linux.FUTEX_WAIT_BITSET: return wait(c, a, a.val3, realtime ? 'realtime' : 'monotonic')
      case linux.FUTEX_WAKE: return wake(c, a.uaddr, a.val | 0, linux.FUTEX_BITSET_MATCH_ANY)
      case linux.FUTEX_WAKE_BITSET: return wake(c, a.uaddr, a.val | 0, a.val3)
      case linux.FUTEX_REQUEUE: return requeue(c, a, false)
      case linux.FUTEX_CMP_REQUEUE: return requeue(c, a, true)
      case linux.FUTEX_WAKE_OP: return wakeOp(c, a)
      default: return -ENOSYS
    }
  },
})
