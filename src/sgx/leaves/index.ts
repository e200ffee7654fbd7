import type { EnclsLeafName, EncluLeafName } from '../../spec/sgx/index.ts'
import type { EnclsLeaf, EncluLeaf } from '../leaf.ts'
import { EADD } from './encls-eadd.ts'
import { EAUG } from './encls-eaug.ts'
import { EBLOCK } from './encls-eblock.ts'
import { ECREATE } from './encls-ecreate.ts'
import { EDBGRD } from './encls-edbgrd.ts'
import { EDBGWR } from './encls-edbgwr.ts'
import { EEXTEND } from './encls-eextend.ts'
import { EINIT } from './encls-einit.ts'
import { ELDB, ELDU } from './encls-eldu.ts'
import { EMODPR } from './encls-emodpr.ts'
import { EMODT } from './encls-emodt.ts'
import { EPA } from './encls-epa.ts'
import { EREMOVE } from './encls-eremove.ts'
import { ETRACK } from './encls-etrack.ts'
import { EWB } from './encls-ewb.ts'
import { EACCEPT } from './enclu-eaccept.ts'
import { EACCEPTCOPY } from './enclu-eacceptcopy.ts'
import { EDECCSSA } from './enclu-edeccssa.ts'
import { EENTER } from './enclu-eenter.ts'
import { EEXIT } from './enclu-eexit.ts'
import { EGETKEY } from './enclu-egetkey.ts'
import { EMODPE } from './enclu-emodpe.ts'
import { EREPORT } from './enclu-ereport.ts'
import { ERESUME } from './enclu-eresume.ts'

/** ENCLU, in the order of its leaf numbers. An unsupported leaf stops the run by name. */
// prettier-ignore
export const ENCLU = {
  EREPORT,
  EGETKEY,
  EENTER,
  ERESUME,
  EEXIT,
  EACCEPT,
  EMODPE,
  EACCEPTCOPY,
  EVERIFYREPORT2: 'unsupported',
  EDECCSSA,
} satisfies Record<EncluLeafName, EncluLeaf | 'unsupported'> as Record<EncluLeafName, EncluLeaf | 'unsupported'>

/** ENCLS, in the order of its leaf numbers. The driver calls `ENCLS.ECREATE(sgx, { … })`; an unsupported leaf is no function. `never`: arguments differ. */
// prettier-ignore
export const ENCLS = {
  ECREATE,
  EADD,
  EINIT,
  EREMOVE,
  EDBGRD,
  EDBGWR,
  EEXTEND,
  ELDB,
  ELDU,
  EBLOCK,
  EPA,
  EWB,
  ETRACK,
  EAUG,
  EMODPR,
  EMODT,
  ERDINFO:    'unsupported',
  ETRACKC:    'unsupported',
  ELDBC:      'unsupported',
  ELDUC:      'unsupported',
  EUPDATESVN: 'unsupported',
} as const satisfies Record<EnclsLeafName, EnclsLeaf<never, unknown> | 'unsupported'>
