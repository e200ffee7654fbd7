import { EncluError, alignUp } from '../../base/index.ts'
import { PAGE_SIZE } from '../../cpu/index.ts'
import { readElf, type ElfFile } from '../../formats/index.ts'
import * as elf from '../../spec/elf/index.ts'
import * as linux from '../../spec/linux/index.ts'
import type { Kernel } from '../kernel.ts'
import type { AddressSpace } from '../mm/address-space.ts'
import { STACK_TOP } from '../mm/layout.ts'
import { map } from '../mm/mapping.ts'
import { UserMemory } from '../mm/user-memory.ts'
import type { Task } from '../task/task.ts'
import { auxiliaryVector } from './auxv.ts'
import { loadImage, type LoadedImage } from './image.ts'
import { withProgram, type ProgramFile } from './read-file.ts'
import { initialStack, stringBytes } from './stack.ts'

/** From a path to a new address space with a program in it (execve(2)). Nothing of the old one is touched before all has worked. */

export interface Program {
  readonly space: AddressSpace
  readonly entry: number
  readonly rsp: number
  /** Absolute path of the file that runs. */
  readonly executable: string
}

export interface ProgramRequest {
  /** As it was asked for: AT_EXECFN. */
  readonly path: string
  readonly argv: readonly string[]
  readonly env: readonly string[]
}

/** The stack has this much room at start; it grows on demand (setup_arg_pages). */
const STACK_HEADROOM = 128 * 1024
/** execve(2), "Limits on size of arguments and environment". */
const MAX_ARG_STRLEN = 131072
const MAX_STRINGS = 6 * 1024 * 1024

/** Reads and maps; a negative errno, or EncluError from the reader if the file is not a program. */
export function loadProgram(kernel: Kernel, task: Task, request: ProgramRequest): Program | number {
  const tooLong = [...request.argv, ...request.env].some((s) => s.length >= MAX_ARG_STRLEN)
  const limit = task.process.limit(linux.RLIMIT_STACK).cur
  const room = Math.min(MAX_STRINGS, Number(limit) / 4)
  if (tooLong || stringBytes(request.argv) + stringBytes(request.env) > room) return -linux.E2BIG
  return withProgram(kernel, task, request.path, (program) => {
    const file = readElf(program.bytes)
    const space = kernel.createSpace()
    let built: Program | number | undefined
    try {
      space.stackLimit = Math.min(Number(limit), 2 ** 46)
      built = build(kernel, task, space, program, file, request)
      return built
    } finally {
      if (typeof built !== 'object') space.release()
    }
  })
}

function build(
  kernel: Kernel,
  task: Task,
  space: AddressSpace,
  program: ProgramFile,
  file: ElfFile,
  request: ProgramRequest,
): Program | number {
  const image = loadImage(task, space, file, program.file, 'program')
  if (typeof image === 'number') return image
  const interpreter = file.interp === undefined ? undefined : loadInterpreter(kernel, task, space, file.interp)
  if (typeof interpreter === 'number') return interpreter
  space.startBrk = space.brk = alignUp(image.end, PAGE_SIZE)
  mapVdso(kernel, space)
  const { rsp, bytes } = initialStack(STACK_TOP, {
    argv: request.argv,
    env: request.env,
    path: request.path,
    platform: 'x86_64',
    random: kernel.random(16),
    auxv: (at) => auxiliaryVector(kernel, task, { file, image, interpreter, vdso: space.vdso }, at),
  })
  const size = alignUp(bytes.length + STACK_HEADROOM, PAGE_SIZE)
  const prot = linux.PROT_READ | linux.PROT_WRITE | (wantsExecutableStack(file) ? linux.PROT_EXEC : 0)
  const stack = map(space, {
    address: STACK_TOP - size,
    length: size,
    prot,
    fixed: 'free',
    name: '[stack]',
    growsDown: true,
  })
  if (stack < 0) return stack
  if (!new UserMemory(space).write(rsp, bytes)) return -linux.EFAULT
  return { space, entry: (interpreter ?? image).entry, rsp, executable: program.file.path }
}

function loadInterpreter(kernel: Kernel, task: Task, space: AddressSpace, path: string): LoadedImage | number {
  return withProgram(kernel, task, path, ({ bytes, file }) =>
    loadImage(task, space, readElf(bytes), file, 'interpreter'),
  )
}

function mapVdso(kernel: Kernel, space: AddressSpace): void {
  const { vdso } = kernel.options
  if (!vdso) return
  const { length } = vdso.bytes
  const before = (vdso.dataPages ?? 0) * PAGE_SIZE
  // The data pages first, with room for the image behind them.
  const start = before === 0 ? 0 : map(space, { length: before + length, prot: linux.PROT_READ, name: '[vvar]' })
  const place = before === 0 ? {} : ({ address: start + before, fixed: 'replace' } as const)
  const prot = linux.PROT_READ | linux.PROT_EXEC
  space.vdso = map(space, { length, prot, backing: kernel.vdsoBacking(vdso), name: '[vdso]', ...place })
}

/** PT_GNU_STACK asks for it; without the entry a 64-bit program has none. */
const wantsExecutableStack = (file: ElfFile): boolean =>
  file.segments.some((s) => s.p_type === elf.PT_GNU_STACK && (s.p_flags & elf.PF_X) !== 0)

/** loadProgram for a guest's execve: what is no program is -ENOEXEC. */
export function tryLoadProgram(kernel: Kernel, task: Task, request: ProgramRequest): Program | number {
  try {
    return loadProgram(kernel, task, request)
  } catch (error) {
    // The reader explains to the user; the guest gets an errno.
    if (error instanceof EncluError && error.code === 'ERR_NOT_EXECUTABLE') return -linux.ENOEXEC
    throw error
  }
}
