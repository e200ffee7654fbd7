/** Programs that find what earlier runs have kept of their code: the same output in every run, and less and less to be made. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { MachineStats } from '../../src/api/index.ts'
import { buildPrograms } from '../../bench/workloads.ts'
import { enclu, scratchFolder } from '../cli/enclu.ts'
import { busybox } from '../corpus/busybox.ts'
import { isSkip } from '../support/cache.ts'
import { command } from '../support/command.ts'

const scratch = scratchFolder()
afterAll(scratch.remove)
const RUNS = 3
const found = await busybox()
const program = isSkip(found) ? '' : found

/** Forks, executes itself, and stops at signals; its processes have the same addresses. */
const SCRIPT = `
n=0; while [ $n -lt 3000 ]; do n=$((n + 1)); done; echo $n
${program} seq 1 1000 | ${program} sha256sum
${program} seq 1 1000 | ${program} gzip | ${program} gunzip | ${program} md5sum
trap 'echo caught' TERM; kill -TERM $$; echo done`

interface Run {
  readonly stdout: string
  readonly stats: MachineStats
}

async function run(words: readonly string[]): Promise<Run> {
  const { code, stdout, stderr } = await enclu(['run', '--stats-format', 'json', ...words], {
    env: { XDG_CACHE_HOME: join(scratch.path, 'cache') },
  })
  expect(code, stderr).toBe(0)
  return { stdout, stats: JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as MachineStats }
}

async function runs(words: readonly string[]): Promise<readonly Run[]> {
  const all: Run[] = []
  for (let k = 0; k < RUNS; k++) all.push(await run(words))
  return all
}

const made = ({ stats }: Run): number => stats.translatedInstructions

test.skipIf(isSkip(found))('a shell and what it executes', async () => {
  const words = ['--allow-read', program, program, 'sh', '-c', SCRIPT]
  const native = await command(program, words.slice(3))
  const all = await runs(words)
  for (const r of all) expect(r.stdout).toBe(native.stdout)
  expect(all[0]?.stats.keptRegions).toBe(0)
  const [first, last] = [all[0], all.at(-1)]
  expect(last?.stats.keptRegions).toBeGreaterThan(0)
  expect(made(last as Run) * 10).toBeLessThan(made(first as Run))
  expect(all.map((r) => r.stats.instructions)).toEqual(all.map(() => first?.stats.instructions))
})

test('an enclave and its host: the same transitions, and none of the enclave is kept', async () => {
  const all = await runs(['examples/hello/hello'])
  const [first] = all
  for (const r of all) {
    expect(r.stdout).toBe(first?.stdout)
    expect([r.stats.instructions, r.stats.transitions]).toEqual([first?.stats.instructions, first?.stats.transitions])
  }
  // Where it is entered.
  const code = readFileSync('examples/hello/hello.enclave').subarray(0x2000, 0x2040)
  const folder = join(scratch.path, 'cache', 'enclu')
  const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name)))
  expect(kept.length).toBeGreaterThan(2)
  expect(kept.some((file) => file.includes(code))).toBe(false)
})

test('what V8 has compiled is used again', async () => {
  const { bench } = await buildPrograms()
  const all = await runs([bench, 'sort', '1000000'])
  expect(all[0]?.stats.keptCompiled).toBe(0)
  expect(all.at(-1)?.stats.keptCompiled).toBeGreaterThan(0)
  expect(all.map((r) => r.stdout.slice(0, 16))).toEqual(all.map(() => all[0]?.stdout.slice(0, 16)))
})
