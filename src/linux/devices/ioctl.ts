import type { Field, Struct, StructView } from '../../base/index.ts'
import { EFAULT, ENOTTY } from '../../spec/linux/index.ts'
import type { Task } from '../task/task.ts'

// As in base/struct.ts: a record of fields holds fields of different types.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Fields = Record<string, Field<any>>

/** What a request works on, beside its argument. */
export interface IoctlContext<D> {
  readonly device: D
  readonly task: Task
  /** Stores the argument as it is now back in user memory: 0 or -EFAULT. */
  readonly copyOut: () => number
}

/** One request of a device: number, name, argument, handler. Dispatch and --strace read it. */
export interface Ioctl<D> {
  readonly name: string
  readonly request: number
  readonly spec: string
  readonly run: (device: D, task: Task, argument: number) => number
}

/**
 * Declares a request whose argument is a structure in user memory. `ready` is asked before the argument is looked at: drivers
 * check their state first. The handler gets a copy; what goes back is up to it.
 */
export function ioctl<D, F extends Fields>(
  name: string,
  request: number,
  layout: Struct<F>,
  row: {
    readonly spec: string
    readonly ready?: (device: D) => number
    readonly run: (argument: StructView<F>, context: IoctlContext<D>) => number
  },
): Ioctl<D> {
  return {
    name,
    request,
    spec: row.spec,
    run(device, task, argument) {
      const refused = row.ready?.(device) ?? 0
      if (refused < 0) return refused
      const bytes = task.memory.read(argument, layout.size)
      if (!bytes) return -EFAULT
      const copyOut = (): number => (task.memory.write(argument, bytes) ? 0 : -EFAULT)
      return row.run(layout.view(bytes), { device, task, copyOut })
    },
  }
}

/** Finds the request in the device's table; -ENOTTY if it is not there. */
export function serveIoctl<D>(
  rows: readonly Ioctl<D>[],
  device: D,
  task: Task,
  request: number,
  argument: number,
): number {
  const row = rows.find((r) => r.request === request)
  return row ? row.run(device, task, argument) : -ENOTTY
}
