/** Wires processor, translator, SGX and Linux together; owns the run loop. */
export { Machine } from './machine.ts'
export type { ExitStatus, MachineOptions, MachineStats } from './options.ts'
export type { CpuidReport, LeafReport, MachineReport, SgxReport } from './report.ts'
export type { KeptTranslations, NativeCode } from '../translate/index.ts'
export type { Step } from './stepper.ts'
export * from './enclave-call/index.ts'
export { ATTRIBUTES, MISCSELECT, TCS_FLAGS } from '../spec/sgx/index.ts'
export type { Rsa3072Key, Rsa3072KeySource } from '../crypto/index.ts'
export { ENTER_ENCLAVE, VDSO_ABIS, type VdsoAbi } from '../vdso/index.ts'
export { DEFAULT_PROCESSOR, PROCESSORS, type CpuidAnswer, type ProcessorName } from './processor-profile.ts'
export {
  measureAbi,
  PATHS,
  STYLES,
  type AbiReport,
  type CallerReport,
  type Claim,
  type ForeignImage,
  type ImageReport,
  type KeptReport,
  type PathName,
  type Style,
} from './abi/index.ts'
