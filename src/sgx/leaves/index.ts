import type { EnclsLeafName, EncluLeafName } from '../../spec/sgx/index.ts'
import type { EnclsLeaf, EncluLeaf } from '../leaf.ts'
import { EADD } from './encls-eadd.ts'
import { ECREATE } from './encls-ecreate.ts'
import { EEXTEND } from './encls-eextend.ts'
import { EINIT } from './encls-einit.ts'
import { EREMOVE } from './encls-eremove.ts'
import { EENTER } from './enclu-eenter.ts'
import { EEXIT } from './enclu-eexit.ts'
import { ERESUME } from './enclu-eresume.ts'

/** ENCLU, in the order of its leaf numbers. An unsupported leaf stops the run by name. */
// prettier-ignore
export const ENCLU = {
  EREPORT:        'unsupported',
  EGETKEY:        'unsupported',
  EENTER,
  ERESUME,
  EEXIT,
  EACCEPT:        'unsupported',
  EMODPE:         'unsupported',
  EACCEPTCOPY:    'unsupported',
  EVERIFYREPORT2: 'unsupported',
  EDECCSSA:       'unsupported',
} satisfies Record<EncluLeafName, EncluLeaf | 'unsupported'> as Record<EncluLeafName, EncluLeaf | 'unsupported'>

/** ENCLS, in the order of its leaf numbers. The driver calls `ENCLS.ECREATE(sgx, { … })`; an unsupported leaf is no function. `never`: arguments differ. */
// prettier-ignore
export const ENCLS = {
  ECREATE,
  EADD,
  EINIT,
  EREMOVE,
  EDBGRD:     'unsupported',
  EDBGWR:     'unsupported',
  EEXTEND,
  ELDB:       'unsupported',
  ELDU:       'unsupported',
  EBLOCK:     'unsupported',
  EPA:        'unsupported',
  EWB:        'unsupported',
  ETRACK:     'unsupported',
  EAUG:       'unsupported',
  EMODPR:     'unsupported',
  EMODT:      'unsupported',
  ERDINFO:    'unsupported',
  ETRACKC:    'unsupported',
  ELDBC:      'unsupported',
  ELDUC:      'unsupported',
  EUPDATESVN: 'unsupported',
} as const satisfies Record<EnclsLeafName, EnclsLeaf<never, unknown> | 'unsupported'>
