import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from '../test/support/cache.ts'
import { mustRun } from '../test/support/command.ts'

/** A kernel of kernels/NAME.c and a count that takes 0.3 s on a 2.5 GHz server processor. */
export interface Kernel {
  readonly name: string
  readonly count: number
  readonly what: string
}

// prettier-ignore
export const KERNELS: readonly Kernel[] = [
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
]

export interface Programs {
  /** The kernels: an ordinary static x86-64 program. */
  bench: string
  /** Runs a program and reports its CPU time. */
  usage: string
}

const FLAGS = ['-O2', '-march=x86-64', '-static']

export async function buildPrograms(): Promise<Programs> {
  const folder = join(import.meta.dirname, 'kernels')
  const names = (await readdir(folder)).sort()
  const usage = join(import.meta.dirname, 'usage.c')
  const texts = await Promise.all([...names.map((f) => join(folder, f)), usage].map((f) => readFile(f, 'utf8')))
  const built = await cached('bench', [...FLAGS, ...names, ...texts].join('\n'), async (draft) => {
    const sources = names.filter((f) => f.endsWith('.c')).map((f) => join(folder, f))
    await mustRun('gcc', [...FLAGS, '-o', join(draft, 'bench'), ...sources, '-lm'], { timeoutMs: 120_000 })
    await mustRun('gcc', ['-O2', '-o', join(draft, 'usage'), usage], { timeoutMs: 60_000 })
  })
  return { bench: join(built, 'bench'), usage: join(built, 'usage') }
}
