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
export type { UserMemory } from './mm/user-memory.ts'
export { SYSCALLS } from './syscalls/table.ts'
export { signalName } from './strace.ts'
export { isWait, type Answer, type ArgumentKind, type Syscall, type Wait } from './syscall.ts'
export { clone } from './task/clone.ts'
export { errnoName } from './errno.ts'
export type { SignalInfo } from './signal/info.ts'
export { SYSTEM_FOLDERS, type Grants } from './vfs/sandbox.ts'
export { SGX_DEVICES, SGX_ENCLAVE_BUILD, SGX_ENCLAVE_SGX2 } from './devices/index.ts'
