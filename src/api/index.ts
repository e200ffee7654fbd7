/** The public library. */
export { EncluError, ERRORS, type ErrorCode } from '../base/index.ts'
export {
  Machine,
  PROCESSORS,
  DEFAULT_PROCESSOR,
  type ExitStatus,
  type MachineOptions,
  type MachineStats,
  type ProcessorName,
} from '../machine/index.ts'
export { VDSO_ABIS, type Step, type VdsoAbi } from '../machine/index.ts'
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
} from '../machine/index.ts'
export type { ConsolePort, FilePort, HostError, HostFile, HostPort, HostStat } from '../port/index.ts'
