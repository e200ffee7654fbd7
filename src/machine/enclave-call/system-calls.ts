import { EncluError, invariant } from '../../base/index.ts'
import { errnoName, SYSCALLS, type Kernel, type Syscall, type Task } from '../../linux/index.ts'
import type { SyscallName } from '../../spec/linux/index.ts'

const ROWS = new Map<string, Syscall>([...SYSCALLS.values()].map((row) => [row.name, row]))

/** Linux's system calls, made for a task by the machine and not by guest code. */
export class SystemCalls {
  private readonly kernel: Kernel
  private readonly task: Task

  constructor(kernel: Kernel, task: Task) {
    this.kernel = kernel
    this.task = task
  }

  /** Arguments by name, as the row of the call declares them. A value that is not negative, or a negative errno. */
  call(name: SyscallName, values: Readonly<Record<string, number>>): number {
    const { kernel, task } = this
    const answer = ROWS.get(name)?.run({ kernel, task }, values)
    invariant(typeof answer === 'number', `${name} has no plain answer`)
    return answer
  }
}

/** The kernel said no to what the library asked on its user's behalf. */
export function refuse(request: string, errno: number, condition?: string): never {
  const name = errnoName(errno) ?? String(errno)
  const why = condition === undefined ? '' : ` (${condition})`
  throw new EncluError('ERR_REFUSED', `The kernel answered ${name} to ${request}${why}.`, {
    request,
    errno: name,
    ...(condition === undefined ? {} : { condition }),
  })
}
