/** "ENCLU Instruction Leaf Functions" and "ENCLS Instruction Leaf Functions": every leaf, its number in EAX and what brought it. */

export type Since = 'SGX1' | 'SGX2' | 'OVERSUB' | 'EVERIFYREPORT2' | 'EDECCSSA' | 'EUPDATESVN'
interface LeafRow {
  readonly number: number
  readonly since: Since
  /** Heading of its page in volume 3D. */
  readonly heading: string
}

// prettier-ignore
export const ENCLU_LEAVES = {
  EREPORT:        { number: 0x00, since: 'SGX1', heading: 'EREPORT—Create a Cryptographic Report of the Enclave' },
  EGETKEY:        { number: 0x01, since: 'SGX1', heading: 'EGETKEY—Retrieves a Cryptographic Key' },
  EENTER:         { number: 0x02, since: 'SGX1', heading: 'EENTER—Enters an Enclave' },
  ERESUME:        { number: 0x03, since: 'SGX1', heading: 'ERESUME—Re-Enters an Enclave' },
  EEXIT:          { number: 0x04, since: 'SGX1', heading: 'EEXIT—Exits an Enclave' },
  EACCEPT:        { number: 0x05, since: 'SGX2', heading: 'EACCEPT—Accept Changes to an EPC Page' },
  EMODPE:         { number: 0x06, since: 'SGX2', heading: 'EMODPE—Extend an EPC Page Permissions' },
  EACCEPTCOPY:    { number: 0x07, since: 'SGX2', heading: 'EACCEPTCOPY—Initialize a Pending Page' },
  EVERIFYREPORT2: { number: 0x08, since: 'EVERIFYREPORT2', heading: 'EVERIFYREPORT2—Verify a cryptographic report' },
  EDECCSSA:       { number: 0x09, since: 'EDECCSSA', heading: 'EDECCSSA—Decrements TCS.CSSA' },
} as const satisfies Record<string, LeafRow>
export type EncluLeafName = keyof typeof ENCLU_LEAVES

// prettier-ignore
export const ENCLS_LEAVES = {
  ECREATE:    { number: 0x00, since: 'SGX1', heading: 'ECREATE—Create an SECS page in the Enclave Page Cache' },
  EADD:       { number: 0x01, since: 'SGX1', heading: 'EADD—Add a Page to an Uninitialized Enclave' },
  EINIT:      { number: 0x02, since: 'SGX1', heading: 'EINIT—Initialize an Enclave for Execution' },
  EREMOVE:    { number: 0x03, since: 'SGX1', heading: 'EREMOVE—Remove a page from the EPC' },
  EDBGRD:     { number: 0x04, since: 'SGX1', heading: 'EDBGRD—Read From a Debug Enclave' },
  EDBGWR:     { number: 0x05, since: 'SGX1', heading: 'EDBGWR—Write to a Debug Enclave' },
  EEXTEND:    { number: 0x06, since: 'SGX1', heading: 'EEXTEND—Extend Uninitialized Enclave Measurement by 256 Bytes' },
  ELDB:       { number: 0x07, since: 'SGX1', heading: 'ELDB/ELDU/ELDBC/ELDUC—Load an EPC Page and Mark its State' },
  ELDU:       { number: 0x08, since: 'SGX1', heading: 'ELDB/ELDU/ELDBC/ELDUC—Load an EPC Page and Mark its State' },
  EBLOCK:     { number: 0x09, since: 'SGX1', heading: 'EBLOCK—Mark a page in EPC as Blocked' },
  EPA:        { number: 0x0a, since: 'SGX1', heading: 'EPA—Add Version Array' },
  EWB:        { number: 0x0b, since: 'SGX1', heading: 'EWB—Invalidate an EPC Page and Write out to Main Memory' },
  ETRACK:     { number: 0x0c, since: 'SGX1', heading: 'ETRACK—Activates EBLOCK Checks' },
  EAUG:       { number: 0x0d, since: 'SGX2', heading: 'EAUG—Add a Page to an Initialized Enclave' },
  EMODPR:     { number: 0x0e, since: 'SGX2', heading: 'EMODPR—Restrict the Permissions of an EPC Page' },
  EMODT:      { number: 0x0f, since: 'SGX2', heading: 'EMODT—Change the Type of an EPC Page' },
  ERDINFO:    { number: 0x10, since: 'OVERSUB', heading: 'ERDINFO—Read Type and Status Information About an EPC Page' },
  ETRACKC:    { number: 0x11, since: 'OVERSUB', heading: 'ETRACKC—Activates EBLOCK Checks' },
  ELDBC:      { number: 0x12, since: 'OVERSUB', heading: 'ELDB/ELDU/ELDBC/ELDUC—Load an EPC Page and Mark its State' },
  ELDUC:      { number: 0x13, since: 'OVERSUB', heading: 'ELDB/ELDU/ELDBC/ELDUC—Load an EPC Page and Mark its State' },
  EUPDATESVN: { number: 0x18, since: 'EUPDATESVN', heading: 'EUPDATESVN—Updates SVN' },
} as const satisfies Record<string, LeafRow>
export type EnclsLeafName = keyof typeof ENCLS_LEAVES

export type LeafName = EncluLeafName | EnclsLeafName
