import { BUILD_TABLES } from './build.cases.ts'
import { ENTRY_TABLES } from './entry.cases.ts'
import { KEYS_TABLES } from './keys.cases.ts'
import { PAGING_TABLES } from './paging.cases.ts'
import { SGX2_TABLES } from './sgx2.cases.ts'
import type { LeafTable } from './table.cases.ts'

/** The table of every leaf that there is. */
export const TABLES: readonly LeafTable[] = [
  ...BUILD_TABLES,
  ...PAGING_TABLES,
  ...SGX2_TABLES,
  ...KEYS_TABLES,
  ...ENTRY_TABLES,
]
