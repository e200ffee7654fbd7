import * as linux from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import type { Task } from './task.ts'

/** Bit 0 of a pointer in the list marks a priority-inheriting lock. */
const pointer = (word: bigint): number => Number(word & ~1n)

/** get_robust_list(2): the locks that a task holds when it ends are marked FUTEX_OWNER_DIED, and one waiter of each is woken. */
export function leaveRobustList(kernel: Kernel, task: Task): void {
  if (task.robustList === 0) return
  const headAddress = task.robustList
  const head = task.memory.struct(linux.robust_list_head, headAddress)
  task.robustList = 0
  if (!head) return
  const offset = Number(BigInt.asIntN(64, head.futex_offset))
  const pending = pointer(head.list_op_pending)
  let entry = pointer(head.list)
  // The list is circular: its last entry points back at the head.
  for (let n = 0; n < linux.ROBUST_LIST_LIMIT && entry !== headAddress; n++) {
    const next = task.memory.u64(entry)
    if (entry !== pending) ownerDied(kernel, task, entry + offset)
    if (next === undefined) return
    entry = pointer(next)
  }
  if (pending !== 0) ownerDied(kernel, task, pending + offset)
}

function ownerDied(kernel: Kernel, task: Task, address: number): void {
  const word = task.memory.u32(address)
  if (word === undefined || (word & linux.FUTEX_TID_MASK) !== task.pid) return
  task.memory.setU32(address, ((word & linux.FUTEX_WAITERS) | linux.FUTEX_OWNER_DIED) >>> 0)
  if (word & linux.FUTEX_WAITERS) kernel.futexes.wake(kernel.futexes.keyOf(task.space, address), 1)
}
