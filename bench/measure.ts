import { spawn } from 'node:child_process'
import type { Programs, Workload } from './workloads.ts'

/** A way to run a program: natively (no prefix), or under something. */
export interface Runner {
  readonly name: string
  readonly prefix: readonly string[]
}

export interface Run {
  hash: string
  /** User and system CPU seconds of the whole process, seen from outside: guest clocks may be virtual. */
  cpu: number
  wall: number
}

export interface Measured {
  hash: string
  /** Medians in seconds; start-up, if the workload has any, is taken off `cpu` and `wall`. */
  cpu: number
  wall: number
  startCpu: number
  /** (max - min) / median of the CPU times: how much the machine was disturbed. */
  spread: number
}

const TIME_LIMIT_MS = 300_000

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** CPU seconds of this process, of all its threads. */
export async function cpuOf<T>(work: () => Promise<T> | T): Promise<{ readonly seconds: number; readonly value: T }> {
  const before = process.cpuUsage()
  const value = await work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (user + system) / 1e6, value }
}

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length)

function runOnce(
  { usage }: Programs,
  { prefix }: Runner,
  words: readonly string[],
  hashOf: Workload['hashOf'],
): Promise<Run> {
  const all = [...prefix, ...words]
  return new Promise((resolve, reject) => {
    // Its own process group, so that the time limit reaches the program and not only the wrapper.
    const child = spawn(usage, all, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true })
    const output: Buffer[] = []
    const texts = { stderr: '', usage: '' }
    child.stdout?.on('data', (b: Buffer) => output.push(b))
    child.stderr?.on('data', (b: Buffer) => (texts.stderr += b.toString()))
    child.stdio[3]?.on('data', (b: Buffer) => (texts.usage += b.toString()))
    const limit = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), TIME_LIMIT_MS)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(limit)
      const [user = NaN, system = NaN, wall = NaN] = texts.usage.trim().split(' ').map(Number)
      const hash = hashOf(Buffer.concat(output))
      if (code === 0 && hash !== undefined && user >= 0)
        return resolve({ hash, cpu: (user + system) / 1e6, wall: wall / 1e6 })
      const how = code === null ? `took more than ${TIME_LIMIT_MS / 1000} s` : `exit ${code}`
      reject(new Error(`${all.join(' ')}: ${how}\n${texts.stderr.slice(-500)}`))
    })
  })
}

/** One round of every runner is taken before the next starts, so that a busy minute hits all alike. */
export async function measure(
  tools: Programs,
  runners: readonly Runner[],
  { words, startWords, hashOf }: Workload,
  rounds: number,
): Promise<Map<string, Measured | Error>> {
  const taken = new Map(runners.map((r) => [r.name, { runs: [] as Run[], starts: [] as Run[] }]))
  const failed = new Map<string, Error>()
  for (let round = 0; round < rounds; round++) {
    for (const runner of runners) {
      if (failed.has(runner.name)) continue
      try {
        if (startWords) taken.get(runner.name)?.starts.push(await runOnce(tools, runner, startWords, hashOf))
        taken.get(runner.name)?.runs.push(await runOnce(tools, runner, words, hashOf))
      } catch (e) {
        failed.set(runner.name, e instanceof Error ? e : new Error(String(e)))
      }
    }
  }
  return new Map([...taken].map(([name, t]) => [name, failed.get(name) ?? summary(t.runs, t.starts)]))
}

function summary(runs: readonly Run[], starts: readonly Run[]): Measured {
  const hashes = new Set(runs.map((r) => r.hash))
  const cpus = runs.map((r) => r.cpu)
  const startCpu = starts.length > 0 ? median(starts.map((r) => r.cpu)) : 0
  const startWall = starts.length > 0 ? median(starts.map((r) => r.wall)) : 0
  return {
    // More than one would mean that the same run gave different results.
    hash: [...hashes].join('|'),
    cpu: Math.max(median(cpus) - startCpu, 1e-6),
    wall: Math.max(median(runs.map((r) => r.wall)) - startWall, 1e-6),
    startCpu,
    spread: (Math.max(...cpus) - Math.min(...cpus)) / median(cpus),
  }
}
