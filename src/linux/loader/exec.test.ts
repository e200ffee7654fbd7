import { describe, expect, it } from 'vitest'
import * as elf from '../../spec/elf/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { RSP } from '../../spec/x86/index.ts'
import { DATA, Guest, PROGRAM, SCRATCH, TEXT, tinyElf } from '../guest.fixture.ts'
import { ELF_ET_DYN_BASE, STACK_TOP } from '../mm/layout.ts'
import { interpreterLine } from './script.ts'

const { AUXV, E2BIG, EACCES, ENOENT, ENOEXEC } = linux
const { PF_R, PF_W, PF_X } = elf

/** What the program finds at RSP. */
function startOf(guest: Guest) {
  const { memory } = guest.task
  const rsp = Number(guest.state.gpr(RSP))
  const word = (i: number): number => Number(memory.u64(rsp + 8 * i) ?? -1n)
  const argc = word(0)
  const stringsFrom = (i: number): string[] => {
    const out: string[] = []
    for (; word(i) !== 0; i++) out.push(memory.string(word(i)) ?? '?')
    return out
  }
  const argv = stringsFrom(1)
  const env = stringsFrom(2 + argc)
  const auxv = new Map<number, number>()
  for (let i = 3 + argc + env.length; word(i) !== AUXV.NULL; i += 2) auxv.set(word(i), word(i + 1))
  return { rsp, argc, argv, env, auxv, string: (type: number) => memory.string(auxv.get(type) ?? 0) }
}

const PIE = tinyElf(
  [
    { p_vaddr: 0, p_flags: PF_R | PF_X, bytes: new Uint8Array(0x200) },
    { p_vaddr: 0x2ff0, p_flags: PF_R | PF_W, bytes: new Uint8Array(16).fill(7), p_memsz: 0x2000 },
  ],
  { type: elf.ET_DYN, entry: 0x100 },
)
const DYNAMIC = tinyElf([{ p_vaddr: 0, p_flags: PF_R | PF_X, bytes: new Uint8Array(0x200) }], {
  type: elf.ET_DYN,
  entry: 0x100,
  interp: '/lib/ld.so',
})

describe('the initial stack', () => {
  it('holds argc, argv, the environment and the auxiliary vector, aligned', () => {
    const guest = new Guest({
      argv: ['/home/program', 'two', ''],
      env: ['A=1', 'LANG=ü'],
      processor: { hwcap: 0x1234 },
    })
    const { rsp, argc, argv, env, auxv, string } = startOf(guest)
    expect(rsp % 16).toBe(0)
    expect([argc, argv, env]).toEqual([3, ['/home/program', 'two', ''], ['A=1', 'LANG=ü']])
    expect(auxv.get(AUXV.PHDR)).toBe(TEXT + 64)
    expect([AUXV.PHENT, AUXV.PHNUM, AUXV.PAGESZ, AUXV.ENTRY, AUXV.BASE].map((t) => auxv.get(t))).toEqual([
      56,
      2,
      4096,
      TEXT + 0x100,
      0,
    ])
    expect([AUXV.UID, AUXV.EGID, AUXV.SECURE, AUXV.CLKTCK, AUXV.HWCAP].map((t) => auxv.get(t))).toEqual([
      1000, 1000, 0, 100, 0x1234,
    ])
    expect([string(AUXV.EXECFN), string(AUXV.PLATFORM)]).toEqual(['/home/program', 'x86_64'])
    expect(auxv.has(AUXV.SYSINFO_EHDR)).toBe(false)
    // Strings are at the very top, below eight zero bytes.
    expect(guest.task.memory.string(STACK_TOP - 8 - '/home/program'.length - 1)).toBe('/home/program')
  })

  it('AT_RANDOM follows the seed', () => {
    const random = (seed: bigint): string => {
      const guest = new Guest({ seed })
      const at = startOf(guest).auxv.get(AUXV.RANDOM) ?? 0
      return String(guest.task.memory.read(at, 16))
    }
    expect(random(1n)).toBe(random(1n))
    expect(random(1n)).not.toBe(random(2n))
  })

  it('registers are zero but RIP, RSP and the fixed flags', () => {
    const { state } = new Guest()
    expect(state.rip).toBe(TEXT + 0x100)
    for (let n = 0; n < 16; n++) if (n !== RSP) expect(state.gpr(n)).toBe(0n)
    expect([state.rflags, state.mxcsr, state.fsBase]).toEqual([0x202n, 0x1f80, 0n])
  })
})

