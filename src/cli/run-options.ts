import { parseEpcSize, parseNotEmpty, parseOffset, parseSeed, parseStatsFormat, parseVariable } from './values.ts'

/**
 * One option of `enclu run`. The parser, the environment twins, --help and the tests read these rows: adding an option is
 * adding a row here and its use in commands/run.ts.
 */
export interface OptionRow {
  /** In commander's notation; the value's name in angle brackets. */
  readonly flags: string
  /** The environment variable that does the same. */
  readonly env: string
  readonly help: string
  /** Throws InvalidArgumentError. Options without a value have none. */
  readonly parse?: (text: string) => unknown
  /** May be given several times; in the environment variable the values are separated by this. */
  readonly separator?: ':' | ','
}

// prettier-ignore
export const RUN_OPTIONS: readonly OptionRow[] = [
  { flags: '--strace', env: 'ENCLU_STRACE',
    help: 'print each system call of the program' },
  { flags: '--trace-sgx', env: 'ENCLU_TRACE_SGX',
    help: 'print each SGX leaf with the check that failed, each asynchronous exit and each crossing of the vDSO' },
  { flags: '--stats', env: 'ENCLU_STATS',
    help: 'print instruction and transition counts at the end' },
  { flags: '--stats-format <format>', env: 'ENCLU_STATS_FORMAT', parse: parseStatsFormat,
    help: 'text, or one line of json; implies --stats' },
  { flags: '-D, --log <file>', env: 'ENCLU_LOG', parse: parseNotEmpty,
    help: 'write traces and statistics to this file instead of standard error' },
  { flags: '--cpu <name>', env: 'ENCLU_CPU', parse: parseNotEmpty,
    help: 'the emulated processor; --cpu help lists them' },
  { flags: '--no-sgx', env: 'ENCLU_NO_SGX',
    help: 'a processor and a kernel without SGX' },
  { flags: '--vdso <name>', env: 'ENCLU_VDSO', parse: parseNotEmpty,
    help: 'the shape of the enclave call; --vdso help lists them' },
  { flags: '--vdso-image <file>', env: 'ENCLU_VDSO_IMAGE', parse: parseNotEmpty,
    help: 'use this vDSO instead of one of ours, such as the one of a Linux kernel' },
  { flags: '--vdso-fixup <offset>', env: 'ENCLU_VDSO_FIXUP', parse: parseOffset,
    help: 'where in that image exceptions are reported, if it cannot be found' },
  { flags: '--epc <size>', env: 'ENCLU_EPC', parse: parseEpcSize,
    help: 'size of the enclave page cache, such as 64MiB' },
  { flags: '--seed <number>', env: 'ENCLU_SEED', parse: parseSeed,
    help: 'what everything random follows from (default 0)' },
  { flags: '--schedule-seed <number>', env: 'ENCLU_SCHEDULE_SEED', parse: parseSeed,
    help: 'draw from this number which thread runs when and for how long: another number, another interleaving' },
  { flags: '--machine-seed <number>', env: 'ENCLU_MACHINE_SEED', parse: parseSeed,
    help: 'what the keys of enclaves derive from: the same number, the same keys (default 0)' },
  { flags: '--no-translate', env: 'ENCLU_NO_TRANSLATE',
    help: 'evaluate each instruction instead of translating to WebAssembly (slow)' },
  { flags: '-E, --env <variable>', env: 'ENCLU_SET_ENV', separator: ',', parse: parseVariable,
    help: 'give the program an environment variable: NAME=VALUE, or NAME for the value here; repeatable' },
  { flags: '-U, --unset <name>', env: 'ENCLU_UNSET_ENV', separator: ',', parse: parseNotEmpty,
    help: 'do not pass on this variable; repeatable' },
  { flags: '-0, --argv0 <name>', env: 'ENCLU_ARGV0', parse: (text) => text,
    help: 'what the program sees as argv[0]' },
  { flags: '--allow-read <path>', env: 'ENCLU_ALLOW_READ', separator: ':', parse: parseNotEmpty,
    help: 'let the program read this file or everything in this folder; repeatable' },
  { flags: '--allow-write <path>', env: 'ENCLU_ALLOW_WRITE', separator: ':', parse: parseNotEmpty,
    help: 'let the program change and create files here; repeatable' },
]

/** What the rows give when parsed; absent means not asked for. */
export interface RunOptions {
  readonly strace?: true
  readonly traceSgx?: true
  readonly stats?: true
  readonly statsFormat?: 'text' | 'json'
  readonly log?: string
  readonly cpu?: string
  readonly sgx: boolean
  readonly vdso?: string
  readonly vdsoImage?: string
  readonly vdsoFixup?: number
  readonly epc?: number
  readonly seed?: bigint
  readonly scheduleSeed?: bigint
  readonly machineSeed?: bigint
  readonly translate: boolean
  readonly env?: readonly string[]
  readonly unset?: readonly string[]
  readonly argv0?: string
  readonly allowRead?: readonly string[]
  readonly allowWrite?: readonly string[]
}

/** '--epc' of '--epc <size>', '--env' of '-E, --env <variable>'. */
export const longName = (row: OptionRow): string => /--[\w-]+/.exec(row.flags)?.[0] ?? row.flags
