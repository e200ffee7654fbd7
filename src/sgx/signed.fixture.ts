/** What tests of other rooms need to build a valid enclave. */
export { signedSigstruct, secinfo } from './fixture.cases.ts'