describe('mapping programs', () => {
  it('a program with fixed addresses: text, data, bss, then the heap', () => {
    const guest = new Guest()
    const { memory, space } = guest.task
    expect(memory.read(DATA, 8)).toEqual(Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0))
    expect(memory.u64(SCRATCH + 0x1ff8)).toBe(0n)
    expect(memory.write(TEXT, Uint8Array.of(1))).toBe(false)
    expect(guest.call('brk', 0)).toBe(DATA + 0x3000)
    expect([...space.vmas].map((v) => v.backing?.name ?? v.name)).toEqual([
      '/home/program',
      '/home/program',
      '',
      '[stack]',
    ])
  })

  it('a position-independent one goes to its base; the rest of its last data page is zero', () => {
    const guest = new Guest({ files: { '/home/pie': PIE }, argv: ['/home/pie'] })
    expect(guest.state.rip).toBe(ELF_ET_DYN_BASE + 0x100)
    const { auxv } = startOf(guest)
    expect([auxv.get(AUXV.ENTRY), auxv.get(AUXV.PHDR)]).toEqual([ELF_ET_DYN_BASE + 0x100, ELF_ET_DYN_BASE + 64])
    expect(guest.peek(ELF_ET_DYN_BASE + 0x2ff8)).toBe(0x0707_0707_0707_0707n)
    expect(guest.peek(ELF_ET_DYN_BASE + 0x3000)).toBe(0n)
    expect(guest.call('brk', 0)).toBe(ELF_ET_DYN_BASE + 0x5000)
  })

  it('a dynamic one starts in its interpreter', () => {
    const guest = new Guest({ files: { '/home/dyn': DYNAMIC, '/lib/ld.so': PIE }, argv: ['/home/dyn'] })
    const { auxv } = startOf(guest)
    const base = auxv.get(AUXV.BASE) ?? 0
    expect(base).toBeGreaterThan(0x7fff_0000_0000)
    expect(guest.state.rip).toBe(base + 0x100)
    expect(auxv.get(AUXV.ENTRY)).toBe(ELF_ET_DYN_BASE + 0x100)
  })

  it('the vDSO is mapped readable and executable, and named in the auxiliary vector', () => {
    const bytes = new Uint8Array(4096).fill(0xcc)
    const guest = new Guest({ vdso: { bytes, exceptionTable: [] } })
    const at = startOf(guest).auxv.get(AUXV.SYSINFO_EHDR) ?? 0
    expect(at).toBe(guest.task.space.vdso)
    expect(guest.task.memory.read(at, 4)).toEqual(bytes.subarray(0, 4))
    expect(guest.task.space.vmas.find(at)).toMatchObject({ prot: linux.PROT_READ | linux.PROT_EXEC, name: '[vdso]' })
    expect(guest.task.memory.write(at, Uint8Array.of(1))).toBe(false)
  })
})

describe('programs that cannot be run', () => {
  const start = (argv0: string, contents?: Uint8Array | string) => () =>
    new Guest({ argv: [argv0], ...(contents === undefined ? {} : { files: { [argv0]: contents } }) })

  it('say why, in one sentence, with a code', () => {
    expect(start('/home/missing')).toThrow(expect.objectContaining({ code: 'ERR_NOT_FOUND' }))
    expect(start('/home')).toThrow(expect.objectContaining({ code: 'ERR_NOT_EXECUTABLE' }))
    expect(start('/home/script', '#!/bin/sh\necho')).toThrow(/script/)
    expect(start('/home/text', 'hello')).toThrow(/text/)
    expect(start('/home/cut', PROGRAM.subarray(0, 100))).toThrow(/truncated/)
    expect(start('/home/dyn', DYNAMIC)).toThrow(expect.objectContaining({ code: 'ERR_NOT_FOUND' }))
  })

  it('a file without execute permission is refused', () => {
    const guest = new Guest()
    guest.addFile('/home/plain', PROGRAM, 0o644)
    guest.poke(SCRATCH, '/home/plain')
    expect(guest.call('execve', SCRATCH, 0, 0)).toBe(-EACCES)
  })
})

