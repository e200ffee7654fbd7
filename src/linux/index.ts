/** The user-mode kernel: processes, memory, files, signals, and the devices of SGX. Knows no instruction. */
export {
  Kernel,
  type Clock,
  type KernelHooks,
  type KernelOptions,
  type KernelVdso,
  type ProcessorFacts,
} from './kernel.ts'
export type { Task } from './task/task.ts'
export type { Process } from './task/process.ts'
export { AddressSpace, type Denial, type HostMapping, type Translation } from './mm/address-space.ts'
export { SYSCALLS } from './syscalls/table.ts'
export { signalName } from './strace.ts'
export type { Syscall } from './syscall.ts'
export { SYSTEM_FOLDERS, type Grants } from './vfs/sandbox.ts'
