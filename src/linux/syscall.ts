import type { Kernel } from './kernel.ts'
import type { Task } from './task/task.ts'

/** How an argument is shown by --strace; each arrives as the 64-bit register value, interpreted by kind. */
export type ArgumentKind =
  /** 32-bit signed (the kernel's int) -> number */
  | 'int'
  | 'fd'
  /** 32-bit unsigned, shown in hex -> number */
  | 'flags'
  /** Request of ioctl(2), shown by its name -> number */
  | 'ioctl'
  /** User address -> number (addresses beyond 2^53 become Infinity, which no mapping covers) */
  | 'addr'
  /** NUL-terminated string in user memory, shown as text; arrives as its address -> number */
  | 'path'
  /** Length -> number (clamped to Number.MAX_SAFE_INTEGER) */
  | 'size'
  /** Signed 64-bit -> number (file offsets) */
  | 'off'
  /** Unsigned 64-bit, raw -> bigint */
  | 'u64'

type ArgumentValue<K extends ArgumentKind> = K extends 'u64' ? bigint : number
export type Arguments = Readonly<Record<string, ArgumentKind>>
type Values<A extends Arguments> = { readonly [K in keyof A]: ArgumentValue<A[K]> }

/**
 * The task waits: the syscall is executed again when `wait` is true (checked by the scheduler after anything that may change it)
 * or when virtual time reaches `deadline` (nanoseconds); it then finds this very object in its context as `resumed`. A signal
 * that has a handler ends the wait with -EINTR, or starts the call anew if the handler has SA_RESTART.
 */
export interface Wait {
  readonly wait: () => boolean
  readonly deadline?: bigint
  /** signal(7), "Interruption of system calls": these end with EINTR whatever SA_RESTART says. */
  readonly neverRestarts?: true
  /** What a handler's interruption answers instead of -EINTR: part of the work was done. Such a call is not started anew. */
  readonly interrupted?: number
  /** The wait ends and the call is not run again: a signal, or the end of the task. */
  readonly cancel?: () => void
}

export const isWait = (answer: Answer): answer is Wait => typeof answer === 'object'

/** What a syscall answers: a value >= 0, a negative errno, a bigint where 64 bits are needed, or a wait. */
export type Answer = number | bigint | Wait

export interface SyscallContext {
  readonly kernel: Kernel
  readonly task: Task
  /** Set when the call runs again after a wait: what it had answered. */
  readonly resumed?: Wait | undefined
}

/** One row: number, name, typed arguments, support level, handler. Dispatch, --strace and the support page read it. */
export interface Syscall {
  readonly number: number
  readonly name: string
  readonly arguments: Arguments
  readonly support: 'full' | 'partial'
  /** What is missing, for partial support. */
  readonly note?: string
  /** Manual page, as 'mmap(2)'. */
  readonly spec: string
  // The row's own argument types are checked where it is declared; the table holds rows of all shapes.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly run: (c: SyscallContext, a: any) => Answer
}

export function syscall<const A extends Arguments>(
  number: number,
  name: string,
  args: A,
  row: { support: 'full' | 'partial'; note?: string; spec: string; run: (c: SyscallContext, a: Values<A>) => Answer },
): Syscall {
  return { number, name, arguments: args, ...row }
}
