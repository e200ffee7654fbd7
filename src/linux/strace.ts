import { hex } from '../base/index.ts'
import { ERRNO, SIGNALS, ioctlName } from '../spec/linux/index.ts'
import { errnoName } from './errno.ts'
import type { Kernel } from './kernel.ts'
import type { SignalInfo } from './signal/info.ts'
import type { ArgumentKind, Arguments } from './syscall.ts'
import type { Process } from './task/process.ts'
import type { Task } from './task/task.ts'

/** --strace: one line for each system call, signal and end of a process, in the shape of strace(1). */

const NAMES = new Map<number, string>(Object.entries(SIGNALS).map(([name, number]) => [number, name]))
export const signalName = (signo: number): string => NAMES.get(signo) ?? `SIGRT_${signo - 32}`

const MAX_SHOWN = 64
const ERRNO_MAX = Math.max(...Object.values(ERRNO))

function quote(text: string): string {
  const cut = text.length > MAX_SHOWN
  return JSON.stringify(cut ? text.slice(0, MAX_SHOWN) : text) + (cut ? '...' : '')
}

function show(task: Task, kind: ArgumentKind, value: number | bigint): string {
  switch (kind) {
    case 'path': {
      const text = value === 0 ? undefined : task.memory.string(Number(value))
      return text === undefined ? address(value) : quote(text)
    }
    case 'addr':
      return address(value)
    case 'ioctl':
      return ioctlName(Number(value)) ?? hex(value)
    case 'flags':
    case 'u64':
      return value === 0 || value === 0n ? '0' : hex(value)
    case 'int':
    case 'fd':
    case 'size':
    case 'off':
      return String(value)
  }
}

const address = (value: number | bigint): string => (value === 0 ? 'NULL' : value === Infinity ? '0xffff…' : hex(value))

/** A count, an address, or -1 with the name of the error. */
export function showResult(answer: number | bigint | 'restarts'): string {
  if (answer === 'restarts') return '? ERESTARTSYS (to be restarted if SA_RESTART is set)'
  const n = Number(answer)
  if (n < 0 && n >= -ERRNO_MAX) return `-1 ${errnoName(n) ?? hex(n)}`
  return n >= 0x1_0000 ? hex(answer) : String(answer)
}

const prefix = (kernel: Kernel, pid: number): string =>
  kernel.processes.size > 1 || kernel.tasks.size > 1 ? `[pid ${pid}] ` : ''

/** Shows the arguments now, as the call has not changed them yet; call the answer with the result. */
export function traceCall(
  kernel: Kernel,
  task: Task,
  name: string,
  args: Arguments,
  values: Readonly<Record<string, number | bigint>>,
): ((answer: number | bigint | 'restarts') => void) | undefined {
  const { onTrace } = kernel.options
  if (!onTrace) return undefined
  const shown = Object.entries(args).map(([key, kind]) => show(task, kind, values[key] ?? 0))
  const call = `${prefix(kernel, task.pid)}${name}(${shown.join(', ')})`
  // These never come back.
  if (name === 'exit' || name === 'exit_group') onTrace(`${call} = ?`)
  return (answer) => onTrace(`${call} = ${showResult(answer)}`)
}

export function traceSignal(kernel: Kernel, task: Task, info: SignalInfo): void {
  const { onTrace } = kernel.options
  if (!onTrace) return
  const name = signalName(info.signo)
  const details = [`si_signo=${name}`, `si_code=${info.code}`]
  if (info.address !== undefined) details.push(`si_addr=${address(info.address === 0n ? 0 : info.address)}`)
  if (info.pid !== undefined) details.push(`si_pid=${info.pid}`)
  if (info.status !== undefined) details.push(`si_status=${info.status}`)
  onTrace(`${prefix(kernel, task.pid)}--- ${name} {${details.join(', ')}} ---`)
}

export function traceExit(kernel: Kernel, process: Process, status: number): void {
  const signo = status & 0x7f
  const how = signo === 0 ? `exited with ${status >> 8}` : `killed by ${signalName(signo)}`
  kernel.options.onTrace?.(`${prefix(kernel, process.pid)}+++ ${how} +++`)
}
