/** A process that runs tests, started anew when they do not end. */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Tests } from '../test/mutants/mutant.ts'
import { Complaint } from './mutants-collect.ts'
import { requestOf, type Answer } from './mutants-runner.ts'

const RUNNER = fileURLToPath(new URL('mutants-runner.ts', import.meta.url))

export class Judge {
  private readonly limitMs: number
  private child: ChildProcess | undefined

  /** `limitMs`: tests that take longer will not end. */
  constructor(limitMs: number) {
    this.limitMs = limitMs
  }

  /** The tests that fail when `file` holds `text`: the first one, or what else went wrong. */
  async failures(file: string, text: string, tests: readonly Tests[]): Promise<readonly string[]> {
    const child = (this.child ??= this.start())
    return await new Promise((done, fail) => {
      const stop = (): void => {
        clearTimeout(timer)
        child.removeAllListeners()
      }
      const end = (failed: readonly string[]): void => {
        stop()
        done(failed)
      }
      const timer = setTimeout(() => {
        this.close()
        end([`no end within ${this.limitMs / 1000} s`])
      }, this.limitMs)
      child.once('message', ({ failed, invalid }: Answer) => {
        if (invalid === undefined) return end(failed)
        stop()
        fail(new Complaint(`${file} cannot be compiled: ${invalid}`))
      })
      child.once('exit', (code, signal) => {
        this.child = undefined
        end([`the process of the tests ended with ${signal ?? code}`])
      })
      child.send(requestOf(file, text, tests))
    })
  }

  private start(): ChildProcess {
    const execArgv = ['--import', 'tsx', '--no-warnings']
    // What esbuild says when it is killed with its process is no news.
    return fork(RUNNER, [], { execArgv, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  }

  close(): void {
    this.child?.removeAllListeners()
    this.child?.kill('SIGKILL')
    this.child = undefined
  }
}
