/** Mutants that nobody could notice, with the reason. `npm run mutants` leaves them out, and refuses one that there is no more. */

const NEVER_BOTH = 'the two cannot fail together'
const FITS = 'all that XFRM can select leaves so much of a page free that EXINFO makes no difference'

export const UNOBSERVABLE: Readonly<Record<string, string>> = {
  'sgx/leaves/encls-ecreate order: SECS.BASEADDR has 32 bits before SECS.BASEADDR is canonical': NEVER_BOTH,
  'sgx/leaves/encls-ecreate order: SECS.SIZE >= 8192 before SECS.SIZE is below the maximum enclave size of CPUID':
    NEVER_BOTH,
  'sgx/leaves/encls-ecreate always: EXINFO.size (secs.MISCSELECT & MISCSELECT.EXINFO)': FITS,
  'sgx/leaves/encls-ecreate never: EXINFO.size (secs.MISCSELECT & MISCSELECT.EXINFO)': FITS,
  'sgx/leaves/encls-ecreate bound: <= in secs.SSAFRAMESIZE * PAGE_SIZE < TMP_XSIZE': FITS,
  'sgx/leaves/enclu-eaccept without: page.trackingEpoch = undefined': 'an epoch that was tracked once stays so',
  "sgx/leaves/encls-edbgrd order: PT === 'PT_VA' before DS:RCX & FFFH < SGX_TCS_LIMIT": NEVER_BOTH,
}
