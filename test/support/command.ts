import { spawn } from 'node:child_process'

export interface Outcome {
  /** The exit code; null when a signal or the time limit ended it. */
  code: number | null
  stdout: string
  stderr: string
}

export interface CommandOptions {
  cwd?: string
  timeoutMs?: number
  env?: NodeJS.ProcessEnv
}

/** Runs a program with a time limit; a missing program is an outcome (code null) as well, never an exception. */
export function command(file: string, args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (s: string) => (stdout += s))
    child.stderr.setEncoding('utf8').on('data', (s: string) => (stderr += s))
    child.on('error', (e) => resolve({ code: null, stdout, stderr: stderr + e.message }))
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** As `command`, but anything except exit code 0 is an error that says what was run and what it printed. */
export async function mustRun(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const r = await command(file, args, options)
  if (r.code === 0) return r.stdout
  throw new Error(`${[file, ...args].join(' ')}: ${r.code === null ? 'killed, timed out or missing' : `exit ${r.code}`}
${(r.stderr || r.stdout).slice(-2000)}`)
}

/** True when `file --version` (or another harmless call) works. */
export const works = async (file: string, args: readonly string[] = ['--version']): Promise<boolean> =>
  (await command(file, args, { timeoutMs: 20_000 })).code === 0
