import { EFAULT, ENOTTY, TTY } from '../../spec/linux/index.ts'
import type { Answer } from '../syscall.ts'
import type { Task } from '../task/task.ts'

/** FIONREAD (ioctl_tty(2)): how many bytes can be read now. Anything else: -ENOTTY. */
export function answerFionread(task: Task, request: number, argument: number, count: number): Answer {
  if (request !== TTY.FIONREAD) return -ENOTTY
  return task.memory.setU32(argument, count) ? 0 : -EFAULT
}
