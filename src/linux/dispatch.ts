import { invariant } from '../base/index.ts'
import { R10, R11, R8, R9, RAX, RCX, RDI, RDX, RSI } from '../spec/x86/index.ts'
import { syscallName } from '../spec/linux/index.ts'
import type { Kernel } from './kernel.ts'
import { traceCall } from './strace.ts'
import { isWait, type Answer, type ArgumentKind, type Syscall, type Wait } from './syscall.ts'
import { SYSCALLS } from './syscalls/table.ts'
import type { Task } from './task/task.ts'

/** From the SYSCALL instruction to a row and back. */

const ARGUMENT_REGISTERS = [RDI, RSI, RDX, R10, R8, R9] as const

const toNumber = (value: bigint): number => (value < 1n << 53n ? Number(value) : Infinity)

// prettier-ignore
const DECODE: Readonly<Record<ArgumentKind, (value: bigint) => number | bigint>> = {
  int:   (v) => Number(BigInt.asIntN(32, v)),
  fd:    (v) => Number(BigInt.asIntN(32, v)),
  flags: (v) => Number(BigInt.asUintN(32, v)),
  ioctl: (v) => Number(BigInt.asUintN(32, v)),
  addr:  toNumber,
  path:  toNumber,
  size:  (v) => Math.min(Number(v), Number.MAX_SAFE_INTEGER),
  off:   (v) => Number(BigInt.asIntN(64, v)),
  u64:   (v) => v,
}

export type ArgumentValues = Readonly<Record<string, number | bigint>>

interface Decoder {
  readonly name: string
  readonly register: number
  readonly decode: (value: bigint) => number | bigint
}
const decoders = new WeakMap<Syscall, readonly Decoder[]>()
const decodersOf = (row: Syscall): readonly Decoder[] =>
  Object.entries(row.arguments).map(([name, kind], i) => {
    const register = ARGUMENT_REGISTERS[i]
    invariant(register !== undefined, `${row.name} has more than six arguments`)
    return { name, register, decode: DECODE[kind] }
  })

function decode(kernel: Kernel, row: Syscall): ArgumentValues {
  let all = decoders.get(row)
  if (!all) decoders.set(row, (all = decodersOf(row)))
  const values: Record<string, number | bigint> = {}
  for (const { name, register, decode } of all) values[name] = decode(kernel.state.gpr(register))
  return values
}

/** Serves the call that the current task has just made. */
export function callSyscall(kernel: Kernel, task: Task): void {
  const { state } = kernel
  // The instruction's own effects ("SYSCALL—Fast System Call").
  state.setGpr(RCX, BigInt(state.rip))
  state.setGpr(R11, state.rflags)
  // Linux looks at EAX only.
  const number = Number(BigInt.asUintN(32, state.gpr(RAX)))
  const row = SYSCALLS.get(number) ?? kernel.options.ownCalls?.get(number)
  if (!row) {
    const finish = traceCall(kernel, task, syscallName(number) ?? `syscall_${hexNumber(number)}`, {}, {})
    const answer = kernel.unknown.answer(number, state.rip)
    finish?.(answer)
    setResult(kernel, answer)
    return
  }
  const values = decode(kernel, row)
  const finish = traceCall(kernel, task, row.name, row.arguments, values)
  conclude(kernel, task, row.run({ kernel, task }, values), { row, values, finish })
}

/** Runs a call again whose wait is over. */
export function rerunSyscall(kernel: Kernel, task: Task): void {
  const { call } = task
  invariant(call, 'the task does not wait')
  task.call = undefined
  task.state = 'runnable'
  conclude(kernel, task, call.row.run({ kernel, task, resumed: call.wait }, call.values), call)
}

interface Call {
  readonly row: Syscall
  readonly values: ArgumentValues
  readonly finish?: ((answer: number | bigint | 'restarts') => void) | undefined
}

function conclude(kernel: Kernel, task: Task, answer: Answer, { row, values, finish }: Call): void {
  // It may have ended the task, by exit or by a signal to itself.
  if (task.state === 'dead') return
  if (isWait(answer)) return block(task, { row, values, finish }, answer)
  setResult(kernel, answer)
  finish?.(answer)
}

function block(task: Task, call: Call, wait: Wait): void {
  task.call = { ...call, wait }
  task.state = 'waiting'
}

function setResult(kernel: Kernel, answer: number | bigint): void {
  kernel.state.setGpr(RAX, BigInt.asUintN(64, BigInt(answer)))
}

const hexNumber = (n: number): string => `0x${n.toString(16)}`
