/** Enclaves built and called from TypeScript: the library's part of the machine. */
export { elfLayout, type ElfLayoutOptions } from './elf-layout.ts'
export type { Enclave, EnterOptions, EnterResult } from './enclave.ts'
export type { GuestMemory, MemoryAccess } from './guest-memory.ts'
export {
  bytesOf,
  measureEnclave,
  plainLayout,
  secinfoOf,
  tcsPage,
  type AddStep,
  type BuildStep,
  type EnclaveLayout,
  type ExtendStep,
  type PageSecinfo,
  type PlainAdd,
  type PlainLayout,
  type SecsFields,
  type TcsFields,
} from './layout.ts'
export { EnclaveHost, type CreateEnclaveOptions } from './enclave-host.ts'
export type { CallRegisters } from './pending-call.ts'
export type { Processor, StartProcessor } from './processor.ts'
export type {
  CallShapes,
  EarlyHandler,
  EarlyShape,
  HandlerAnswer,
  sgx_enclave_exception,
  sgx_enclave_run,
  UserHandler,
} from './shapes.ts'
export { generateSigningKey, signEnclave, signLayout, type SigstructFields } from './sigstruct.ts'
