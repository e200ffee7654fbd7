import { ELOOP, ENOEXEC } from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import { execve } from '../task/spawn.ts'
import type { Task } from '../task/task.ts'
import type { ProgramRequest } from './exec.ts'
import { withProgram } from './read-file.ts'

/** execve(2), "Interpreter scripts". */

/** Bytes of the first line that count (BINPRM_BUF_SIZE). */
const LINE_MAX = 255
/** Interpreters that are scripts themselves. */
const MAX_DEPTH = 5

/** The interpreter and its one argument, if the file begins with "#!". */
export function interpreterLine(bytes: Uint8Array): { path: string; argument: string | undefined } | undefined {
  if (bytes[0] !== 0x23 || bytes[1] !== 0x21) return undefined
  const text = new TextDecoder().decode(bytes.subarray(2, LINE_MAX))
  const line = (text.split('\n', 1)[0] ?? '').replace(/^[ \t]+|[ \t]+$/g, '')
  const [, path = '', argument] = /^([^ \t\0]*)[ \t]*(.*)$/.exec(line) ?? []
  return { path, argument: argument || undefined }
}

/** execve of a program or of a script. */
export function execveScript(kernel: Kernel, task: Task, request: ProgramRequest, depth = 0): number {
  if (depth > MAX_DEPTH) return -ELOOP
  const line = withProgram(kernel, task, request.path, ({ bytes }) => interpreterLine(bytes) ?? 0)
  if (typeof line === 'number') return line < 0 ? line : execve(kernel, task, request)
  if (line.path === '') return -ENOEXEC
  const argv = [
    line.path,
    ...(line.argument === undefined ? [] : [line.argument]),
    request.path,
    ...request.argv.slice(1),
  ]
  return execveScript(kernel, task, { path: line.path, argv, env: request.env }, depth + 1)
}
