import { EncluError } from '../../base/index.ts'
import { STATE, VIEW } from '../../cpu/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { RSP } from '../../spec/x86/index.ts'
import { errnoName } from '../errno.ts'
import type { Kernel } from '../kernel.ts'
import { loadProgram, tryLoadProgram, type Program, type ProgramRequest } from '../loader/exec.ts'
import { queueForTask } from '../signal/queue.ts'
import { NO_ALTERNATE_STACK, TaskSignals } from '../signal/state.ts'
import { exitTask, releaseMemoryUsers } from './life.ts'
import { Process } from './process.ts'
import { Task } from './task.ts'

/** The first program, and execve(2). Other tasks come from clone.ts. */

const COMM_LENGTH = 15

/** Makes process and task of the first program. Throws ERR_NOT_FOUND or ERR_NOT_EXECUTABLE. */
export function startFirst(kernel: Kernel, request: ProgramRequest): Task {
  const pid = kernel.allocatePid()
  const process = new Process(pid, undefined, { uid: kernel.uid, gid: kernel.gid }, linux.SIGCHLD, kernel.now())
  const task = new Task(pid, process, {
    block: kernel.state.save(),
    space: kernel.createSpace(),
    fds: kernel.vfs.standardStreams(),
    fs: { cwd: kernel.port.workingDirectory, umask: 0o22 },
    signals: new TaskSignals(),
  })
  const program = loadProgram(kernel, task, request)
  if (typeof program === 'number') return refuseFirst(request.path, program)
  kernel.processes.set(pid, process)
  become(kernel, task, program, request)
  task.block = kernel.state.save()
  return task
}

function refuseFirst(path: string, errno: number): never {
  switch (-errno) {
    case linux.ENOENT:
    case linux.ENOTDIR:
      throw new EncluError('ERR_NOT_FOUND', `There is no file ${path}, or its interpreter is missing.`, { path })
    case linux.EACCES:
      throw new EncluError(
        'ERR_NOT_EXECUTABLE',
        `${path} may not be executed: it is a directory, lacks execute permission, or was not granted.`,
        { path },
      )
    default:
      throw new EncluError('ERR_NOT_EXECUTABLE', `${path} cannot be loaded: ${errnoName(errno) ?? errno}.`, {
        path,
        errno,
      })
  }
}

/** execve(2): 0, and the task is another program; or a negative errno, and nothing has happened. */
export function execve(kernel: Kernel, task: Task, request: ProgramRequest): number {
  const program = tryLoadProgram(kernel, task, request)
  if (typeof program === 'number') return program
  for (const other of [...task.process.threads]) if (other !== task) exitTask(kernel, other, 0)
  takeLeadersPlace(kernel, task)
  become(kernel, task, program, request)
  task.process.hasExecuted = true
  // ptrace(2): without PTRACE_O_TRACEEXEC a debugger learns of it by this signal.
  const { uid } = task.process.credentials
  if (task.tracing) queueForTask(task, { signo: linux.SIGTRAP, code: linux.SI_USER, pid: task.process.pid, uid })
  return 0
}

/** execve(2), "Effect on process attributes": whichever thread calls it, the process keeps its number. */
function takeLeadersPlace(kernel: Kernel, task: Task): void {
  if (task.pid === task.process.pid) return
  kernel.tasks.delete(task.pid)
  task.pid = task.process.pid
  kernel.tasks.set(task.pid, task)
}

function become(kernel: Kernel, task: Task, program: Program, { argv, env, path }: ProgramRequest): void {
  const { process, signals } = task
  releaseMemoryUsers(kernel, task)
  const old = task.space
  task.space = program.space
  old.release()
  const fds = task.fds.copy()
  task.fds.release()
  fds.closeOnExec()
  task.fds = fds
  signals.dispositions = signals.dispositions.afterExec()
  signals.stack = NO_ALTERNATE_STACK
  task.robustList = 0
  task.comm = path.slice(path.lastIndexOf('/') + 1).slice(0, COMM_LENGTH)
  process.executable = program.executable
  process.commandLine = argv
  process.environment = env
  process.dumpable = 1
  const { state } = kernel
  state.reset()
  state.rip = program.entry
  state.setGpr(RSP, BigInt(program.rsp))
  useView(kernel, task)
}

/** Points the state block at the page tables of the task's space. */
export function useView(kernel: Kernel, task: Task): void {
  const { u32 } = kernel.ram
  u32[STATE.VIEW / 4] = task.view.at
  u32[STATE.JUMP_CACHE / 4] = task.view.at + VIEW.JUMP_CACHE
}