describe('execve(2)', () => {
  /** Writes a path and argv, and calls. */
  function execve(guest: Guest, path: string, ...args: string[]): number | undefined {
    guest.poke(SCRATCH, path)
    let at = SCRATCH + 0x100
    args.forEach((arg, i) => {
      guest.poke(SCRATCH + 0x80 + 8 * i, BigInt(at))
      guest.poke(at, arg)
      at += arg.length + 1
    })
    guest.poke(SCRATCH + 0x80 + 8 * args.length, 0n)
    return guest.call('execve', SCRATCH, SCRATCH + 0x80, 0)
  }

  it('replaces the program, keeps what is ignored and open, and closes what is close-on-exec', () => {
    const guest = new Guest({ files: { '/home/other-program-name': PIE } })
    guest.poke(SCRATCH, 1n)
    guest.call('rt_sigaction', linux.SIGINT, SCRATCH, 0, 8)
    guest.poke(SCRATCH, BigInt(TEXT))
    guest.call('rt_sigaction', linux.SIGTERM, SCRATCH, 0, 8)
    guest.call('pipe2', SCRATCH, linux.O.CLOEXEC)
    guest.call('dup', 1)
    const pid = guest.call('getpid')
    expect(execve(guest, '/home/other-program-name', 'x', 'y')).toBe(0)
    expect(guest.state.rip).toBe(ELF_ET_DYN_BASE + 0x100)
    expect(startOf(guest)).toMatchObject({ argv: ['x', 'y'], env: [] })
    expect(guest.task.fds.open()).toEqual([0, 1, 2, 5])
    const { dispositions } = guest.task.signals
    expect([dispositions.isIgnored(linux.SIGINT), dispositions.isHandled(linux.SIGTERM)]).toEqual([true, false])
    expect([guest.call('getpid'), guest.task.comm]).toEqual([pid, 'other-program-n'])
    expect(guest.task.memory.u64(SCRATCH)).toBeUndefined()
  })

  it('leaves everything alone when it fails', () => {
    const guest = new Guest({ files: { '/home/text': 'just text' } })
    expect(execve(guest, '/home/none', 'x')).toBe(-ENOENT)
    expect(execve(guest, '/home/text', 'x')).toBe(-ENOEXEC)
    expect(execve(guest, '/home', 'x')).toBe(-EACCES)
    expect(guest.call('execve', 0x1000, 0, 0)).toBe(-linux.EFAULT)
    expect(guest.peek(SCRATCH)).not.toBe(-1n)
  })

  it('limits the arguments', () => {
    const guest = new Guest()
    const at = guest.call('mmap', 0, 0x40000, 3, linux.MAP_PRIVATE | linux.MAP_ANONYMOUS, -1, 0) ?? 0
    guest.poke(at, new Uint8Array(131072).fill(97))
    guest.poke(SCRATCH, '/home/program')
    guest.poke(SCRATCH + 0x80, BigInt(at))
    expect(guest.call('execve', SCRATCH, SCRATCH + 0x80, 0)).toBe(-E2BIG)
  })

  it('runs the interpreter of a script', () => {
    const guest = new Guest({ files: { '/home/script': '#! /home/pie  -x y \nrest', '/home/pie': PIE } })
    expect(execve(guest, '/home/script', 'ignored', 'a')).toBe(0)
    expect(startOf(guest).argv).toEqual(['/home/pie', '-x y', '/home/script', 'a'])
    expect(interpreterLine(new TextEncoder().encode('#!/bin/sh'))).toEqual({ path: '/bin/sh', argument: undefined })
    expect(interpreterLine(new TextEncoder().encode('echo'))).toBeUndefined()
  })

  it('gives back the memory of the old program', () => {
    const guest = new Guest()
    execve(guest, '/home/program', 'x')
    const once = guest.ram.framesInUse()
    for (let i = 0; i < 3; i++) execve(guest, '/home/program', 'x')
    expect(guest.ram.framesInUse()).toBe(once)
  })
})
