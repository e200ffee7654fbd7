import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from '../test/support/cache.ts'
import { mustRun, works } from '../test/support/command.ts'

/** Something that every runner does, to be compared. */
export interface Workload {
  readonly name: string
  readonly what: string
  /** The program and its arguments. */
  readonly words: readonly string[]
  /** The same with nothing to do: start-up, which is taken off. Absent for whole programs, whose users wait for it too. */
  readonly startWords?: readonly string[]
  /** From what it prints: equal for equal results. Undefined: this is not a result. */
  readonly hashOf: (stdout: Buffer) => string | undefined
}

/** A kernel of kernels/NAME.c and a count that takes 0.3 s on a 2.5 GHz server processor. */
// prettier-ignore
const KERNELS: readonly { readonly name: string; readonly count: number; readonly what: string }[] = [
  { name: 'alu',    count: 65_000_000,  what: 'registers only' },
  { name: 'sha',    count: 750_000,     what: 'SHA-256 compression' },
  { name: 'sort',   count: 1_800_000,   what: 'recursive quicksort' },
  { name: 'list',   count: 6_000_000,   what: 'pointer chase, 4 MiB' },
  { name: 'listl1', count: 200_000_000, what: 'pointer chase, 8 KiB' },
  { name: 'vm',     count: 1_700,       what: 'bytecode interpreter' },
  { name: 'nbody',  count: 1_300_000,   what: 'double precision' },
  { name: 'chacha', count: 2_300_000,   what: 'SSE2 integer' },
  { name: 'fib',    count: 250,         what: 'calls and returns' },
  { name: 'mem',    count: 3_000,       what: 'byte copy and histogram' },
  { name: 'bignum', count: 90_000,      what: 'Montgomery products of 2048 bits' },
  { name: 'aes',    count: 7_500_000,   what: 'AES-128-CTR with AES-NI' },
]

/** What a user may already have; one that is missing is left out. */
// prettier-ignore
const PROGRAMS: readonly { readonly name: string; readonly arguments: (data: string) => string[]; readonly what: string }[] = [
  { name: 'openssl', arguments: (data) => ['dgst', '-sha256', '-sign', join(data, 'key.pem'), join(data, 'text')], what: 'RSA-4096 signature of 2 MiB' },
  { name: 'gzip',    arguments: (data) => ['-9', '-n', '-c', join(data, 'text')],                                  what: 'compresses 2 MiB' },
  { name: 'python3', arguments: () => ['-S', join(import.meta.dirname, 'programs/words.py')],                      what: 'a script' },
]

/** Where Debian's own programs are: not those of a version manager before them in PATH. */
const SYSTEM = '/usr/bin'

export const KERNEL_NAMES: readonly string[] = KERNELS.map((k) => k.name)
export const PROGRAM_NAMES: readonly string[] = PROGRAMS.map((p) => p.name)

/** Seen from outside: CPU time, since guest clocks may be virtual. */
export interface Programs {
  /** The kernels: an ordinary static x86-64 program. */
  readonly bench: string
  /** Runs a program and reports its CPU time. */
  readonly usage: string
}

const FLAGS = ['-O2', '-march=x86-64', '-static']

/** `flags`: of the compiler, for the kernels. */
export async function buildPrograms(flags: readonly string[] = FLAGS): Promise<Programs> {
  const folder = join(import.meta.dirname, 'kernels')
  const names = (await readdir(folder)).sort()
  const usage = join(import.meta.dirname, 'usage.c')
  const texts = await Promise.all([...names.map((f) => join(folder, f)), usage].map((f) => readFile(f, 'utf8')))
  const built = await cached('bench', [...flags, ...names, ...texts].join('\n'), async (draft) => {
    const sources = names.filter((f) => f.endsWith('.c')).map((f) => join(folder, f))
    await mustRun('gcc', [...flags, '-o', join(draft, 'bench'), ...sources, '-lm'], { timeoutMs: 120_000 })
    await mustRun('gcc', ['-O2', '-o', join(draft, 'usage'), usage], { timeoutMs: 60_000 })
  })
  return { bench: join(built, 'bench'), usage: join(built, 'usage') }
}

export function kernels({ bench }: Programs, names: readonly string[], scale: number): Workload[] {
  return KERNELS.filter((k) => names.includes(k.name)).map(({ name, count, what }) => ({
    name,
    what,
    words: [bench, name, `${Math.max(1, Math.round(count * scale))}`],
    startWords: [bench, name, '0'],
    hashOf: (stdout) => /^([0-9a-f]{16}) /.exec(stdout.toString())?.[1],
  }))
}

export async function programs(names: readonly string[]): Promise<Workload[]> {
  const chosen = PROGRAMS.filter((p) => names.includes(p.name))
  if (chosen.length === 0) return []
  const data = await makeData()
  const found = await Promise.all(
    chosen.map((p) => works(join(SYSTEM, p.name), [p.name === 'openssl' ? 'version' : '--version'])),
  )
  return chosen
    .filter((_, i) => found[i])
    .map((p) => ({
      name: p.name,
      what: p.what,
      words: [join(SYSTEM, p.name), ...p.arguments(data)],
      hashOf: (stdout) =>
        stdout.length > 0 ? createHash('sha256').update(stdout).digest('hex').slice(0, 16) : undefined,
    }))
}

/** A text of 2 MiB that can be compressed, and a key. */
const makeData = (): Promise<string> =>
  cached('bench-data', 'text of 2 MiB, RSA-4096', async (draft) => {
    let state = 1
    const word = (): string => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      return ((state >>> 12) % 4096).toString(36)
    }
    const words = Array.from({ length: 2 ** 20 }, word).join(' ')
    await writeFile(join(draft, 'text'), words.slice(0, 2 ** 21))
    if (await works('openssl', ['version']))
      await mustRun('openssl', ['genrsa', '-out', join(draft, 'key.pem'), '4096'])
  })
