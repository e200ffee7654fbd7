/** SGX: the EPC and its map, measurement, the leaves of ENCLS and ENCLU, asynchronous exits. Knows no operating system. */
export { Sgx, type SgxOptions } from './processor.ts'
export { Epc, EpcPage, type EpcOptions } from './epc.ts'
export { Enclave } from './enclave.ts'
export { EnclavePages, type HostPages } from './enclave-pages.ts'
export type { EnclaveMode } from './mode.ts'
export { SGX_PROFILES, xsaveSize, type SgxProfile, type SgxProfileName, type CpuidResult } from './profile.ts'
export { ENCLS, ENCLU } from './leaves/index.ts'
export type { SgxEvent, SgxEventSink, LeafOutcome } from './events.ts'
