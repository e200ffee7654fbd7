/** What `npm run mutants` breaks. */
import type { Mutant, Sweep, Tests } from './mutant.ts'
import { SELFTEST } from './selftest.ts'
import { UNOBSERVABLE } from './unobservable.ts'

const CASES = 'src/sgx/leaves/cases.test.ts'
const BUILD = 'src/sgx/leaves/encls-build.test.ts'
const ENTRY = 'src/sgx/leaves/enclu-entry.test.ts'
const KEYS = 'src/sgx/leaves/keys.test.ts'
const PAGING = 'src/sgx/leaves/paging.test.ts'
const SGX2 = 'src/sgx/leaves/sgx2.test.ts'
const AEX = 'src/sgx/aex.test.ts'

/** A leaf: its table of checks, then what it does. */
const leaf = (name: string, ...files: readonly string[]): Sweep => ({
  file: `src/sgx/leaves/${name}.ts`,
  tests: [
    { file: CASES, name: new RegExp(`^${name.split('-')[1]?.toUpperCase()} `) },
    ...files.map((file): Tests => ({ file })),
  ],
})

const LEAVES: readonly Sweep[] = [
  leaf('encls-ecreate', BUILD),
  leaf('encls-eadd', BUILD),
  leaf('encls-einit', 'src/sgx/leaves/encls-einit.test.ts', KEYS),
  leaf('encls-eremove', BUILD),
  leaf('encls-eextend', BUILD),
  leaf('encls-epa', PAGING),
  leaf('encls-eblock', PAGING),
  leaf('encls-etrack', PAGING),
  leaf('encls-ewb', PAGING),
  leaf('encls-eldu', PAGING),
  leaf('encls-edbgrd', PAGING),
  leaf('encls-edbgwr', PAGING, 'src/sgx/entry-cache.test.ts'),
  leaf('encls-eaug', SGX2),
  leaf('encls-emodpr', SGX2),
  leaf('encls-emodt', SGX2),
  leaf('enclu-eaccept', SGX2),
  leaf('enclu-emodpe', SGX2),
  leaf('enclu-eacceptcopy', SGX2),
  leaf('enclu-ereport', KEYS),
  leaf('enclu-egetkey', KEYS),
  leaf('enclu-eenter', ENTRY),
  leaf('enclu-eresume', ENTRY, AEX),
  leaf('enclu-eexit', ENTRY),
  leaf('enclu-edeccssa', SGX2),
]

/** What several leaves share, and what is no leaf. */
const SHARED: readonly Sweep[] = [
  {
    file: 'src/sgx/operands.ts',
    tests: [{ file: CASES, name: /^E(ACCEPT|GETKEY|ENTER|ADD) / }, { file: ENTRY }, { file: SGX2 }],
  },
  { file: 'src/sgx/ssa.ts', tests: [{ file: CASES, name: /^E(ENTER|RESUME) / }, { file: ENTRY }] },
  { file: 'src/sgx/entry.ts', tests: [{ file: CASES, name: /^E(ENTER|RESUME) / }, { file: ENTRY }, { file: AEX }] },
  { file: 'src/sgx/entry-cache.ts', tests: [{ file: 'src/sgx/entry-cache.test.ts' }, { file: ENTRY }] },
  { file: 'src/sgx/aex.ts', tests: [{ file: AEX }] },
  { file: 'src/sgx/enclave-pages.ts', tests: [{ file: 'src/sgx/enclave-pages.test.ts' }] },
  { file: 'src/sgx/measurement.ts', tests: [{ file: BUILD }] },
  { file: 'src/sgx/paging.ts', tests: [{ file: PAGING }, { file: CASES, name: /^EL/ }] },
  { file: 'src/sgx/secrets.ts', tests: [{ file: KEYS }] },
  { file: 'src/sgx/enclave.ts', tests: [{ file: PAGING }, { file: ENTRY }, { file: CASES, name: /^E(ACCEPT|WB) / }] },
]

const DRIVER: readonly Tests[] = [
  { file: 'src/linux/devices/sgx-enclave.test.ts' },
  { file: 'src/linux/devices/sgx-reclaimer.test.ts' },
]
/** The driver behind /dev/sgx_enclave, and what the kernel makes of an exception. */
const LINUX: readonly Sweep[] = [
  ...['build', 'sgx2'].map((name) => ({ file: `src/linux/devices/sgx-enclave-${name}.ts`, tests: DRIVER })),
  ...['enclave', 'encl', 'page', 'reclaimer'].map((name) => ({
    file: `src/linux/devices/sgx-${name}.ts`,
    tests: DRIVER,
  })),
  { file: 'src/linux/devices/ioctl.ts', tests: DRIVER },
  { file: 'src/linux/signal/faults.ts', tests: [{ file: 'src/linux/signal/signal.test.ts', name: /^exceptions / }] },
]

export const MUTANTS: readonly Mutant[] = SELFTEST
export const SWEEPS: readonly Sweep[] = [...LEAVES, ...SHARED, ...LINUX]
export { UNOBSERVABLE }
