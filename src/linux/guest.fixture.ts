import { CpuState, Ram } from '../cpu/index.ts'
import * as elf from '../spec/elf/index.ts'
import * as linux from '../spec/linux/index.ts'
import { R10, R8, R9, RAX, RDI, RDX, RSI } from '../spec/x86/index.ts'
import { Kernel, type KernelOptions } from './kernel.ts'
import type { Task } from './task/task.ts'
import { MemoryHost } from './vfs/memory-host.fixture.ts'

/** A kernel with one tiny program, driven by hand: registers are set, system calls made, no instruction is executed. */

const MEMORY = 256 * 1024 * 1024
export const TEXT = 0x40_0000
export const DATA = 0x60_0000
/** Bytes that the test may use as it likes: the program's bss, two pages. */
export const SCRATCH = 0x60_1000

interface TestSegment {
  readonly p_vaddr: number
  readonly p_flags: number
  readonly bytes: Uint8Array
  readonly p_memsz?: number
}

/** An ELF executable with these PT_LOADs, each at a page of its own in the file. */
export function tinyElf(
  segments: readonly TestSegment[],
  { type = elf.ET_EXEC, entry = TEXT + 0x100, interp = '' } = {},
): Uint8Array {
  const page = 4096
  const offsets = segments.map((_, i) => i * page)
  const out = new Uint8Array(segments.length * page + page)
  const headers = segments.map((s, i) => ({ ...s, p_type: elf.PT_LOAD, p_offset: offsets[i] ?? 0 }))
  segments.forEach((s, i) => out.set(s.bytes, (offsets[i] ?? 0) + (s.p_vaddr % page)))
  const count = headers.length + (interp ? 1 : 0)
  Object.assign(elf.Elf64_Ehdr.view(out), {
    e_type: type,
    e_machine: elf.EM_X86_64,
    e_version: 1,
    e_entry: BigInt(entry),
    e_phoff: 64n,
    e_ehsize: 64,
    e_phentsize: 56,
    e_phnum: count,
  })
  out.set([...elf.ELFMAG, elf.ELFCLASS64, elf.ELFDATA2LSB, 1])
  headers.forEach((h, i) => {
    Object.assign(elf.Elf64_Phdr.view(out, 64 + 56 * i), {
      p_type: h.p_type,
      p_flags: h.p_flags,
      p_offset: BigInt(h.p_offset + (h.p_vaddr % page)),
      p_vaddr: BigInt(h.p_vaddr),
      p_filesz: BigInt(h.bytes.length),
      p_memsz: BigInt(h.p_memsz ?? h.bytes.length),
      p_align: 4096n,
    })
  })
  if (interp) {
    const path = new TextEncoder().encode(`${interp}\0`)
    out.set(path, segments.length * page)
    const values = { p_type: elf.PT_INTERP, p_offset: BigInt(segments.length * page), p_filesz: BigInt(path.length) }
    Object.assign(elf.Elf64_Phdr.view(out, 64 + 56 * headers.length), values)
  }
  return out
}

/** Text with the headers in it, one page of data, two pages of bss. */
export const PROGRAM = tinyElf([
  { p_vaddr: TEXT, p_flags: elf.PF_R | elf.PF_X, bytes: new Uint8Array(0x200) },
  { p_vaddr: DATA, p_flags: elf.PF_R | elf.PF_W, bytes: Uint8Array.of(1, 2, 3, 4), p_memsz: 0x3000 },
])

export class TestClock {
  time = 0n
  now = (): bigint => this.time
  skipTo = (time: bigint): void => {
    this.time = time
  }
}

const NUMBERS = new Map<string, number>(
  Object.entries(linux.SYSCALL_NAMES).map(([number, name]) => [name, Number(number)]),
)
const ARGUMENTS = [RDI, RSI, RDX, R10, R8, R9] as const

export class Guest {
  readonly ram = new Ram(MEMORY)
  readonly state = new CpuState(this.ram)
  readonly clock = new TestClock()
  readonly host: MemoryHost
  readonly kernel: Kernel
  readonly traced: string[] = []
  readonly task: Task

  constructor({
    files = {},
    argv = ['/home/program'],
    env = ['A=1'],
    ...options
  }: Partial<KernelOptions> & {
    files?: Readonly<Record<string, Uint8Array | string>>
    argv?: string[]
    env?: string[]
  } = {}) {
    this.host = new MemoryHost()
    for (const [path, contents] of Object.entries({ '/home/program': PROGRAM, ...files })) this.addFile(path, contents)
    this.kernel = new Kernel({
      ram: this.ram,
      state: this.state,
      clock: this.clock,
      port: this.host,
      grants: { read: ['/'], write: ['/home'] },
      onTrace: (line) => this.traced.push(line),
      ...options,
    })
    this.task = this.kernel.exec(argv[0] ?? '', argv, env)
  }

  addFile(path: string, contents: Uint8Array | string, mode = 0o755): void {
    this.host.add(path, '')
    const entry = this.host.entries.get(path)
    if (!entry) return
    entry.data = typeof contents === 'string' ? new TextEncoder().encode(contents) : contents
    entry.mode = mode
  }

  /** The current task executes SYSCALL. The result, or undefined if it waits or is gone. */
  call(name: linux.SyscallName, ...values: readonly (number | bigint)[]): number | undefined {
    const { kernel, state } = this
    const caller = kernel.current
    state.setGpr(RAX, BigInt(NUMBERS.get(name) ?? -1))
    ARGUMENTS.forEach((register, i) => state.setGpr(register, BigInt.asUintN(64, BigInt(values[i] ?? 0))))
    state.rip += 2
    kernel.syscall()
    return caller.state === 'dead' || caller.call ? undefined : this.result()
  }

  /** RAX of the current task, signed. */
  result(): number {
    return Number(BigInt.asIntN(64, this.state.gpr(RAX)))
  }

  /** Puts bytes, words or a string where the test wants them. */
  poke(address: number, value: Uint8Array | string | bigint): void {
    const { memory } = this.kernel.current
    if (typeof value === 'bigint') memory.setU64(address, value)
    else memory.write(address, typeof value === 'string' ? new TextEncoder().encode(`${value}\0`) : value)
  }
  peek(address: number): bigint {
    return this.kernel.current.memory.u64(address) ?? -1n
  }
}
