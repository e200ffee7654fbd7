/** The calls of the thread, made and counted. */
export type { Answer, Call, CallRecord, EnclaveEvent, Mark, Place, Point } from './call.ts'
export type { Claim } from './claims.ts'
export { PATHS, type PathName } from './paths.ts'
export { STYLES, type Style } from './wrappers.ts'
export {
  measureAbi,
  type AbiReport,
  type CallerReport,
  type ForeignImage,
  type ImageReport,
  type KeptReport,
} from './measure.ts'
